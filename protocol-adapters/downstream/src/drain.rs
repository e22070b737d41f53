//! The end of a gateway's life, told to everyone who has to act on it.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use slab::Slab;

/// How far the end has come. Phases only advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// Everything is served.
    Serving = 0,
    /// No new connection; HTTP/2 and HTTP/3 get GOAWAY, HTTP/1 gets `Connection: close` with its
    /// next final response. Running exchanges go on.
    Draining = 1,
    /// The time to drain is over: whoever still waits is answered at once (202 or 503).
    Concluding = 2,
}

/// Those who wait are kept in so many parts, so that the cores of a machine seldom want the same one.
const PARTS: usize = 16;

/// The side that announces a phase.
#[derive(Clone, Debug, Default)]
pub struct Drain(Arc<Shared>);

/// The side that waits for a phase: one per connection and one per waiting exchange. A clone is kept
/// where its original is.
#[derive(Debug)]
pub struct DrainWatch {
    shared: Arc<Shared>,
    part: usize,
    key: Option<usize>,
}

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU8,
    /// One waker per watch that waits: bounded by connections and exchanges.
    waiting: [Mutex<Slab<Waker>>; PARTS],
    watches: AtomicUsize,
}

// === impl Drain ===

impl Drain {
    /// A gateway that serves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Advances to `phase` and wakes everyone. Going back is not possible and does nothing.
    pub fn advance(&self, phase: Phase) {
        self.0.phase.fetch_max(phase as u8, Ordering::AcqRel);
        for part in &self.0.waiting {
            lock(part).iter().for_each(|(_, waker)| waker.wake_by_ref());
        }
    }

    /// A new watch.
    pub fn watch(&self) -> DrainWatch {
        let part = self.0.watches.fetch_add(1, Ordering::Relaxed) % PARTS;
        DrainWatch { shared: Arc::clone(&self.0), part, key: None }
    }

    /// Whether `phase` has been reached.
    pub fn reached(&self, phase: Phase) -> bool {
        self.0.phase.load(Ordering::Acquire) >= phase as u8
    }
}

// === impl DrainWatch ===

impl DrainWatch {
    /// Ready once `phase` has been reached.
    pub fn poll_reached(&mut self, phase: Phase, cx: &Context<'_>) -> Poll<()> {
        if self.reached(phase) {
            return Poll::Ready(());
        }
        {
            let mut waiting = lock(&self.shared.waiting[self.part]);
            match self.key.and_then(|key| waiting.get_mut(key)) {
                Some(waker) => waker.clone_from(cx.waker()),
                None => self.key = Some(waiting.insert(cx.waker().clone())),
            }
        }
        if self.reached(phase) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Whether `phase` has been reached.
    pub fn reached(&self, phase: Phase) -> bool {
        self.shared.phase.load(Ordering::Acquire) >= phase as u8
    }
}

impl Clone for DrainWatch {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), part: self.part, key: None }
    }
}

impl Drop for DrainWatch {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            lock(&self.shared.waiting[self.part]).try_remove(key);
        }
    }
}

fn lock(part: &Mutex<Slab<Waker>>) -> MutexGuard<'_, Slab<Waker>> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}
