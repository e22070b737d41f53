//! What repetitions of an operation's request are recognized by.

use status_store::RequestKey;

use super::{OperationCell, Registration};
use crate::idempotency::{Fingerprint, Hold};

/// The key of an operation's request, bound until the operation is over.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) hold: Hold,
    /// That of the content, until the store is told.
    unsaved: Option<Fingerprint>,
}

impl OperationCell {
    /// Repetitions of its request are recognized by this: to be said before its content is read.
    pub fn bind(&self, hold: Hold) {
        self.state().key = Some(Box::new(Key { hold, unsaved: None }));
    }

    /// Whether repetitions of its request are recognized.
    pub fn is_keyed(&self) -> bool {
        self.state().key.is_some()
    }

    /// All content of its request has come. It is to be told to the store.
    pub fn identify(&self, content: Fingerprint) {
        let mut state = self.state();
        if let Some(key) = &mut state.key {
            key.hold.received(content);
            key.unsaved = Some(content);
            state.wake_task();
        }
    }

    /// What its record begins with.
    pub fn take_key(&self) -> Option<RequestKey> {
        let mut state = self.state();
        let Key { hold, unsaved } = state.key.as_deref_mut()?;
        Some(RequestKey { digest: *hold.digest(), fingerprint: unsaved.take() })
    }

    /// Whether its record is to be told what has become known of its content.
    pub fn has_fingerprint(&self) -> bool {
        let state = self.state();
        matches!(state.registration, Registration::Done(_))
            && state.key.as_ref().is_some_and(|key| key.unsaved.is_some())
    }

    /// What has become known of its content since.
    pub fn take_fingerprint(&self) -> Option<Fingerprint> {
        self.state().key.as_mut()?.unsaved.take()
    }
}
