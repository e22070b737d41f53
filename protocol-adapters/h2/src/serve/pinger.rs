//! Asks the client itself whether it has seen its heads (INT-18).
//!
//! A kernel acknowledges what its process never reads. A PING behind the heads is answered only by
//! a client that has read them (RFC 9113 6.7).

use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use h2::{Ping, PingPong};

use crate::link::{Link, clock};

/// The least time between two PINGs. A client that has stopped to read is found out by the first heads
/// after it, as heads are rarely closer; a client with a beat each second is not asked at each.
const PACE: Duration = Duration::from_secs(5);

/// Sends one PING at a time, and only with heads.
///
/// `h2` writes a PING before whatever else is queued. For it to stand behind the heads, and in the
/// same write, the write is held back until `h2` has taken the heads into its buffer; then the PING
/// is queued, and the wire polled once more. The ledger does not depend on this: it learns from
/// what is written which heads are before the PING.
pub(super) struct Pinger {
    ping_pong: PingPong,
    /// A PING has not been answered. A client that never does keeps it so, and gets no other.
    waiting: bool,
    /// No earlier than this.
    next: Option<Instant>,
}

impl Pinger {
    pub(super) fn new(ping_pong: PingPong) -> Self {
        Self { ping_pong, waiting: false, next: None }
    }

    /// Before the wire is polled: holds back the heads of this turn if a PING is due with them.
    pub(super) fn prepare(&self, link: &Link) {
        if !self.waiting && link.has_heads() && self.next.is_none_or(|next| clock() >= next) {
            link.hold_writes();
        }
    }

    /// After that: queues the PING behind the heads that were held back. Then the wire has to be polled
    /// again.
    pub(super) fn ping(&mut self, link: &Link) -> bool {
        if !link.release_writes() {
            return false;
        }
        if self.ping_pong.send_ping(Ping::opaque()).is_ok() {
            self.waiting = true;
            self.next = Some(clock() + PACE);
            link.pinging();
        }
        true
    }

    /// Looks for the answer, which comes only while the wire is polled.
    pub(super) fn listen(&mut self, link: &Link) {
        let mut cx = Context::from_waker(Waker::noop());
        if self.waiting && matches!(self.ping_pong.poll_pong(&mut cx), Poll::Ready(Ok(_))) {
            self.waiting = false;
            link.ponged();
        }
    }
}
