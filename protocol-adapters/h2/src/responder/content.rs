//! The content of a final response, under flow control.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use downstream::{Alarm, BodyError, Departed};
use h2::{Reason, SendStream};
use http::HeaderMap;
use http_body::{Body, Frame};

use crate::fields;
use crate::link::{Link, clock};

use super::note_departure;

/// Octets of one response that may wait for the client (H2-11): `h2` keeps at most as many.
pub(crate) const SEND_BUFFER: usize = 64 * 1024;

/// A client that takes less than this in `write_stall` counts as one that takes nothing: a window
/// that opens by an octet a minute would hold a response for ever (H2-11).
const STALL_PROGRESS: usize = 1024;

/// Sends a body whose head has been sent. Done when all of it is queued, which is at most
/// [`SEND_BUFFER`] ahead of the transport.
pub(super) struct Content<B> {
    stream: SendStream<Bytes>,
    body: B,
    /// What has been read from the body and not been sent.
    chunk: Bytes,
    link: Arc<Link>,
    opened: Instant,
    stall: Stall,
}

/// Since when the client has taken too little.
#[derive(Default)]
struct Stall {
    alarm: Option<Alarm>,
    until: Option<Instant>,
    /// Octets taken since the deadline was set.
    taken: usize,
}

/// Content that is there as a whole.
pub(crate) struct Whole(Option<Bytes>);

impl<B> Content<B>
where
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    pub(super) fn new(stream: SendStream<Bytes>, body: B, link: Arc<Link>, opened: Instant) -> Self {
        Self { stream, body, chunk: Bytes::new(), link, opened, stall: Stall::default() }
    }

    /// Fills the chunk, or ends the response if there is no more.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                // The gateway is the one that waits now.
                self.stall = Stall::default();
                return Poll::Pending;
            };
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(chunk))) if chunk.is_empty() => {}
                Some(Ok(Ok(chunk))) => {
                    self.chunk = chunk;
                    return Poll::Ready(Read::Chunk);
                }
                Some(Ok(Err(frame))) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        return Poll::Ready(Read::End(self.send_trailers(trailers)));
                    }
                }
                Some(Err(_)) => {
                    // U-03: no fake end; the client must see that this is not all.
                    self.stream.send_reset(Reason::INTERNAL_ERROR);
                    return Poll::Ready(Read::End(Err(Departed)));
                }
                None => return Poll::Ready(Read::End(self.send_data(Bytes::new(), End::Here))),
            }
        }
    }

    /// How much of the chunk may be sent now.
    fn poll_capacity(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Departed>> {
        self.stream.reserve_capacity(self.chunk.len().min(SEND_BUFFER));
        let capacity = match self.stream.capacity() {
            0 => match self.stream.poll_capacity(cx) {
                Poll::Ready(Some(Ok(capacity))) => capacity,
                Poll::Ready(_) => return Poll::Ready(Err(Departed)),
                Poll::Pending => {
                    ready!(self.stall.poll(&self.link, cx));
                    self.stream.send_reset(Reason::CANCEL);
                    return Poll::Ready(Err(Departed));
                }
            },
            capacity => capacity,
        };
        Poll::Ready(Ok(capacity.min(self.chunk.len())))
    }

    fn send_data(&mut self, piece: Bytes, end: End) -> Result<(), Departed> {
        self.stall.note(piece.len());
        self.link.note_content(piece.len());
        self.stream.send_data(piece, end == End::Here).map_err(|_| Departed)
    }

    fn send_trailers(&mut self, mut trailers: HeaderMap) -> Result<(), Departed> {
        fields::clean(&mut trailers);
        self.stream.send_trailers(trailers).map_err(|_| Departed)
    }
}

impl<B> Future for Content<B>
where
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    type Output = Result<(), Departed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Poll::Ready(gone) = this.stream.poll_reset(cx) {
            note_departure(&this.link, this.opened, gone.is_ok());
            return Poll::Ready(Err(Departed));
        }
        loop {
            if this.chunk.is_empty()
                && let Read::End(outcome) = ready!(this.poll_read(cx))
            {
                return Poll::Ready(outcome);
            }
            let size = ready!(this.poll_capacity(cx))?;
            let piece = this.chunk.split_to(size);
            let last = this.chunk.is_empty() && this.body.is_end_stream();
            let end = if last { End::Here } else { End::Later };
            this.send_data(piece, end)?;
            if last {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// What reading the body came to.
enum Read {
    Chunk,
    End(Result<(), Departed>),
}

/// Where `END_STREAM` stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Here,
    Later,
}

// === impl Stall ===

impl Stall {
    /// Ready when the client has taken too little for too long.
    fn poll(&mut self, link: &Link, cx: &Context<'_>) -> Poll<()> {
        let now = clock();
        let until = *self.until.get_or_insert(now + link.limits().write_stall);
        if now >= until {
            return Poll::Ready(());
        }
        self.alarm.get_or_insert_with(|| link.pulse().alarm()).set(Some(until), cx);
        Poll::Pending
    }

    fn note(&mut self, taken: usize) {
        self.taken += taken;
        if self.taken >= STALL_PROGRESS {
            *self = Self::default();
        }
    }
}

// === impl Whole ===

impl Whole {
    pub(crate) fn new(content: Bytes) -> Self {
        Self(Some(content).filter(|content| !content.is_empty()))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(self.0.take().map(|content| Ok(Frame::data(content))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}
