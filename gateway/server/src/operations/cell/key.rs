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

/// What the store has not been told of yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnoted {
    /// What has become known of the request's content.
    Fingerprint,
    /// The state of this revision.
    State(u64),
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

    /// What its record is to be told next, if it was told of the state of revision `noted` last. One that is
    /// not registered yet takes its state along when it is.
    pub fn unnoted(&self, noted: u64) -> Option<Unnoted> {
        let state = self.state();
        if !matches!(state.registration, Registration::Done(_)) {
            return None;
        }
        if state.key.as_ref().is_some_and(|key| key.unsaved.is_some()) {
            return Some(Unnoted::Fingerprint);
        }
        let revision = state.operation.snapshot().revision;
        (revision != noted).then_some(Unnoted::State(revision))
    }

    /// What has become known of its content since.
    pub fn take_fingerprint(&self) -> Option<Fingerprint> {
        self.state().key.as_mut()?.unsaved.take()
    }
}
