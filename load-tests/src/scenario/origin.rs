//! What the origin behind the gateway does.

use std::time::Duration;

use bytesize::ByteSize;
use serde::Deserialize;

/// The origin that a run starts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Origin {
    /// What it speaks.
    #[serde(default)]
    pub protocol: OriginProtocol,
    /// What it does with a request, picked by weight. None: an immediate empty 200.
    #[serde(default)]
    pub jobs: Vec<Job>,
}

/// What the origin speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum OriginProtocol {
    /// HTTP/1.1 with keep-alive.
    #[default]
    #[serde(rename = "http/1.1")]
    Http11,
    /// HTTP/2 by prior knowledge.
    #[serde(rename = "h2c")]
    H2c,
}

/// What the origin does with one request: waits and reports, then answers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Job {
    /// How often it is picked, against the weights of the others.
    #[serde(default = "one")]
    pub weight: u32,
    /// Only for requests whose path begins with this, and for them no job without a path is picked.
    #[serde(default)]
    pub path: Option<String>,
    /// How many 103s with a `Link` field it sends before its first step: heads of its own, which the gateway relays to HTTP/2
    /// and 3 whoever asked (FWD-02).
    #[serde(default)]
    pub hints: u32,
    /// How many steps it has. After each but the last it sends a 102 with `Progress: n/steps`, if it `reports`.
    #[serde(default)]
    pub steps: u32,
    /// How long a step takes.
    #[serde(with = "humantime_serde", default)]
    pub every: Duration,
    /// How much the length of a step varies: 0.2 is from 80 to 120 percent.
    #[serde(default)]
    pub jitter: f64,
    /// Whether steps are told.
    #[serde(default)]
    pub reports: Reports,
    /// The label of the progress, if it has one.
    #[serde(default)]
    pub label: Option<String>,
    /// The status code of the final response.
    #[serde(default = "ok")]
    pub status: u16,
    /// How much content that has: octets that depend on the request's path and position alone, so that whoever gets them can check them.
    #[serde(default)]
    pub content: ByteSize,
    /// How the end of that is told.
    #[serde(default)]
    pub framing: Framing,
    /// What goes wrong.
    #[serde(default)]
    pub fault: Fault,
}

/// Whether an origin tells of its steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reports {
    /// By 102 with `Progress`.
    #[default]
    Steps,
    /// Not at all: the gateway's heartbeats are all that clients see.
    Nothing,
}

/// How the end of a response's content is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// By `Content-Length`.
    #[default]
    Length,
    /// By the last chunk, on HTTP/2 by the end of the stream alone.
    Chunked,
}

/// What goes wrong at the origin.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "super::written::WrittenFault")]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Resets the connection or stream after its steps, in the final head's place.
    Reset,
    /// Closes it in good order without an answer.
    Close,
    /// Never answers.
    Hang,
    /// Announces more content than it sends, then closes.
    Truncate,
    /// Sends a head that is none.
    Garbage,
    /// Sends so many 102s at once before it goes on.
    Flood {
        /// How many.
        heads: u32,
    },
}

/// An immediate empty 200.
impl Default for Job {
    fn default() -> Self {
        Self {
            weight: one(),
            path: None,
            hints: 0,
            steps: 0,
            every: Duration::ZERO,
            jitter: 0.0,
            reports: Reports::default(),
            label: None,
            status: ok(),
            content: ByteSize::default(),
            framing: Framing::default(),
            fault: Fault::default(),
        }
    }
}

fn one() -> u32 {
    1
}

fn ok() -> u16 {
    200
}
