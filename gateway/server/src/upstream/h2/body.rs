//! The content of a response on a stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use downstream::BodyError;
use h2::RecvStream;
use http::{HeaderMap, header};
use http_body::{Body, Frame, SizeHint};

use super::Seat;
use super::pump::Pump;
use super::tap::Ticket;

/// The content of a final response, with its trailers. While it is read, a request that is not out
/// yet goes on being sent. Dropped before its end, it resets the stream (D h2-9).
#[derive(Debug)]
pub(in crate::upstream) struct Http2Body {
    content: RecvStream,
    pump: Pump,
    stage: Stage,
    /// Octets still to come, where the origin said how many.
    left: Option<u64>,
    ticket: Ticket,
    /// Dropped last: it makes room on the connection.
    _seat: Seat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Data,
    Trailers,
    Over,
}

impl Http2Body {
    pub(super) fn new(content: RecvStream, fields: &HeaderMap, stream: (Pump, Ticket, Seat)) -> Self {
        let (pump, ticket, seat) = stream;
        let length = fields.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let mut body = Self { content, pump, stage: Stage::Data, left: length, ticket, _seat: seat };
        if body.content.is_end_stream() {
            body.end();
        }
        body
    }

    /// Counts what the request has still sent: a sign of life when it changes.
    pub(in crate::upstream) fn activity(&self) -> u64 {
        self.pump.moved()
    }

    fn end(&mut self) {
        self.stage = Stage::Over;
        self.left = Some(0);
        self.pump.response_is_whole();
    }

    fn took(&mut self, data: &Bytes) -> Result<(), h2::Error> {
        self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
        // What was handed on is no longer buffered here: the origin may send as much again.
        self.content.flow_control().release_capacity(data.len())?;
        if self.content.is_end_stream() {
            self.end();
        }
        Ok(())
    }

    fn broken(&mut self) -> BodyError {
        self.stage = Stage::Over;
        BodyError::Origin("the stream was reset, or its connection broke")
    }
}

impl Body for Http2Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        // A request that cannot be sent on changes nothing for a response that is under way.
        let _ = this.pump.poll(cx);
        if this.stage == Stage::Data {
            match ready!(this.content.poll_data(cx)) {
                Some(Ok(data)) => {
                    let taken = this.took(&data).map_err(|_| this.broken());
                    return Poll::Ready(Some(taken.map(|()| Frame::data(data))));
                }
                Some(Err(_)) => return Poll::Ready(Some(Err(this.broken()))),
                None => this.stage = Stage::Trailers,
            }
        }
        if this.stage == Stage::Trailers {
            let trailers = ready!(this.content.poll_trailers(cx)).map_err(|_| this.broken())?;
            this.end();
            if let Some(trailers) = trailers {
                this.ticket.taken();
                return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.stage == Stage::Over
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
