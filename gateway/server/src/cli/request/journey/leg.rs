//! One call of a journey.

use std::io;

use downstream::Protocol;
use http::header::LOCATION;
use http::{HeaderMap, HeaderName, Response, StatusCode, Uri};

use super::super::teller::{Teller, Told};
use super::{reference, text};
use crate::client::{Call, Witness};

/// Octets of a status document that are read.
const DOCUMENT: usize = 1024 * 1024;

/// Names the status document beyond doubt (`Location` may name what was made).
const OPERATION_LOCATION: HeaderName = HeaderName::from_static("operation-location");

/// What the call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The final response; a 202 that names its status document is not yet it.
    Answer,
    /// A status document.
    Document,
    /// What came of the operation.
    Result,
}

/// What came of a call.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) status: StatusCode,
    pub(super) fields: HeaderMap,
    /// The content of a status document.
    pub(super) content: Vec<u8>,
    /// Where to go on, if this was a 202.
    pub(super) monitor: Option<Uri>,
}

/// Tells of a call, and keeps what the journey needs.
pub(super) struct Leg<'a> {
    teller: &'a mut Teller,
    call: &'a Call,
    wanted: Wanted,
    protocol: Protocol,
    seen: Seen,
}

impl<'a> Leg<'a> {
    pub(super) fn new(teller: &'a mut Teller, call: &'a Call, wanted: Wanted) -> Self {
        let seen =
            Seen { status: StatusCode::OK, fields: HeaderMap::new(), content: Vec::new(), monitor: None };
        Self { teller, call, wanted, protocol: Protocol::Http11, seen }
    }

    /// To be called once the call is over.
    pub(super) fn seen(self) -> Seen {
        self.seen
    }

    fn located(&self, head: &Response<()>, name: &HeaderName) -> Option<Uri> {
        text(head.headers(), name).and_then(|uri| reference::resolve(&self.call.uri, uri))
    }

    fn tell(&mut self, head: &Response<()>) -> io::Result<()> {
        self.teller.head(&Told {
            protocol: self.protocol,
            method: &self.call.method,
            uri: &self.call.uri,
            head,
        })
    }
}

impl Witness for Leg<'_> {
    fn connected(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    fn interim(&mut self, head: &Response<()>) -> io::Result<()> {
        let is_processing = head.status() == StatusCode::PROCESSING && self.wanted == Wanted::Answer;
        if let Some(uri) = is_processing.then(|| self.located(head, &LOCATION)).flatten() {
            self.teller.learn(uri);
        }
        self.tell(head)
    }

    fn answered(&mut self, head: Response<()>) -> io::Result<()> {
        if head.status() == StatusCode::ACCEPTED && self.wanted == Wanted::Answer {
            let monitor = self.located(&head, &OPERATION_LOCATION).or_else(|| self.located(&head, &LOCATION));
            if let Some(uri) = &monitor {
                self.teller.learn(uri.clone());
            }
            self.seen.monitor = monitor;
        }
        self.tell(&head)?;
        let (parts, ()) = head.into_parts();
        self.seen.status = parts.status;
        self.seen.fields = parts.headers;
        Ok(())
    }

    fn content(&mut self, octets: &[u8]) -> io::Result<()> {
        if self.wanted == Wanted::Document {
            if self.seen.content.len() + octets.len() > DOCUMENT {
                return Err(io::Error::other("the status document does not end"));
            }
            self.seen.content.extend_from_slice(octets);
            return Ok(());
        }
        if self.seen.monitor.is_some() {
            // What a 202 says is said again by the status document.
            return Ok(());
        }
        self.teller.content(octets)
    }
}
