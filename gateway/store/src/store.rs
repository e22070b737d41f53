//! What the gateway asks of a store.

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use progress_core::document::Status;
use progress_core::operation::{OperationId, Snapshot};

use crate::{Found, MemoryStore, Record, Reservation, StoredResponse};

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
}

impl StatusStore for Store {
    async fn accept(&self, record: Record) -> Result<(), StoreError> {
        let Self::Memory(store) = self;
        store.accept(record).await
    }

    async fn checkpoint(
        &self,
        id: OperationId,
        snapshot: Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Self::Memory(store) = self;
        store.checkpoint(id, snapshot, now).await
    }

    async fn finish(&self, id: OperationId, ending: Ending) -> Result<Arc<Record>, StoreError> {
        let Self::Memory(store) = self;
        store.finish(id, ending).await
    }

    async fn find(&self, id: OperationId, now: Timestamp) -> Result<Found, StoreError> {
        let Self::Memory(store) = self;
        store.find(id, now).await
    }

    async fn forget(&self, id: OperationId, now: Timestamp) -> Result<(), StoreError> {
        let Self::Memory(store) = self;
        store.forget(id, now).await
    }

    fn reserve(&self, octets: u64) -> Option<Reservation> {
        let Self::Memory(store) = self;
        store.reserve(octets)
    }

    async fn sweep(&self, now: Timestamp) -> usize {
        let Self::Memory(store) = self;
        store.sweep(now).await
    }

    fn census(&self) -> Census {
        let Self::Memory(store) = self;
        store.census()
    }
}
