//! The content of an origin's response, whatever wire it comes on.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use downstream::BodyError;
use h1_adapter::client::ClientBody;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::h2::Http2Body;
use super::link::Link;
use super::patience::Silence;
use super::server::Home;

/// The content of a response, with its trailers. Dropped before its end, it resets its stream or
/// closes its connection.
///
/// # Errors
/// [`BodyError::Origin`] when it breaks off, breaks its framing, or the origin falls silent for the
/// upstream's `idle-timeout`, or its deadline comes; never a clean end (U-03, U-04, T-10).
#[derive(Debug)]
pub struct UpstreamBody {
    /// Boxed: it is large, and a response is handed on many times.
    wire: Box<Wire>,
    silence: Silence,
    deadline: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug)]
enum Wire {
    H1(ClientBody<Link, Home>),
    H2(Http2Body),
    /// The origin delivered it by callback.
    Delivered(VecDeque<Bytes>, Option<HeaderMap>),
    /// The origin took too long: what it sent, and its connection, are gone.
    Dropped,
}

impl UpstreamBody {
    pub(super) fn h1(body: ClientBody<Link, Home>, silence: Silence) -> Self {
        Self { wire: Box::new(Wire::H1(body)), silence, deadline: None }
    }

    pub(super) fn h2(body: Http2Body, silence: Silence) -> Self {
        Self { wire: Box::new(Wire::H2(body)), silence, deadline: None }
    }

    /// Content that is here already, in these pieces, with its trailers.
    pub fn delivered(pieces: VecDeque<Bytes>, trailers: Option<HeaderMap>) -> Self {
        Self {
            wire: Box::new(Wire::Delivered(pieces, trailers)),
            silence: Silence::default(),
            deadline: None,
        }
    }

    /// The same content, which must have come completely at a time (INT-19).
    #[must_use]
    pub fn ending_by(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline.map(|at| Box::pin(tokio::time::sleep_until(at.into())));
        self
    }

    /// The same content, which breaks off when nothing comes for so long (`stall-timeout`).
    #[must_use]
    pub fn silent_for(mut self, limit: Option<Duration>) -> Self {
        self.silence = Silence::new(limit);
        self
    }

    fn give_up(&mut self, why: &'static str) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        *self.wire = Wire::Dropped;
        self.deadline = None;
        Poll::Ready(Some(Err(BodyError::Origin(why))))
    }

    fn activity(&self) -> u64 {
        match &*self.wire {
            Wire::H1(body) => body.activity(),
            Wire::H2(body) => body.activity(),
            Wire::Delivered(..) | Wire::Dropped => 0,
        }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready()) {
            return this.give_up("it did not end before the deadline");
        }
        let before = this.activity();
        let polled = match &mut *this.wire {
            Wire::H1(body) => Pin::new(body).poll_frame(cx),
            Wire::H2(body) => Pin::new(body).poll_frame(cx),
            Wire::Delivered(pieces, trailers) => Poll::Ready(delivered(pieces, trailers).map(Ok)),
            Wire::Dropped => Poll::Ready(None),
        };
        if polled.is_ready() || this.activity() != before {
            this.silence.broken();
        }
        if polled.is_pending() && this.silence.poll_too_long(cx).is_ready() {
            return this.give_up("nothing came in time");
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &*self.wire {
            Wire::H1(body) => body.is_end_stream(),
            Wire::H2(body) => body.is_end_stream(),
            Wire::Delivered(pieces, trailers) => pieces.is_empty() && trailers.is_none(),
            Wire::Dropped => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &*self.wire {
            Wire::H1(body) => body.size_hint(),
            Wire::H2(body) => body.size_hint(),
            Wire::Delivered(pieces, _) => {
                SizeHint::with_exact(pieces.iter().map(|piece| piece.len() as u64).sum())
            }
            Wire::Dropped => SizeHint::with_exact(0),
        }
    }
}

fn delivered(pieces: &mut VecDeque<Bytes>, trailers: &mut Option<HeaderMap>) -> Option<Frame<Bytes>> {
    pieces.pop_front().map(Frame::data).or_else(|| trailers.take().map(Frame::trailers))
}
