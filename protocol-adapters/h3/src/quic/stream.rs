//! Streams as `h3` sees them.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use h3::error::Code;
use h3::quic::{self, StreamErrorIncoming, StreamId, WriteBuf};

use super::error;
use super::outlet::{Fate, Outlet};
use super::responses::Responses;

/// The sending side of a stream.
///
/// Dropped before its end, it resets the stream: without that, quinn would end it as if it were
/// complete, and clients close the connection over a response without a head (transports.md D
/// h3-2).
pub struct SendStream {
    id: StreamId,
    outlet: Arc<Outlet>,
    forsaken: Option<Code>,
}

/// The receiving side of a stream of requests and responses.
pub struct RecvStream {
    id: StreamId,
    source: Source,
}

/// A stream of a request and its responses.
pub struct BidiStream {
    send: SendStream,
    recv: RecvStream,
}

enum Source {
    /// A request. The exchange reads it; `h3` reads [`STAND_IN`], if it has not done so.
    StandIn(Option<Bytes>),
    /// The responses to a request.
    Responses(Responses),
}

/// What `h3` is told that a client has sent: HEADERS with `GET https://example.com/`, so that it
/// opens a stream to respond on. The request itself is read beside it (see the module's reasons).
const STAND_IN: &[u8] = b"\x01\x12\x00\x00\xd1\xd7\x50\x0bexample.com\xc1";
/// What the field section of [`STAND_IN`] counts as (RFC 9114 section 4.2.2).
pub(crate) const STAND_IN_SIZE: u64 = 4 * 32 + 49;

// === impl SendStream ===

impl SendStream {
    /// A stream that is never given up by itself: its drop is the connection's end.
    pub(super) fn critical(id: StreamId, outlet: Arc<Outlet>) -> Self {
        Self { id, outlet, forsaken: None }
    }

    /// How many octets of this stream the transport has taken: what an acknowledged offset is to
    /// be compared with (INT-18).
    pub fn written(&self) -> u64 {
        self.outlet.written()
    }
}

impl Drop for SendStream {
    fn drop(&mut self) {
        let Some(code) = self.forsaken else { return };
        match self.outlet.fate() {
            Fate::Open => self.outlet.abandon(code),
            // A stopped stream is still to be reset (RFC 9000 section 3.5).
            Fate::Cancelled => self.outlet.cancel(),
            Fate::Finished | Fate::Abandoned | Fate::Condemned | Fate::Lost => {}
        }
    }
}

impl<B: Buf> quic::SendStream<B> for SendStream {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.outlet.poll_flush(cx).map_err(error::write)
    }

    fn send_data<T: Into<WriteBuf<B>>>(&mut self, data: T) -> Result<(), StreamErrorIncoming> {
        let mut frame = data.into();
        // The one copy on the way: quinn keeps what it is given until it is acknowledged.
        let frame = frame.copy_to_bytes(frame.remaining());
        self.outlet.queue(frame).map_err(|busy| StreamErrorIncoming::Unknown(Box::new(busy)))
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.outlet.poll_finish(cx).map_err(error::write)
    }

    fn reset(&mut self, reset_code: u64) {
        self.outlet.abandon(Code::from(reset_code));
    }

    fn send_id(&self) -> StreamId {
        self.id
    }
}

// === impl RecvStream ===

impl quic::RecvStream for RecvStream {
    type Buf = Bytes;

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        match &mut self.source {
            Source::StandIn(head) => Poll::Ready(Ok(head.take())),
            Source::Responses(responses) => responses.poll_data(cx),
        }
    }

    fn stop_sending(&mut self, error_code: u64) {
        match &mut self.source {
            // Only the exchange knows whether it still reads the request.
            Source::StandIn(_) => {}
            Source::Responses(responses) => responses.stop(Code::from(error_code)),
        }
    }

    fn recv_id(&self) -> StreamId {
        self.id
    }
}

// === impl BidiStream ===

impl BidiStream {
    /// A request that arrived: the side to answer on, and a stand-in for the side to read from.
    pub(super) fn request(id: StreamId, outlet: Arc<Outlet>) -> Self {
        let source = Source::StandIn(Some(Bytes::from_static(STAND_IN)));
        Self {
            send: SendStream { id, outlet, forsaken: Some(Code::H3_INTERNAL_ERROR) },
            recv: RecvStream { id, source },
        }
    }

    /// A request to be sent, and the responses to it.
    pub(super) fn responses(id: StreamId, outlet: Arc<Outlet>, responses: Responses) -> Self {
        Self {
            send: SendStream { id, outlet, forsaken: Some(Code::H3_REQUEST_CANCELLED) },
            recv: RecvStream { id, source: Source::Responses(responses) },
        }
    }
}

impl<B: Buf> quic::BidiStream<B> for BidiStream {
    type SendStream = SendStream;
    type RecvStream = RecvStream;

    fn split(self) -> (SendStream, RecvStream) {
        (self.send, self.recv)
    }
}

impl<B: Buf> quic::SendStream<B> for BidiStream {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        quic::SendStream::<B>::poll_ready(&mut self.send, cx)
    }

    fn send_data<T: Into<WriteBuf<B>>>(&mut self, data: T) -> Result<(), StreamErrorIncoming> {
        self.send.send_data(data)
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        quic::SendStream::<B>::poll_finish(&mut self.send, cx)
    }

    fn reset(&mut self, reset_code: u64) {
        quic::SendStream::<B>::reset(&mut self.send, reset_code);
    }

    fn send_id(&self) -> StreamId {
        self.send.id
    }
}

impl quic::RecvStream for BidiStream {
    type Buf = Bytes;

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        self.recv.poll_data(cx)
    }

    fn stop_sending(&mut self, error_code: u64) {
        self.recv.stop_sending(error_code);
    }

    fn recv_id(&self) -> StreamId {
        self.recv.id
    }
}
