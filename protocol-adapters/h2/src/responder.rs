//! The only way to answer on a stream.

mod content;

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use downstream::{BodyError, Departed, Page, Responder, Window};
use futures_util::future::{Either, ready as now};
use h2::Reason;
use h2::server::SendResponse;
use http::{Response, StatusCode};
use http_body::Body;
use progress_core::interim::InterimHead;

use crate::fields;
use crate::link::{Link, Voice, clock};

pub(crate) use content::{SEND_BUFFER, Whole};

use content::Content;

/// What the final response may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Content, if its status allows it.
    Whole,
    /// Fields only: the request was a HEAD (INT-16).
    HeadOnly,
}

/// Answers one request.
///
/// `h2` would write an interim head after the final one, after `END_STREAM` and after the client's
/// reset, and call it a success. Here the first two cannot be written down, because `finish`
/// consumes the responder; the third is asked for by `drive` before each head, and here after a wait.
pub(crate) struct StreamResponder {
    send: SendResponse<Bytes>,
    voice: Voice,
    opened: Instant,
    reply: Reply,
}

impl StreamResponder {
    /// Answers the request of `send`, which has just been accepted.
    pub(crate) fn new(send: SendResponse<Bytes>, link: &Arc<Link>, reply: Reply) -> Self {
        Self { send, voice: Voice::new(link), opened: clock(), reply }
    }

    /// The heads that are not acknowledged; blank if that is not known.
    pub(crate) fn page(&self) -> &Page {
        self.voice.page()
    }

    /// Waits for the head's turn; nothing is sent to a client that has left meanwhile.
    fn poll_turn(&mut self, size: usize, cx: &mut Context<'_>) -> Poll<Result<(), Departed>> {
        if self.poll_departed(cx).is_ready() {
            return Poll::Ready(Err(Departed));
        }
        self.voice.poll_admit(size, cx).map(Ok)
    }

    fn send(&mut self, head: InterimHead) -> Result<(), Departed> {
        // A go-ahead is not a sign of progress, and not counted among them.
        let counts = head.status != StatusCode::CONTINUE;
        let mut response = Response::new(());
        *response.status_mut() = head.status;
        *response.headers_mut() = head.fields;
        self.send.send_informational(response).map_err(|_| Departed)?;
        if counts {
            self.voice.queued(self.send.stream_id());
        }
        Ok(())
    }
}

impl Responder for StreamResponder {
    fn poll_departed(&mut self, cx: &mut Context<'_>) -> Poll<Departed> {
        let gone = ready!(self.send.poll_reset(cx));
        note_departure(self.voice.link(), self.opened, gone.is_ok());
        Poll::Ready(Departed)
    }

    fn poll_window(&mut self, cx: &mut Context<'_>) -> Window {
        self.voice.poll_window(cx)
    }

    /// A head that HTTP/2 does not know (101, H2X-03), or that is larger than the client takes
    /// (H2X-05), is left out.
    fn interim(&mut self, mut head: InterimHead) -> impl Future<Output = Result<(), Departed>> + Send {
        let Some(size) = fit(&mut head, self.voice.link()) else { return Either::Left(now(Ok(()))) };
        // As a rule there is room, and nobody has to keep the head.
        if self.voice.admits(size) {
            return Either::Left(now(self.send(head)));
        }
        Either::Right(Box::pin(async move {
            poll_fn(|cx| self.poll_turn(size, cx)).await?;
            self.send(head)
        }))
    }

    fn finish<B>(mut self, response: Response<B>) -> impl Future<Output = Result<(), Departed>> + Send
    where
        B: Body<Data = Bytes, Error = BodyError> + Send + Unpin,
    {
        let (mut parts, body) = response.into_parts();
        fields::clean(&mut parts.headers);
        if parts.status.is_informational() {
            self.send.send_reset(Reason::INTERNAL_ERROR);
            return Either::Left(now(Err(Departed)));
        }
        let empty = self.reply == Reply::HeadOnly || is_empty(parts.status, &body);
        match self.send.send_response(Response::from_parts(parts, ()), empty) {
            Err(_) => Either::Left(now(Err(Departed))),
            Ok(_) if empty => Either::Left(now(Ok(()))),
            Ok(stream) => Either::Right(Content::new(stream, body, self.voice.into_link(), self.opened)),
        }
    }
}

/// Makes `head` fit for the client and measures it; `None` if it may not be sent.
fn fit(head: &mut InterimHead, link: &Link) -> Option<usize> {
    if !head.status.is_informational() || head.status == StatusCode::SWITCHING_PROTOCOLS {
        return None;
    }
    fields::fit(&mut head.fields, link.peer_list_size())
}

/// Without content, `END_STREAM` stands on the head.
fn is_empty(status: StatusCode, body: &impl Body) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || body.is_end_stream()
        || body.size_hint().exact() == Some(0)
}

/// A reset is the client's word; an error is the connection's end, and tells nothing about it.
fn note_departure(link: &Link, opened: Instant, reset: bool) {
    if reset {
        link.note_reset(clock().saturating_duration_since(opened));
    }
}
