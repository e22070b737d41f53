//! What follows from a transaction once it is durable.

use std::sync::Arc;

use progress_core::operation::{OperationId, Snapshot};

use super::SpoolName;
use super::codec::Key;
use super::ledger::{Ledger, Place};
use crate::{Reservation, StoredResponse};

/// A change of the ledger that waits for its transaction.
#[derive(Debug)]
pub(super) enum Effect {
    /// A new operation's row is there. Its room is now the ledger's to count.
    Accept(Accepted),
    /// A row is now so. The room that was taken for it, if any, is now the ledger's to count.
    Put(Key, Place, Option<Room>),
    /// A row is gone.
    Remove(OperationId),
    /// No row names this file any more.
    Unlink(SpoolName),
    /// A state was written; or not, and it waits for the next time.
    Settle(OperationId, Option<Arc<Snapshot>>),
}

/// A new operation's row.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) key: Key,
    pub(super) place: Place,
    pub(super) digest: Option<[u8; 32]>,
    pub(super) room: Reservation,
}

/// Room that was taken before its row was there.
#[derive(Debug)]
pub(super) enum Room {
    Request(Reservation),
    Result(Arc<StoredResponse>),
}

// === impl Effect ===

impl Effect {
    /// What the ledger shall say from now on. Returns the file that is to go.
    pub(super) fn apply(self, ledger: &mut Ledger) -> Option<SpoolName> {
        match self {
            Self::Accept(accepted) => {
                accepted.room.hand_over();
                ledger.put(accepted.key, accepted.place);
                ledger.note_key(accepted.key.id, accepted.digest);
            }
            Self::Put(key, place, room) => {
                match room {
                    Some(Room::Request(room)) => room.hand_over(),
                    Some(Room::Result(response)) => response.content.hand_over(),
                    None => {}
                }
                ledger.put(key, place);
            }
            Self::Remove(id) => ledger.remove(id),
            Self::Unlink(file) => return Some(file),
            Self::Settle(id, written) => ledger.settle(id, written.as_ref()),
        }
        None
    }

    /// The row of an operation that it takes in.
    pub(super) const fn accepted(&self) -> Option<Key> {
        match self {
            Self::Accept(accepted) => Some(accepted.key),
            Self::Put(..) | Self::Remove(_) | Self::Unlink(_) | Self::Settle(..) => None,
        }
    }
}
