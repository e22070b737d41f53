//! Back-pressure for heads that no flow control covers.
//!
//! HTTP/2 HEADERS are not flow-controlled, and the `h2` crate queues them without bound (H2X-04,
//! I-20). The gate knows whether the transport took the last write; while it did not, heads are
//! withheld.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use slab::Slab;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::Window;

/// Whether the transport takes writes; each exchange of a connection has a clone.
#[derive(Debug, Default)]
pub struct Gate {
    shared: Arc<Shared>,
    /// This clone's place among those who wait, once it has waited.
    place: Option<usize>,
}

#[derive(Debug, Default)]
struct Shared {
    stalled: AtomicBool,
    /// One place per clone that has waited, freed when the clone is dropped: bounded by the open
    /// exchanges, however many requests a client that reads nothing opens and cancels.
    waiting: Mutex<Slab<Option<Waker>>>,
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

    /// Whether a head may go out.
    pub fn is_open(&self) -> bool {
        !self.shared.stalled.load(Ordering::Acquire)
    }

    /// Whether a head may go out; if not, the waker of the last call on this clone is called when
    /// the transport writes again.
    pub fn poll_window(&mut self, cx: &Context<'_>) -> Window {
        if self.is_open() {
            return Window::Open;
        }
        {
            let mut waiting = lock(&self.shared.waiting);
            let place = *self.place.get_or_insert_with(|| waiting.insert(None));
            match &mut waiting[place] {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
        }
        if self.is_open() { Window::Open } else { Window::Stalled }
    }

    /// Notes whether the last write is still pending.
    fn note(&self, stalled: bool) {
        if self.shared.stalled.swap(stalled, Ordering::AcqRel) && !stalled {
            let mut waiting = lock(&self.shared.waiting);
            waiting.iter_mut().filter_map(|(_, waker)| waker.take()).for_each(Waker::wake);
        }
    }
}

impl Clone for Gate {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), place: None }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            lock(&self.shared.waiting).try_remove(place);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic cannot leave the places half changed: every change is one assignment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
