//! What an exchange and the content of its response have in common: the connection.

use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use downstream::BodyError;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::outbound::Outbound;
use super::{ClientConnection, History, Park};

/// Octets that are read onto the stack at a time, so that nothing is allocated before they are
/// there.
const SCRATCH: usize = 16 * 1024;

/// Octets of content that are read at a time straight into the memory that is handed on.
const PIECE: usize = 64 * 1024;

/// A connection in use.
#[derive(Debug)]
pub(super) struct Wire<S, P> {
    io: S,
    park: P,
    pub(super) history: History,
    pub(super) outbound: Outbound,
    /// Octets that were read and not used yet; without memory of its own when empty. Bound: one
    /// head or line of the framing, and what one read brings.
    pub(super) received: BytesMut,
    /// How often octets were read.
    reads: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin, P: Park<S>> Wire<S, P> {
    pub(super) fn new(connection: ClientConnection<S>, outbound: Outbound, park: P) -> Self {
        let ClientConnection { io, history } = connection;
        Self { io, park, history, outbound, received: BytesMut::new(), reads: 0 }
    }

    /// Goes on sending the request.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        self.outbound.poll(&mut self.io, cx)
    }

    /// Reads what is there behind what was received; 0 at the end of the connection.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut scratch = [MaybeUninit::uninit(); SCRATCH];
        let mut scratch = ReadBuf::uninit(&mut scratch);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut scratch))?;
        self.received.extend_from_slice(scratch.filled());
        Poll::Ready(Ok(self.count(scratch.filled().len())))
    }

    /// Reads content that no framing interrupts, at most `limit` octets; none at the end of the
    /// connection. Nothing may be left in `received`.
    pub(super) fn poll_piece(&mut self, limit: u64, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(PIECE);
        if limit <= SCRATCH {
            let mut scratch = [MaybeUninit::uninit(); SCRATCH];
            let mut scratch = ReadBuf::uninit(&mut scratch[..limit]);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut scratch))?;
            self.count(scratch.filled().len());
            return Poll::Ready(Ok(Bytes::copy_from_slice(scratch.filled())));
        }
        let mut piece = BytesMut::with_capacity(limit);
        let read = ready!(pin!(self.io.read_buf(&mut piece)).poll(cx))?;
        self.count(read);
        // Little content must not keep much memory while it waits for its client.
        let is_little = read < limit / 4;
        Poll::Ready(Ok(if is_little { Bytes::copy_from_slice(&piece) } else { piece.freeze() }))
    }

    /// Frees the memory of what was received if all of it is used.
    pub(super) fn tidy(&mut self) {
        if self.received.is_empty() {
            self.received = BytesMut::new();
        }
    }

    /// Counts everything that moved in either direction.
    pub(super) fn activity(&self) -> u64 {
        self.reads + self.outbound.writes()
    }

    /// The end of the connection is no sign of life.
    fn count(&mut self, read: usize) -> usize {
        self.reads += u64::from(read > 0);
        read
    }

    /// Gives the connection back if nothing of this exchange is left on it: the request went out
    /// whole (U-08), and the origin sent nothing beyond its response (I-16, U-10).
    pub(super) fn park(self) {
        if self.outbound.is_sent() && self.received.is_empty() {
            self.park.park(ClientConnection::reused(self.io));
        }
    }
}
