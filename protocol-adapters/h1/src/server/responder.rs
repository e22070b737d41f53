//! The wire's way to answer one request.

use std::future::{Future, poll_fn};
use std::task::{Context, Poll};

use bytes::Bytes;
use downstream::{BodyError, Departed, DrainWatch, Phase, Responder, Window};
use http::{Method, Response, StatusCode};
use http_body::Body;
use progress_core::interim::InterimHead;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::conn::{After, Conn};
use super::reply::Reply;
use super::{ServeError, scratch};
use crate::encode;
use crate::head::Version;

/// Answers the request that `asked` tells of, on the connection it came on.
pub(super) struct H1Responder<'c, S> {
    pub(super) conn: &'c mut Conn<S>,
    pub(super) drain: &'c DrainWatch,
    pub(super) asked: Asked,
}

/// What the answer must know about the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) kind: Kind,
    pub(super) version: Version,
    pub(super) keep_alive: bool,
    pub(super) takes_trailers: bool,
}

/// Whether the final response may have content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The response to HEAD has none (I-23).
    Head,
    /// Any other method.
    Full,
}

impl Kind {
    pub(super) fn of(method: &Method) -> Self {
        if *method == Method::HEAD { Self::Head } else { Self::Full }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Responder for H1Responder<'_, S> {
    fn poll_departed(&mut self, cx: &mut Context<'_>) -> Poll<Departed> {
        self.conn.poll_incoming(cx)
    }

    fn poll_window(&mut self, cx: &mut Context<'_>) -> Window {
        match self.conn.poll_clear(cx) {
            Poll::Ready(Ok(())) => self.conn.tally.poll_window(cx),
            Poll::Pending => Window::Stalled,
            Poll::Ready(Err(Departed)) => {
                // `poll_departed` says so when it is asked next.
                cx.waker().wake_by_ref();
                Window::Stalled
            }
        }
    }

    fn interim(&mut self, head: InterimHead) -> impl Future<Output = Result<(), Departed>> + Send {
        if head.status == StatusCode::CONTINUE
            && let Some(intake) = &mut self.conn.intake
        {
            intake.invite();
        }
        let mut octets = scratch::take_writing();
        debug_assert!(self.asked.version != Version::Http10, "V10-01: no interim response to HTTP/1.0");
        if self.asked.version != Version::Http10 {
            encode::interim_head(&mut octets, &head);
        }
        let mut deadline = None;
        // A go-ahead is not a sign of progress, and not counted among them.
        let counts = head.status != StatusCode::CONTINUE;
        poll_fn(move |cx| {
            let written = self.poll_interim(&mut octets, &mut deadline, cx);
            if written == Poll::Ready(Ok(())) && counts {
                self.conn.enter();
            }
            if written.is_ready() {
                scratch::give_writing(std::mem::take(&mut octets));
            }
            written
        })
    }

    async fn finish<B>(self, response: Response<B>) -> Result<(), Departed>
    where
        B: Body<Data = Bytes, Error = BodyError> + Send + Unpin,
    {
        let Self { conn, drain, asked } = self;
        let (parts, body) = response.into_parts();
        let mut reply = Reply::new(parts, body, asked);
        let mut undecided = true;
        poll_fn(|cx| {
            if std::mem::take(&mut undecided) {
                let keep = asked.keep_alive && !drain.reached(Phase::Draining) && conn.settles(cx);
                conn.after = if keep { After::KeepAlive } else { After::Close };
            }
            reply.poll(conn, cx)
        })
        .await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> H1Responder<'_, S> {
    /// A head that is too large to wait in the outbox is waited for here, but not for ever.
    fn poll_interim(
        &mut self,
        octets: &mut Vec<u8>,
        deadline: &mut Option<Instant>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Departed>> {
        let conn = &mut *self.conn;
        let polled = conn.outbox.poll_write(&mut conn.io, octets, cx);
        if let Poll::Ready(result) = polled {
            return Poll::Ready(conn.heed(result));
        }
        let deadline = deadline.get_or_insert_with(|| Instant::now() + conn.limits.write_stall);
        if conn.timer.poll_until(*deadline, cx).is_ready() {
            conn.after = After::Failed(ServeError::Stalled);
            return Poll::Ready(Err(Departed));
        }
        Poll::Pending
    }
}
