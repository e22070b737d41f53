//! The one internal stream: whatever an origin does to report progress becomes these events.

use http::{HeaderMap, StatusCode};

use crate::progress::{Grammar, Progress, ProgressError, Reported};
use crate::status_uri::{StatusPair, StatusPairs};

/// Something that happened to an operation while it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum ProgressEvent {
    /// The origin reported how far it is.
    Progress(Reported),
    /// A part of the operation finished with a status of its own (STU-02).
    SubResult(StatusPair),
    /// The origin is alive and has nothing new to say.
    Heartbeat,
}

/// What an origin's `102` says, as events.
#[derive(Debug, Default)]
pub struct Heard {
    /// In the order in which they apply; never empty: a bare `102` is a heartbeat.
    pub events: Vec<ProgressEvent>,
    /// Set if there was a `Progress` field that cannot be used; it is ignored whole (PRP-01).
    pub invalid: Option<ProgressError>,
}

impl Heard {
    /// Reads the `Progress` and `Status-URI` of a `102`, and nothing else of it (FWD-05).
    pub fn in_processing(fields: &HeaderMap) -> Self {
        let mut heard = Self::default();
        match Progress::from_headers(fields, Grammar::Lenient) {
            Some(Ok(progress)) => {
                heard.events.push(ProgressEvent::Progress(Reported::from_progress(&progress)));
            }
            Some(Err(error)) => heard.invalid = Some(error),
            None => {}
        }
        heard.events.extend(StatusPairs::from_headers(fields).into_iter().map(ProgressEvent::SubResult));
        if heard.events.is_empty() {
            heard.events.push(ProgressEvent::Heartbeat);
        }
        heard
    }
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The origin gave a final response.
    Responded(ResponseSummary),
    /// No final response could be had.
    Failed(Failure),
    /// It was cancelled before it ended.
    Canceled,
}

impl Outcome {
    /// Whether the outcome counts as success: a final response below 400.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Responded(response) if response.status.as_u16() < 400)
    }
}

/// What the status document tells of the recorded response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseSummary {
    /// The status code of the final response.
    pub status: StatusCode,
    /// Its `Location`, as the origin wrote it (CRE-04).
    pub location: Option<String>,
    /// Its `Content-Type`.
    pub content_type: Option<String>,
    /// Octets of its content.
    pub content_length: u64,
}

/// Why there is no final response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// A stable word for programs, such as `UpstreamConnectionLost`.
    pub code: &'static str,
    /// A sentence for people; nothing of the internals in it.
    pub message: &'static str,
    /// The status that a waiting client got, or would have got.
    pub status: StatusCode,
    /// The problem type's last path segment, such as `upstream-lost`.
    pub problem: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn fields(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn fwd_05_only_progress_and_status_uri_are_heard() {
        let heard = Heard::in_processing(&fields(&[
            ("progress", "3/10 (copying)"),
            ("status-uri", "200 </a>, 404 </b>"),
            ("set-cookie", "a=1"),
        ]));
        assert_eq!(heard.events.len(), 3);
        assert!(matches!(&heard.events[0], ProgressEvent::Progress(r) if r.fraction.completed == 3));
        assert!(matches!(&heard.events[2], ProgressEvent::SubResult(p) if p.status == 404));
    }

    #[test]
    fn prp_01_a_broken_progress_is_a_heartbeat_and_is_noted() {
        let heard = Heard::in_processing(&fields(&[("progress", "half way")]));
        assert_eq!(heard.events, [ProgressEvent::Heartbeat]);
        assert!(heard.invalid.is_some());
    }

    #[test]
    fn a_bare_102_is_a_heartbeat() {
        let heard = Heard::in_processing(&HeaderMap::new());
        assert_eq!(heard.events, [ProgressEvent::Heartbeat]);
        assert!(heard.invalid.is_none());
    }
}
