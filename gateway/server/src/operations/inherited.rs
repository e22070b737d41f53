//! What an earlier gateway left behind in the store: operations that it accepted and did not end.
//!
//! Each either goes on here, or it is over: then nobody is told anything else, from the first answer on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;
use progress_core::document::Times;
use progress_core::event::Outcome;
use progress_core::operation::{OperationId, Phase};
use status_store::{Ending, Found, Record, Sequel, StatusStore, StoreError, clock};

use super::cell::resumed;
use super::{Fault, OperationCell, Operations};
use crate::metrics::labels::{OutcomeLabel, StoreOperation};

/// Ends that are written at a time: enough to fill a group commit, and few beside what clients ask for.
const AT_A_TIME: usize = 256;

/// Operations of earlier gateways whose end is not stored yet. Bounded by the store, which holds each.
#[derive(Debug)]
pub(super) struct Inheritance {
    /// Each with its route's place in the configuration, if it still has one.
    ids: Mutex<HashMap<OperationId, Option<usize>>>,
    /// When this gateway began: as far as anybody can tell, they ended before.
    at: Timestamp,
}

impl Default for Inheritance {
    fn default() -> Self {
        Self { ids: Mutex::default(), at: clock::now() }
    }
}

impl Inheritance {
    fn ids(&self) -> MutexGuard<'_, HashMap<OperationId, Option<usize>>> {
        // A panic cannot leave a map half changed.
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Operations {
    /// The records of operations that did not end with their gateway. To be asked once, before anything
    /// else: until they are taken over by [`Operations::adopt`] or [`Operations::interrupt`] they look as
    /// if they ran.
    pub async fn inherited(&self) -> Vec<Arc<Record>> {
        let mut records = Vec::new();
        for id in self.store.unfinished() {
            match self.store.find(id, clock::now()).await {
                Ok(Found::Present(record)) => records.push(record),
                Ok(Found::Expired { .. } | Found::Unknown) => {}
                Err(error) => tracing::error!(%error, operation = id.short(), "an operation cannot be read"),
            }
        }
        records
    }

    /// An inherited operation goes on here.
    pub fn adopt(&self, id: OperationId, cell: &Arc<OperationCell>) {
        self.running().insert(id, Arc::clone(cell));
    }

    /// An inherited operation of a route is over: whoever asks from now on is told so, whether its end
    /// is stored yet or not.
    pub fn interrupt(&self, id: OperationId, route: Option<usize>) {
        self.inheritance.ids().insert(id, route);
    }

    /// Stores the ends of all that were interrupted.
    pub async fn settle(&self) {
        let ids: Vec<OperationId> = self.inheritance.ids().keys().copied().collect();
        let ends = ids.into_iter().map(|id| self.end_inherited(id));
        let failed = futures_util::stream::iter(ends)
            .buffer_unordered(AT_A_TIME)
            .filter(|end| std::future::ready(end.is_err()))
            .count()
            .await;
        if failed > 0 {
            tracing::error!(failed, "operations could not be read after the restart");
        }
    }

    /// The record of an operation that was interrupted and whose end is not stored yet: it is stored
    /// now. If it cannot be, the answer is the same, and it is tried again when the next one asks.
    pub(super) async fn end_inherited(&self, id: OperationId) -> Result<Option<Arc<Record>>, StoreError> {
        if !self.inheritance.ids().contains_key(&id) {
            return Ok(None);
        }
        let found = self.measured(StoreOperation::Find, self.store.find(id, clock::now())).await?;
        let Found::Present(record) = found else { return Ok(None) };
        let ended = self.ended(&record);
        let ending = Ending { snapshot: Arc::clone(&ended.snapshot), response: None, at: ended.times.update };
        match self.measured(StoreOperation::Finish, self.store.finish(id, ending)).await {
            Ok(stored) => {
                if let Some(route) = self.inheritance.ids().remove(&id) {
                    self.count_interrupted(&stored, route);
                }
                Ok(Some(stored))
            }
            Err(error) => {
                tracing::error!(%error, operation = id.short(), "an interruption could not be stored");
                Ok(Some(Arc::new(ended)))
            }
        }
    }

    /// What its record says once it is over.
    fn ended(&self, record: &Record) -> Record {
        let at = self.inheritance.at.max(record.times.update);
        let mut operation = resumed(record, at);
        // Who cancelled it was told that it would be.
        let outcome = if record.sequel == Sequel::Canceled || record.snapshot.phase == Phase::Canceling {
            Outcome::Canceled
        } else {
            Outcome::Failed(Fault::INTERRUPTED.failure())
        };
        operation.finish(outcome);
        Record {
            snapshot: Arc::clone(operation.snapshot()),
            times: Times { update: at, end: Some(at), ..record.times },
            ..record.clone()
        }
    }

    fn count_interrupted(&self, record: &Record, route: Option<usize>) {
        let label = match record.snapshot.phase {
            Phase::Finished(Outcome::Canceled) => OutcomeLabel::Canceled,
            _ => OutcomeLabel::Interrupted,
        };
        let elapsed = Duration::try_from(record.times.update.duration_since(record.times.create));
        self.metrics.route(route).operations.ended(label, elapsed.unwrap_or_default());
    }
}
