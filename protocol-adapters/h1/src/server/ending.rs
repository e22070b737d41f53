//! The end of a connection, so that the client reads all that was written to it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use downstream::{Departed, DrainWatch, Responder};
use http::Response;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::conn::{After, Conn, Reading};
use super::intake::{DRAINED_SIZE, Readership};
use super::responder::{Asked, H1Responder, Kind};
use super::slot::Whole;
use super::{ServeError, scratch};
use crate::head::Version;

/// How long the client may take to notice that we are done (H1-30).
const LINGER_TIME: Duration = Duration::from_secs(1);

/// Says `response` to what was no request, and ends the connection.
pub(super) async fn refuse<S>(
    mut conn: Conn<S>,
    response: Response<Bytes>,
    drain: &DrainWatch,
) -> Result<(), ServeError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let asked =
        Asked { kind: Kind::Full, version: Version::Http11, keep_alive: false, takes_trailers: false };
    let response = response.map(|content| Whole((!content.is_empty()).then_some(content)));
    let responder = H1Responder { conn: &mut conn, drain, asked };
    if let Err(Departed) = responder.finish(response).await {
        return match conn.after {
            After::Failed(error) => Err(error),
            After::KeepAlive | After::Close => Ok(()),
        };
    }
    close(conn).await
}

/// Ends the connection. What the client still sends is read for a moment: closing a socket with
/// unread octets resets it, and the client could lose the response.
pub(super) async fn close<S: AsyncRead + AsyncWrite + Unpin>(mut conn: Conn<S>) -> Result<(), ServeError> {
    let deadline = Instant::now() + LINGER_TIME;
    let mut left = DRAINED_SIZE;
    let mut open = true;
    poll_fn(|cx| {
        if open {
            let shut = Pin::new(&mut conn.io).poll_shutdown(cx);
            open = shut.is_pending();
            if let Poll::Ready(Err(_)) = shut {
                return Poll::Ready(());
            }
        }
        let done = conn.reading != Reading::Open || conn.poll_discard(&mut left, cx).is_ready();
        if (done && !open) || conn.timer.poll_until(deadline, cx).is_ready() {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
    Ok(())
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conn<S> {
    /// After a response: ready once the rest of the request's content has been read by whoever
    /// reads it, or is given up; then the connection is not kept.
    pub(super) fn poll_settled(&mut self, until: &mut Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
        let departed = self.poll_incoming(cx).is_ready();
        let Some(intake) = &self.intake else { return Poll::Ready(()) };
        match intake.readership() {
            _ if departed => {}
            // The client's pace bounds this (D-02), and the reader's own patience.
            Readership::Somebody => return Poll::Pending,
            Readership::Nobody if self.after == After::KeepAlive => {
                let until = until.get_or_insert_with(|| Instant::now() + self.limits.head_timeout);
                ready!(self.timer.poll_until(*until, cx));
            }
            Readership::Nobody | Readership::Lost => {}
        }
        self.after = After::Close;
        self.intake = None;
        Poll::Ready(())
    }

    /// Reads for nobody. Ready at the client's end, or when enough has been read.
    fn poll_discard(&mut self, left: &mut usize, cx: &mut Context<'_>) -> Poll<()> {
        self.inbox.clear();
        scratch::with_reading(|buffer| {
            while *left > 0 {
                let room = buffer.len().min(*left);
                let mut buffer = ReadBuf::new(&mut buffer[..room]);
                if ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)).is_err() {
                    return Poll::Ready(());
                }
                match buffer.filled().len() {
                    0 => return Poll::Ready(()),
                    octets => *left -= octets,
                }
            }
            Poll::Ready(())
        })
    }
}
