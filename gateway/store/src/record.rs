//! What is kept of an operation.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use progress_core::document::{RequestSummary, Times};
use progress_core::operation::{OperationId, Snapshot};

use crate::embedded::{SpoolName, Spooled};
use crate::{Amendment, Ending, RequestKey, Reservation, Sequel};

/// An operation as a store keeps it.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its identity.
    pub id: OperationId,
    /// The name of the route that accepted it.
    pub route: Arc<str>,
    /// Whose it is: a digest of the credential that its request carried (SEC-02). `None`: whoever knows
    /// its id may read and cancel it.
    pub owner: Option<[u8; 32]>,
    /// The request that it came from.
    pub request: Arc<RequestSummary>,
    /// Its latest state known to the store.
    pub snapshot: Arc<Snapshot>,
    /// Its times.
    pub times: Times,
    /// The response that it ended in, if the origin gave one.
    pub response: Option<Arc<StoredResponse>>,
    /// What a repetition of its request is recognized by (IDK-02).
    pub key: Option<RequestKey>,
    /// What becomes of it if the gateway ends before it does. The end itself sets it to
    /// [`Sequel::Interrupted`]: a request is not kept longer than it may be sent.
    pub sequel: Sequel,
}

/// Whose an operation is whose record cannot be read: the digest of nothing that anybody has.
pub(crate) const NOBODY: [u8; 32] = [0; 32];

/// A recorded final response.
#[derive(Debug)]
pub struct StoredResponse {
    /// Its status.
    pub status: StatusCode,
    /// Its end-to-end fields, without cookies (S-17: typed, so that a replay cannot split).
    pub fields: HeaderMap,
    /// Its content.
    pub content: Content,
}

/// Recorded content.
#[derive(Debug)]
pub enum Content {
    /// All of it, in the pieces that it came in.
    Kept {
        /// The pieces.
        pieces: Vec<Bytes>,
        /// The room that they take in the store.
        room: Option<Reservation>,
    },
    /// All of it, in a file beside the store: to be opened, and read in pieces.
    File(Spooled),
    /// It was longer than the route keeps, or than the store had room for (interface: 410).
    NotKept,
}

/// What a store knows of an id.
#[derive(Clone, Debug)]
pub enum Found {
    /// The record.
    Present(Arc<Record>),
    /// There was one, and its retention is over (410).
    Expired {
        /// Whose it was, so that to others it is as unknown as before (S-02). All zero, which is nobody's,
        /// if its record could not be read.
        owner: Option<[u8; 32]>,
    },
    /// There never was one, or so long ago that nothing is left of it (404).
    Unknown,
}

// === impl Record ===

impl Record {
    /// Changes it while its operation runs.
    pub(crate) fn amend(&mut self, amendment: Amendment) {
        match amendment {
            Amendment::Fingerprint(fingerprint) => {
                if let Some(key) = &mut self.key {
                    key.fingerprint = Some(fingerprint);
                }
            }
            Amendment::Sequel(sequel) => self.sequel = sequel,
        }
    }

    /// Notes the end.
    pub(crate) fn end(&mut self, ending: Ending, expire: Timestamp) {
        self.snapshot = ending.snapshot;
        self.response = ending.response;
        self.sequel = Sequel::Interrupted;
        self.times.update = ending.at;
        self.times.end = Some(ending.at);
        self.times.expire = Some(expire);
    }
}

// === impl Content ===

impl Content {
    /// Octets of kept content.
    pub fn len(&self) -> u64 {
        match self {
            Self::Kept { pieces, .. } => pieces.iter().map(|piece| piece.len() as u64).sum(),
            Self::File(spooled) => spooled.len(),
            Self::NotKept => 0,
        }
    }

    /// Octets that it takes in the store.
    pub(crate) fn room(&self) -> u64 {
        match self {
            Self::Kept { room: Some(room), .. } => room.octets(),
            Self::Kept { room: None, .. } | Self::File(_) | Self::NotKept => self.len(),
        }
    }

    /// Gives the room that it was handed in with back: the store counts it by itself from now on.
    pub(crate) fn hand_over(&self) {
        if let Self::Kept { room: Some(room), .. } = self {
            room.hand_over();
        }
    }

    /// The file that holds it.
    pub(crate) const fn file(&self) -> Option<SpoolName> {
        match self {
            Self::File(spooled) => Some(spooled.name()),
            Self::Kept { .. } | Self::NotKept => None,
        }
    }

    /// Whether nothing is kept, or what is kept is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
