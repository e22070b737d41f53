//! A connection under TLS.
//!
//! Ciphertext is read into, and written from, buffers of the thread, and sealed straight into
//! them: a connection that waits owns none. (tokio-rustls keeps 4 KB for the next read and
//! allocates for every record.)

mod scratch;
mod session;

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::ServerConfig;
use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use session::{Session, Theirs};

/// A transport with a TLS session over it, as the server.
///
/// An end without `close_notify` reads as [`io::ErrorKind::UnexpectedEof`]: what came may be cut.
/// What the client did wrong reads as [`io::ErrorKind::InvalidData`] with a [`rustls::Error`]; the
/// client has been sent an alert. Content that was accepted may wait here for the transport: a
/// flush tells when it is out.
pub(super) struct Secured<S> {
    io: S,
    session: Session,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Secured<S> {
    /// Shakes hands. `learn` is told the protocol that ALPN chose as soon as it is known, whatever
    /// comes of the rest.
    pub(super) async fn accept(
        io: S,
        config: Arc<ServerConfig>,
        mut learn: impl FnMut(&[u8]),
    ) -> io::Result<Self> {
        let mut this = Self { io, session: Session::new(config)? };
        poll_fn(|cx| {
            let done = this.poll_handshake(cx);
            if let Some(protocol) = this.session.protocol() {
                learn(protocol);
            }
            done
        })
        .await?;
        Ok(this)
    }

    /// The certificate that the client has proved to be its own, if it has one.
    pub(super) fn client_certificate(&self) -> Option<&CertificateDer<'static>> {
        self.session.client_certificate()
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let sent = self.session.poll_send(&mut self.io, cx)?;
            // Tickets may follow later.
            if !self.session.is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            ready!(sent);
            ready!(self.poll_receive(&mut ReadBuf::new(&mut []), cx))?;
        }
    }

    /// Reads once and opens what has come. What it makes the session say is sent at once.
    fn poll_receive(&mut self, plain: &mut ReadBuf<'_>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { io, session } = self;
        let opened = ready!(scratch::with_reading(|room| {
            let kept = session.kept();
            // No room is left by a message beyond all bounds only: it ends like the connection.
            let mut fresh = ReadBuf::new(&mut room[kept..]);
            ready!(Pin::new(&mut *io).poll_read(cx, &mut fresh))?;
            let end = match fresh.filled().len() {
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                count => kept + count,
            };
            Poll::Ready(session.open(&mut room[..end], plain))
        }));
        // What the transport does not take now waits for the next call of any kind. Whether it fails
        // the next write tells: it takes nothing away from what has come.
        let _ = session.poll_send(io, cx);
        Poll::Ready(opened)
    }

    /// Seals as much as goes into one write, and sends it. What the transport does not take waits.
    fn seal_and_send(&mut self, octets: &[u8], cx: &mut Context<'_>) -> io::Result<usize> {
        let Self { io, session } = self;
        let octets = &octets[..octets.len().min(scratch::WRITE_SIZE)];
        scratch::with_sealed(|room| {
            let size = session.seal(octets, room)?;
            session.send(&room[..size], io, cx)?;
            Ok(octets.len())
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        // What the handshake has left, or the transport did not take at the last read.
        let _ = this.session.poll_send(&mut this.io, cx);
        this.session.deliver(buf);
        while buf.filled().len() == before && buf.remaining() > 0 {
            match this.session.theirs() {
                Theirs::Open => ready!(this.poll_receive(buf, cx))?,
                Theirs::Closed => break,
                Theirs::Broken => return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.session.poll_send(&mut this.io, cx))?;
        Poll::Ready(if buf.is_empty() { Ok(0) } else { this.seal_and_send(buf, cx) })
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut parts = bufs.iter().filter(|part| !part.is_empty());
        let (Some(first), second) = (parts.next(), parts.next()) else { return Poll::Ready(Ok(0)) };
        if second.is_none() {
            return self.poll_write(cx, first);
        }
        let this = self.get_mut();
        ready!(this.session.poll_send(&mut this.io, cx))?;
        // Head and content belong into one record.
        Poll::Ready(scratch::with_gathered(bufs, |octets| this.seal_and_send(octets, cx)))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.session.poll_send(&mut this.io, cx))?;
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.session.close();
        ready!(this.session.poll_send(&mut this.io, cx))?;
        match ready!(Pin::new(&mut this.io).poll_shutdown(cx)) {
            // The client was faster.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            shut => Poll::Ready(shut),
        }
    }
}

#[cfg(test)]
mod tests;
