//! Finds in what is written to a client where header blocks and PINGs end (RFC 9113 4.1, 4.3).

const HEAD_SIZE: usize = 9;
const HEADERS: u8 = 0x1;
const PING: u8 = 0x6;
const CONTINUATION: u8 = 0x9;
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

/// What the transport has taken in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// A header block of this stream, its CONTINUATIONs included.
    Block {
        /// The stream.
        stream: u32,
    },
    /// A PING that asks for an answer.
    Ping,
}

/// The state of one connection's write side.
#[derive(Debug, Default)]
pub(super) struct FrameTap {
    /// The frame header that has begun.
    head: [u8; HEAD_SIZE],
    filled: usize,
    /// Octets of payload that are still to come.
    left: usize,
    /// What they end.
    ends: Option<Passed>,
}

impl FrameTap {
    /// Takes in what the transport has taken, and tells what has ended with it.
    pub(super) fn take(&mut self, mut octets: &[u8], mut tell: impl FnMut(Passed)) {
        while !octets.is_empty() {
            octets = if self.left > 0 { self.payload(octets) } else { self.head(octets) };
            if self.left == 0
                && let Some(passed) = self.ends.take()
            {
                tell(passed);
            }
        }
    }

    fn payload<'a>(&mut self, octets: &'a [u8]) -> &'a [u8] {
        let (now, rest) = octets.split_at(octets.len().min(self.left));
        self.left -= now.len();
        rest
    }

    fn head<'a>(&mut self, octets: &'a [u8]) -> &'a [u8] {
        let (now, rest) = octets.split_at(octets.len().min(HEAD_SIZE - self.filled));
        self.head[self.filled..self.filled + now.len()].copy_from_slice(now);
        self.filled += now.len();
        if self.filled == HEAD_SIZE {
            self.filled = 0;
            self.frame();
        }
        rest
    }

    /// A frame header is complete.
    fn frame(&mut self) {
        let [high, middle, low, kind, flags, stream @ ..] = self.head;
        self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        self.ends = match kind {
            HEADERS | CONTINUATION if flags & END_HEADERS != 0 => {
                Some(Passed::Block { stream: u32::from_be_bytes(stream) })
            }
            PING if flags & ACK == 0 => Some(Passed::Ping),
            _ => None,
        };
    }
}

#[cfg(test)]
mod tests;
