//! Frames off a request stream, however its octets are cut (RFC 9114 7.1).

use bytes::{Buf, Bytes, BytesMut};

pub(super) const DATA: u64 = 0x00;
pub(super) const HEADERS: u64 = 0x01;
pub(super) const SETTINGS: u64 = 0x04;
pub(super) const GOAWAY: u64 = 0x07;
/// Frames that have no place on a request stream: those of the control stream, pushes, which were not allowed,
/// and those of HTTP/2 (RFC 9114 7.2.8).
const MISPLACED: [u64; 9] = [0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0d];
/// The longest field section, as on the other wires.
const LONGEST: u64 = 64 * 1024;

/// Something that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A whole field section.
    Section(Bytes),
    /// Some content.
    Content(Bytes),
}

/// What has been seen of a stream's frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// In the type and length of a frame.
    Start(Start),
    /// In content, with so many octets to come.
    Content(u64),
    /// In a field section, with so many octets to come. One that comes whole is not kept here.
    Section(BytesMut, u64),
    /// In a frame that means nothing.
    Unknown(u64),
}

impl Default for Place {
    fn default() -> Self {
        Self::Start(Start::default())
    }
}

/// The type and length of a frame, as far as they have come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Start {
    octets: [u8; 16],
    filled: usize,
}

impl Frames {
    /// Takes the next piece off `chunk`; none once all of it is taken.
    ///
    /// # Errors
    ///
    /// A frame that may not be here, or is too long.
    pub(super) fn next(&mut self, chunk: &mut Bytes) -> Result<Option<Piece>, &'static str> {
        loop {
            match &mut self.place {
                Place::Start(start) => {
                    let Some((kind, length)) = start.feed(chunk) else { return Ok(None) };
                    self.place = match kind {
                        DATA => Place::Content(length),
                        HEADERS if length > LONGEST => return Err("a field section that is too long"),
                        HEADERS => Place::Section(BytesMut::new(), length),
                        kind if MISPLACED.contains(&kind) => return Err("a frame that may not come here"),
                        _ => Place::Unknown(length),
                    };
                }
                Place::Content(0) | Place::Unknown(0) => self.place = Place::default(),
                Place::Section(kept, left) if chunk.len() as u64 >= *left => {
                    let rest = take(chunk, left);
                    let whole = if kept.is_empty() {
                        rest
                    } else {
                        kept.extend_from_slice(&rest);
                        kept.split().freeze()
                    };
                    self.place = Place::default();
                    return Ok(Some(Piece::Section(whole)));
                }
                _ if chunk.is_empty() => return Ok(None),
                Place::Section(kept, left) => kept.extend_from_slice(&take(chunk, left)),
                Place::Content(left) => return Ok(Some(Piece::Content(take(chunk, left)))),
                Place::Unknown(left) => drop(take(chunk, left)),
            }
        }
    }

    /// Whether no frame is cut short here.
    pub(super) fn is_between(&self) -> bool {
        match &self.place {
            Place::Start(start) => start.filled == 0,
            Place::Content(left) | Place::Unknown(left) => *left == 0,
            Place::Section(..) => false,
        }
    }
}

impl Start {
    /// Takes octets; returns type and length when they are there.
    pub(super) fn feed(&mut self, chunk: &mut impl Buf) -> Option<(u64, u64)> {
        loop {
            let known = varint(&self.octets[..self.filled])
                .and_then(|(kind, rest)| varint(rest).map(|(length, _)| (kind, length)));
            if known.is_some() || !chunk.has_remaining() {
                return known;
            }
            self.octets[self.filled] = chunk.get_u8();
            self.filled += 1;
        }
    }
}

/// Begins a frame of this type and length.
pub(super) fn begin(frame: &mut Vec<u8>, kind: u64, length: u64) {
    for number in [kind, length] {
        let octets = number.to_be_bytes();
        match number {
            0..0x40 => frame.push(octets[7]),
            0x40..0x4000 => frame.extend_from_slice(&[octets[6] | 0x40, octets[7]]),
            0x4000..0x4000_0000 => {
                frame.extend_from_slice(&[octets[4] | 0x80, octets[5], octets[6], octets[7]]);
            }
            _ => {
                frame.push(octets[0] | 0xc0);
                frame.extend_from_slice(&octets[1..]);
            }
        }
    }
}

/// An integer (RFC 9000 16) and what comes after it; none if it is cut short.
pub(super) fn varint(octets: &[u8]) -> Option<(u64, &[u8])> {
    let first = octets.first()?;
    let (number, rest) = octets.split_at_checked(1 << (first >> 6))?;
    let value =
        number[1..].iter().fold(u64::from(first & 0x3f), |value, octet| value << 8 | u64::from(*octet));
    Some((value, rest))
}

fn take(chunk: &mut Bytes, left: &mut u64) -> Bytes {
    let taken = chunk.split_to(chunk.len().min(usize::try_from(*left).unwrap_or(usize::MAX)));
    *left -= taken.len() as u64;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(octets: &[u8], size: usize) -> (Vec<u8>, Vec<u8>, bool) {
        let (mut sections, mut content, mut frames) = (Vec::new(), Vec::new(), Frames::default());
        for chunk in octets.chunks(size) {
            let mut chunk = Bytes::copy_from_slice(chunk);
            while let Some(piece) = frames.next(&mut chunk).expect("they are well-formed") {
                match piece {
                    Piece::Section(octets) => sections.extend([&octets[..], b"|"].concat()),
                    Piece::Content(octets) => content.extend(octets),
                }
            }
        }
        (sections, content, frames.is_between())
    }

    #[test]
    fn frames_are_read_however_they_are_cut() {
        let mut octets = Vec::new();
        for (kind, text) in [(1, "ab"), (0x21, "grease"), (1, ""), (0, "content"), (0, ""), (0x4021, "")] {
            begin(&mut octets, kind, text.len() as u64);
            octets.extend_from_slice(text.as_bytes());
        }
        for size in 1..=octets.len() {
            assert_eq!(pieces(&octets, size), (b"ab||".to_vec(), b"content".to_vec(), true), "by {size}");
        }
        assert!(!pieces(&octets[..3], 1).2, "cut short");
    }

    #[test]
    fn numbers_of_every_length_come_back() {
        for number in [0, 0x3f, 0x40, 0x3fff, 0x4000, 0x3fff_ffff, 0x4000_0000, u64::MAX >> 2] {
            let mut octets = Vec::new();
            begin(&mut octets, number, 5);
            assert_eq!(varint(&octets), Some((number, &[5][..])));
        }
    }

    #[test]
    fn misplaced_and_long_frames_are_refused() {
        for frame in [&[0x04, 0][..], &[0x05, 0], &[0x07, 0], &[0x01, 0x80, 0x01, 0x00, 0x01]] {
            assert!(Frames::default().next(&mut Bytes::copy_from_slice(frame)).is_err(), "{frame:x?}");
        }
    }
}
