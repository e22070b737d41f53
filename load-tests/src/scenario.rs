//! A scenario: what clients ask for, how the origin behaves, how fast requests arrive, and what is
//! expected of the gateway. One TOML file each, under `scenarios/`.

mod bundled;
mod expect;
mod origin;
mod read;
mod written;

pub use bundled::{Bundled, bundled};
pub use expect::Expect;
pub use origin::{Fault, Framing, Job, Origin, OriginProtocol, Reports};
pub use read::{Length, Mistake, ScenarioError, read};

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arrival;

/// A scenario, as its file says it, with `[quick]` laid over the rest if that was asked for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Scenario {
    /// The file's name without `.toml`.
    #[serde(skip)]
    pub name: String,
    /// One line, for `progress-load list`.
    pub summary: String,
    /// A paragraph: what the scenario shows and where to look.
    pub about: String,
    /// How long the run is measured.
    #[serde(with = "humantime_serde")]
    pub duration: Duration,
    /// How long exchanges may take to end after that, before they are cut off as unfinished.
    #[serde(with = "humantime_serde", default)]
    pub grace: Duration,
    /// Begins every random choice. Two runs with one seed ask for the same things at the same times.
    #[serde(default = "first_seed")]
    pub seed: u64,
    /// When requests begin.
    pub arrival: Arrival,
    /// Who asks: a kind of client is picked for every arrival by its weight.
    pub clients: Vec<ClientKind>,
    /// Who answers. Ignored with `--target`.
    #[serde(default)]
    pub origin: Origin,
    /// The gateway that the run starts. Ignored with `--target`.
    #[serde(default)]
    pub gateway: GatewaySetup,
    /// What has to hold at the end.
    #[serde(default)]
    pub expect: Expect,
}

/// When requests begin, whether or not earlier ones have ended (open loop).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "written::WrittenArrival")]
pub struct Arrival {
    /// How the rate behaves over `during`.
    pub shape: Shape,
    /// How long requests arrive; the scenario's duration if absent. A scenario that holds requests lets
    /// them arrive for a while and then only holds them.
    pub during: Option<Duration>,
}

/// The rate of arrivals in requests a second, all kinds of clients together.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// The same gap every time.
    Constant {
        /// Requests a second.
        rate: f64,
    },
    /// Independent arrivals: exponential gaps.
    Poisson {
        /// Requests a second, on average.
        rate: f64,
    },
    /// From one rate to another, evenly.
    Ramp {
        /// Requests a second at the start.
        from: f64,
        /// Requests a second at the end.
        to: f64,
    },
    /// Rates that each last an equal part.
    Steps {
        /// Requests a second, in turn.
        rates: Vec<f64>,
    },
}

/// A version of HTTP towards the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Protocol {
    /// HTTP/1.0: one request a connection, never a 1xx.
    #[serde(rename = "http/1.0")]
    Http10,
    /// HTTP/1.1 with keep-alive.
    #[serde(rename = "http/1.1")]
    Http11,
    /// HTTP/2, over TLS or by prior knowledge.
    #[serde(rename = "h2")]
    H2,
    /// HTTP/3.
    #[serde(rename = "h3")]
    H3,
}

/// What is under HTTP towards the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// TLS.
    #[default]
    Tls,
    /// TCP alone; HTTP/2 by prior knowledge, no HTTP/3.
    Cleartext,
}

/// A kind of client: what it sends, over what, and how it behaves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClientKind {
    /// Its name in the report; unique within the scenario.
    pub name: String,
    /// How often it is picked, against the weights of the others.
    #[serde(default = "one")]
    pub weight: u32,
    /// What it speaks.
    pub protocol: Protocol,
    /// What is under that. With `--target` it is what the URL says, for all.
    #[serde(default)]
    pub transport: Transport,
    /// The method.
    #[serde(default = "get")]
    pub method: String,
    /// The request target. The gateway that a run starts has progress on `/jobs/`; all else is plain.
    #[serde(default = "root")]
    pub path: String,
    /// The value of its `Prefer` field, if it sends one.
    #[serde(default)]
    pub prefer: Option<String>,
    /// The value of its `Accept` field, if it sends one: the form of status documents.
    #[serde(default)]
    pub accept: Option<String>,
    /// How much content it sends.
    #[serde(default)]
    pub content: bytesize::ByteSize,
    /// Connections at most at one time. HTTP/1.0 and 1.1 carry one request each, HTTP/2 and 3
    /// `streams` of them; an arrival that finds no room waits, and its latency counts.
    #[serde(default = "many_connections")]
    pub connections: usize,
    /// Requests at most on one connection of HTTP/2 and 3 at one time.
    #[serde(default = "hundred")]
    pub streams: usize,
    /// What it does besides waiting.
    #[serde(default)]
    pub behaviour: Behaviour,
    /// What it does with a 202.
    #[serde(default)]
    pub after_202: After202,
    /// Whose operation it watches.
    #[serde(default)]
    pub watch: Watch,
    /// Source addresses, taken in turn: one has room for about 28,000 connections to one target.
    #[serde(default)]
    pub sources: Vec<IpAddr>,
}

/// What a client does besides waiting.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "written::WrittenBehaviour")]
pub enum Behaviour {
    /// Nothing: it reads whatever comes.
    #[default]
    Patient,
    /// Reads a buffer and rests, again and again.
    SlowReader {
        /// How long it rests.
        pause: Duration,
    },
    /// Sends its request and never reads. Ends as intended when the scenario does.
    NeverReads,
    /// Aborts at a random moment: a reset, not a close.
    Resets {
        /// No later than this after the request was sent.
        within: Duration,
    },
    /// Leaves at a random moment once it knows the status URI, comes back to it over a new connection, follows it
    /// to the end and compares the result.
    Returns {
        /// No later than this after the status URI was learnt.
        within: Duration,
    },
    /// Ends its side of the connection after the request and goes on reading (HTTP/1.x in clear). To a `--target` over TLS this
    /// is a departure (H11-05), so that a close without an answer is as intended there.
    HalfCloses,
}

/// What a client does with a 202.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum After202 {
    /// Takes it for the final response that it is.
    #[default]
    Stop,
    /// Polls the status document as `Retry-After` says until the operation has ended, then fetches the result.
    Follow,
}

/// Whose operation a client watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watch {
    /// Its own request's.
    #[default]
    Own,
    /// One for all clients of this kind: the first arrival makes it by `respond-async, wait=0`, every other GETs its status URI
    /// with `prefer`.
    Shared,
}

/// The gateway that a run starts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GatewaySetup {
    /// Its worker threads; one if absent.
    #[serde(default)]
    pub workers: Option<usize>,
    /// Keys of `[routes.progress]` for the route on `/jobs/`, handed on as they are written.
    #[serde(default)]
    pub progress: toml::Table,
    /// Keys of `[store]`, handed on as they are written; the gateway's defaults if absent.
    #[serde(default)]
    pub store: toml::Table,
}

impl Scenario {
    /// Measures for another time than its own. What is expected in numbers of exchanges goes with the number of those that arrive;
    /// where they arrive at random, with room for chance.
    pub fn last(&mut self, duration: Duration) {
        let arriving = |duration| {
            let during = self.arrival.during.map_or(duration, |during| during.min(duration));
            arrival::expected(&self.arrival.shape, during)
        };
        let factor = arriving(duration) / arriving(self.duration);
        let random = matches!(self.arrival.shape, Shape::Poisson { .. });
        let chance = |count: u64| if random { 3 * count.isqrt() } else { 0 };
        let Expect { minimum_requests, failed, .. } = &mut self.expect;
        for limit in [&mut *minimum_requests, &mut *failed] {
            *limit = limit.map(|count| scaled(count, factor));
        }
        *minimum_requests = minimum_requests.map(|count| count.saturating_sub(chance(count)));
        *failed = failed.map(|count| count + chance(count));
        self.duration = duration;
    }
}

impl Protocol {
    /// As scenarios and reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http10 => "http/1.0",
            Self::Http11 => "http/1.1",
            Self::H2 => "h2",
            Self::H3 => "h3",
        }
    }
}

impl ClientKind {
    /// Whether it asked for interim heads (`Prefer: processing` or `progress`).
    pub fn opted_in(&self) -> bool {
        let said = self.prefer.as_deref().unwrap_or_default();
        self.protocol != Protocol::Http10
            && said.split([',', ';', ' ']).any(|token| token == "processing" || token == "progress")
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limits are far below 2^52 and never negative"
)]
fn scaled(count: u64, factor: f64) -> u64 {
    (count as f64 * factor).round() as u64
}

fn first_seed() -> u64 {
    1
}

fn one() -> u32 {
    1
}

fn get() -> String {
    "GET".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

fn many_connections() -> usize {
    1024
}

fn hundred() -> usize {
    100
}
