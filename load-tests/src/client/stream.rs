//! A TCP connection, in clear or under TLS, that is read as slowly as is wanted.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_rustls::client::TlsStream;

use super::Reading;

/// What a slow reader takes before it rests: the usual first buffer of small programs.
pub(super) const BUFFER: usize = 4 * 1024;

/// A connection.
#[derive(Debug)]
pub(super) enum Stream {
    /// In clear.
    Plain(Paced),
    /// Under TLS.
    Secured(Box<TlsStream<Paced>>),
}

/// TCP that is read at a pace. It lies under TLS, so that the peer feels it, whatever is buffered above.
#[derive(Debug)]
pub(super) struct Paced {
    tcp: TcpStream,
    pace: Pace,
}

#[derive(Debug)]
enum Pace {
    Freely,
    Slowly { pause: Duration, rest: Option<Pin<Box<Sleep>>> },
    Never,
}

// === impl Stream ===

impl Stream {
    /// Reads so from here on.
    pub(super) fn pace(&mut self, reading: Reading) {
        let paced = match self {
            Self::Plain(paced) => paced,
            Self::Secured(tls) => tls.get_mut().0,
        };
        paced.pace = match reading {
            Reading::Freely => Pace::Freely,
            Reading::Slowly(pause) => Pace::Slowly { pause, rest: None },
            Reading::Never => Pace::Never,
        };
    }

    /// From here on, to drop it is to reset it.
    pub(super) fn reset_on_drop(&self) {
        let paced = match self {
            Self::Plain(paced) => paced,
            Self::Secured(tls) => tls.get_ref().0,
        };
        // An error means that the connection is gone already.
        let _ = paced.tcp.set_zero_linger();
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_read(cx, into),
            Self::Secured(tls) => Pin::new(tls).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_write(cx, octets),
            Self::Secured(tls) => Pin::new(tls).poll_write(cx, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_flush(cx),
            Self::Secured(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_shutdown(cx),
            Self::Secured(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(plain) => Pin::new(plain).poll_write_vectored(cx, slices),
            Self::Secured(tls) => Pin::new(tls).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(plain) => plain.is_write_vectored(),
            Self::Secured(tls) => tls.is_write_vectored(),
        }
    }
}

// === impl Paced ===

impl Paced {
    /// Reads freely.
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self { tcp, pace: Pace::Freely }
    }
}

impl AsyncRead for Paced {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { tcp, pace } = self.get_mut();
        match pace {
            Pace::Freely => Pin::new(tcp).poll_read(cx, into),
            Pace::Never => Poll::Pending,
            Pace::Slowly { pause, rest } => {
                if let Some(sleeping) = rest {
                    ready!(sleeping.as_mut().poll(cx));
                    *rest = None;
                }
                let mut octets = [0; BUFFER];
                let mut piece = ReadBuf::new(&mut octets[..BUFFER.min(into.remaining())]);
                ready!(Pin::new(tcp).poll_read(cx, &mut piece))?;
                if !piece.filled().is_empty() {
                    into.put_slice(piece.filled());
                    *rest = Some(Box::pin(sleep(*pause)));
                }
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Paced {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tcp).poll_write(cx, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tcp).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }
}
