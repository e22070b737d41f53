//! Requests that are just proxied: routes without progress, and clients that asked for nothing.

use std::task::{Context, Poll};
use std::time::Instant;

use downstream::{Alarm, DrainWatch, Phase, Window};
use progress_core::interim::InterimHead;

use super::Saying;
use crate::account::Account;
use crate::answer::Finishing;
use crate::content::Content;
use crate::forward;
use crate::metrics::labels::{EventKind, Mode, Suppressed};
use crate::operations::Fault;
use crate::relay::{Relay, UPLOAD_RESUMPTION};
use crate::upstream::{UpstreamBody, UpstreamCall, UpstreamEvent};

/// A request on its way to its origin and back.
#[derive(Debug)]
pub struct Plain {
    /// The call.
    pub call: UpstreamCall,
    /// Whose it is: a place in the configuration.
    pub upstream: usize,
    /// The origin's heads on their way to the client.
    pub relays: Relays,
    /// On progress routes: when it must have ended (INT-19).
    pub deadline: Option<(Alarm, Instant)>,
    /// How the origin's response is completed.
    pub finishing: Finishing,
    /// Tells when everybody has to be answered.
    pub drain: DrainWatch,
}

/// The origin's heads on their way to a client (FWD-01).
///
/// Bound: one 104 waits while the client does not read, the newest; a client without it could not
/// resume its upload. Other heads are only hints, and are lost.
#[derive(Debug)]
pub struct Relays {
    relay: Relay,
    /// Heads that the client still bears; `None`: any number.
    bearable: Option<u32>,
    /// A 104, and why it waits.
    waiting: Option<(InterimHead, Suppressed)>,
}

impl Plain {
    /// What it says next.
    pub fn poll_saying(
        &mut self,
        cx: &mut Context<'_>,
        window: Window,
        account: &mut Account,
    ) -> Poll<Saying> {
        if let Some(head) = self.relays.waited(window) {
            return Poll::Ready(Saying::relayed(head));
        }
        while let Poll::Ready(event) = self.call.poll_event(cx) {
            match event {
                Ok(UpstreamEvent::Response(response)) => {
                    account.answered_by(self.upstream);
                    account.withheld_once(self.relays.missed());
                    let deadline = self.deadline.as_ref().map(|(_, at)| *at);
                    let content = |body: UpstreamBody| Content::Origin(body.ending_by(deadline));
                    let response = self.finishing.origin(response.map(content));
                    return Poll::Ready(Saying::Final(response, Mode::Plain));
                }
                Ok(UpstreamEvent::Informational(status, fields)) => {
                    if self.relays.relay.permits(status) {
                        account.heard(EventKind::Relayed);
                    }
                    match self.relays.offer(InterimHead { status, fields }, window) {
                        Ok(None) => {}
                        Ok(Some(head)) => return Poll::Ready(Saying::relayed(head)),
                        Err(reason) => account.withheld(reason),
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, blame = error.blame().as_str(), "a request failed");
                    let response = self.finishing.fault(&Fault::of(&error), None);
                    return Poll::Ready(Saying::Final(response, Mode::Plain));
                }
            }
        }
        if self.drain.poll_reached(Phase::Concluding, cx).is_ready() {
            return Poll::Ready(Saying::Final(self.finishing.draining(), Mode::Plain));
        }
        if let Some((alarm, at)) = &self.deadline {
            if tokio::time::Instant::now().into_std() >= *at {
                let response = self.finishing.fault(&Fault::DEADLINE, None);
                return Poll::Ready(Saying::Final(response, Mode::Plain));
            }
            alarm.set(Some(*at), cx);
        }
        Poll::Pending
    }
}

// === impl Relays ===

impl Relays {
    /// Relays what `relay` permits, and at most `bearable` heads; `None`: any number.
    pub fn new(relay: Relay, bearable: Option<u32>) -> Self {
        Self { relay, bearable, waiting: None }
    }

    /// A head came: the head that goes out now, if one does, or why one is lost.
    fn offer(&mut self, mut head: InterimHead, window: Window) -> Result<Option<InterimHead>, Suppressed> {
        if !self.relay.permits(head.status) {
            return Ok(None);
        }
        if self.bearable == Some(0) {
            return Err(Suppressed::Budget);
        }
        forward::clean_interim(head.status, &mut head.fields);
        match shut(window) {
            None => Ok(Some(self.spend(head))),
            Some(reason) if head.status.as_u16() == UPLOAD_RESUMPTION => {
                let older = self.waiting.replace((head, reason));
                older.map_or(Ok(None), |_| Err(Suppressed::Coalesced))
            }
            Some(reason) => Err(reason),
        }
    }

    /// The head that has waited, once the window is open.
    fn waited(&mut self, window: Window) -> Option<InterimHead> {
        if window != Window::Open {
            return None;
        }
        let (head, _) = self.waiting.take()?;
        Some(self.spend(head))
    }

    /// Why the head that waits is lost, if there is one: the final response is there.
    fn missed(&mut self) -> Option<Suppressed> {
        self.waiting.take().map(|(_, reason)| reason)
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
mod tests {
    use downstream::Protocol;
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::config::RelayInformational;
    use crate::relay::Processing;

    fn relays(bearable: Option<u32>) -> Relays {
        let policy = RelayInformational::Always;
        Relays::new(Relay::new(policy, Protocol::H2, &HeaderMap::new(), Processing::Event), bearable)
    }

    fn head(status: u16, location: &'static str) -> InterimHead {
        let mut head = InterimHead::bare(StatusCode::from_u16(status).unwrap());
        head.fields.insert("location", location.parse().unwrap());
        head
    }

    #[test]
    fn b16_a_104_waits_for_the_window_and_the_newest_wins() {
        let mut relays = relays(None);
        assert!(matches!(relays.offer(head(104, "/1"), Window::Stalled), Ok(None)));
        assert!(matches!(relays.offer(head(104, "/2"), Window::Stalled), Err(Suppressed::Coalesced)));
        assert!(matches!(relays.offer(head(103, "/3"), Window::Stalled), Err(Suppressed::Stalled)));
        let lost = relays.offer(head(103, "/3"), Window::Unacknowledged);
        assert!(matches!(lost, Err(Suppressed::Unacknowledged)));
        assert!(relays.waited(Window::Stalled).is_none());
        assert_eq!(relays.waited(Window::Open).unwrap().fields["location"], "/2");
        assert!(relays.waited(Window::Open).is_none());
        assert_eq!(relays.missed(), None);
    }

    #[test]
    fn b16_what_the_budget_and_the_final_response_cost_is_told() {
        let mut relays = relays(Some(1));
        assert!(matches!(relays.offer(head(103, "/1"), Window::Open), Ok(Some(_))));
        assert!(matches!(relays.offer(head(103, "/2"), Window::Open), Err(Suppressed::Budget)));
        assert!(matches!(relays.offer(head(102, "/3"), Window::Open), Ok(None)), "an event, not relayed");
        let mut relays = self::relays(None);
        assert!(matches!(relays.offer(head(104, "/1"), Window::Unacknowledged), Ok(None)));
        assert_eq!(relays.missed(), Some(Suppressed::Unacknowledged));
    }
}
