//! Whoever follows an operation.

use std::sync::Arc;
use std::task::Context;

use super::OperationCell;

/// Follows a cell; dropping it stops that.
#[derive(Debug)]
pub struct Watcher {
    cell: Arc<OperationCell>,
    key: usize,
}

// === impl Watcher ===

impl OperationCell {
    /// A new watcher.
    pub fn watch(self: &Arc<Self>) -> Watcher {
        let key = self.state().watchers.insert(None);
        Watcher { cell: Arc::clone(self), key }
    }
}

impl Watcher {
    /// Has the current task woken at the next change.
    pub fn register(&self, cx: &Context<'_>) {
        let mut state = self.cell.state();
        match &mut state.watchers[self.key] {
            Some(waker) if waker.will_wake(cx.waker()) => {}
            slot => *slot = Some(cx.waker().clone()),
        }
    }

    /// The cell.
    pub fn cell(&self) -> &Arc<OperationCell> {
        &self.cell
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.cell.state().watchers.try_remove(self.key);
    }
}
