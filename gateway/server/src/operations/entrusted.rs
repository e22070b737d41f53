//! What the store is told of operations while they run, so that the next gateway does with them what their
//! clients and origins were told.

use std::future::poll_fn;
use std::sync::Arc;

use jiff::Timestamp;
use progress_core::operation::Snapshot;
use status_store::{Amendment, Sequel, StatusStore};

use super::{OperationCell, Operations};
use crate::metrics::labels::StoreOperation;

impl Operations {
    /// The operation's origin will call back until then: durably, so that it goes on through a restart.
    pub async fn entrust(&self, cell: &OperationCell, until: Timestamp) {
        poll_fn(|cx| cell.poll_settled(cx)).await;
        // One that is not registered yet takes it along when it is.
        if let Some(id) = cell.id() {
            let amendment = Amendment::Sequel(Sequel::Call { until });
            // Without it, the operation counts as interrupted after a restart, which its client is told.
            let _ = self.measured(StoreOperation::Amend, self.store.amend(id, amendment)).await;
        }
    }

    /// The same of an operation that its client is told of next: it is registered now, if it is not
    /// (CRE-03, interface section 8).
    pub async fn announce(&self, cell: &Arc<OperationCell>, until: Timestamp) {
        if cell.begin_registration() {
            self.register(cell).await;
        } else {
            self.entrust(cell, until).await;
        }
    }

    /// Somebody who may wants it cancelled. Returns the state at this moment, once the store knows: no gateway
    /// after this one goes on with it.
    pub async fn cancel(&self, cell: &OperationCell) -> Arc<Snapshot> {
        let now = cell.cancel();
        if let Some(id) = cell.id()
            && !now.is_finished()
        {
            // It may have ended since, which is as well. A store that fails is told of the end until it hears.
            let canceled = self.store.amend(id, Amendment::Sequel(Sequel::Canceled));
            let _ = self.measured(StoreOperation::Amend, canceled).await;
        }
        now
    }
}
