//! A scripted kernel below a connection, and the count of what it has acknowledged.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use downstream::{Audit, Limits, OctetLedger, Probe, Source};
use h2_adapter::Service;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::script::Scripted;
use crate::support::service;

/// The books of one connection.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) counts: Arc<Counts>,
    kernel: Arc<Kernel>,
    pub(crate) ledger: Arc<OctetLedger>,
}

/// What the ledger tells.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    written: AtomicUsize,
    outstanding: AtomicI64,
    most: AtomicI64,
    by_kernel: AtomicUsize,
    by_client: AtomicUsize,
}

/// Takes everything at once; the client's acknowledges it at once, unless it is frozen.
#[derive(Debug)]
struct Kernel {
    taken: AtomicU64,
    most: AtomicU64,
}

/// A transport above such a kernel.
pub(crate) struct Counted<S> {
    io: S,
    kernel: Arc<Kernel>,
}

impl Books {
    pub(crate) fn new() -> Self {
        let counts = Arc::new(Counts::default());
        let kernel = Arc::new(Kernel { taken: AtomicU64::new(0), most: AtomicU64::new(u64::MAX) });
        let ledger = OctetLedger::new(Arc::clone(&counts) as _, Arc::clone(&kernel) as _);
        Self { counts, kernel, ledger }
    }

    /// `io` above the kernel.
    pub(crate) fn count<S>(&self, io: S) -> Counted<S> {
        Counted { io, kernel: Arc::clone(&self.kernel) }
    }

    /// A service that keeps these books.
    pub(crate) fn service(&self, handler: Scripted) -> Service<Scripted> {
        Service { ledger: Some(Arc::clone(&self.ledger)), ..service(handler, Limits::default()) }
    }

    /// From now on nothing is acknowledged by the client's kernel.
    pub(crate) fn freeze(&self) {
        self.kernel.most.store(self.kernel.taken(), Ordering::Relaxed);
    }

    /// Everything is.
    pub(crate) fn thaw(&self) {
        self.kernel.most.store(u64::MAX, Ordering::Relaxed);
        self.ledger.settle(tokio::time::Instant::now().into_std());
    }
}

impl Counts {
    /// Heads that the transport has taken.
    pub(crate) fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }

    /// Heads that are not acknowledged.
    pub(crate) fn outstanding(&self) -> i64 {
        self.outstanding.load(Ordering::Relaxed)
    }

    /// How many there were at the worst.
    pub(crate) fn most(&self) -> i64 {
        self.most.load(Ordering::Relaxed)
    }

    /// How many were acknowledged by the client's kernel, and how many by the client itself.
    pub(crate) fn acknowledged(&self) -> (usize, usize) {
        (self.by_kernel.load(Ordering::Relaxed), self.by_client.load(Ordering::Relaxed))
    }
}

impl Audit for Counts {
    fn written(&self) {
        self.written.fetch_add(1, Ordering::Relaxed);
        let outstanding = self.outstanding.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(outstanding, Ordering::Relaxed);
    }

    fn acknowledged(&self, source: Source, _: Duration) {
        self.outstanding.fetch_sub(1, Ordering::Relaxed);
        let count = if source == Source::H2Ping { &self.by_client } else { &self.by_kernel };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn lost(&self, heads: usize) {
        self.outstanding.fetch_sub(i64::try_from(heads).expect("few"), Ordering::Relaxed);
    }
}

impl Probe for Kernel {
    fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    fn acknowledged(&self) -> Option<u64> {
        Some(self.taken().min(self.most.load(Ordering::Relaxed)))
    }

    fn summon(&self, ledger: &Arc<OctetLedger>) {
        ledger.settle(tokio::time::Instant::now().into_std());
    }
}

impl<S> Counted<S> {
    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(size)) = written {
            self.kernel.taken.fetch_add(size as u64, Ordering::Relaxed);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.note(written)
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
