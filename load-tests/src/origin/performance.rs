//! What a job does before its final head, on whatever wire.

use std::io;
use std::time::Duration;

use super::counts::{Tally, add};
use super::script::Turn;
use crate::scenario::{Fault, Reports};

/// An interim head.
#[derive(Clone, Copy, Debug)]
pub(super) enum Interim<'a> {
    /// A 102, with `Progress` if it is known.
    Processing(Option<&'a str>),
    /// A 103 with a `Link`.
    Hints,
}

/// What a hint tells: a resource that the final response will need.
pub(super) const HINT: &str = "</style.css>; rel=preload; as=style";

/// How one request can be kept informed.
pub(super) trait Wire {
    /// Sends an interim head, at the latest with the next rest.
    async fn tell(&mut self, head: Interim<'_>) -> io::Result<()>;

    /// Lets time pass. An error if the other side leaves meanwhile.
    async fn rest(&mut self, time: Duration) -> io::Result<()>;
}

/// How a job ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With its final response.
    Answer,
    /// With a reset in the final head's place.
    Reset,
    /// In good order without an answer.
    Close,
    /// Never.
    Hang,
    /// In the midst of its content.
    Truncate,
    /// With a head that is none.
    Garbage,
}

/// Performs all of a job that comes before its end, and says how it ends.
pub(super) async fn perform(turn: &mut Turn, wire: &mut impl Wire, tally: &Tally) -> io::Result<Ending> {
    let part = std::sync::Arc::clone(&turn.part);
    for _ in 0..part.job.hints {
        wire.tell(Interim::Hints).await?;
        add(&tally.interim);
    }
    let flood = part.flood();
    for done in 1..=flood {
        wire.tell(Interim::Processing(part.progress(done).as_deref())).await?;
        add(&tally.interim);
    }
    for step in 1..=part.job.steps {
        wire.rest(turn.step()).await?;
        if step < part.job.steps && part.job.reports == Reports::Steps {
            let progress = part.progress(flood.saturating_add(step));
            wire.tell(Interim::Processing(progress.as_deref())).await?;
            add(&tally.interim);
        }
    }
    let ending = Ending::of(&part.job.fault);
    if part.job.fault != Fault::None {
        add(&tally.faults);
    }
    Ok(ending)
}

impl Ending {
    fn of(fault: &Fault) -> Self {
        match fault {
            Fault::None | Fault::Flood { .. } => Self::Answer,
            Fault::Reset => Self::Reset,
            Fault::Close => Self::Close,
            Fault::Hang => Self::Hang,
            Fault::Truncate => Self::Truncate,
            Fault::Garbage => Self::Garbage,
        }
    }
}
