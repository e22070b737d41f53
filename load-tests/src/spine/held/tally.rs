//! Counts what many clients hear.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::JoinHandle;

/// Counts of all clients together.
#[derive(Debug, Default)]
pub(in crate::spine) struct Tally {
    heads: AtomicU64,
    held: AtomicU64,
    lost: AtomicU64,
}

/// One request's share in the counts.
#[derive(Debug)]
pub(in crate::spine) struct Listener {
    tally: Arc<Tally>,
    heard: bool,
}

/// Clients and their connections; they leave with it.
#[derive(Debug)]
pub(in crate::spine) struct Crowd {
    pub(in crate::spine) tally: Arc<Tally>,
    tasks: Vec<JoinHandle<()>>,
    quic: Vec<quinn::Connection>,
}

impl Tally {
    pub(in crate::spine) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Interim heads that came.
    pub(in crate::spine) fn heads(&self) -> u64 {
        self.heads.load(Ordering::Relaxed)
    }

    /// Requests that have had one.
    pub(in crate::spine) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Requests that ended, however they did.
    pub(in crate::spine) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Listener {
    pub(in crate::spine) fn new(tally: &Arc<Tally>) -> Self {
        Self { tally: Arc::clone(tally), heard: false }
    }

    /// Heads came.
    pub(in crate::spine) fn heard(&mut self, heads: u64) {
        self.tally.heads.fetch_add(heads, Ordering::Relaxed);
        if heads > 0 && !self.heard {
            self.heard = true;
            self.tally.held.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The request ended, which it should not.
    pub(in crate::spine) fn lost(self) {
        self.tally.lost.fetch_add(1, Ordering::Relaxed);
    }
}

impl Crowd {
    pub(in crate::spine) fn new(tally: Arc<Tally>) -> Self {
        Self { tally, tasks: Vec::new(), quic: Vec::new() }
    }

    /// Keeps a task for as long as the crowd.
    pub(in crate::spine) fn keep(&mut self, task: JoinHandle<()>) {
        self.tasks.push(task);
    }

    /// Keeps a QUIC connection, whose datagrams count.
    pub(super) fn keep_quic(&mut self, connection: quinn::Connection) {
        self.quic.push(connection);
    }

    /// UDP datagrams that the clients have received, those that only acknowledge included. Segments
    /// that the kernel handed over together count one by one.
    pub(super) fn datagrams(&self) -> u64 {
        self.quic.iter().map(|connection| connection.stats().udp_rx.datagrams).sum()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        for connection in &self.quic {
            connection.close(quinn::VarInt::from_u32(H3_NO_ERROR), b"");
        }
    }
}

/// RFC 9114 8.1.
const H3_NO_ERROR: u32 = 0x100;
