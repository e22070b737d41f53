//! A TCP connection whose octets are counted: those that the kernel took, and those of them that the
//! client has acknowledged.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use downstream::{Audit, OctetLedger, Probe};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::send_queue;
use super::sweep::Sweep;

/// The connection. Below TLS: what it counts is what the kernel sees.
#[derive(Debug)]
pub(super) struct Counted {
    wire: Arc<Wire>,
    io: TcpStream,
}

/// What outlives the connection while somebody asks for it.
#[derive(Debug)]
pub(super) struct Wire {
    taken: AtomicU64,
    /// Emptied before the connection is closed. Locked while the kernel is asked, so that nobody asks
    /// for a descriptor that belongs to somebody else by then.
    descriptor: Mutex<Option<send_queue::Descriptor>>,
    sweep: Arc<Sweep>,
}

impl Counted {
    /// Counts from now on; nothing may have been written before.
    pub(super) fn new(io: TcpStream, sweep: &Arc<Sweep>) -> Self {
        let descriptor = Mutex::new(Some(send_queue::Descriptor::of(&io)));
        let wire = Wire { taken: AtomicU64::new(0), descriptor, sweep: Arc::clone(sweep) };
        Self { wire: Arc::new(wire), io }
    }

    /// The connection by itself.
    pub(super) fn stream(&self) -> &TcpStream {
        &self.io
    }

    /// What is asked what its client has acknowledged.
    pub(super) fn wire(&self) -> Arc<Wire> {
        Arc::clone(&self.wire)
    }

    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(size)) = written {
            self.wire.taken.fetch_add(size as u64, Ordering::Release);
        }
        written
    }
}

impl Wire {
    /// Where heads are entered that `audit` counts; `None` on platforms that do not tell.
    pub(super) fn ledger(self: Arc<Self>, audit: Arc<dyn Audit>) -> Option<Arc<OctetLedger>> {
        // A sandbox may refuse the question: then nothing is known either.
        let told = send_queue::TELLS && self.acknowledged().is_some();
        told.then(|| OctetLedger::new(audit, self))
    }
}

impl Probe for Wire {
    fn taken(&self) -> u64 {
        self.taken.load(Ordering::Acquire)
    }

    fn acknowledged(&self) -> Option<u64> {
        // Read first: what is written meanwhile makes the answer too low, never too high.
        let taken = self.taken();
        let descriptor = self.descriptor.lock().unwrap_or_else(PoisonError::into_inner);
        let descriptor = descriptor.as_ref()?;
        let queued = descriptor.queued()?;
        // A connection that was reset keeps its queue for ever. Perhaps nobody reads from it any more: a client
        // that has closed is still written to, as it may have closed only its own side.
        let is_over = queued > 0 && descriptor.is_over();
        (!is_over).then(|| taken.saturating_sub(queued))
    }

    fn summon(&self, ledger: &Arc<OctetLedger>) {
        self.sweep.add(ledger);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        *self.wire.descriptor.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.count(written)
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

#[cfg(test)]
mod tests;
