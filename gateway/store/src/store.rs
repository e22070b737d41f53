//! What the gateway asks of a store.

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use progress_core::document::Status;
use progress_core::operation::{OperationId, Snapshot};

use crate::{Amendment, EmbeddedStore, Found, MemoryStore, Record, Reservation, StoredResponse};

/// Why a store did not do what it was asked. The operator is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no room; records are never evicted before their time.
    #[error(
        "the store is full: raise store.maximum-operations or store.maximum-size, or shorten store.retention"
    )]
    Full,
    /// The operation is not in the store.
    #[error("the operation is not in the store")]
    Missing,
    /// The store cannot be written, or not be read: its disk is full or fails. It is tried again by
    /// itself; what it has answered for is safe.
    #[error("the store's disk is full or fails: free space or repair it; the log says what failed")]
    Unavailable,
    /// This record cannot be read. Others can.
    #[error("the operation's record is damaged on disk: check the disk")]
    Corrupt,
}

/// Keeps operations. What a method has returned `Ok` for survives what the store promises to
/// survive; so acceptance and outcome are announced only after it.
pub trait StatusStore {
    /// Takes in a new operation. A call that is dropped before it is ready has taken nothing in.
    fn accept(&self, record: Record) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Notes a newer state of a running operation. Stores may skip states that a newer one follows.
    fn checkpoint(
        &self,
        id: OperationId,
        snapshot: Arc<Snapshot>,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Changes a running operation's record, durably. Of one that has ended or is not there:
    /// [`StoreError::Missing`]. A call that is dropped before it is ready may have changed it or not.
    fn amend(
        &self,
        id: OperationId,
        amendment: Amendment,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The operation of a key, until its record expires or is forgotten (IDK-04). One that has expired may
    /// be named until it is swept: looking it up tells.
    ///
    /// Of several records with a key the last one is named; but one that runs stands, so that whoever
    /// repeats a request is not led from the operation that is under way. The gateway lets none begin
    /// beside it.
    fn keyed(&self, digest: &[u8; 32]) -> Option<OperationId>;

    /// Notes the end of an operation, from which its retention counts.
    fn finish(
        &self,
        id: OperationId,
        ending: Ending,
    ) -> impl Future<Output = Result<Arc<Record>, StoreError>> + Send;

    /// Looks an operation up.
    fn find(&self, id: OperationId, now: Timestamp)
    -> impl Future<Output = Result<Found, StoreError>> + Send;

    /// Forgets an operation; afterwards it is as if its retention were over (DOC-10).
    fn forget(&self, id: OperationId, now: Timestamp) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Room for a result of `octets`, to be handed in with the result.
    fn reserve(&self, octets: u64) -> Option<Reservation>;

    /// Drops what is past its time. Returns how many records went.
    fn sweep(&self, now: Timestamp) -> impl Future<Output = usize> + Send;

    /// How many finished operations the store holds, by status. Cheap enough for every scrape.
    fn census(&self) -> Census;

    /// Ids of records, running and finished, in their order: those not below `from`, at most `most`. Looks
    /// at every one, for operators.
    fn page(&self, from: OperationId, most: usize) -> Vec<OperationId>;

    /// A secret that lives as long as the store does: the key that callback tokens are made with.
    fn secret(&self) -> [u8; 32];

    /// Operations that were accepted before this store was opened and have not ended. To be asked at the
    /// start: what does not run elsewhere is to be finished as interrupted.
    fn unfinished(&self) -> Vec<OperationId>;
}

/// Finished operations by status.
pub type Census = [(Status, u64); 3];

/// The end of an operation.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The final state.
    pub snapshot: Arc<Snapshot>,
    /// The recorded response, if there was one.
    pub response: Option<Arc<StoredResponse>>,
    /// When it ended.
    pub at: Timestamp,
}

/// The stores there are. A closed set: no dynamic dispatch, and every place that must know them
/// all is found by the compiler.
#[derive(Debug)]
pub enum Store {
    /// In this process's memory.
    Memory(MemoryStore),
    /// In a directory of this machine's.
    Embedded(EmbeddedStore),
}

impl StatusStore for Store {
    async fn accept(&self, record: Record) -> Result<(), StoreError> {
        match self {
            Self::Memory(store) => store.accept(record).await,
            Self::Embedded(store) => store.accept(record).await,
        }
    }

    async fn checkpoint(
        &self,
        id: OperationId,
        snapshot: Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match self {
            Self::Memory(store) => store.checkpoint(id, snapshot, now).await,
            Self::Embedded(store) => store.checkpoint(id, snapshot, now).await,
        }
    }

    async fn amend(&self, id: OperationId, amendment: Amendment) -> Result<(), StoreError> {
        match self {
            Self::Memory(store) => store.amend(id, amendment).await,
            Self::Embedded(store) => store.amend(id, amendment).await,
        }
    }

    fn keyed(&self, digest: &[u8; 32]) -> Option<OperationId> {
        match self {
            Self::Memory(store) => store.keyed(digest),
            Self::Embedded(store) => store.keyed(digest),
        }
    }

    async fn finish(&self, id: OperationId, ending: Ending) -> Result<Arc<Record>, StoreError> {
        match self {
            Self::Memory(store) => store.finish(id, ending).await,
            Self::Embedded(store) => store.finish(id, ending).await,
        }
    }

    async fn find(&self, id: OperationId, now: Timestamp) -> Result<Found, StoreError> {
        match self {
            Self::Memory(store) => store.find(id, now).await,
            Self::Embedded(store) => store.find(id, now).await,
        }
    }

    async fn forget(&self, id: OperationId, now: Timestamp) -> Result<(), StoreError> {
        match self {
            Self::Memory(store) => store.forget(id, now).await,
            Self::Embedded(store) => store.forget(id, now).await,
        }
    }

    fn reserve(&self, octets: u64) -> Option<Reservation> {
        match self {
            Self::Memory(store) => store.reserve(octets),
            Self::Embedded(store) => store.reserve(octets),
        }
    }

    async fn sweep(&self, now: Timestamp) -> usize {
        match self {
            Self::Memory(store) => store.sweep(now).await,
            Self::Embedded(store) => store.sweep(now).await,
        }
    }

    fn census(&self) -> Census {
        match self {
            Self::Memory(store) => store.census(),
            Self::Embedded(store) => store.census(),
        }
    }

    fn page(&self, from: OperationId, most: usize) -> Vec<OperationId> {
        match self {
            Self::Memory(store) => store.page(from, most),
            Self::Embedded(store) => store.page(from, most),
        }
    }

    fn secret(&self) -> [u8; 32] {
        match self {
            Self::Memory(store) => store.secret(),
            Self::Embedded(store) => store.secret(),
        }
    }

    fn unfinished(&self) -> Vec<OperationId> {
        match self {
            Self::Memory(store) => store.unfinished(),
            Self::Embedded(store) => store.unfinished(),
        }
    }
}
