//! What is asked of the writer.

use std::sync::Arc;

use jiff::Timestamp;
use progress_core::operation::OperationId;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::codec::Key;
use crate::{Amendment, Content, Ending, Record, Reservation, StoreError, StoredResponse};

/// A change to the store.
#[derive(Debug)]
pub(super) enum Request {
    Accept(Box<Record>, Reservation, Answer<()>),
    Amend(Box<Amend>, Answer<()>),
    Finish(Box<Finish>, Answer<Arc<Record>>),
    Forget(OperationId, Timestamp, Answer<()>),
    Sweep(Timestamp, Answer<Swept>),
    /// An acceptance that nobody waits for any more.
    Retract(OperationId),
    /// A row that the ledger does not know.
    Undo(Key),
}

/// A change to a running operation's record, and the room that it takes.
#[derive(Debug)]
pub(super) struct Amend {
    pub(super) id: OperationId,
    pub(super) amendment: Amendment,
    pub(super) room: Reservation,
}

/// An end, and what else is to be done with it.
#[derive(Debug)]
pub(super) struct Finish {
    pub(super) id: OperationId,
    pub(super) ending: Ending,
    pub(super) expire: Timestamp,
    /// The response as it was handed in: its room counts until the ledger counts the result.
    pub(super) given: Option<Arc<StoredResponse>>,
}

/// What one step of a sweep did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Swept {
    pub(super) expired: usize,
    /// Rows that went or changed: 0 when there is nothing left to do.
    pub(super) rows: usize,
}

/// Where an answer goes. Holds a place in the queue until it is given.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub(super) to: oneshot::Sender<Result<T, StoreError>>,
    pub(super) _place: OwnedSemaphorePermit,
}

// === impl Request ===

impl Request {
    /// The operation that it changes; `None` for a sweep, which changes many.
    pub(super) fn id(&self) -> Option<OperationId> {
        match self {
            Self::Accept(record, ..) => Some(record.id),
            Self::Amend(amend, _) => Some(amend.id),
            Self::Finish(finish, _) => Some(finish.id),
            Self::Forget(id, ..) | Self::Retract(id) => Some(*id),
            Self::Undo(key) => Some(key.id),
            Self::Sweep(..) => None,
        }
    }

    /// Octets of its stored request or its result, which a transaction will hold.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Accept(record, ..) => record.sequel.room(),
            Self::Amend(amend, _) => amend.amendment.room(),
            Self::Finish(finish, _) => finish.inline(),
            Self::Forget(..) | Self::Sweep(..) | Self::Retract(_) | Self::Undo(_) => 0,
        }
    }

    /// Gives it up.
    pub(super) fn refuse(self, error: StoreError) {
        match self {
            Self::Accept(_, _, answer) | Self::Forget(_, _, answer) | Self::Amend(_, answer) => {
                answer.give(Err(error));
            }
            Self::Finish(_, answer) => answer.give(Err(error)),
            Self::Sweep(_, answer) => answer.give(Err(error)),
            Self::Retract(_) | Self::Undo(_) => {}
        }
    }
}

// === impl Finish ===

impl Finish {
    /// Octets of a result that is still in memory.
    pub(super) fn inline(&self) -> u64 {
        match self.ending.response.as_ref().map(|response| &response.content) {
            Some(content @ Content::Kept { .. }) => content.len(),
            Some(Content::File(_) | Content::NotKept) | None => 0,
        }
    }
}

// === impl Answer ===

impl<T> Answer<T> {
    pub(super) fn give(self, result: Result<T, StoreError>) {
        // Whoever asked may have left.
        let _ = self.to.send(result);
    }
}
