//! How an operation gets an id and a record.

use progress_core::operation::OperationId;

use super::{OperationCell, Registration};

impl OperationCell {
    /// Begins registration; false if the response came first, or somebody else has begun it.
    pub fn begin_registration(&self) -> bool {
        let mut state = self.state();
        let is_open = state.registration == Registration::Open;
        if is_open {
            state.registration = Registration::Begun;
        }
        is_open
    }

    /// The operation is registered under this id.
    pub fn registered(&self, id: OperationId) {
        let mut state = self.state();
        state.registration = Registration::Done(id);
        // It is in the store.
        state.sequel = None;
        if let Some(key) = &state.key {
            key.hold.registered(id);
        }
        state.wake_watchers();
        state.wake_task();
    }

    /// It is not registered after all: the store has no room, or nobody waits for it any more.
    pub fn unregistered(&self) {
        let mut state = self.state();
        state.registration = Registration::Closed;
        state.wake_task();
    }
}
