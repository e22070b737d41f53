//! How an exchange with an origin fails.

use std::io;

use downstream::{BodyError, RequestBody};
use http::Request;

/// Why an exchange has no final response. The connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
pub struct ClientError {
    fault: ClientFault,
    staleness: Staleness,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientFault {
    /// Origin: the connection ended before the final head (U-02, I-14).
    #[error("the origin closed before its final response ({0})")]
    Closed(io::ErrorKind),
    /// Origin: a head is malformed, or stands where none may (fact 6, I-05, I-15, I-18, U-06).
    #[error("{0}")]
    Malformed(&'static str),
    /// Origin: a head is larger than 32 KiB or has more than 100 fields (I-11).
    #[error("a response head is too large")]
    HeadTooLarge,
    /// Origin: a head began and did not end in time (I-12).
    #[error("a response head did not end in time")]
    HeadTimeout,
    /// Origin: too many interim heads in too short a time (FWD-08).
    #[error("the origin floods interim responses")]
    InterimFlood,
    /// Client: the content of the request could not be read.
    #[error("the request could not be read: {0}")]
    Request(BodyError),
}

/// Whether the failure may be the connection's alone.
#[derive(Debug)]
pub(super) enum Staleness {
    /// It is the exchange's.
    Exchange,
    /// The connection had been used before and failed before any octet of a response.
    Connection {
        /// There if it may be sent once more: its method is idempotent and its content untouched.
        request: Option<Box<Request<RequestBody>>>,
    },
}

impl ClientError {
    pub(super) fn new(fault: ClientFault, staleness: Staleness) -> Self {
        Self { fault, staleness }
    }

    /// What went wrong.
    pub fn fault(&self) -> &ClientFault {
        &self.fault
    }

    /// Whether a connection that had been used before failed before any octet of a response: most
    /// likely the origin had closed it while it was idle (U-09).
    pub fn is_stale(&self) -> bool {
        matches!(self.staleness, Staleness::Connection { .. })
    }

    /// The request, if the connection was stale and the request may go out once more: its method
    /// is idempotent and none of its content has been asked for (ASY-04).
    pub fn into_request(self) -> Option<Request<RequestBody>> {
        match self.staleness {
            Staleness::Connection { request } => request.map(|request| *request),
            Staleness::Exchange => None,
        }
    }
}
