//! Interim response heads.

use http::header::{LINK, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::operation::Snapshot;
use crate::progress::Reader;
use crate::status_uri::StatusPairs;

/// `Progress`, in lower case as HTTP/2 and HTTP/3 want it.
pub const PROGRESS: HeaderName = HeaderName::from_static("progress");
/// `Status-URI`.
pub const STATUS_URI: HeaderName = HeaderName::from_static("status-uri");
/// `Preference-Applied`.
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// An interim response: a status and fields, never content (RFC 9110 15.2, INT-02).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterimHead {
    /// 100-199, but never 101.
    pub status: StatusCode,
    /// The fields; none of them connection-specific, no framing, no cookies (INT-03, INT-04).
    pub fields: HeaderMap,
}

/// How the first head of an exchange names the status document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Monitor {
    /// By `Location` (LOC-01).
    Location(HeaderValue),
    /// By `Link: <…>; rel="status"`: in a resumable upload `Location` is taken (LOC-04).
    Link(HeaderValue),
}

impl InterimHead {
    /// A head without fields. Nothing is allocated.
    pub fn bare(status: StatusCode) -> Self {
        Self { status, fields: HeaderMap::new() }
    }

    /// A bare `102 (Processing)`: the sign of life (INT-09).
    pub fn heartbeat() -> Self {
        Self::bare(StatusCode::PROCESSING)
    }

    /// A `102` that tells a reader of a snapshot; `results_told` is how many of its results earlier heads
    /// have told of. Returns how many are told of now (STU-05: the rest stays in the document).
    pub fn of_snapshot(snapshot: &Snapshot, reader: &Reader, results_told: usize) -> (Self, usize) {
        let mut head = Self::heartbeat();
        if let Some(value) = snapshot.progress_value(reader) {
            head.fields.insert(PROGRESS, value);
        }
        let news = snapshot.results.get(results_told..).unwrap_or_default();
        if let Some(printed) = StatusPairs::print(news) {
            head.fields.insert(STATUS_URI, printed.value);
        }
        (head, snapshot.results.len())
    }

    /// Adds what only the first head says: where the status document is, and which preferences
    /// are honoured (LOC-01, PRF-13).
    pub fn announce(&mut self, monitor: Option<&Monitor>, applied: Option<HeaderValue>) {
        match monitor {
            Some(Monitor::Location(uri)) => drop(self.fields.insert(LOCATION, uri.clone())),
            Some(Monitor::Link(link)) => drop(self.fields.insert(LINK, link.clone())),
            None => {}
        }
        if let Some(applied) = applied {
            self.fields.insert(PREFERENCE_APPLIED, applied);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ProgressEvent;
    use crate::operation::Operation;
    use crate::progress::Dialect;
    use crate::status_uri::StatusPair;

    #[test]
    fn stu_02_results_are_told_once() {
        let mut operation = Operation::new();
        operation.apply(ProgressEvent::SubResult(StatusPair { status: 201, uri: "/a".into() }));
        let (head, told) = InterimHead::of_snapshot(operation.snapshot(), &Dialect::Plain.into(), 0);
        assert_eq!(head.fields[STATUS_URI], "201 </a>");
        let (head, _) = InterimHead::of_snapshot(operation.snapshot(), &Dialect::Plain.into(), told);
        assert!(head.fields.is_empty());
    }

    #[test]
    fn loc_04_an_upload_gets_a_link_instead_of_a_location() {
        let mut head = InterimHead::heartbeat();
        let link = HeaderValue::from_static("<https://a/s>; rel=\"status\"");
        head.announce(Some(&Monitor::Link(link.clone())), None);
        assert_eq!(head.fields[LINK], link);
        assert!(!head.fields.contains_key(LOCATION));
    }
}
