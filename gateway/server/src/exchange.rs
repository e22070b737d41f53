//! The exchanges that the gateway opens, one for each request.

mod awaited;
mod followed;
mod manner;
mod plain;
mod terms;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use downstream::{Emission, Exchange, Window};
use http::Response;
use progress_core::exchange::{DueHead, Withheld};
use progress_core::interim::InterimHead;

use crate::account::Account;
use crate::content::{Content, GatewayBody};
use crate::idempotency::{Decided, Keyed};
use crate::metrics::labels::{Mode, Reason};
use crate::operations::point::{self, Point};
use crate::status::{Held, Looked, Lookup};

pub use awaited::{After, Awaited, Ending, PassOn, Stay};
pub use followed::Followed;
pub use manner::{Asking, Audience, Creating, Manner, Naming};
pub use plain::{Plain, Relays, Timing};
pub use terms::{Client, Plan, head_terms};

/// What one request's exchange says. See [`downstream::Exchange`].
#[derive(Debug)]
pub struct GatewayExchange {
    kind: Kind,
    account: Option<Box<Account>>,
    written: Option<Said>,
}

/// How a request is answered.
#[derive(Debug)]
pub enum Kind {
    /// At once.
    Ready(Option<Box<Response<Content>>>),
    /// By the origin, streamed through.
    Plain(Box<Plain>),
    /// By an operation that is followed.
    Followed(Box<Followed>),
    /// Once it is known whether it repeats another one.
    Keyed(Keyed),
    /// By the origin, once an operation has made what is asked for, or by what the operation has ended in.
    Awaited(Box<Awaited>),
    /// By looking an operation up.
    Lookup(Lookup),
    /// By an operation's document, once it changes or ends.
    Held(Box<Held>),
}

/// What a kind of exchange says next.
#[derive(Debug)]
pub enum Saying {
    /// An interim head.
    Interim(InterimHead, Said),
    /// The final response.
    Final(Response<Content>, Mode),
}

/// How an interim head is counted once it is written.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    reason: Reason,
    status: http::StatusCode,
    pace: Option<Pace>,
}

/// The pace of a head of ours.
#[derive(Clone, Copy, Debug)]
struct Pace {
    due: Instant,
    gap: Option<Duration>,
}

// === impl Kind ===

impl Kind {
    /// At once, by this.
    pub fn ready(response: Response<Content>) -> Self {
        Self::Ready(Some(Box::new(response)))
    }
}

// === impl GatewayExchange ===

impl GatewayExchange {
    /// An exchange that is counted on `account`.
    pub fn new(kind: Kind, account: Box<Account>) -> Self {
        Self { kind, account: Some(account), written: None }
    }

    /// An exchange that is answered at once.
    pub fn ready(response: Response<Content>, account: Box<Account>) -> Self {
        Self::new(Kind::ready(response), account)
    }

    fn poll_saying(&mut self, cx: &mut Context<'_>, window: Window) -> Poll<Saying> {
        let Some(account) = &mut self.account else { return Poll::Pending };
        loop {
            match &mut self.kind {
                Kind::Ready(response) => {
                    let Some(response) = response.take() else { return Poll::Pending };
                    return Poll::Ready(Saying::Final(*response, Mode::Plain));
                }
                Kind::Plain(plain) => return plain.poll_saying(cx, window, account),
                Kind::Followed(followed) => return followed.poll_saying(cx, window, account),
                Kind::Keyed(keyed) => {
                    let Decided { kind, operation } = std::task::ready!(keyed.poll(cx));
                    if let Some(id) = operation {
                        account.operation(id);
                    }
                    self.kind = kind;
                }
                Kind::Awaited(awaited) => return awaited.poll_saying(cx, window, account),
                Kind::Lookup(lookup) => match std::task::ready!(lookup.poll(cx)) {
                    Looked::Answer(response) => {
                        let mode = if account.heads() > 0 { Mode::Interim } else { Mode::Plain };
                        return Poll::Ready(Saying::Final(response, mode));
                    }
                    Looked::Hold(held) => self.kind = Kind::Held(held),
                },
                Kind::Held(held) => {
                    let over = match std::task::ready!(held.poll_saying(cx, window, account)) {
                        Some(saying) => return Poll::Ready(saying),
                        None => held.look_again(),
                    };
                    self.kind = Kind::Lookup(over);
                }
            }
        }
    }
}

impl Exchange for GatewayExchange {
    type Body = GatewayBody;

    fn poll_emission(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        window: Window,
    ) -> Poll<Emission<GatewayBody>> {
        match std::task::ready!(self.poll_saying(cx, window)) {
            Saying::Interim(head, said) => {
                if said.reason == Reason::Accepted {
                    point::passed(Point::Announcing);
                }
                self.written = Some(said);
                Poll::Ready(Emission::Interim(head))
            }
            Saying::Final(response, mode) => {
                let mut account = self.account.take();
                if let Some(account) = &mut account {
                    account.answered(mode, response.status());
                }
                Poll::Ready(Emission::Final(response.map(|content| GatewayBody::new(content, account))))
            }
        }
    }

    fn interim_written(mut self: Pin<&mut Self>, now: Instant) {
        let Some(said) = self.written.take() else { return };
        if said.reason == Reason::Accepted {
            point::passed(Point::Announced);
        }
        if let Some(account) = &mut self.account {
            account.interim_written(said.reason, said.status, now);
            if let Some(pace) = said.pace {
                account.paced(said.reason, pace.gap, now.saturating_duration_since(pace.due));
            }
        }
    }

    fn is_waiting(&self) -> bool {
        match &self.kind {
            Kind::Followed(followed) => followed.is_waiting(),
            Kind::Held(_) => true,
            Kind::Awaited(awaited) => awaited.is_waiting(),
            Kind::Ready(_) | Kind::Plain(_) | Kind::Keyed(_) | Kind::Lookup(_) => false,
        }
    }
}

// === impl Saying ===

impl Saying {
    /// A head of ours.
    pub fn of_due(due: DueHead) -> Self {
        let reason = match due.reason {
            progress_core::exchange::Reason::Accepted => Reason::Accepted,
            progress_core::exchange::Reason::Progress => Reason::Progress,
            progress_core::exchange::Reason::Heartbeat => Reason::Heartbeat,
        };
        let pace = Some(Pace { due: due.due, gap: due.gap });
        let said = Said { reason, status: due.head.status, pace };
        Self::Interim(due.head, said)
    }

    /// A head of the origin's.
    pub fn relayed(head: InterimHead) -> Self {
        let said = Said { reason: Reason::Relayed, status: head.status, pace: None };
        Self::Interim(head, said)
    }
}

/// Why no head may go out, if none may.
pub fn withheld(window: Window) -> Option<Withheld> {
    match window {
        Window::Open => None,
        Window::Stalled => Some(Withheld::Stalled),
        Window::Unacknowledged => Some(Withheld::Unacknowledged),
    }
}
