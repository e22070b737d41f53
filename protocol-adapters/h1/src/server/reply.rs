//! A final response on its way out.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use downstream::{BodyError, Departed};
use http::response::Parts;
use http::{HeaderMap, StatusCode, header};
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::ServeError;
use super::conn::{After, Conn};
use super::parcel::Parcel;
use super::responder::{Asked, Kind};
use crate::encode::{self, Length, Manner, Persistence};
use crate::head::{Version, is_bodyless};

/// Content in pieces up to this size is copied into one write; larger pieces go out as they are.
const COPIED_SIZE: usize = 8 * 1024;

/// So much is gathered for one write: a TLS record.
const GATHERED_SIZE: usize = 16 * 1024;

/// Head and content, as far as they are not written.
pub(super) struct Reply<B> {
    /// Until the head is encoded.
    head: Option<Parts>,
    body: B,
    coding: Coding,
    length: Length,
    asked: Asked,
    parcel: Parcel,
    stage: Stage,
    /// When a write that waits is given up (D-03).
    stalls_at: Option<Instant>,
}

/// How the content is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    /// Not at all.
    None,
    /// So many octets are to come.
    Length(u64),
    Chunked,
    UntilClose,
}

enum Stage {
    /// There is more to fill into the parcel.
    Content,
    /// Once the parcel is written, all is.
    Complete,
    /// Once the parcel is written, the connection is cut: the content has no good end (U-03).
    Broken(BodyError),
}

// === impl Reply ===

impl<B> Reply<B>
where
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    pub(super) fn new(head: Parts, body: B, asked: Asked) -> Self {
        let (coding, length) = frame(&head, body.size_hint().exact(), asked);
        let stage = if coding == Coding::None { Stage::Complete } else { Stage::Content };
        let parcel = Parcel::default();
        Self { head: Some(head), body, coding, length, asked, parcel, stage, stalls_at: None }
    }

    /// Writes as much as possible. Ready once all is with the transport, or never will be. The read
    /// side is looked at only when there is something to wait for.
    pub(super) fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        conn: &mut Conn<S>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Departed>> {
        loop {
            if self.parcel.is_empty() {
                self.fill(conn, cx);
            }
            let mut progress = 0;
            let nothing = self.parcel.is_empty();
            let polled = if nothing {
                Pin::new(&mut conn.io).poll_flush(cx)
            } else {
                self.parcel.poll_write(&mut conn.io, &mut progress, cx)
            };
            if polled.is_pending() {
                if conn.poll_incoming(cx).is_pending() {
                    ready!(self.poll_stalled(conn, progress, cx));
                }
                return Poll::Ready(Err(Departed));
            }
            self.stalls_at = None;
            if let Poll::Ready(result) = polled {
                conn.heed(result)?;
            }
            if nothing {
                // The rest of a head went out with it (I-22).
                conn.tally.flushed();
            }
            match &self.stage {
                Stage::Content if nothing => return conn.poll_incoming(cx).map(Err),
                Stage::Complete if nothing => return Poll::Ready(Ok(())),
                Stage::Broken(error) if nothing => {
                    conn.after = After::Failed(ServeError::Incomplete(error.clone()));
                    return Poll::Ready(Err(Departed));
                }
                _ => {}
            }
        }
    }

    /// Ready once the client has taken nothing for too long.
    fn poll_stalled<S>(&mut self, conn: &mut Conn<S>, progress: usize, cx: &mut Context<'_>) -> Poll<()> {
        if progress > 0 {
            self.stalls_at = None;
        }
        let deadline = *self.stalls_at.get_or_insert_with(|| Instant::now() + conn.limits.write_stall);
        ready!(conn.timer.poll_until(deadline, cx));
        conn.after = After::Failed(ServeError::Stalled);
        Poll::Ready(())
    }

    /// Fills the empty parcel with what is there: the head with the first of the content.
    fn fill<S>(&mut self, conn: &mut Conn<S>, cx: &mut Context<'_>) {
        let Some(head) = self.head.take() else {
            if matches!(self.stage, Stage::Content) {
                self.parcel.open();
                self.gather(cx);
                self.parcel.close_if_empty();
            }
            return;
        };
        self.parcel.open();
        // I-22: what is left of an interim head comes first.
        conn.outbox.empty_into(&mut self.parcel.front);
        if self.coding == Coding::UntilClose {
            conn.after = After::Close;
        }
        let persistence =
            if conn.after == After::KeepAlive { Persistence::KeepAlive } else { Persistence::Close };
        let manner = Manner { length: self.length, persistence };
        encode::response_head(&mut self.parcel.front, head.status, &head.headers, manner);
        if matches!(self.stage, Stage::Content) {
            self.gather(cx);
        }
    }

    /// Gathers content until there is enough for one write, or no more has come.
    fn gather(&mut self, cx: &mut Context<'_>) {
        while self.parcel.front.len() < GATHERED_SIZE && self.parcel.data.is_empty() {
            if self.body.is_end_stream() {
                return self.end(None);
            }
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => return,
                Poll::Ready(None) => return self.end(None),
                Poll::Ready(Some(Err(error))) => return self.stage = Stage::Broken(error),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => self.add(data),
                    Err(frame) => return self.end(frame.into_trailers().ok().as_ref()),
                },
            }
            if !matches!(self.stage, Stage::Content) {
                return;
            }
        }
    }

    fn add(&mut self, data: Bytes) {
        if let Coding::Length(left) = &mut self.coding {
            let Some(rest) = left.checked_sub(data.len() as u64) else {
                self.stage = Stage::Broken(BodyError::Origin("it is longer than it said"));
                return;
            };
            *left = rest;
            if rest == 0 {
                self.stage = Stage::Complete;
            }
        }
        let chunked = self.coding == Coding::Chunked;
        if data.len() <= COPIED_SIZE {
            if chunked {
                encode::chunk(&mut self.parcel.front, &data);
            } else {
                self.parcel.front.extend_from_slice(&data);
            }
            return;
        }
        if chunked {
            encode::chunk_head(&mut self.parcel.front, data.len());
            self.parcel.tail = b"\r\n";
            if self.body.is_end_stream() {
                self.parcel.tail = b"\r\n0\r\n\r\n";
                self.stage = Stage::Complete;
            }
        }
        self.parcel.data = data;
    }

    /// The body is over.
    fn end(&mut self, trailers: Option<&HeaderMap>) {
        self.stage = match self.coding {
            Coding::Length(1..) => Stage::Broken(BodyError::Origin("it is shorter than it said")),
            Coding::Chunked => {
                // FWH-08: only to clients that asked for them.
                let trailers = trailers.filter(|_| self.asked.takes_trailers);
                encode::last_chunk(&mut self.parcel.front, trailers);
                Stage::Complete
            }
            Coding::None | Coding::Length(0) | Coding::UntilClose => Stage::Complete,
        };
    }
}

/// RFC 9112 6.3, for what we send.
fn frame(head: &Parts, exact: Option<u64>, asked: Asked) -> (Coding, Length) {
    let says_length = head.headers.contains_key(header::CONTENT_LENGTH);
    match (head.status, exact) {
        (StatusCode::NOT_MODIFIED, _) => (Coding::None, Length::AsGiven),
        (status, _) if is_bodyless(status) => (Coding::None, Length::Unsaid),
        (_, Some(length @ 1..)) if asked.kind == Kind::Head && !says_length => {
            (Coding::None, Length::Exactly(length))
        }
        _ if asked.kind == Kind::Head => (Coding::None, Length::AsGiven),
        (_, Some(length)) => (Coding::Length(length), Length::Exactly(length)),
        (_, None) if asked.version == Version::Http10 => (Coding::UntilClose, Length::Unsaid),
        (_, None) => (Coding::Chunked, Length::Chunked),
    }
}
