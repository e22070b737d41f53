//! What the transport has not taken yet of the interim heads that were said.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

/// Octets of interim heads that wait for a client that does not read (I-20). While anything waits,
/// the window is closed, so this is the rest of one head, and a `100 (Continue)` at most.
const PENDING_SIZE: usize = 4 * 1024;

/// The rest of a head. Empty, and without memory, whenever the client keeps up.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    rest: Vec<u8>,
    /// The transport holds octets of its own that it has not passed on.
    unflushed: bool,
}

impl Outbox {
    /// Writes `octets` behind what is waiting; what the transport does not take waits here. Pending
    /// while that would be more than the bound; what was taken is gone from `octets`.
    pub(super) fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        octets: &mut Vec<u8>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.rest.is_empty() {
            if self.poll_clear(io, cx)?.is_pending() && self.rest.len() + octets.len() > PENDING_SIZE {
                return Poll::Pending;
            }
            if !self.rest.is_empty() {
                self.rest.extend_from_slice(octets);
                octets.clear();
                return Poll::Ready(Ok(()));
            }
        }
        let written = write_some(io, octets, cx)?;
        octets.drain(..written);
        self.unflushed = true;
        if octets.is_empty() {
            // If the flush waits, the window is closed until it is over.
            let _ = self.poll_flush(io, cx)?;
            return Poll::Ready(Ok(()));
        }
        if octets.len() > PENDING_SIZE {
            return Poll::Pending;
        }
        self.rest.extend_from_slice(octets);
        octets.clear();
        Poll::Ready(Ok(()))
    }

    /// Ready when nothing waits, here or in the transport.
    pub(super) fn poll_clear<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.rest.is_empty() {
            let written = write_some(io, &self.rest, cx)?;
            self.rest.drain(..written);
            if !self.rest.is_empty() {
                return Poll::Pending;
            }
            self.rest = Vec::new();
        }
        self.poll_flush(io, cx)
    }

    /// Whether nothing waits, as far as is known.
    pub(super) fn is_clear(&self) -> bool {
        self.rest.is_empty() && !self.unflushed
    }

    /// Moves what waits to the front of what is written next (I-22).
    pub(super) fn empty_into(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.rest);
        self.rest = Vec::new();
    }

    fn poll_flush<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unflushed {
            ready!(Pin::new(io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// Writes until the transport takes no more.
fn write_some<S: AsyncWrite + Unpin>(io: &mut S, octets: &[u8], cx: &mut Context<'_>) -> io::Result<usize> {
    let mut written = 0;
    while written < octets.len() {
        match Pin::new(&mut *io).poll_write(cx, &octets[written..]) {
            Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(octets)) => written += octets,
            Poll::Ready(Err(error)) => return Err(error),
            Poll::Pending => break,
        }
    }
    Ok(written)
}
