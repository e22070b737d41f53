//! The frames of a packet (RFC 9000 section 19), as far as they tell what was sent and what has
//! arrived.

use std::ops::{Range, RangeInclusive};

use crate::frames::varint;

/// The frames of a packet's payload, in their order. After an error nothing is left.
#[derive(Clone, Debug)]
pub(super) struct Frames<'a> {
    rest: &'a [u8],
    /// The ACK frame that is being read.
    ack: Option<Ack>,
}

/// What a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// STREAM: these octets of a stream.
    Stream(u64, Range<u64>),
    /// ACK: these packets have arrived. A frame may tell of many such ranges, the largest first.
    Arrived(RangeInclusive<u64>),
}

#[derive(Clone, Copy, Debug)]
struct Ack {
    kind: u64,
    /// The smallest packet number so far.
    smallest: u64,
    /// How many ranges follow.
    left: u64,
}

/// A frame that is cut short, contradicts itself or is of no known type. Where it ends is unknown,
/// so the rest of the packet cannot be read either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// The frame types (RFC 9000 section 19, RFC 9221, and the drafts of acknowledgement frequency that
/// quinn speaks).
mod kind {
    pub(super) const PADDING: u8 = 0x00;
    pub(super) const PING: u64 = 0x01;
    pub(super) const ACK: u64 = 0x02;
    pub(super) const ACK_ECN: u64 = 0x03;
    pub(super) const RESET_STREAM: u64 = 0x04;
    pub(super) const STOP_SENDING: u64 = 0x05;
    pub(super) const CRYPTO: u64 = 0x06;
    pub(super) const NEW_TOKEN: u64 = 0x07;
    pub(super) const STREAM: u64 = 0x08;
    pub(super) const STREAM_END: u64 = 0x0f;
    pub(super) const MAX_DATA: u64 = 0x10;
    pub(super) const MAX_STREAM_DATA: u64 = 0x11;
    pub(super) const MAX_STREAMS: u64 = 0x12;
    pub(super) const MAX_STREAMS_UNI: u64 = 0x13;
    pub(super) const DATA_BLOCKED: u64 = 0x14;
    pub(super) const STREAM_DATA_BLOCKED: u64 = 0x15;
    pub(super) const STREAMS_BLOCKED: u64 = 0x16;
    pub(super) const STREAMS_BLOCKED_UNI: u64 = 0x17;
    pub(super) const NEW_CONNECTION_ID: u64 = 0x18;
    pub(super) const RETIRE_CONNECTION_ID: u64 = 0x19;
    pub(super) const PATH_CHALLENGE: u64 = 0x1a;
    pub(super) const PATH_RESPONSE: u64 = 0x1b;
    pub(super) const CONNECTION_CLOSE: u64 = 0x1c;
    pub(super) const APPLICATION_CLOSE: u64 = 0x1d;
    pub(super) const HANDSHAKE_DONE: u64 = 0x1e;
    pub(super) const IMMEDIATE_ACK: u64 = 0x1f;
    pub(super) const DATAGRAM: u64 = 0x30;
    pub(super) const DATAGRAM_WITH_LENGTH: u64 = 0x31;
    pub(super) const ACK_FREQUENCY: u64 = 0xaf;
}

/// The flags of a STREAM frame's type: there is an offset, there is a length.
const OFFSET: u64 = 0x04;
const LENGTH: u64 = 0x02;
/// Octets of a stateless reset token, and of a path challenge.
const TOKEN: u64 = 16;
const CHALLENGE: u64 = 8;

// === impl Frames ===

impl<'a> Frames<'a> {
    /// The frames of this payload.
    pub(super) fn of(payload: &'a [u8]) -> Self {
        Self { rest: payload, ack: None }
    }

    /// What the next frame tells; those that tell nothing are passed over.
    ///
    /// # Errors
    ///
    /// See [`Unreadable`].
    pub(super) fn next(&mut self) -> Result<Option<Told>, Unreadable> {
        let told = self.advance();
        if told.is_err() {
            *self = Self::of(&[]);
        }
        told
    }

    fn advance(&mut self) -> Result<Option<Told>, Unreadable> {
        if let Some(ack) = self.ack.take()
            && let Some(packets) = self.more(ack)?
        {
            return Ok(Some(Told::Arrived(packets)));
        }
        while let Some(&first) = self.rest.first() {
            if first == kind::PADDING {
                self.rest = unpadded(self.rest);
                continue;
            }
            match self.number()? {
                kind @ kind::STREAM..=kind::STREAM_END => return self.stream(kind).map(Some),
                kind @ (kind::ACK | kind::ACK_ECN) => return self.ack(kind).map(Some),
                other => self.pass(other)?,
            }
        }
        Ok(None)
    }

    fn stream(&mut self, kind: u64) -> Result<Told, Unreadable> {
        let stream = self.number()?;
        let start = if kind & OFFSET == 0 { 0 } else { self.number()? };
        let length = if kind & LENGTH == 0 { self.rest.len() as u64 } else { self.number()? };
        self.skip(length)?;
        Ok(Told::Stream(stream, start..start + length))
    }

    fn ack(&mut self, kind: u64) -> Result<Told, Unreadable> {
        let largest = self.number()?;
        let _delay = self.number()?;
        let left = self.number()?;
        let smallest = largest.checked_sub(self.number()?).ok_or(Unreadable)?;
        self.ack = Some(Ack { kind, smallest, left });
        Ok(Told::Arrived(smallest..=largest))
    }

    /// The next range of an ACK frame; none at its end.
    fn more(&mut self, ack: Ack) -> Result<Option<RangeInclusive<u64>>, Unreadable> {
        let Ack { kind, smallest, left } = ack;
        if left == 0 {
            if kind == kind::ACK_ECN {
                self.numbers(3)?;
            }
            return Ok(None);
        }
        let gap = self.number()?;
        let length = self.number()?;
        // One packet at least is missing between two ranges (RFC 9000 section 19.3.1).
        let largest = smallest.checked_sub(gap + 2).ok_or(Unreadable)?;
        let smallest = largest.checked_sub(length).ok_or(Unreadable)?;
        self.ack = Some(Ack { kind, smallest, left: left - 1 });
        Ok(Some(smallest..=largest))
    }

    /// Passes over what follows the type of a frame that tells nothing.
    fn pass(&mut self, kind: u64) -> Result<(), Unreadable> {
        match kind {
            kind::PING | kind::HANDSHAKE_DONE | kind::IMMEDIATE_ACK => Ok(()),
            kind::MAX_DATA
            | kind::MAX_STREAMS
            | kind::MAX_STREAMS_UNI
            | kind::DATA_BLOCKED
            | kind::STREAMS_BLOCKED
            | kind::STREAMS_BLOCKED_UNI
            | kind::RETIRE_CONNECTION_ID => self.numbers(1),
            kind::STOP_SENDING | kind::MAX_STREAM_DATA | kind::STREAM_DATA_BLOCKED => self.numbers(2),
            kind::RESET_STREAM => self.numbers(3),
            kind::ACK_FREQUENCY => self.numbers(4),
            kind::PATH_CHALLENGE | kind::PATH_RESPONSE => self.skip(CHALLENGE),
            kind::NEW_TOKEN | kind::DATAGRAM_WITH_LENGTH => self.text(),
            kind::CRYPTO | kind::APPLICATION_CLOSE => {
                self.numbers(1)?;
                self.text()
            }
            kind::CONNECTION_CLOSE => {
                self.numbers(2)?;
                self.text()
            }
            kind::NEW_CONNECTION_ID => {
                self.numbers(2)?;
                let length = u64::from(*self.rest.first().ok_or(Unreadable)?);
                self.skip(1 + length + TOKEN)
            }
            kind::DATAGRAM => self.skip(self.rest.len() as u64),
            _ => Err(Unreadable),
        }
    }

    /// Octets with their length before them.
    fn text(&mut self) -> Result<(), Unreadable> {
        let length = self.number()?;
        self.skip(length)
    }

    fn numbers(&mut self, count: u8) -> Result<(), Unreadable> {
        (0..count).try_for_each(|_| self.number().map(drop))
    }

    fn number(&mut self) -> Result<u64, Unreadable> {
        let (value, rest) = varint(self.rest).ok_or(Unreadable)?;
        self.rest = rest;
        Ok(value)
    }

    fn skip(&mut self, length: u64) -> Result<(), Unreadable> {
        let length = usize::try_from(length).map_err(|_| Unreadable)?;
        self.rest = self.rest.get(length..).ok_or(Unreadable)?;
        Ok(())
    }
}

/// What follows the padding. A probe of the path's size has more than a thousand octets of it.
fn unpadded(mut payload: &[u8]) -> &[u8] {
    while let Some((octets, rest)) = payload.split_first_chunk::<64>()
        && octets.as_chunks().0.iter().fold(0, |all, eight| all | u64::from_ne_bytes(*eight)) == 0
    {
        payload = rest;
    }
    let padding = payload.iter().take_while(|octet| **octet == kind::PADDING).count();
    &payload[padding..]
}

#[cfg(test)]
mod tests;
