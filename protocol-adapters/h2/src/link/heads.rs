//! Interim heads on their way from `h2` to the transport (INT-18).
//!
//! `h2` only queues a head. It counts as said when the transport has taken its last octet, and a
//! head that `h2` has thrown away, because its stream was reset, never does.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use downstream::{OctetLedger, Page};

use super::clock;
use super::tap::{FrameTap, Passed};

/// The heads of one connection whose transport can tell what was acknowledged.
pub(super) struct Heads {
    ledger: Arc<OctetLedger>,
    road: Mutex<Road>,
}

#[derive(Default)]
struct Road {
    tap: FrameTap,
    /// Streams with a head in `h2`, in the order in which it will write them. Bound: what the outbox
    /// admits to a turn; those that are left at its end will never be written.
    queued: VecDeque<(u32, Page)>,
    /// The transport has taken heads and not said that they are with the kernel.
    unflushed: bool,
    /// A PING was asked for and has not passed.
    pinging: bool,
    hold: Hold,
}

/// Whether writes wait, for a PING to go with the heads that are queued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hold {
    #[default]
    Off,
    On,
    /// It is on, and `h2` has tried to write.
    Met,
}

impl Heads {
    pub(super) fn new(ledger: Arc<OctetLedger>) -> Self {
        Self { ledger, road: Mutex::default() }
    }

    pub(super) fn ledger(&self) -> &Arc<OctetLedger> {
        &self.ledger
    }

    // --- what exchanges and connection tell ---

    /// `h2` has queued a head of `page`.
    pub(super) fn queued(&self, stream: u32, page: &Page) {
        self.lock().queued.push_back((stream, page.clone()));
    }

    /// Nothing is left in `h2` that it can write now.
    pub(super) fn drained(&self) {
        self.lock().queued.clear();
    }

    /// Whether a head is in `h2`.
    pub(super) fn any(&self) -> bool {
        !self.lock().queued.is_empty()
    }

    /// From now on writes wait, until [`Heads::release`].
    pub(super) fn hold(&self) {
        self.lock().hold = Hold::On;
    }

    /// Lets writes through; whether one has waited.
    pub(super) fn release(&self) -> bool {
        std::mem::take(&mut self.lock().hold) == Hold::Met
    }

    /// The next PING is ours.
    pub(super) fn pinging(&self) {
        self.lock().pinging = true;
    }

    // --- what the transport tells ---

    /// Whether a write has to wait.
    pub(super) fn holds(&self) -> bool {
        let mut road = self.lock();
        if road.hold == Hold::On {
            road.hold = Hold::Met;
        }
        road.hold == Hold::Met
    }

    /// The transport took the first `size` octets of `bufs`.
    pub(super) fn took(&self, bufs: &[IoSlice<'_>], mut size: usize) {
        let mut road = self.lock();
        let Road { tap, queued, unflushed, pinging, .. } = &mut *road;
        let mut now = None;
        let mut tell = |passed| match passed {
            Passed::Block { stream } => {
                if let Some(page) = next_of(queued, stream) {
                    self.ledger.said(&page, *now.get_or_insert_with(clock));
                    *unflushed = true;
                }
            }
            // The PING that `h2` sends with its GOAWAY may be taken for ours: then ours stands
            // behind it, and covers less than it might.
            Passed::Ping if std::mem::take(pinging) => self.ledger.pinged(),
            Passed::Ping => {}
        };
        for buf in bufs {
            let taken = size.min(buf.len());
            tap.take(&buf[..taken], &mut tell);
            size -= taken;
        }
    }

    /// Nothing is left between `h2` and the kernel.
    pub(super) fn flushed(&self) {
        if std::mem::take(&mut self.lock().unflushed) {
            self.ledger.flushed();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Road> {
        // A panic leaves at worst a head that is not counted.
        self.road.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose head a header block of `stream` was. `None`: it was a final head, or trailers; an interim
/// head of the same stream would have gone before.
fn next_of(queued: &mut VecDeque<(u32, Page)>, stream: u32) -> Option<Page> {
    // As a rule the first. Before it are those of streams that were reset.
    let place = queued.iter().position(|(queued, _)| *queued == stream)?;
    queued.remove(place).map(|(_, page)| page)
}
