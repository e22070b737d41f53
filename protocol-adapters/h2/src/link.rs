//! What the exchanges of a connection share with the task that serves it.

mod heads;
mod meter;
mod metered;
mod outbox;
mod tap;

use std::io::IoSlice;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use downstream::{Gate, Limits, OctetLedger, Page, Pulse, Window};

use crate::Excess;
use crate::budget::Resets;

pub(crate) use metered::MeteredIo;

use heads::Heads;
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
    /// `None`: the transport cannot tell what was acknowledged.
    heads: Option<Heads>,
    state: Mutex<State>,
}

/// One stream's access to the outbox.
pub(crate) struct Voice {
    link: Arc<Link>,
    gate: Gate,
    turn: Turn,
    page: Page,
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
    pub(crate) fn new(limits: Arc<Limits>, pulse: Pulse, ledger: Option<Arc<OctetLedger>>) -> Arc<Self> {
        let (written, state) = (AtomicU64::new(0), Mutex::default());
        let heads = ledger.map(Heads::new);
        Arc::new(Self { gate: Gate::new(), pulse, limits, written, heads, state })
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

    /// The first `size` octets of `bufs` were taken.
    fn note_written(&self, bufs: &[IoSlice<'_>], size: usize) {
        self.written.fetch_add(size as u64, Ordering::Relaxed);
        if let Some(heads) = &self.heads {
            heads.took(bufs, size);
        }
    }

    fn note_flushed(&self) {
        if let Some(heads) = &self.heads {
            heads.flushed();
        }
    }

    /// Whether a write has to wait for the PING that is to go with it.
    fn holds_writes(&self) -> bool {
        self.heads.as_ref().is_some_and(Heads::holds)
    }

    // --- what the connection asks ---

    /// Whether `h2` has heads to write.
    pub(crate) fn has_heads(&self) -> bool {
        self.heads.as_ref().is_some_and(Heads::any)
    }

    /// Holds writes back until [`Link::release_writes`].
    pub(crate) fn hold_writes(&self) {
        if let Some(heads) = &self.heads {
            heads.hold();
        }
    }

    /// Lets writes through; whether one has waited and is to be tried again.
    pub(crate) fn release_writes(&self) -> bool {
        self.heads.as_ref().is_some_and(Heads::release)
    }

    /// A PING will be written next, behind the heads that have been.
    pub(crate) fn pinging(&self) {
        if let Some(heads) = &self.heads {
            heads.pinging();
        }
    }

    /// The client has answered the PING.
    pub(crate) fn ponged(&self) {
        if let Some(heads) = &self.heads {
            heads.ledger().ponged(clock());
        }
    }

    /// Ends a turn: all that was queued has been written.
    pub(crate) fn flushed(&self) {
        if let Some(heads) = &self.heads {
            heads.drained();
        }
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
        let page = link.heads.as_ref().map(|heads| heads.ledger().page()).unwrap_or_default();
        Self { link: Arc::clone(link), gate: link.gate(), turn: Turn::default(), page }
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// The heads of this stream that are not acknowledged; blank if that is not known.
    pub(crate) fn page(&self) -> &Page {
        &self.page
    }

    /// What is left of a voice after the final head.
    pub(crate) fn into_link(self) -> Arc<Link> {
        self.link
    }

    /// Whether a head may go out, as far as the transport and what the client has acknowledged are
    /// concerned.
    pub(crate) fn poll_window(&mut self, cx: &Context<'_>) -> Window {
        match self.gate.poll_window(cx) {
            Window::Open if !self.page.is_clear() => self.page.poll_window(clock(), cx),
            window => window,
        }
    }

    /// `h2` has queued a head for `stream`, which is the one of this voice.
    pub(crate) fn queued(&self, stream: h2::StreamId) {
        if let Some(heads) = &self.link.heads {
            heads.queued(stream.as_u32(), &self.page);
        }
    }

    /// Whether a head of `size` octets may be queued: the transport takes writes, this stream has
    /// nothing else queued, and neither have the others too much (H2X-04). If so it counts as queued.
    pub(crate) fn admits(&mut self, size: usize) -> bool {
        self.gate.is_open() && self.link.lock().outbox.admits(&mut self.turn, size)
    }

    /// Ready when [`Voice::admits`] a head.
    pub(crate) fn poll_admit(&mut self, size: usize, cx: &Context<'_>) -> Poll<()> {
        if self.gate.poll_window(cx) != Window::Open {
            return Poll::Pending;
        }
        self.link.lock().outbox.poll_admit(&mut self.turn, size, cx)
    }
}

pub(crate) fn clock() -> Instant {
    tokio::time::Instant::now().into_std()
}
