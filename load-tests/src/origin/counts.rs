//! What the origin has done.

use std::sync::atomic::{AtomicU64, Ordering};

/// What an origin has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that are open now.
    pub connections: u64,
    /// Requests that came whole.
    pub requests: u64,
    /// Interim heads that were sent.
    pub interim: u64,
    /// Final responses that were sent whole.
    pub responses: u64,
    /// Requests that the other side gave up before they were answered.
    pub abandoned: u64,
    /// Faults that were committed.
    pub faults: u64,
}

/// The same, while it is counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) connections: AtomicU64,
    pub(super) requests: AtomicU64,
    pub(super) interim: AtomicU64,
    pub(super) responses: AtomicU64,
    pub(super) abandoned: AtomicU64,
    pub(super) faults: AtomicU64,
}

/// One of [`Counts::connections`].
#[derive(Debug)]
pub(super) struct Open<'a>(&'a Tally);

impl Tally {
    pub(super) fn counts(&self) -> Counts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            connections: of(&self.connections),
            requests: of(&self.requests),
            interim: of(&self.interim),
            responses: of(&self.responses),
            abandoned: of(&self.abandoned),
            faults: of(&self.faults),
        }
    }

    /// A connection is open as long as what this returns.
    pub(super) fn connection(&self) -> Open<'_> {
        add(&self.connections);
        Open(self)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}
