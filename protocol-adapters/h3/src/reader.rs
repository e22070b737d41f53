//! The receiving side of a stream, read in frames.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h3::error::Code;
use quinn::ReadError;

use crate::frames::{Grammar, Piece, Violation, Walker};
use crate::link::varint;

/// How much is taken off the transport at a time; what is not taken holds the client back.
const CHUNK: usize = 16 * 1024;

/// Reads frames off a stream.
///
/// Dropped before the end, it asks the client to stop with the code given to it: quinn alone would
/// send code 0, over which some clients drop a good response (transports.md D h3-1). A read that
/// is given up leaves nothing behind, so stopping while one waits is fine.
#[derive(Debug)]
pub(crate) struct Reader {
    recv: quinn::RecvStream,
    walker: Walker,
    /// What has been read and not walked yet.
    chunk: Bytes,
    ended: bool,
    forsaken: Code,
}

/// Why no more can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The client gave the stream up, or the connection is gone.
    Off(ReadError),
    /// The client broke the protocol.
    Violated(Violation),
}

impl Reader {
    /// A reader of `recv`, which tells the client `forsaken` when it is dropped before the end.
    pub(crate) fn new(recv: quinn::RecvStream, grammar: Grammar, forsaken: Code) -> Self {
        Self { recv, walker: Walker::new(grammar), chunk: Bytes::new(), ended: false, forsaken }
    }

    /// The next piece; none at the end of the stream.
    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Piece>, Cut>> {
        loop {
            if let Some(piece) = self.walker.walk(&mut self.chunk).map_err(Cut::Violated)? {
                return Poll::Ready(Ok(Some(piece)));
            }
            // The chunk is used up; let go of the datagram that it lay in.
            self.chunk = Bytes::new();
            if self.ended {
                return Poll::Ready(Ok(None));
            }
            let read = ready!(pin!(self.recv.read_chunk(CHUNK, true)).poll(cx));
            match read {
                Ok(Some(chunk)) => self.chunk = chunk.bytes,
                Ok(None) => {
                    self.ended = true;
                    self.walker.end().map_err(Cut::Violated)?;
                }
                Err(error) => {
                    self.ended = true;
                    return Poll::Ready(Err(Cut::Off(error)));
                }
            }
        }
    }

    /// Asks the client to stop sending, and reads no more.
    pub(crate) fn stop(&mut self, code: Code) {
        self.chunk = Bytes::new();
        if !std::mem::replace(&mut self.ended, true) {
            // An error means that there is nothing left to stop.
            let _ = self.recv.stop(varint(code));
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop(self.forsaken);
    }
}
