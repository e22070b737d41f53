//! A request on its way to the origin.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use downstream::{BodyError, RequestBody};
use http::request::Parts;
use http::{HeaderValue, Version, header};
use http_body::{Body, Frame};
use tokio::io::AsyncWrite;

use super::go_ahead::GoAhead;
use crate::encode;

/// Octets of a typical request head.
const TYPICAL_HEAD: usize = 512;

/// Writes one request. It holds what is due to be written, at most one piece of content at a time,
/// and nothing once that is done.
#[derive(Debug)]
pub(super) struct Outbound {
    body: RequestBody,
    framing: Framing,
    go_ahead: GoAhead,
    /// The head, the line before a chunk, or the end of the chunks; written up to `at`.
    front: Vec<u8>,
    at: usize,
    /// The piece of content behind `front`.
    piece: Bytes,
    /// What stands behind the piece.
    tail: &'static [u8],
    stage: Stage,
    contact: Contact,
    /// How often the socket took something.
    writes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    None,
    /// So many octets are still to come.
    Length(u64),
    Chunked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Content is still to come.
    Flowing,
    /// All is queued, and part of it perhaps still with the TLS session.
    Flushing,
    /// All is out.
    Sent,
    /// The origin takes no more, or the client gave no more: the request will never be whole.
    Broken,
}

/// Whether the client's content has been asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contact {
    None,
    /// It has, and the origin waits for the client now.
    Awaited,
    /// It has.
    Made,
}

impl Outbound {
    /// Encodes the head; nothing is written yet.
    pub(super) fn new(parts: &Parts, body: RequestBody) -> Self {
        let framing = if body.is_end_stream() {
            Framing::None
        } else {
            body.size_hint().exact().map_or(Framing::Chunked, Framing::Length)
        };
        let awaits_continue = framing != Framing::None && body.awaits_continue();
        let mut front = Vec::with_capacity(TYPICAL_HEAD);
        head(&mut front, parts, framing);
        if awaits_continue {
            encode::field(&mut front, "expect", b"100-continue");
        }
        encode::end(&mut front);
        Self {
            framing,
            go_ahead: if awaits_continue { GoAhead::after_continue() } else { GoAhead::at_once() },
            body,
            front,
            at: 0,
            piece: Bytes::new(),
            tail: b"",
            stage: if framing == Framing::None { Stage::Flushing } else { Stage::Flowing },
            contact: Contact::None,
            writes: 0,
        }
    }

    /// Goes on sending. Ready when the request is out, or will not go further.
    ///
    /// What the socket says of errors is not told: reading tells what the origin meant by it.
    pub(super) fn poll<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), BodyError>> {
        loop {
            match self.stage {
                Stage::Sent | Stage::Broken => return Poll::Ready(Ok(())),
                // The first octets of the content go with the head, if they are there.
                Stage::Flowing if self.piece.is_empty() && self.tail.is_empty() => {
                    let gathered = self.poll_gather(cx);
                    if let Poll::Ready(Err(error)) = gathered {
                        self.stage = Stage::Broken;
                        return Poll::Ready(Err(error));
                    }
                    if gathered.is_pending() {
                        let written = ready!(self.poll_write_all(io, cx));
                        let flushed = written.map(|()| Pin::new(&mut *io).poll_flush(cx));
                        if matches!(flushed, Err(_) | Ok(Poll::Ready(Err(_)))) {
                            self.stage = Stage::Broken;
                            continue;
                        }
                        return Poll::Pending;
                    }
                }
                Stage::Flowing => {}
                Stage::Flushing => {
                    let written = ready!(self.poll_write_all(io, cx));
                    let flushed = match written {
                        Ok(()) => ready!(Pin::new(&mut *io).poll_flush(cx)),
                        Err(error) => Err(error),
                    };
                    self.stage = if flushed.is_ok() { Stage::Sent } else { Stage::Broken };
                    continue;
                }
            }
            if ready!(self.poll_write_all(io, cx)).is_err() {
                self.stage = Stage::Broken;
            }
        }
    }

    /// The origin sent a 100.
    pub(super) fn go_ahead(&mut self) {
        self.go_ahead.give();
    }

    /// Whether the whole request is out.
    pub(super) fn is_sent(&self) -> bool {
        self.stage == Stage::Sent
    }

    /// How often the socket took something: 0 while nothing of the request is out.
    pub(super) fn writes(&self) -> u64 {
        self.writes
    }

    /// Whether the origin waits for us because we wait for the client.
    pub(super) fn awaits_client(&self) -> bool {
        self.stage == Stage::Flowing && self.contact == Contact::Awaited
    }

    /// The content, if nothing has been asked of it.
    pub(super) fn into_untouched(self) -> Option<RequestBody> {
        (self.contact == Contact::None).then_some(self.body)
    }

    /// Takes the next piece of content, with its framing. Ready also at the end of it.
    fn poll_gather(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        ready!(self.go_ahead.poll_given(cx));
        self.contact = Contact::Awaited;
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.contact = Contact::Made;
        Poll::Ready(match frame {
            None => self.finish(None),
            Some(Err(error)) => Err(error),
            Some(Ok(frame)) => self.take(frame),
        })
    }

    fn take(&mut self, frame: Frame<Bytes>) -> Result<(), BodyError> {
        let data = match frame.into_data() {
            Ok(data) if data.is_empty() => return Ok(()),
            Ok(data) => data,
            Err(frame) => return self.finish(frame.into_trailers().ok().as_ref()),
        };
        match &mut self.framing {
            Framing::None => {}
            Framing::Length(left) => {
                let length = data.len() as u64;
                *left = left.checked_sub(length).ok_or(BodyError::Malformed("more than its length"))?;
                if *left == 0 {
                    self.stage = Stage::Flushing;
                }
            }
            Framing::Chunked => {
                encode::chunk_head(&mut self.front, data.len());
                self.tail = b"\r\n";
            }
        }
        self.piece = data;
        Ok(())
    }

    fn finish(&mut self, trailers: Option<&http::HeaderMap>) -> Result<(), BodyError> {
        match self.framing {
            Framing::Length(1..) => return Err(BodyError::Malformed("less than its length")),
            Framing::Chunked => encode::last_chunk(&mut self.front, trailers),
            Framing::None | Framing::Length(0) => {}
        }
        self.stage = Stage::Flushing;
        Ok(())
    }

    /// Writes all that is due. In one write, if the socket takes it.
    fn poll_write_all<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let front = &self.front[self.at..];
            if front.is_empty() && self.piece.is_empty() && self.tail.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let written = if self.piece.is_empty() && self.tail.is_empty() {
                ready!(Pin::new(&mut *io).poll_write(cx, front))?
            } else {
                let slices = [IoSlice::new(front), IoSlice::new(&self.piece), IoSlice::new(self.tail)];
                let begin = usize::from(front.is_empty());
                ready!(Pin::new(&mut *io).poll_write_vectored(cx, &slices[begin..]))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.writes += 1;
            self.advance(written);
        }
    }

    fn advance(&mut self, mut written: usize) {
        let of_front = written.min(self.front.len() - self.at);
        self.at += of_front;
        written -= of_front;
        if self.at == self.front.len() {
            // Nothing is held while waiting.
            self.front = Vec::new();
            self.at = 0;
        }
        let of_piece = written.min(self.piece.len());
        self.piece.advance(of_piece);
        if self.piece.is_empty() {
            self.piece = Bytes::new();
        }
        self.tail = &self.tail[written - of_piece..];
    }
}

/// Writes the request line and the fields. Those of the connection are our own.
fn head(out: &mut Vec<u8>, parts: &Parts, framing: Framing) {
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    encode::request_line(out, &parts.method, target);
    if parts.version == Version::HTTP_10 {
        let digit = out.len() - b"1\r\n".len();
        out[digit] = b'0';
    }
    // First, as RFC 9110 7.2 asks.
    if let Some(host) = parts.headers.get(header::HOST) {
        encode::field(out, "host", host.as_bytes());
    }
    for (name, value) in &parts.headers {
        if !is_ours(name.as_str()) {
            encode::field(out, name.as_str(), value.as_bytes());
        }
    }
    match framing {
        Framing::None if has_zero_length(parts) => encode::field(out, "content-length", b"0"),
        Framing::None => {}
        Framing::Length(length) => {
            encode::field(out, "content-length", itoa::Buffer::new().format(length).as_bytes());
        }
        Framing::Chunked => encode::field(out, "transfer-encoding", b"chunked"),
    }
}

/// RFC 9110 8.6: a request whose method expects content says that it has none.
fn has_zero_length(parts: &Parts) -> bool {
    matches!(parts.method.as_str(), "POST" | "PUT" | "PATCH")
        || parts
            .headers
            .get(header::CONTENT_LENGTH)
            .is_some_and(|length| length == HeaderValue::from_static("0"))
}

/// Written by [`head`] itself, or for another connection (FWH-07).
fn is_ours(name: &str) -> bool {
    matches!(
        name,
        "host"
            | "connection"
            | "content-length"
            | "expect"
            | "http2-settings"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
    )
}
