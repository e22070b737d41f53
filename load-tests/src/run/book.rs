//! A worker's tally, which the conductor looks into once a second.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::tally::Tally;

/// A shared tally. The lock is free but for a moment each second, so that a head costs one
/// uncontended lock.
#[derive(Clone, Debug)]
pub(super) struct Book(Arc<Mutex<Tally>>);

impl Book {
    /// For so many kinds of clients.
    pub(super) fn new(kinds: usize) -> Self {
        Self(Arc::new(Mutex::new(Tally::new(kinds))))
    }

    /// To write or to read. Not to be held over an await.
    pub(super) fn open(&self) -> MutexGuard<'_, Tally> {
        // Counts are whole after each call, also if the thread panicked later.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
