//! The unidirectional streams of the other side.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use h3::error::Code;
use h3::quic::{self, StreamErrorIncoming, StreamId};
use quinn::ConnectionError;

use super::error;
use crate::budget::Budget;
use crate::frames::{MAX_FRAME, Preface, Violation, varint as read_varint};
use crate::link::{Link, varint};

/// How much is taken off the transport at a time.
const CHUNK: usize = 4 * 1024;
/// The stream type of a control stream (RFC 9114 section 6.2.1).
const CONTROL: u64 = 0x00;
/// Frames on the control stream: 1,000 in 10 seconds, without which they cost one core (H2-06).
const FRAMES: Budget = Budget::new(1_000, Duration::from_millis(10));

/// A unidirectional stream of the other side. On a control stream its frames are measured before
/// `h3` sees them, which would keep one of any length.
pub struct UniStream {
    id: StreamId,
    link: Arc<Link>,
    recv: quinn::RecvStream,
    meter: Meter,
    ended: bool,
}

/// Looks at the bytes of a unidirectional stream as they pass.
#[derive(Debug)]
pub(super) enum Meter {
    /// The type of the stream is not known yet.
    Type { octets: [u8; 8], filled: usize },
    /// Frames follow each other.
    Control { preface: Preface, left: u64, frames: Budget },
    /// A stream of another type, which `h3` does not read.
    Other,
}

// === impl UniStream ===

impl UniStream {
    pub(super) fn new(id: StreamId, link: Arc<Link>, recv: quinn::RecvStream) -> Self {
        Self { id, link, recv, meter: Meter::new(), ended: false }
    }

    fn stop(&mut self, code: Code) {
        if !std::mem::replace(&mut self.ended, true) {
            // An error means that there is nothing left to stop.
            let _ = self.recv.stop(varint(code));
        }
    }
}

impl quic::RecvStream for UniStream {
    type Buf = Bytes;

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        let read = ready!(pin!(self.recv.read_chunk(CHUNK, true)).poll(cx));
        let Some(chunk) = read.map_err(error::read)? else {
            self.ended = true;
            return Poll::Ready(Ok(None));
        };
        let now = tokio::time::Instant::now().into_std();
        if let Err(violation) = self.meter.pass(&chunk.bytes, now) {
            self.link.fail(violation.code, violation.reason);
            return Poll::Ready(Err(error::lost(ConnectionError::LocallyClosed)));
        }
        Poll::Ready(Ok(Some(chunk.bytes)))
    }

    fn stop_sending(&mut self, error_code: u64) {
        self.stop(Code::from(error_code));
    }

    fn recv_id(&self) -> StreamId {
        self.id
    }
}

impl Drop for UniStream {
    fn drop(&mut self) {
        self.stop(Code::H3_STREAM_CREATION_ERROR);
    }
}

// === impl Meter ===

impl Meter {
    pub(super) fn new() -> Self {
        Self::Type { octets: [0; 8], filled: 0 }
    }

    /// Looks at what comes next.
    ///
    /// # Errors
    ///
    /// A frame that is too long, or too many of them; both end the connection.
    pub(super) fn pass(&mut self, mut bytes: &[u8], now: Instant) -> Result<(), Violation> {
        while bytes.has_remaining() {
            match self {
                Self::Type { octets, filled } => {
                    octets[*filled] = bytes.get_u8();
                    *filled += 1;
                    *self = match read_varint(&octets[..*filled]) {
                        None => continue,
                        Some((CONTROL, _)) => {
                            Self::Control { preface: Preface::default(), left: 0, frames: FRAMES }
                        }
                        Some(_) => Self::Other,
                    };
                }
                Self::Control { left: left @ 1.., .. } => {
                    let passed = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    *left -= passed as u64;
                    bytes.advance(passed);
                }
                Self::Control { preface, left, frames } => {
                    let Some((_, length)) = preface.feed(&mut bytes) else { return Ok(()) };
                    *preface = Preface::default();
                    *left = length;
                    if length > MAX_FRAME || frames.spend(now).is_err() {
                        return Err(Violation::connection(
                            Code::H3_EXCESSIVE_LOAD,
                            "a control frame that is too long, or one too many",
                        ));
                    }
                }
                Self::Other => return Ok(()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(bytes: &[u8], step: usize) -> Result<(), Code> {
        let now = tokio::time::Instant::now().into_std();
        let mut meter = Meter::new();
        bytes.chunks(step).try_for_each(|chunk| meter.pass(chunk, now)).map_err(|violation| {
            assert_eq!(violation.scope, crate::frames::Scope::Connection);
            violation.code
        })
    }

    #[test]
    fn ordinary_streams_pass() {
        // A control stream with SETTINGS and grease; an encoder stream; a stream without meaning.
        for bytes in
            [b"\x00\x04\x02\x01\x00\x21\x03abc\x0d\x01\x00".as_slice(), b"\x02\x20", b"\x40\x54\xff\xff"]
        {
            for step in 1..5 {
                assert_eq!(passed(bytes, step), Ok(()));
            }
        }
    }

    #[test]
    fn q09_a_long_control_frame_ends_the_connection() {
        let mut bytes = b"\x00\x04\x00\x21".to_vec();
        bytes.extend((0xc000_0000_0000_0000_u64 | 1 << 40).to_be_bytes());
        for step in [1, 3, 100] {
            assert_eq!(passed(&bytes, step), Err(Code::H3_EXCESSIVE_LOAD));
        }
    }

    #[test]
    fn a_flood_of_control_frames_ends_the_connection() {
        let mut bytes = b"\x00\x04\x00".to_vec();
        bytes.extend(b"\x0d\x01\x00".repeat(999));
        assert_eq!(passed(&bytes, 64), Ok(()));
        bytes.extend(b"\x0d\x01\x00");
        assert_eq!(passed(&bytes, 64), Err(Code::H3_EXCESSIVE_LOAD));
    }
}
