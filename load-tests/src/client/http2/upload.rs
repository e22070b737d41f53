//! The content of a request on its way out.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::SendStream;
use tokio::time::Instant;

use crate::client::{Witness, ZEROS};

/// Content that is still to be sent.
#[derive(Debug)]
pub(super) struct Upload {
    stream: SendStream<Bytes>,
    left: u64,
}

impl Upload {
    pub(super) fn new(stream: SendStream<Bytes>, left: u64) -> Self {
        Self { stream, left }
    }

    /// Sends what can be sent while something else is waited for.
    pub(super) fn keep_going(&mut self, cx: &mut Context<'_>, witness: &mut dyn Witness) {
        // Pending or not, the response is what counts.
        let _ = self.poll(cx, witness);
    }

    /// Ready once all of it has been handed over, or the peer takes no more.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, witness: &mut dyn Witness) -> Poll<()> {
        while self.left > 0 {
            let piece = ZEROS.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.stream.reserve_capacity(piece);
            // Only new capacity is reported by `poll_capacity`.
            let capacity = match self.stream.capacity() {
                0 => ready!(self.stream.poll_capacity(cx)).and_then(Result::ok),
                there => Some(there),
            };
            let Some(capacity) = capacity else {
                self.left = 0;
                break;
            };
            let piece = piece.min(capacity);
            let left = self.left - piece as u64;
            if self.stream.send_data(Bytes::from_static(&ZEROS[..piece]), left == 0).is_err() {
                self.left = 0;
                break;
            }
            self.left = left;
            if left == 0 {
                witness.sent(Instant::now());
            }
        }
        Poll::Ready(())
    }
}
