//! HTTP/3 frames off a stream, as their bytes arrive (RFC 9114 section 7.1).
//!
//! The frame reader of `h3` 0.0.8 keeps every frame but DATA in memory until it is whole, of any
//! length and any type; it keeps whatever content arrives while small DATA frames are taken one by
//! one; and it takes an empty DATA frame, or a FIN inside a DATA frame, for the end of the content
//! . This one keeps field sections of at most [`MAX_FRAME`] and nothing else.

use bytes::{Buf, Bytes, BytesMut};
use h3::error::Code;

/// The longest frame, other than DATA, that is read: above the encoded size of any field section
/// that is accepted, and far below what would hurt.
pub(crate) const MAX_FRAME: u64 = 64 * 1024;
/// How many frames without meaning one stream may carry: empty DATA and unknown types. Grease is
/// one or two.
const MAX_IGNORED: u16 = 1_000;

/// Reads the frames of one request stream. It does no input or output.
#[derive(Debug)]
pub(crate) struct Walker {
    grammar: Grammar,
    place: Place,
    state: State,
    ignored: u16,
}

/// What the frames of a stream make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grammar {
    /// One field section, content, and perhaps a trailer section (RFC 9114 section 4.1).
    Request,
    /// Any number of field sections and content; their order is left to the reader.
    Response,
}

/// Something that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A whole field section, encoded.
    Section(Bytes),
    /// Some content; never empty.
    Content(Bytes),
}

/// Bytes that break the protocol; the client is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// What it costs.
    pub(crate) scope: Scope,
    /// The error code that says so.
    pub(crate) code: Code,
    /// What is wrong.
    pub(crate) reason: &'static str,
}

/// How much an error ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The stream that it is on.
    Stream,
    /// The whole connection.
    Connection,
}

/// The type and the length of a frame, of which some octets may have arrived.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Preface {
    octets: [u8; 16],
    filled: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Head,
    Content,
    Trailed,
}

#[derive(Debug)]
enum State {
    Preface(Preface),
    Content { left: u64 },
    Section { held: BytesMut, left: usize },
    Ignored { left: u64 },
}

// === impl Walker ===

impl Walker {
    /// A reader at the beginning of a stream.
    pub(crate) fn new(grammar: Grammar) -> Self {
        Self { grammar, place: Place::Head, state: State::Preface(Preface::default()), ignored: 0 }
    }

    /// Takes the next piece off `chunk`; none when all of it has been taken.
    pub(crate) fn walk(&mut self, chunk: &mut Bytes) -> Result<Option<Piece>, Violation> {
        loop {
            if chunk.is_empty() && !self.has_all() {
                return Ok(None);
            }
            match &mut self.state {
                State::Preface(preface) => match preface.feed(chunk) {
                    Some((kind, length)) => self.state = self.begin(kind, length)?,
                    None => return Ok(None),
                },
                State::Content { left: 0 } | State::Ignored { left: 0 } => {
                    self.state = State::Preface(Preface::default());
                }
                State::Content { left } => return Ok(Some(Piece::Content(take(chunk, left)))),
                State::Ignored { left } => drop(take(chunk, left)),
                State::Section { held, left } => match section(held, left, chunk) {
                    Some(whole) => {
                        self.state = State::Preface(Preface::default());
                        return Ok(Some(Piece::Section(whole)));
                    }
                    None => return Ok(None),
                },
            }
        }
    }

    /// Whether the stream may end here.
    ///
    /// # Errors
    ///
    /// A frame has been cut short (RFC 9114 section 7.1).
    pub(crate) fn end(&self) -> Result<(), Violation> {
        match &self.state {
            State::Preface(preface) if preface.filled == 0 => Ok(()),
            State::Content { left: 0 } | State::Ignored { left: 0 } => Ok(()),
            _ => Err(Violation::connection(Code::H3_FRAME_ERROR, "the stream ended inside a frame")),
        }
    }

    /// Whether the frame that is being read needs no further octet.
    fn has_all(&self) -> bool {
        match self.state {
            State::Preface(_) => false,
            State::Content { left } | State::Ignored { left } => left == 0,
            State::Section { left, .. } => left == 0,
        }
    }

    fn begin(&mut self, kind: u64, length: u64) -> Result<State, Violation> {
        match kind {
            kind::DATA if self.grammar == Grammar::Request && self.place != Place::Content => Err(UNEXPECTED),
            kind::DATA if length > 0 => Ok(State::Content { left: length }),
            kind::HEADERS => {
                if length > MAX_FRAME {
                    return Err(EXCESSIVE);
                }
                self.place = match (self.grammar, self.place) {
                    (Grammar::Response, place) => place,
                    (Grammar::Request, Place::Head) => Place::Content,
                    (Grammar::Request, Place::Content) => Place::Trailed,
                    (Grammar::Request, Place::Trailed) => return Err(UNEXPECTED),
                };
                let left = usize::try_from(length).map_err(|_| EXCESSIVE)?;
                Ok(State::Section { held: BytesMut::new(), left })
            }
            kind if kind::FORBIDDEN.contains(&kind) => Err(UNEXPECTED),
            _ if length > MAX_FRAME => Err(EXCESSIVE),
            _ => {
                self.ignored += 1;
                if self.ignored > MAX_IGNORED { Err(EXCESSIVE) } else { Ok(State::Ignored { left: length }) }
            }
        }
    }
}

// === impl Violation ===

const UNEXPECTED: Violation =
    Violation::connection(Code::H3_FRAME_UNEXPECTED, "a frame that may not come here");
const EXCESSIVE: Violation =
    Violation::stream(Code::H3_EXCESSIVE_LOAD, "a frame that is too long, or one too many");

impl Violation {
    /// An error that ends its stream.
    pub(crate) const fn stream(code: Code, reason: &'static str) -> Self {
        Self { scope: Scope::Stream, code, reason }
    }

    /// An error that ends the connection.
    pub(crate) const fn connection(code: Code, reason: &'static str) -> Self {
        Self { scope: Scope::Connection, code, reason }
    }

    /// A malformed request: it ends its stream (RFC 9114 section 4.1.2).
    pub(crate) const fn malformed(reason: &'static str) -> Self {
        Self::stream(Code::H3_MESSAGE_ERROR, reason)
    }
}

// === impl Preface ===

impl Preface {
    /// Takes octets off `input`; returns type and length once both are there.
    pub(crate) fn feed(&mut self, input: &mut impl Buf) -> Option<(u64, u64)> {
        loop {
            if let Some(read) = self.read() {
                return Some(read);
            }
            if !input.has_remaining() {
                return None;
            }
            self.octets[usize::from(self.filled)] = input.get_u8();
            self.filled += 1;
        }
    }

    fn read(&self) -> Option<(u64, u64)> {
        let filled = &self.octets[..usize::from(self.filled)];
        let (kind, rest) = varint(filled)?;
        let (length, _) = varint(rest)?;
        Some((kind, length))
    }
}

/// A variable-length integer (RFC 9000 section 16) and what follows it; none if it is cut short.
#[inline]
pub(crate) fn varint(input: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, rest) = input.split_first()?;
    // The two highest bits tell the length.
    match first >> 6 {
        0 => Some((first.into(), rest)),
        1 => {
            let (octets, rest) = input.split_first_chunk()?;
            Some((u64::from(u16::from_be_bytes(*octets)) & 0x3fff, rest))
        }
        2 => {
            let (octets, rest) = input.split_first_chunk()?;
            Some((u64::from(u32::from_be_bytes(*octets)) & 0x3fff_ffff, rest))
        }
        _ => {
            let (octets, rest) = input.split_first_chunk()?;
            Some((u64::from_be_bytes(*octets) & (u64::MAX >> 2), rest))
        }
    }
}

/// The frame types that matter here (RFC 9114 section 11.2.1).
pub(crate) mod kind {
    pub(crate) const DATA: u64 = 0x0;
    pub(crate) const HEADERS: u64 = 0x1;
    /// `CANCEL_PUSH`, `SETTINGS`, `PUSH_PROMISE`, `GOAWAY` and `MAX_PUSH_ID`, which have no place on
    /// a request stream; the frame types of HTTP/2 that HTTP/3 reserves; and WebTransport's stream,
    /// which is not offered.
    pub(super) const FORBIDDEN: [u64; 10] = [0x2, 0x3, 0x4, 0x5, 0x6, 0x7, 0x8, 0x9, 0xd, 0x41];
}

/// Takes at most `left` octets off `chunk`, and counts them.
fn take(chunk: &mut Bytes, left: &mut u64) -> Bytes {
    let length = usize::try_from(*left).map_or(chunk.len(), |left| left.min(chunk.len()));
    *left -= length as u64;
    chunk.split_to(length)
}

/// Adds to the section; returns it when it is whole. One that arrives whole is not copied.
fn section(held: &mut BytesMut, left: &mut usize, chunk: &mut Bytes) -> Option<Bytes> {
    if held.is_empty() && chunk.len() >= *left {
        return Some(chunk.split_to(*left));
    }
    let taken = chunk.split_to((*left).min(chunk.len()));
    held.extend_from_slice(&taken);
    *left -= taken.len();
    (*left == 0).then(|| std::mem::take(held).freeze())
}

#[cfg(test)]
mod tests;
