//! Finds operations, running and finished.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use progress_core::document::Status;
use progress_core::event::Outcome;
use progress_core::operation::OperationId;
use status_store::{
    Ending, Found, Record, Reservation, StatusStore, Store, StoreError, StoredResponse, clock, random_id,
};

use super::inherited::Inheritance;
use super::{Identity, OperationCell, point};
use crate::metrics::Metrics;
use crate::metrics::labels::{Label, State, StoreFault, StoreOperation};

/// How long after a failure the store is asked again to take an end.
const AGAIN: Duration = Duration::from_secs(1);

/// All operations of a gateway.
#[derive(Debug)]
pub struct Operations {
    pub(super) store: Store,
    origin: Origin,
    pub(super) metrics: Arc<Metrics>,
    /// What an earlier gateway left behind.
    pub(super) inheritance: Inheritance,
    /// Cells of registered operations that still run: bounded by the store, which accepted each.
    running: Mutex<HashMap<OperationId, Arc<OperationCell>>>,
}

/// Where status documents live: the configured base and path (LOC-03, S-10).
#[derive(Debug)]
pub struct Origin {
    base: OnceLock<String>,
    path: String,
}

/// A registration under way. Dropped before it is done, it leaves nothing of it behind.
struct Registering<'a> {
    operations: &'a Operations,
    cell: &'a Arc<OperationCell>,
    id: Option<OperationId>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    Done,
}

/// What is known of an id.
#[derive(Debug)]
pub enum Seen {
    /// It runs, here.
    Running(Arc<OperationCell>),
    /// It is over.
    Finished(Arc<Record>),
    /// It is over and its time is up.
    Expired {
        /// Whose it was.
        owner: Option<[u8; 32]>,
    },
    /// No such operation.
    Unknown,
}

// === impl Origin ===

impl Origin {
    /// Status documents live below `base` at `path`. Without a base one must be set before the
    /// first operation is registered.
    pub fn new(base: Option<&str>, path: &str) -> Self {
        let cell = OnceLock::new();
        if let Some(base) = base {
            let _ = cell.set(base.trim_end_matches('/').to_owned());
        }
        Self { base: cell, path: path.to_owned() }
    }

    /// Sets the base where the configuration leaves it to the bound socket.
    pub fn set_base(&self, base: String) {
        // A configured base stands.
        let _ = self.base.set(base);
    }

    /// What absolute URIs begin with: a path follows.
    pub fn base(&self) -> &str {
        self.base.get().map_or("", String::as_str)
    }

    /// The absolute status URI of an operation.
    pub fn status_uri(&self, id: OperationId) -> String {
        format!("{}{}{id}", self.base(), self.path)
    }

    /// What follows the status path in a request's path, if it is below it.
    pub fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.path.as_str())
    }
}

// === impl Operations ===

impl Operations {
    /// No operations yet.
    pub fn new(store: Store, origin: Origin, metrics: Arc<Metrics>) -> Arc<Self> {
        let operations = Arc::new(Self {
            store,
            origin,
            metrics,
            inheritance: Inheritance::default(),
            running: Mutex::default(),
        });
        let counted = Arc::downgrade(&operations);
        operations.metrics.on_scrape(Box::new(move || {
            if let Some(operations) = counted.upgrade() {
                operations.count();
            }
        }));
        operations
    }

    /// The store's secret: it lives as long as what the store keeps.
    pub fn secret(&self) -> [u8; 32] {
        self.store.secret()
    }

    /// Where status documents live.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Registers an operation whose registration was begun: afterwards its status URI can be
    /// announced. `None`: the store has no room, or the system no randomness; then there is
    /// neither a Location nor a 202 (interface section 8). Dropped before it is ready, it leaves
    /// the operation unregistered.
    pub async fn register(&self, cell: &Arc<OperationCell>) -> Option<Identity> {
        let mut registering = Registering { operations: self, cell, id: None, stage: Stage::Open };
        let identity = self.accept(&mut registering).await?;
        registering.stage = Stage::Done;
        cell.registered(identity.id);
        Some(identity)
    }

    /// The names of an operation, once it is registered.
    pub fn identity(&self, cell: &OperationCell) -> Option<Identity> {
        self.identity_of(cell.id()?)
    }

    /// The names of an operation in the store.
    pub fn identity_of(&self, id: OperationId) -> Option<Identity> {
        Identity::new(id, self.origin.status_uri(id))
    }

    async fn accept(&self, registering: &mut Registering<'_>) -> Option<Identity> {
        let cell = registering.cell;
        // An origin that may call back knows it already.
        let id = cell.planned_id().or_else(|| random_id().ok())?;
        let identity = self.identity_of(id)?;
        let (snapshot, times) = cell.shown();
        let record = Record {
            id,
            route: Arc::clone(&cell.route_name),
            owner: cell.owner,
            request: Arc::clone(&cell.request),
            snapshot,
            times,
            response: None,
            key: cell.take_key(),
            sequel: cell.sequel(),
        };
        registering.id = Some(id);
        self.running().insert(id, Arc::clone(cell));
        let accepted = self.measured(StoreOperation::Accept, self.store.accept(record)).await;
        if let Err(error) = accepted {
            tracing::warn!(%error, "an operation could not be registered");
            return None;
        }
        Some(identity)
    }

    /// Looks an id up.
    pub async fn find(&self, id: OperationId) -> Result<Seen, StoreError> {
        if let Some(cell) = self.running().get(&id) {
            return Ok(Seen::Running(Arc::clone(cell)));
        }
        if let Some(record) = self.end_inherited(id).await? {
            return Ok(Seen::Finished(record));
        }
        self.find_stored(id).await
    }

    /// Looks an id up in the store alone.
    pub async fn find_stored(&self, id: OperationId) -> Result<Seen, StoreError> {
        let found = self.measured(StoreOperation::Find, self.store.find(id, clock::now())).await?;
        Ok(match found {
            Found::Present(record) => Seen::Finished(record),
            Found::Expired { owner } => Seen::Expired { owner },
            Found::Unknown => Seen::Unknown,
        })
    }

    /// Ids of operations in their order, from one on, at most `most`.
    pub fn page(&self, from: OperationId, most: usize) -> Vec<OperationId> {
        self.store.page(from, most)
    }

    /// Notes the state of a running operation.
    pub async fn checkpoint(&self, cell: &OperationCell) {
        if let Some(id) = cell.id() {
            let noted = self.store.checkpoint(id, cell.snapshot(), clock::now());
            // A state that could not be noted is followed by a newer one.
            let _ = self.measured(StoreOperation::Checkpoint, noted).await;
        }
    }

    /// Ends an operation: first in the store, then for everyone who watches it. Whoever is woken
    /// finds the record in the store.
    ///
    /// A store that cannot be written is asked again until it can: meanwhile the operation goes on for those
    /// who watch it, and only the client that has waited for its response gets that (G-03).
    pub async fn finish(
        self: &Arc<Self>,
        cell: &Arc<OperationCell>,
        outcome: Outcome,
        response: Option<StoredResponse>,
    ) {
        poll_fn(|cx| cell.poll_settled(cx)).await;
        self.identify(cell).await;
        let at = clock::now();
        let Some(snapshot) = cell.end(outcome, at) else { return };
        let Some(id) = cell.id() else { return cell.finished(None) };
        let ending = Ending { snapshot, response: response.map(Arc::new), at };
        if self.try_finish((id, cell), &ending).await.is_break() {
            return;
        }
        let (operations, cell) = (Arc::clone(self), Arc::clone(cell));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(AGAIN).await;
                if operations.try_finish((id, &cell), &ending).await.is_break() {
                    break;
                }
            }
        });
    }

    /// Goes on if the store may take the end another time.
    async fn try_finish(
        &self,
        (id, cell): (OperationId, &OperationCell),
        ending: &Ending,
    ) -> ControlFlow<()> {
        let finished = self.store.finish(id, ending.clone());
        let expire = match self.measured(StoreOperation::Finish, finished).await {
            Ok(record) => record.times.expire,
            Err(error @ (StoreError::Unavailable | StoreError::Full)) => {
                tracing::error!(%error, operation = id.short(), "an outcome waits for the store");
                return ControlFlow::Continue(());
            }
            Err(error @ (StoreError::Missing | StoreError::Corrupt)) => {
                tracing::error!(%error, operation = id.short(), "an outcome was lost");
                None
            }
        };
        self.running().remove(&id);
        cell.finished(expire);
        ControlFlow::Break(())
    }

    /// Forgets an operation whose status URI never left the gateway.
    pub async fn abandon(&self, cell: &OperationCell) {
        poll_fn(|cx| cell.poll_settled(cx)).await;
        if let Some(id) = cell.id() {
            self.running().remove(&id);
            // Nobody can ask for it: what cannot be forgotten expires unseen.
            let _ = self.forget(id).await;
        }
    }

    /// Forgets a finished operation.
    pub async fn forget(&self, id: OperationId) -> Result<(), StoreError> {
        self.measured(StoreOperation::Forget, self.store.forget(id, clock::now())).await
    }

    /// Room for a result.
    pub fn reserve(&self, octets: u64) -> Option<Reservation> {
        self.store.reserve(octets)
    }

    /// Drops what is past its time.
    pub async fn sweep(&self) {
        let swept = self.measured(StoreOperation::Sweep, async { Ok(self.store.sweep(clock::now()).await) });
        if let Ok(expired) = swept.await
            && expired > 0
        {
            tracing::debug!(expired, "operations are past their retention");
        }
    }

    pub(super) async fn measured<T>(
        &self,
        operation: StoreOperation,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        point::before(operation);
        let began = tokio::time::Instant::now();
        let result = work.await;
        self.metrics.store.did(operation, began.elapsed());
        if let Err(error) = &result {
            let fault = match error {
                StoreError::Full => StoreFault::Full,
                StoreError::Missing => StoreFault::Missing,
                StoreError::Unavailable => StoreFault::Unavailable,
                StoreError::Corrupt => StoreFault::Corrupt,
            };
            self.metrics.store.failed(operation, fault);
        }
        point::after(operation);
        result
    }

    /// Brings the gauges of states up to date.
    fn count(&self) {
        let mut counts = [0_u64; State::ALL.len()];
        for (status, count) in self.store.census() {
            counts[state_of(status).index()] += count;
        }
        for cell in self.running().values() {
            let status = Status::of(&cell.snapshot().phase);
            counts[state_of(status).index()] += 1;
        }
        for state in State::ALL {
            self.metrics.operations.in_state(*state, counts[state.index()]);
        }
    }

    pub(super) fn running(&self) -> MutexGuard<'_, HashMap<OperationId, Arc<OperationCell>>> {
        // A panic cannot leave a map half changed.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registering<'_> {
    fn drop(&mut self) {
        if self.stage == Stage::Open {
            if let Some(id) = self.id {
                self.operations.running().remove(&id);
            }
            self.cell.unregistered();
        }
    }
}

fn state_of(status: Status) -> State {
    match status {
        Status::NotStarted => State::NotStarted,
        Status::Running => State::Running,
        Status::Canceling => State::Canceling,
        Status::Succeeded => State::Succeeded,
        Status::Failed => State::Failed,
        Status::Canceled => State::Canceled,
    }
}

#[cfg(test)]
pub(super) mod tests;
