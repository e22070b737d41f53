//! Chunked content, read strictly (RFC 9112 7.1; H1-16 to H1-20).
//!
//! `httparse` reads an empty size as 0 and lets LF and NUL into extensions; a decoder that agrees
//! with everyone behind it must take nothing but the grammar.

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName};
use memchr::memchr;

use crate::head::{Bound, Fault, Found, Names, Scan, read_fields};

/// Octets of all chunk extensions of one content (H1-17).
pub const EXTENSIONS_SIZE: usize = 16 * 1024;

/// Octets of a trailer section: as for a head (H1-20).
const TRAILERS_SIZE: usize = 32 * 1024;

/// Field lines of a trailer section: as for a head (H1-20).
const TRAILER_FIELDS: usize = 100;

/// Digits of a chunk size: 64 bits (H1-16).
const SIZE_DIGITS: usize = 16;

/// Reads one chunked content. What lies beyond its end is left in the buffer.
#[derive(Debug, Default)]
pub struct ChunkDecoder {
    state: State,
    /// Octets of extensions so far; at most [`EXTENSIONS_SIZE`].
    extensions: usize,
    scan: Scan,
}

/// What the decoder found.
#[derive(Debug)]
pub enum Decoded {
    /// Nothing until more octets are in the buffer.
    NeedMore,
    /// Some content, never empty; it shares the buffer's memory.
    Data(Bytes),
    /// The end, with the trailer section if there is one. Fields that have no business in trailers
    /// are left out (H1-20). From here on every call says so.
    End(Option<HeaderMap>),
}

/// Sender: its chunks cannot be read. The connection has lost its place and must close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// They break the grammar; the text says how.
    #[error("{0}")]
    Malformed(&'static str),
    /// The extensions or trailers are larger than allowed.
    #[error("the chunk extensions or trailers are too large")]
    TooLarge,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Size,
    /// So many octets of this chunk are to come.
    Data(u64),
    /// The CRLF behind a chunk.
    DataEnd,
    Trailers,
    Done,
}

// === impl ChunkDecoder ===

impl ChunkDecoder {
    /// A decoder at the beginning of a content.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes from `buf` what can be decoded now.
    pub fn decode(&mut self, buf: &mut BytesMut) -> Result<Decoded, ChunkError> {
        loop {
            match self.state {
                State::Size => match self.size(buf)? {
                    Some(0) => self.state = State::Trailers,
                    Some(size) => self.state = State::Data(size),
                    None => return Ok(Decoded::NeedMore),
                },
                State::Data(left) => {
                    if buf.is_empty() {
                        return Ok(Decoded::NeedMore);
                    }
                    let (data, left) = take(buf, left);
                    self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                    return Ok(Decoded::Data(data));
                }
                State::DataEnd => match &buf[..] {
                    [b'\r', b'\n', ..] => {
                        buf.advance(2);
                        self.state = State::Size;
                    }
                    [] | [b'\r'] => return Ok(Decoded::NeedMore),
                    _ => return Err(ChunkError::Malformed("no CRLF behind a chunk")),
                },
                State::Trailers => return self.trailers(buf),
                State::Done => return Ok(Decoded::End(None)),
            }
        }
    }

    /// Whether the end has been decoded.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn size(&mut self, buf: &mut BytesMut) -> Result<Option<u64>, ChunkError> {
        let end = memchr(b'\n', buf);
        let with_cr = &buf[..end.unwrap_or(buf.len())];
        let line = with_cr.strip_suffix(b"\r").unwrap_or(with_cr);
        let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
        check_digits(line, digits)?;
        if line.len() - digits > EXTENSIONS_SIZE - self.extensions {
            return Err(ChunkError::TooLarge);
        }
        let Some(end) = end else { return Ok(None) };
        if line.len() == with_cr.len() {
            return Err(ChunkError::Malformed("a chunk size ends in LF without CR"));
        }
        if digits == 0 {
            return Err(ChunkError::Malformed("malformed chunk size"));
        }
        let size = line[..digits].iter().fold(0, |size, digit| size << 4 | hex_value(*digit));
        let extensions = &line[digits..];
        if !is_extensions(extensions) {
            return Err(ChunkError::Malformed("malformed chunk extension"));
        }
        self.extensions += extensions.len();
        buf.advance(end + 1);
        Ok(Some(size))
    }

    fn trailers(&mut self, buf: &mut BytesMut) -> Result<Decoded, ChunkError> {
        match &buf[..] {
            [b'\r', b'\n', ..] => {
                buf.advance(2);
                self.state = State::Done;
                return Ok(Decoded::End(None));
            }
            [] | [b'\r'] => return Ok(Decoded::NeedMore),
            _ => {}
        }
        let Found::End(end) = self.scan.advance(buf, Bound { size: TRAILERS_SIZE, leading: 0 })? else {
            return Ok(Decoded::NeedMore);
        };
        let section = read_fields(&buf.split_to(end).freeze(), TRAILER_FIELDS, Names::WithoutUnderscore)?;
        let mut fields = section.fields;
        for name in &FORBIDDEN {
            fields.remove(name);
        }
        for name in &section.controls.connection.named {
            fields.remove(name);
        }
        self.state = State::Done;
        Ok(Decoded::End((!fields.is_empty()).then_some(fields)))
    }
}

/// Fields that would change the meaning of what has been acted on already (RFC 9110 6.5.1).
const FORBIDDEN: [HeaderName; 20] = {
    use http::header as h;
    [
        h::CONTENT_LENGTH,
        h::CONTENT_TYPE,
        h::CONTENT_ENCODING,
        h::CONTENT_RANGE,
        h::HOST,
        h::AUTHORIZATION,
        h::PROXY_AUTHORIZATION,
        h::PROXY_AUTHENTICATE,
        h::WWW_AUTHENTICATE,
        h::COOKIE,
        h::SET_COOKIE,
        h::CACHE_CONTROL,
        h::EXPECT,
        h::TRAILER,
        h::LOCATION,
        h::RETRY_AFTER,
        h::VARY,
        h::VIA,
        h::FORWARDED,
        HeaderName::from_static("prefer"),
    ]
};

impl From<Fault> for ChunkError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Malformed(how) => Self::Malformed(how),
            Fault::TooLarge => Self::TooLarge,
        }
    }
}

/// Up to `left` octets, and how many are to come then.
fn take(buf: &mut BytesMut, left: u64) -> (Bytes, u64) {
    let size = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
    (buf.split_to(size).freeze(), left - size as u64)
}

/// 1 to 16 hexadecimal digits, then nothing or what an extension may begin with. A size that can
/// be no size is refused before its line ends: only a line without octets may still become one.
fn check_digits(line: &[u8], digits: usize) -> Result<(), ChunkError> {
    let next = line.get(digits);
    let ends_well = matches!(next, None | Some(b';' | b' ' | b'\t'));
    let has_digits = digits > 0 || next.is_none();
    if digits > SIZE_DIGITS || !ends_well || !has_digits {
        return Err(ChunkError::Malformed("malformed chunk size"));
    }
    Ok(())
}

fn hex_value(digit: u8) -> u64 {
    u64::from(match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    })
}

mod extension;
use extension::is_extensions;

#[cfg(test)]
mod tests;
