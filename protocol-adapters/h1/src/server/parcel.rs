//! What goes to the transport in one write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use super::scratch;

/// Head, chunk heads and small content, copied together; then large content, not copied; then what
/// closes it. Without memory of its own while there is nothing to write.
#[derive(Debug, Default)]
pub(super) struct Parcel {
    pub(super) front: Vec<u8>,
    /// How much of `front` is written.
    written: usize,
    pub(super) data: Bytes,
    pub(super) tail: &'static [u8],
}

impl Parcel {
    /// A buffer for the front.
    pub(super) fn open(&mut self) {
        self.front = scratch::take_writing();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.written == self.front.len() && self.data.is_empty() && self.tail.is_empty()
    }

    /// Ready once all of it is written. The number of octets that were written in this call is
    /// added to `progress`.
    pub(super) fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        progress: &mut usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let written = ready!(self.poll_once(io, cx))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *progress += written;
            self.advance(written);
        }
        self.close_if_empty();
        Poll::Ready(Ok(()))
    }

    /// Gives the buffer back if there is nothing to write.
    pub(super) fn close_if_empty(&mut self) {
        if self.is_empty() {
            scratch::give_writing(std::mem::take(&mut self.front));
            self.written = 0;
        }
    }

    fn poll_once<S: AsyncWrite + Unpin>(&self, io: &mut S, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let parts = [&self.front[self.written..], &self.data[..], self.tail];
        let mut rest = parts.iter().filter(|part| !part.is_empty());
        match (rest.next(), rest.next()) {
            (Some(only), None) => Pin::new(io).poll_write(cx, only),
            _ if io.is_write_vectored() => Pin::new(io).poll_write_vectored(cx, &parts.map(IoSlice::new)),
            (first, _) => Pin::new(io).poll_write(cx, first.copied().unwrap_or_default()),
        }
    }

    fn advance(&mut self, written: usize) {
        let front = written.min(self.front.len() - self.written);
        self.written += front;
        let data = (written - front).min(self.data.len());
        self.data.advance(data);
        self.tail = &self.tail[(written - front - data).min(self.tail.len())..];
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        scratch::give_writing(std::mem::take(&mut self.front));
    }
}
