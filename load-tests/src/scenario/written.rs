//! Tables as scenario files have them, in which one key decides which others there are: `shape` of
//! `[arrival]`, `kind` of a behaviour and of a fault. Serde's own tagged enums would let stray keys pass.

use std::time::Duration;

use serde::Deserialize;

use super::{Arrival, Behaviour, Fault, Shape};

/// The table is whole by itself, but its keys do not fit together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misfit {
    /// A key that this kind needs is not there.
    #[error("`{key}` is missing: \"{kind}\" needs it")]
    Missing {
        /// What is not there.
        key: &'static str,
        /// What needs it.
        kind: &'static str,
    },
    /// A key is there that only other kinds have.
    #[error("`{key}` does not go with \"{kind}\": remove it")]
    Stray {
        /// What is too much.
        key: &'static str,
        /// What has no use for it.
        kind: &'static str,
    },
}

/// `[arrival]`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct WrittenArrival {
    shape: ShapeName,
    rate: Option<f64>,
    from: Option<f64>,
    to: Option<f64>,
    rates: Option<Vec<f64>>,
    #[serde(with = "humantime_serde", default)]
    during: Option<Duration>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ShapeName {
    Constant,
    Poisson,
    Ramp,
    Steps,
}

/// `behaviour` of a client.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct WrittenBehaviour {
    kind: BehaviourName,
    #[serde(with = "humantime_serde", default)]
    pause: Option<Duration>,
    #[serde(with = "humantime_serde", default)]
    within: Option<Duration>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum BehaviourName {
    Patient,
    SlowReader,
    NeverReads,
    Resets,
    Returns,
    HalfCloses,
}

/// `fault` of a job.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct WrittenFault {
    kind: FaultName,
    heads: Option<u32>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FaultName {
    None,
    Reset,
    Close,
    Hang,
    Truncate,
    Garbage,
    Flood,
}

impl TryFrom<WrittenArrival> for Arrival {
    type Error = Misfit;

    fn try_from(mut written: WrittenArrival) -> Result<Self, Misfit> {
        let (kind, shape) = match written.shape {
            ShapeName::Constant => {
                ("constant", Shape::Constant { rate: take(&mut written.rate, "rate", "constant")? })
            }
            ShapeName::Poisson => {
                ("poisson", Shape::Poisson { rate: take(&mut written.rate, "rate", "poisson")? })
            }
            ShapeName::Ramp => {
                let from = take(&mut written.from, "from", "ramp")?;
                ("ramp", Shape::Ramp { from, to: take(&mut written.to, "to", "ramp")? })
            }
            ShapeName::Steps => {
                ("steps", Shape::Steps { rates: take(&mut written.rates, "rates", "steps")? })
            }
        };
        stray(written.rate.as_ref(), "rate", kind)?;
        stray(written.from.as_ref(), "from", kind)?;
        stray(written.to.as_ref(), "to", kind)?;
        stray(written.rates.as_ref(), "rates", kind)?;
        Ok(Self { shape, during: written.during })
    }
}

impl TryFrom<WrittenBehaviour> for Behaviour {
    type Error = Misfit;

    fn try_from(mut written: WrittenBehaviour) -> Result<Self, Misfit> {
        let (kind, behaviour) = match written.kind {
            BehaviourName::Patient => ("patient", Self::Patient),
            BehaviourName::NeverReads => ("never-reads", Self::NeverReads),
            BehaviourName::HalfCloses => ("half-closes", Self::HalfCloses),
            BehaviourName::SlowReader => {
                ("slow-reader", Self::SlowReader { pause: take(&mut written.pause, "pause", "slow-reader")? })
            }
            BehaviourName::Resets => {
                ("resets", Self::Resets { within: take(&mut written.within, "within", "resets")? })
            }
            BehaviourName::Returns => {
                ("returns", Self::Returns { within: take(&mut written.within, "within", "returns")? })
            }
        };
        stray(written.pause.as_ref(), "pause", kind)?;
        stray(written.within.as_ref(), "within", kind)?;
        Ok(behaviour)
    }
}

impl TryFrom<WrittenFault> for Fault {
    type Error = Misfit;

    fn try_from(mut written: WrittenFault) -> Result<Self, Misfit> {
        let (kind, fault) = match written.kind {
            FaultName::None => ("none", Self::None),
            FaultName::Reset => ("reset", Self::Reset),
            FaultName::Close => ("close", Self::Close),
            FaultName::Hang => ("hang", Self::Hang),
            FaultName::Truncate => ("truncate", Self::Truncate),
            FaultName::Garbage => ("garbage", Self::Garbage),
            FaultName::Flood => ("flood", Self::Flood { heads: take(&mut written.heads, "heads", "flood")? }),
        };
        stray(written.heads.as_ref(), "heads", kind)?;
        Ok(fault)
    }
}

fn take<T>(value: &mut Option<T>, key: &'static str, kind: &'static str) -> Result<T, Misfit> {
    value.take().ok_or(Misfit::Missing { key, kind })
}

fn stray<T>(left: Option<&T>, key: &'static str, kind: &'static str) -> Result<(), Misfit> {
    left.map_or(Ok(()), |_| Err(Misfit::Stray { key, kind }))
}
