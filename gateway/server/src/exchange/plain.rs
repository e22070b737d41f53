//! Requests that are just proxied: routes without progress, and clients that asked for nothing.

mod relays;

use std::task::{Context, Poll};
use std::time::Instant;

use downstream::{Alarm, DrainWatch, Phase, Pulse, Window};
use http::{Response, StatusCode};
use progress_core::interim::InterimHead;
use progress_core::pacing::Company;

use super::Saying;
use crate::account::Account;
use crate::answer::Finishing;
use crate::content::Content;
use crate::metrics::labels::{EventKind, Mode};
use crate::operations::Fault;
use crate::upstream::{UpstreamBody, UpstreamCall, UpstreamError, UpstreamEvent};

pub use relays::Relays;

/// A request on its way to its origin and back.
#[derive(Debug)]
pub struct Plain {
    /// The call.
    pub call: UpstreamCall,
    /// Whose it is: a place in the configuration.
    pub upstream: usize,
    /// The origin's heads on their way to the client.
    pub relays: Relays,
    /// What is done when.
    pub timing: Timing,
    /// How the origin's response is completed.
    pub finishing: Finishing,
    /// Tells when everybody has to be answered.
    pub drain: DrainWatch,
    /// What the call has ended with, while the last of the heads goes out before it.
    pub end: Option<Box<End>>,
}

/// How a call ends.
type End = Result<Response<UpstreamBody>, UpstreamError>;

/// When heads go out, and when the request must have ended.
#[derive(Debug)]
pub struct Timing {
    pulse: Pulse,
    company: Company,
    /// On progress routes (INT-19).
    deadline: Option<Instant>,
    /// There once it was needed.
    alarm: Option<Alarm>,
}

// === impl Plain ===

impl Plain {
    /// What it says next.
    pub fn poll_saying(
        &mut self,
        cx: &mut Context<'_>,
        window: Window,
        account: &mut Account,
    ) -> Poll<Saying> {
        if self.relays.is_waiting()
            && let Some(head) = self.relays.waited(window, clock())
        {
            return Poll::Ready(Saying::relayed(head));
        }
        if let Some(end) = self.end.take() {
            return Poll::Ready(self.finish(*end, account));
        }
        while let Poll::Ready(event) = self.call.poll_event(cx) {
            let (head, end) = match event {
                Ok(UpstreamEvent::Informational(status, fields)) => {
                    (self.relay(InterimHead { status, fields }, window, account), None)
                }
                Ok(UpstreamEvent::Response(response)) => {
                    (self.last_head(window, account), Some(Ok(response)))
                }
                Err(error) => (self.last_head(window, account), Some(Err(error))),
            };
            match (head, end) {
                (Some(head), end) => {
                    self.end = end.map(Box::new);
                    return Poll::Ready(Saying::relayed(head));
                }
                (None, Some(end)) => return Poll::Ready(self.finish(end, account)),
                (None, None) => {}
            }
        }
        self.poll_others(cx, window, account)
    }

    /// A head came; what goes out now. A `102` after the first only repeats that the origin works: it
    /// waits for the connection's tick. Any other says something that its client can use at once.
    fn relay(&mut self, head: InterimHead, window: Window, account: &mut Account) -> Option<InterimHead> {
        if !self.relays.permits(head.status) {
            return None;
        }
        account.heard(EventKind::Relayed);
        let now = clock();
        let patient = head.status == StatusCode::PROCESSING && account.heads() > 0;
        let due = if patient { self.timing.together(now) } else { now };
        match self.relays.offer(head, due, window) {
            Ok(older) => older.or_else(|| self.relays.waited(window, now)),
            Err(reason) => {
                account.withheld(reason);
                None
            }
        }
    }

    /// The head that waits is not left out because the call has ended.
    fn last_head(&mut self, window: Window, account: &mut Account) -> Option<InterimHead> {
        let last = self.relays.last(window);
        account.withheld_once(last.as_ref().err().copied());
        last.ok().flatten()
    }

    fn finish(&self, end: End, account: &mut Account) -> Saying {
        let response = match end {
            Ok(response) => {
                account.answered_by(self.upstream);
                let content = |body: UpstreamBody| Content::Origin(body.ending_by(self.timing.deadline));
                self.finishing.origin(response.map(content))
            }
            Err(error) => {
                tracing::debug!(%error, blame = error.blame().as_str(), "a request failed");
                self.finishing.fault(&Fault::of(&error), None)
            }
        };
        Saying::Final(response, Mode::Plain)
    }

    /// The origin is silent: what ends the request otherwise, and when to look again.
    fn poll_others(&mut self, cx: &mut Context<'_>, window: Window, account: &mut Account) -> Poll<Saying> {
        if self.drain.poll_reached(Phase::Concluding, cx).is_ready() {
            self.relays.drop_waiting(account);
            return Poll::Ready(Saying::Final(self.finishing.draining(), Mode::Plain));
        }
        if self.timing.is_over() {
            self.relays.drop_waiting(account);
            let response = self.finishing.fault(&Fault::DEADLINE, None);
            return Poll::Ready(Saying::Final(response, Mode::Plain));
        }
        self.timing.look_again(self.relays.wake_at(window), cx);
        Poll::Pending
    }
}

// === impl Timing ===

impl Timing {
    /// A request among `company` on the connection of `pulse`, with its deadline if it has one.
    pub fn new(pulse: &Pulse, company: Company, deadline: Option<Instant>) -> Self {
        Self { pulse: pulse.clone(), company, deadline, alarm: None }
    }

    /// When a head that has time goes out: together with those of others, if there may be any.
    fn together(&self, now: Instant) -> Instant {
        match self.company {
            Company::Alone => now,
            Company::Shared => self.pulse.tick(now),
        }
    }

    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= clock())
    }

    /// Has the task woken at `due` and at the deadline.
    fn look_again(&mut self, due: Option<Instant>, cx: &Context<'_>) {
        let Some(at) = due.into_iter().chain(self.deadline).min() else { return };
        let Self { pulse, alarm, .. } = self;
        alarm.get_or_insert_with(|| pulse.alarm()).set(Some(at), cx);
    }
}

fn clock() -> Instant {
    tokio::time::Instant::now().into_std()
}
