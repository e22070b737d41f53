//! The origin's heads on their way to the client of a plain request.

use std::time::Instant;

use downstream::Window;
use http::StatusCode;
use progress_core::interim::InterimHead;

use crate::account::Account;
use crate::forward;
use crate::metrics::labels::Suppressed;
use crate::relay::{Relay, UPLOAD_RESUMPTION};

/// The origin's heads on their way to a client (FWD-01), in their order.
///
/// Bound: one head waits. While the client does not read, that is the newest 104, without which it
/// could not resume its upload; other heads are only hints, and are lost. While it reads, it is one
/// that is to leave together with others', and the next head drives it out.
#[derive(Debug)]
pub struct Relays {
    relay: Relay,
    /// Heads that the client still bears; `None`: any number.
    bearable: Option<u32>,
    waiting: Option<(InterimHead, Until)>,
}

/// What a head waits for.
#[derive(Clone, Copy, Debug)]
enum Until {
    /// The window, which is shut for this reason.
    Open(Suppressed),
    /// This moment.
    Due(Instant),
}

// === impl Relays ===

impl Relays {
    /// Relays what `relay` permits, and at most `bearable` heads; `None`: any number.
    pub fn new(relay: Relay, bearable: Option<u32>) -> Self {
        Self { relay, bearable, waiting: None }
    }

    /// Whether heads with this status go on.
    pub(super) fn permits(&self, status: StatusCode) -> bool {
        self.relay.permits(status)
    }

    /// A head came that is to go out at `due`: the older one that must go out before it, if one
    /// waits, or why one is lost.
    pub(super) fn offer(
        &mut self,
        mut head: InterimHead,
        due: Instant,
        window: Window,
    ) -> Result<Option<InterimHead>, Suppressed> {
        if !self.permits(head.status) {
            return Ok(None);
        }
        let promised = u32::from(self.due().is_some());
        if self.bearable.is_some_and(|left| left <= promised) {
            return Err(Suppressed::Budget);
        }
        forward::clean_interim(head.status, &mut head.fields);
        match shut(window) {
            None => {
                let older = self.waiting.replace((head, Until::Due(due)));
                Ok(older.map(|(older, _)| self.spend(older)))
            }
            Some(reason) if head.status.as_u16() == UPLOAD_RESUMPTION => {
                let older = self.waiting.replace((head, Until::Open(reason)));
                older.map_or(Ok(None), |_| Err(Suppressed::Coalesced))
            }
            Some(reason) => Err(reason),
        }
    }

    /// Whether a head waits.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// When the head that waits is due, if it waits for that.
    fn due(&self) -> Option<Instant> {
        match &self.waiting {
            Some((_, Until::Due(at))) => Some(*at),
            _ => None,
        }
    }

    /// When to look again. Behind a shut window nothing is due: who opens it wakes, and a moment that has
    /// passed would be woken for again and again.
    pub(super) fn wake_at(&self, window: Window) -> Option<Instant> {
        self.due().filter(|_| window == Window::Open)
    }

    /// The head that has waited, once the window is open and it is due.
    pub(super) fn waited(&mut self, window: Window, now: Instant) -> Option<InterimHead> {
        if window != Window::Open || self.due().is_some_and(|due| now < due) {
            return None;
        }
        let (head, _) = self.waiting.take()?;
        Some(self.spend(head))
    }

    /// The final response is there: the head that has to go out before it, or why it is lost.
    pub(super) fn last(&mut self, window: Window) -> Result<Option<InterimHead>, Suppressed> {
        let Some((head, until)) = self.waiting.take() else { return Ok(None) };
        match (until, shut(window)) {
            (Until::Open(reason), _) | (Until::Due(_), Some(reason)) => Err(reason),
            (Until::Due(_), None) => Ok(Some(self.spend(head))),
        }
    }

    /// The exchange ends without its origin: the head that waits is lost.
    pub(super) fn drop_waiting(&mut self, account: &mut Account) {
        if self.waiting.take().is_some() {
            account.withheld(Suppressed::Coalesced);
        }
    }

    fn spend(&mut self, head: InterimHead) -> InterimHead {
        self.bearable = self.bearable.map(|left| left.saturating_sub(1));
        head
    }
}

/// Why no head may go out, if none may.
fn shut(window: Window) -> Option<Suppressed> {
    match window {
        Window::Open => None,
        Window::Stalled => Some(Suppressed::Stalled),
        Window::Unacknowledged => Some(Suppressed::Unacknowledged),
    }
}

#[cfg(test)]
mod tests;
