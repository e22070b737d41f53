//! Bounds on interim heads that `h2` has queued and not yet written.
//!
//! `h2` queues them without limit (H2X-04). The connection is served in turns: exchanges are
//! polled, then everything they queued is written. In one turn a stream may queue one head, and
//! all streams together no more than [`MAX_QUEUED`]. What does not fit waits for the next turn,
//! microseconds away, unless the transport is stalled.

use std::task::{Context, Poll, Waker};

/// Octets of heads that may be queued in one turn (H2X-04). A beat of a hundred bare heads needs
/// 4 KiB of it, counted as decoded.
pub(super) const MAX_QUEUED: usize = 64 * 1024;

/// The turn in which a stream last queued a head.
#[derive(Debug, Default)]
pub(crate) struct Turn(u64);

#[derive(Debug)]
pub(super) struct Outbox {
    turn: u64,
    queued: usize,
    /// Who waits for the next turn: a stream that waits does nothing else, so no more than there
    /// are open, and gone with the turn.
    waiting: Vec<Waker>,
}

impl Default for Outbox {
    fn default() -> Self {
        // No stream has spoken in turn 1.
        Self { turn: 1, queued: 0, waiting: Vec::new() }
    }
}

impl Outbox {
    /// Counts a head of `size` octets as queued, if there is room for it.
    pub(super) fn admits(&mut self, turn: &mut Turn, size: usize) -> bool {
        let full = self.queued > 0 && self.queued + size > MAX_QUEUED;
        if full || turn.0 == self.turn {
            return false;
        }
        turn.0 = self.turn;
        self.queued += size;
        true
    }

    pub(super) fn poll_admit(&mut self, turn: &mut Turn, size: usize, cx: &Context<'_>) -> Poll<()> {
        if self.admits(turn, size) {
            return Poll::Ready(());
        }
        self.waiting.push(cx.waker().clone());
        Poll::Pending
    }

    /// Begins the next turn; returns who waited for it.
    pub(super) fn flushed(&mut self) -> Vec<Waker> {
        self.turn += 1;
        self.queued = 0;
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h2x_04_a_stream_queues_one_head_a_turn() {
        let cx = Context::from_waker(Waker::noop());
        let (mut outbox, mut turn) = (Outbox::default(), Turn::default());
        assert!(outbox.poll_admit(&mut turn, 42, &cx).is_ready());
        assert!(outbox.poll_admit(&mut turn, 42, &cx).is_pending());
        assert!(outbox.poll_admit(&mut Turn::default(), 42, &cx).is_ready());
        assert_eq!(outbox.flushed().len(), 1);
        assert!(outbox.poll_admit(&mut turn, 42, &cx).is_ready());
        assert!(outbox.flushed().is_empty());
    }

    #[test]
    fn h2x_04_all_streams_together_queue_64_kib_a_turn() {
        let cx = Context::from_waker(Waker::noop());
        let mut outbox = Outbox::default();
        let admitted =
            |outbox: &mut Outbox, size| outbox.poll_admit(&mut Turn::default(), size, &cx).is_ready();
        assert_eq!((0..100).filter(|_| admitted(&mut outbox, 1024)).count(), 64);
        assert_eq!(outbox.flushed().len(), 36);
        // A head that is larger than the bound goes alone.
        assert!(admitted(&mut outbox, MAX_QUEUED + 1));
        assert!(!admitted(&mut outbox, 1));
    }
}
