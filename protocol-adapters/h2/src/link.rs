//! What the exchanges of a connection share with the task that serves it.

mod meter;
mod metered;
mod outbox;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use downstream::{Gate, Limits, Pulse, Window};

use crate::Excess;
use crate::budget::Resets;

pub(crate) use metered::MeteredIo;

use meter::FrameMeter;
use outbox::{Outbox, Turn};

/// One per connection; cheap to lock, because only the connection's task does it, except for
/// request content that is read elsewhere.
pub(crate) struct Link {
    gate: Gate,
    pulse: Pulse,
    limits: Arc<Limits>,
    /// Octets that the transport has taken.
    written: AtomicU64,
    state: Mutex<State>,
}

/// One stream's access to the outbox.
pub(crate) struct Voice {
    link: Arc<Link>,
    gate: Gate,
    turn: Turn,
}

#[derive(Default)]
struct State {
    outbox: Outbox,
    meter: FrameMeter,
    resets: Resets,
}

// === impl Link ===

impl Link {
    /// The link of a connection whose timer is `pulse`.
    pub(crate) fn new(limits: Arc<Limits>, pulse: Pulse) -> Arc<Self> {
        let (written, state) = (AtomicU64::new(0), Mutex::default());
        Arc::new(Self { gate: Gate::new(), pulse, limits, written, state })
    }

    /// A view of whether the transport takes writes.
    pub(crate) fn gate(&self) -> Gate {
        self.gate.clone()
    }

    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    pub(crate) fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    // --- what exchanges tell ---

    /// The largest field section that the client takes (H2X-05).
    pub(crate) fn peer_list_size(&self) -> usize {
        self.lock().meter.peer_list_size()
    }

    /// The client cancelled a request that had been open for `lived`.
    pub(crate) fn note_reset(&self, lived: Duration) {
        self.lock().resets.note(lived);
    }

    /// `size` octets of a response were queued: progress, as the frame meter sees it.
    pub(crate) fn note_content(&self, size: usize) {
        self.lock().meter.content(size);
    }

    // --- what the transport tells ---

    fn note_read(&self, octets: &[u8]) {
        self.lock().meter.read(octets);
    }

    fn note_written(&self, size: usize) {
        self.written.fetch_add(size as u64, Ordering::Relaxed);
    }

    // --- what the connection asks ---

    /// Ends a turn: all that was queued has been written.
    pub(crate) fn flushed(&self) {
        let waiting = self.lock().outbox.flushed();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Octets that the transport has taken so far.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// What was cancelled since the last call.
    pub(crate) fn take_resets(&self) -> Resets {
        std::mem::take(&mut self.lock().resets)
    }

    /// The request head that has begun and not ended: its ordinal on this connection.
    pub(crate) fn open_head(&self) -> Option<u64> {
        self.lock().meter.open_head()
    }

    /// Whether the client sends more than it should.
    pub(crate) fn judge_frames(&self, now: Instant) -> Result<(), Excess> {
        self.lock().meter.judge(now)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Voice ===

impl Voice {
    /// The voice of a new stream.
    pub(crate) fn new(link: &Arc<Link>) -> Self {
        Self { link: Arc::clone(link), gate: link.gate(), turn: Turn::default() }
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// What is left of a voice after the final head.
    pub(crate) fn into_link(self) -> Arc<Link> {
        self.link
    }

    /// Whether a head may go out, as far as the transport is concerned.
    pub(crate) fn poll_window(&mut self, cx: &Context<'_>) -> Window {
        self.gate.poll_window(cx)
    }

    /// Whether a head of `size` octets may be queued: the transport takes writes, this stream has
    /// nothing else queued, and neither have the others too much (H2X-04). If so it counts as queued.
    pub(crate) fn admits(&mut self, size: usize) -> bool {
        self.gate.is_open() && self.link.lock().outbox.admits(&mut self.turn, size)
    }

    /// Ready when [`Voice::admits`] a head.
    pub(crate) fn poll_admit(&mut self, size: usize, cx: &Context<'_>) -> Poll<()> {
        if self.poll_window(cx) != Window::Open {
            return Poll::Pending;
        }
        self.link.lock().outbox.poll_admit(&mut self.turn, size, cx)
    }
}
