//! A bound on heads that wait within `h2`.
//!
//! HEADERS are not flow-controlled, and `h2` queues interim heads of a response without bound while
//! nobody asks for them (fact 4, I-10). The tap stands between `h2` and the socket, counts the heads
//! that arrive, and stops reading while too many have not been taken.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Heads of one connection that may wait. Twice the calls that a connection carries: a final head
/// each never stops it. At 40 KiB a head this is 20 MB, whatever the server does.
pub(super) const MAXIMUM_UNTAKEN: usize = 512;

/// Length, type, flags and stream of a frame (RFC 9113 4.1).
const FRAME_HEADER: usize = 9;

/// The type of HEADERS frames (RFC 9113 6.2).
const HEADERS: u8 = 1;

/// Heads that have arrived and that no call has taken.
#[derive(Debug, Default)]
pub(super) struct Untaken(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Open streams only: bounded by the calls of the connection.
    streams: HashMap<u32, usize>,
    total: usize,
    /// The reader that waits for room.
    reader: Option<Waker>,
}

/// Counts the heads of one stream; dropping it forgets them.
#[derive(Debug)]
pub(super) struct Ticket {
    untaken: Arc<Untaken>,
    stream: u32,
}

/// The connection's octets, with the arriving heads counted.
#[derive(Debug)]
pub(super) struct Tap<S> {
    io: S,
    untaken: Arc<Untaken>,
    frames: Frames,
}

/// Finds the HEADERS frames in a stream of octets.
#[derive(Debug, Default)]
struct Frames {
    header: [u8; FRAME_HEADER],
    /// Octets of the header that are there.
    filled: usize,
    /// Octets of the payload that are still to come.
    payload: usize,
}

// === impl Untaken ===

impl Untaken {
    pub(super) fn open(self: &Arc<Self>, stream: u32) -> Ticket {
        self.lock().streams.insert(stream, 0);
        Ticket { untaken: Arc::clone(self), stream }
    }

    /// Heads of streams that no call follows are dropped by `h2` itself.
    fn arrived(&self, stream: u32) {
        let mut counts = self.lock();
        if let Some(count) = counts.streams.get_mut(&stream) {
            *count += 1;
            counts.total += 1;
        }
    }

    fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        let mut counts = self.lock();
        if counts.total < MAXIMUM_UNTAKEN {
            return Poll::Ready(());
        }
        counts.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Nothing that could panic stands between two changes that belong together.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn release(&mut self, count: usize) {
        self.total -= count;
        if self.total < MAXIMUM_UNTAKEN
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
    }
}

// === impl Ticket ===

impl Ticket {
    /// The call has taken a head.
    pub(super) fn taken(&self) {
        let mut counts = self.untaken.lock();
        if let Some(count) = counts.streams.get_mut(&self.stream)
            && *count > 0
        {
            *count -= 1;
            counts.release(1);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut counts = self.untaken.lock();
        if let Some(left) = counts.streams.remove(&self.stream) {
            counts.release(left);
        }
    }
}

// === impl Tap ===

impl<S> Tap<S> {
    pub(super) fn new(io: S, untaken: Arc<Untaken>) -> Self {
        Self { io, untaken, frames: Frames::default() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.untaken.poll_room(cx));
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        let untaken = &this.untaken;
        this.frames.follow(&buf.filled()[before..], |stream| untaken.arrived(stream));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

// === impl Frames ===

impl Frames {
    fn follow(&mut self, mut octets: &[u8], mut head: impl FnMut(u32)) {
        while !octets.is_empty() {
            if self.payload > 0 {
                let skipped = self.payload.min(octets.len());
                self.payload -= skipped;
                octets = &octets[skipped..];
                continue;
            }
            let part = (FRAME_HEADER - self.filled).min(octets.len());
            self.header[self.filled..self.filled + part].copy_from_slice(&octets[..part]);
            self.filled += part;
            octets = &octets[part..];
            if self.filled == FRAME_HEADER {
                self.filled = 0;
                let [a, b, c, kind, _flags, stream @ ..] = self.header;
                self.payload = u32::from_be_bytes([0, a, b, c]) as usize;
                if kind == HEADERS {
                    head(u32::from_be_bytes(stream) & 0x7fff_ffff);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
