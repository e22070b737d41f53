//! The strict look at a head's octets, before anything is parsed (H1-10 to H1-14, H1-34).
//!
//! `httparse` takes a lone LF for a line end. Whoever stands behind us may not, and two readings
//! of one head are how requests are smuggled: so every line must end in CRLF, and nothing but
//! HTAB below SP may stand within it.

use memchr::memchr;

/// How far a head has been looked at. A head that trickles in is looked at once, octet by octet:
/// keep the scan beside the buffer, and begin a new one with the next head.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan {
    /// Where the first line begins: behind the empty lines that may precede it.
    start: usize,
    /// Where the line under way begins.
    line: usize,
    /// Octets that are known to be fine.
    checked: usize,
    /// The end of the first line, without its CRLF; 0 while it has none.
    first: usize,
}

/// What a head may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    /// Octets, from the first line to the empty one.
    pub(crate) size: usize,
    /// Empty lines that may precede it.
    pub(crate) leading: usize,
}

/// What is wrong with a head; says nothing yet about who is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It breaks the grammar.
    Malformed(&'static str),
    /// It is longer, or has more or longer fields, than the bound.
    TooLarge,
}

/// What a [`Scan`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The head goes on beyond the buffer.
    Partial,
    /// The head, its empty line included, ends before this offset.
    End(usize),
}

impl Scan {
    /// Where the first line begins.
    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// The first line without its CRLF, once it is complete.
    pub(crate) fn first_line<'b>(&self, buf: &'b [u8]) -> Option<&'b [u8]> {
        (self.first > 0).then(|| &buf[self.start..self.first])
    }

    /// Where the field lines begin, once the first line is complete.
    pub(crate) fn fields_start(&self) -> usize {
        self.first + 2
    }

    /// Whether `buf` holds more than empty lines.
    pub fn has_begun(&self, buf: &[u8]) -> bool {
        buf.len() > self.start && buf[self.start..] != *b"\r"
    }

    /// Looks at what is new in `buf`, which must begin where it began in the calls before.
    pub(crate) fn advance(&mut self, buf: &[u8], bound: Bound) -> Result<Found, Fault> {
        let mut at = self.checked;
        while let Some(found) = memchr(b'\n', &buf[at..]) {
            at += found + 1;
            let line = check_line(&buf[self.line..at])?;
            if at - self.start > bound.size {
                return Err(Fault::TooLarge);
            }
            if line.is_empty() {
                if self.line > self.start {
                    self.checked = at;
                    return Ok(Found::End(at));
                }
                self.skip_empty(at, bound)?;
            } else if self.first == 0 {
                self.first = at - 2;
            }
            self.line = at;
        }
        self.check_tail(buf, bound)?;
        Ok(Found::Partial)
    }

    fn skip_empty(&mut self, at: usize, bound: Bound) -> Result<(), Fault> {
        if at > bound.leading * 2 {
            return Err(Fault::Malformed("empty lines before the first line"));
        }
        self.start = at;
        Ok(())
    }

    /// The line under way must not wait for its end to be refused.
    fn check_tail(&mut self, buf: &[u8], bound: Bound) -> Result<(), Fault> {
        let tail = &buf[self.line.max(self.checked.saturating_sub(1))..];
        let body = tail.strip_suffix(b"\r").unwrap_or(tail);
        check_octets(body)?;
        if self.line < buf.len() && is_blank(buf[self.line]) {
            return Err(Fault::Malformed("a line begins with a blank"));
        }
        if buf.len() - self.start > bound.size {
            return Err(Fault::TooLarge);
        }
        self.checked = buf.len();
        Ok(())
    }
}

/// A line with its LF -> without its CRLF.
fn check_line(line: &[u8]) -> Result<&[u8], Fault> {
    let Some(line) = line.strip_suffix(b"\r\n") else {
        return Err(Fault::Malformed("a line ends in LF without CR"));
    };
    check_octets(line)?;
    if line.first().is_some_and(|octet| is_blank(*octet)) {
        return Err(Fault::Malformed("a line begins with a blank"));
    }
    Ok(line)
}

fn check_octets(octets: &[u8]) -> Result<(), Fault> {
    // Without an early exit the compiler makes this a vector loop.
    let bad = octets.iter().fold(false, |bad, octet| bad | is_control(*octet));
    match bad {
        false => Ok(()),
        true if octets.contains(&b'\r') => Err(Fault::Malformed("a CR without LF")),
        true => Err(Fault::Malformed("a control character")),
    }
}

/// Everything below SP but HTAB, and DEL.
fn is_control(octet: u8) -> bool {
    (octet < b' ' && octet != b'\t') || octet == 0x7f
}

/// SP or HTAB: the only octets that are ever trimmed (H1-15).
pub(crate) fn is_blank(octet: u8) -> bool {
    octet == b' ' || octet == b'\t'
}

/// Trims SP and HTAB from both ends.
pub(crate) fn trim(mut octets: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = octets
        && is_blank(*first)
    {
        octets = rest;
    }
    while let [rest @ .., last] = octets
        && is_blank(*last)
    {
        octets = rest;
    }
    octets
}

/// Whether `octets` are a token (RFC 9110 5.6.2).
pub(crate) fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(|octet| is_token_octet(*octet))
}

/// Whether `octet` may stand in a token.
pub(crate) fn is_token_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

#[cfg(test)]
mod tests;
