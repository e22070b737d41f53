//! Waiting for the next request.

use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use downstream::{DrainWatch, Phase, Refusal};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::conn::{Conn, Reading};
use crate::head::{Framing, RequestHead, Scan, resume_request};

/// More than the largest head that can be allowed: empty lines may precede it, and one octet more
/// is what tells that it is too large.
const BEYOND_HEAD: usize = 8;

/// One wait for a head.
#[derive(Default)]
pub(super) struct Arrival {
    scan: Scan,
    /// Octets of the buffer that the scan has seen.
    seen: usize,
    patience: Option<(Patience, Instant)>,
    order: Order,
}

/// What came of it.
#[expect(clippy::large_enum_variant, reason = "moved once and never kept")]
pub(super) enum Arrived {
    Request(RequestHead),
    Refused(Refusal),
    /// The client is done, or nothing came, or the gateway is draining.
    Nothing,
}

/// Which request of the connection is waited for.
#[derive(Clone, Copy, Default)]
pub(super) enum Order {
    #[default]
    First,
    Later,
}

/// How long to wait, and for what.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// For the first octet of a new connection.
    Fresh,
    /// For the first octet of another request.
    Idle,
    /// For the rest of a head (D-01): counted from its first octet, not from the last read.
    Head,
}

impl Arrival {
    pub(super) fn new(order: Order) -> Self {
        Self { order, ..Self::default() }
    }

    /// Ready once it is known what comes.
    pub(super) fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        conn: &mut Conn<S>,
        drain: &mut DrainWatch,
        cx: &mut Context<'_>,
    ) -> Poll<Arrived> {
        loop {
            if conn.inbox.len() > self.seen {
                self.seen = conn.inbox.len();
                match resume_request(&mut self.scan, &conn.inbox, &conn.limits) {
                    Ok(Some((head, size))) => return Poll::Ready(take(conn, head, size)),
                    Ok(None) => {}
                    Err(refusal) => return Poll::Ready(Arrived::Refused(refusal)),
                }
            }
            if conn.reading != Reading::Open {
                return Poll::Ready(Arrived::Nothing);
            }
            let room = (conn.limits.head_size + BEYOND_HEAD).saturating_sub(conn.inbox.len()).max(1);
            if conn.poll_fill(room, cx).is_pending() {
                return self.poll_patience(conn, drain, cx);
            }
        }
    }

    fn poll_patience<S>(
        &mut self,
        conn: &mut Conn<S>,
        drain: &mut DrainWatch,
        cx: &mut Context<'_>,
    ) -> Poll<Arrived> {
        let patience = match self.order {
            _ if self.scan.has_begun(&conn.inbox) => Patience::Head,
            Order::First => Patience::Fresh,
            Order::Later => Patience::Idle,
        };
        if patience != Patience::Head && drain.poll_reached(Phase::Draining, cx).is_ready() {
            return Poll::Ready(Arrived::Nothing);
        }
        let deadline = match self.patience {
            Some((kind, deadline)) if kind == patience => deadline,
            _ => {
                let time = match patience {
                    Patience::Fresh | Patience::Head => conn.limits.head_timeout,
                    Patience::Idle => conn.limits.idle_timeout,
                };
                let deadline = Instant::now() + time;
                self.patience = Some((patience, deadline));
                deadline
            }
        };
        ready!(conn.timer.poll_until(deadline, cx));
        Poll::Ready(match patience {
            Patience::Head => Arrived::Refused(Refusal::HeadTimeout),
            Patience::Fresh | Patience::Idle => Arrived::Nothing,
        })
    }
}

/// Takes the head out of the inbox; an empty inbox owns nothing.
fn take<S>(conn: &mut Conn<S>, head: RequestHead, size: usize) -> Arrived {
    conn.inbox.advance(size);
    if conn.inbox.is_empty() {
        conn.inbox = BytesMut::new();
    }
    match head.framing {
        // H1-38: refused at the head, before anything begins.
        Framing::Length(length) if length > conn.limits.body_size => {
            Arrived::Refused(Refusal::ContentTooLarge)
        }
        _ => Arrived::Request(head),
    }
}
