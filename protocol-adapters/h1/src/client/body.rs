//! The content of a response.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use downstream::BodyError;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Park;
use super::wire::Wire;
use crate::chunk::{ChunkDecoder, ChunkError, Decoded};
use crate::head::ResponseFraming;

/// The content of a final response, with its trailers. While it is read, a request that is not out
/// yet goes on being sent (U-08). At its end the connection is given back, if it can be used again;
/// dropped before, it closes the connection.
///
/// # Errors
/// [`BodyError::Origin`] when the content breaks off or breaks its framing (U-03, U-04, T-10).
#[derive(Debug)]
pub struct ClientBody<S, P> {
    reading: Option<Reading<S, P>>,
    length: Option<u64>,
}

#[derive(Debug)]
struct Reading<S, P> {
    wire: Wire<S, P>,
    content: Content,
    persistence: Persistence,
}

/// What is still to come.
#[derive(Debug)]
enum Content {
    /// So many octets, at least one.
    Length(u64),
    Chunks(ChunkDecoder),
    UntilClose,
}

/// Whether the origin lets the connection be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Persistence {
    KeepAlive,
    Close,
}

impl<S, P> ClientBody<S, P> {
    /// No content: the connection is elsewhere.
    pub(super) fn empty() -> Self {
        Self { reading: None, length: Some(0) }
    }

    pub(super) fn new(wire: Wire<S, P>, framing: ResponseFraming, keep_alive: bool) -> Self {
        let (content, length) = match framing {
            ResponseFraming::None => return Self::empty(),
            ResponseFraming::Length(length) => (Content::Length(length), Some(length)),
            ResponseFraming::Chunked => (Content::Chunks(ChunkDecoder::new()), None),
            ResponseFraming::UntilClose => (Content::UntilClose, None),
        };
        let goes_on = keep_alive && framing != ResponseFraming::UntilClose;
        let persistence = if goes_on { Persistence::KeepAlive } else { Persistence::Close };
        Self { reading: Some(Reading { wire, content, persistence }), length }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, P: Park<S>> ClientBody<S, P> {
    /// Counts everything that moved in either direction: a sign of life when it changes.
    pub fn activity(&self) -> u64 {
        self.reading.as_ref().map_or(0, |reading| reading.wire.activity())
    }

    /// The content is whole: nothing more is wanted of the connection.
    fn end(&mut self) {
        self.length = Some(0);
        if let Some(reading) = self.reading.take()
            && reading.persistence == Persistence::KeepAlive
        {
            reading.wire.park();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, P: Park<S> + Unpin> Body for ClientBody<S, P> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let Some(reading) = &mut this.reading else { return Poll::Ready(None) };
        // A request that cannot be sent on changes nothing for a response that is under way; the
        // connection will not be used again.
        let _ = reading.wire.poll_send(cx);
        let next = ready!(reading.poll_next(cx));
        if matches!(next, Ok(Next::Frame(_))) {
            this.length = this.length.map(|_| reading.left());
        }
        Poll::Ready(match next {
            Ok(Next::Frame(frame)) => {
                if reading.is_over() {
                    this.end();
                }
                Some(Ok(frame))
            }
            Ok(Next::Last(trailers)) => {
                this.end();
                trailers.map(|trailers| Ok(Frame::trailers(trailers)))
            }
            Err(error) => {
                this.reading = None;
                Some(Err(error))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.reading.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

enum Next {
    Frame(Frame<Bytes>),
    Last(Option<http::HeaderMap>),
}

impl<S: AsyncRead + AsyncWrite + Unpin, P: Park<S>> Reading<S, P> {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Next, BodyError>> {
        match &mut self.content {
            Content::Length(left) => {
                let data = ready!(poll_octets(&mut self.wire, *left, cx))?;
                if data.is_empty() {
                    return Poll::Ready(Err(SHORT));
                }
                *left -= data.len() as u64;
                Poll::Ready(Ok(Next::Frame(Frame::data(data))))
            }
            Content::UntilClose => {
                let data = ready!(poll_octets(&mut self.wire, u64::MAX, cx))?;
                let is_last = data.is_empty();
                let next = if is_last { Next::Last(None) } else { Next::Frame(Frame::data(data)) };
                Poll::Ready(Ok(next))
            }
            Content::Chunks(decoder) => loop {
                let decoded = decoder.decode(&mut self.wire.received).map_err(chunk_fault)?;
                self.wire.tidy();
                match decoded {
                    Decoded::Data(data) => {
                        if self.wire.received[..] == *NOTHING_MORE {
                            decoder.decode(&mut self.wire.received).map_err(chunk_fault)?;
                        }
                        return Poll::Ready(Ok(Next::Frame(Frame::data(data))));
                    }
                    Decoded::End(trailers) => return Poll::Ready(Ok(Next::Last(trailers))),
                    Decoded::NeedMore => {
                        if ready!(self.wire.poll_fill(cx)).map_err(|error| broken(&error))? == 0 {
                            return Poll::Ready(Err(SHORT));
                        }
                    }
                }
            },
        }
    }

    fn left(&self) -> u64 {
        match self.content {
            Content::Length(left) => left,
            Content::Chunks(_) | Content::UntilClose => 0,
        }
    }

    /// Whether the last octet has been handed on: the connection need not wait for being asked
    /// once more.
    fn is_over(&self) -> bool {
        match &self.content {
            Content::Length(left) => *left == 0,
            Content::Chunks(decoder) => decoder.is_done(),
            Content::UntilClose => false,
        }
    }
}

/// Content without framing of its own: what was received, else what can be read.
fn poll_octets<S: AsyncRead + AsyncWrite + Unpin, P: Park<S>>(
    wire: &mut Wire<S, P>,
    limit: u64,
    cx: &mut Context<'_>,
) -> Poll<Result<Bytes, BodyError>> {
    if wire.received.is_empty() {
        return wire.poll_piece(limit, cx).map_err(|error| broken(&error));
    }
    let length = usize::try_from(limit).unwrap_or(usize::MAX).min(wire.received.len());
    let data = wire.received.split_to(length).freeze();
    wire.tidy();
    Poll::Ready(Ok(data))
}

/// What most often stands behind a chunk: its end, the last chunk and no trailers. Read along, it
/// lets the wire towards the client say with this piece that it is the last one.
const NOTHING_MORE: &[u8] = b"\r\n0\r\n\r\n";

const SHORT: BodyError = BodyError::Origin("the connection ended before the content");

fn broken(error: &io::Error) -> BodyError {
    match error.kind() {
        // TLS without close_notify: what came may be cut (T-10).
        io::ErrorKind::UnexpectedEof => BodyError::Origin("the connection was cut"),
        _ => BodyError::Origin("the connection broke"),
    }
}

fn chunk_fault(error: ChunkError) -> BodyError {
    BodyError::Origin(match error {
        ChunkError::Malformed(how) => how,
        ChunkError::TooLarge => "chunk extensions or trailers are too large",
    })
}
