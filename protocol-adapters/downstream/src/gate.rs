//! Back-pressure for heads that no flow control covers.
//!
//! HTTP/2 HEADERS are not flow-controlled, and the `h2` crate queues them without bound (H2X-04,
//! I-20). The gate knows whether the transport took the last write; while it did not, heads are
//! withheld.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::Window;

/// Whether the transport takes writes; shared by a connection's exchanges.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    stalled: AtomicBool,
    /// At most one waker per open exchange and poll: drained whenever the gate opens.
    waiting: Mutex<Vec<Waker>>,
}

/// Wraps a transport and tells a [`Gate`] what becomes of its writes.
#[derive(Debug)]
pub struct GatedIo<S> {
    io: S,
    gate: Gate,
}

// === impl Gate ===

impl Gate {
    /// An open gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a head may go out; if not, the waker is called when the transport writes again.
    pub fn poll_window(&self, cx: &Context<'_>) -> Window {
        if !self.0.stalled.load(Ordering::Acquire) {
            return Window::Open;
        }
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            waiting.push(cx.waker().clone());
        }
        if self.0.stalled.load(Ordering::Acquire) { Window::Stalled } else { Window::Open }
    }

    /// Notes whether the last write is still pending.
    fn note(&self, stalled: bool) {
        if self.0.stalled.swap(stalled, Ordering::AcqRel) && !stalled {
            let waiting = std::mem::take(
                &mut *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner),
            );
            waiting.into_iter().for_each(Waker::wake);
        }
    }
}

// === impl GatedIo ===

impl<S> GatedIo<S> {
    /// Wraps `io`; `gate` then follows its writes.
    pub fn new(io: S, gate: Gate) -> Self {
        Self { io, gate }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GatedIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for GatedIo<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, buf);
        self.gate.note(polled.is_pending());
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.gate.note(polled.is_pending());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A TLS stream keeps records of its own: a flush that waits is a write that waits.
        let polled = Pin::new(&mut self.io).poll_flush(cx);
        self.gate.note(polled.is_pending());
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
