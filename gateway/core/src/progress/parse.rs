//! `Progress-parse`: the grammar that is accepted.
//!
//! One pass, no recursion, no look back. A failure anywhere is a failure of the whole field (PRP-01).

use crate::blanks::is_blank;
use crate::language::LanguageTag;

use super::{Fraction, Progress, Remark};

/// How literally the grammar is taken (PRP-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// A space stands before every remark.
    Strict,
    /// The space before `(` and `"` may be missing. For what origins send.
    Lenient,
}

/// Why a `Progress` field is ignored. Always the sender's fault; `at` is the offset in the value, in
/// octets from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "`at` is explained once, above")]
pub enum ProgressError {
    /// More than one line in a head (PRP-08).
    #[error("the sender put several Progress lines into one head: send a single one")]
    Repeated,
    /// No fraction where one must be.
    #[error(
        "the sender's Progress lacks a fraction at octet {at}: write it like 3/10, or 3/ without a total"
    )]
    Fraction { at: usize },
    /// A number of more than 40 digits (PRP-02).
    #[error(
        "the sender's Progress has a number of more than 40 digits at octet {at}: count in a larger unit"
    )]
    Digits { at: usize },
    /// More done than there is to do (PRG-04).
    #[error("the sender's Progress has a total below what is completed at octet {at}: raise the total")]
    TotalBelowCompleted { at: usize },
    /// A remark that follows without a space, or something that is no remark.
    #[error("the sender's Progress goes on without a space at octet {at}: separate remarks by one")]
    Separator { at: usize },
    /// A comment without an end, or with an octet that does not belong there.
    #[error("the sender's Progress has a broken comment at octet {at}: close it and escape ( ) and \\")]
    Comment { at: usize },
    /// Comments nested more than 16 deep (PRP-03).
    #[error("the sender's Progress nests comments too deep at octet {at}: escape the parentheses")]
    Nesting { at: usize },
    /// A quoted-string without an end, or with an octet that does not belong there.
    #[error("the sender's Progress has a broken quoted-string at octet {at}: close it and escape \" and \\")]
    Quoted { at: usize },
    /// Neither a fraction nor a text nor an ext-value of RFC 8187.
    #[error(
        "the sender's Progress has an unreadable remark at octet {at}: use a comment, a quoted-string or UTF-8''text"
    )]
    Extended { at: usize },
}

impl Progress {
    /// Reads a value of the `Progress` field (PRP-02 to PRP-09). Numbers saturate at `u64::MAX`.
    pub fn parse(value: &[u8], grammar: Grammar) -> Result<Progress, ProgressError> {
        let mut reader = Reader { value, at: 0 };
        reader.skip_blanks();
        let fraction = reader.fraction()?;
        let mut remarks = Vec::new();
        while let Some(first) = reader.next_remark(grammar)? {
            let remark = reader.remark(first)?;
            if remarks.len() < MAX_REMARKS {
                remarks.push(remark);
            }
        }
        Ok(Progress { fraction, remarks })
    }
}

/// Remarks that are kept. The rest is held to the grammar and dropped: nothing shows more than a label
/// and a step, and a head has room for thousands.
const MAX_REMARKS: usize = 16;

/// PRP-02.
const MAX_DIGITS: usize = 40;

/// PRP-03; the outermost comment counts.
const MAX_NESTING: usize = 16;

struct Reader<'a> {
    value: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Skips to the next remark and tells its first octet; `None` at the end of the value.
    fn next_remark(&mut self, grammar: Grammar) -> Result<Option<u8>, ProgressError> {
        let before = self.at;
        self.skip_blanks();
        match self.peek() {
            None => Ok(None),
            Some(first) if self.at > before => Ok(Some(first)),
            Some(first @ (b'(' | b'"')) if grammar == Grammar::Lenient => Ok(Some(first)),
            Some(_) => Err(ProgressError::Separator { at: self.at }),
        }
    }

    fn remark(&mut self, first: u8) -> Result<Remark, ProgressError> {
        match first {
            b'(' => self.comment().map(Remark::Comment),
            b'"' => self.quoted().map(Remark::Quoted),
            _ if self.is_at_fraction() => self.fraction().map(Remark::Fraction),
            _ => self.extended(),
        }
    }

    /// PRP-04: digits and a slash. Digits and anything else may be a charset's name.
    fn is_at_fraction(&self) -> bool {
        let rest = &self.value[self.at..];
        let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
        digits > 0 && rest.get(digits) == Some(&b'/')
    }

    fn fraction(&mut self) -> Result<Fraction, ProgressError> {
        let at = self.at;
        let completed = self.number()?.ok_or(ProgressError::Fraction { at })?;
        if self.take() != Some(b'/') {
            return Err(ProgressError::Fraction { at });
        }
        let total = self.number()?;
        if total.is_some_and(|total| total < completed) {
            return Err(ProgressError::TotalBelowCompleted { at });
        }
        Ok(Fraction { completed, total })
    }

    fn number(&mut self) -> Result<Option<u64>, ProgressError> {
        let at = self.at;
        let digits = self.take_while(|octet| octet.is_ascii_digit());
        if digits.len() > MAX_DIGITS {
            return Err(ProgressError::Digits { at });
        }
        let value = digits
            .iter()
            .fold(0_u64, |value, digit| value.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
        Ok((!digits.is_empty()).then_some(value))
    }

    fn comment(&mut self) -> Result<Option<String>, ProgressError> {
        let at = self.at;
        let mut text = Vec::new();
        let mut depth = 0;
        loop {
            let octet = self.take().ok_or(ProgressError::Comment { at })?;
            match octet {
                b'(' if depth == MAX_NESTING => return Err(ProgressError::Nesting { at }),
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            match octet {
                b')' if depth == 0 => return Ok(String::from_utf8(text).ok()),
                b'(' if depth == 1 => {}
                b'\\' => text.push(self.take_text().ok_or(ProgressError::Comment { at })?),
                octet if is_text(octet) => text.push(octet),
                _ => return Err(ProgressError::Comment { at }),
            }
        }
    }

    fn quoted(&mut self) -> Result<Option<String>, ProgressError> {
        let at = self.at;
        let mut text = Vec::new();
        self.take();
        loop {
            match self.take() {
                Some(b'"') => return Ok(String::from_utf8(text).ok()),
                Some(b'\\') => text.push(self.take_text().ok_or(ProgressError::Quoted { at })?),
                Some(octet) if is_text(octet) => text.push(octet),
                _ => return Err(ProgressError::Quoted { at }),
            }
        }
    }

    /// RFC 8187 section 3.2.1. Text in a tag's place that is no language tag counts as none.
    fn extended(&mut self) -> Result<Remark, ProgressError> {
        let broken = ProgressError::Extended { at: self.at };
        let charset = ascii(self.take_while(is_charset_octet));
        if charset.is_empty() || self.take() != Some(b'\'') {
            return Err(broken);
        }
        let language = ascii(self.take_while(|octet| octet.is_ascii_alphanumeric() || octet == b'-'));
        if self.take() != Some(b'\'') {
            return Err(broken);
        }
        let encoded = self.take_while(|octet| octet == b'%' || is_attr_char(octet));
        if !has_whole_escapes(encoded) {
            return Err(broken);
        }
        Ok(Remark::Extended {
            charset: charset.to_owned(),
            language: LanguageTag::parse(language),
            text: decode(charset, encoded),
        })
    }

    fn skip_blanks(&mut self) {
        self.take_while(is_blank);
    }

    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.value[self.at..];
        let length = rest.iter().take_while(|octet| belongs(**octet)).count();
        self.at += length;
        &rest[..length]
    }

    /// The second half of a quoted-pair.
    fn take_text(&mut self) -> Option<u8> {
        self.take().filter(|octet| is_text(*octet))
    }

    fn take(&mut self) -> Option<u8> {
        let octet = self.peek()?;
        self.at += 1;
        Some(octet)
    }

    fn peek(&self) -> Option<u8> {
        self.value.get(self.at).copied()
    }
}

/// PRP-05, PRP-06: U+FFFD for what cannot be decoded, `None` for a charset we do not know.
fn decode(charset: &str, encoded: &[u8]) -> Option<String> {
    let octets = percent_encoding::percent_decode(encoded);
    if charset.eq_ignore_ascii_case("UTF-8") {
        Some(octets.decode_utf8_lossy().into_owned())
    } else if charset.eq_ignore_ascii_case("ISO-8859-1") {
        Some(octets.map(char::from).collect())
    } else {
        None
    }
}

fn has_whole_escapes(encoded: &[u8]) -> bool {
    encoded
        .iter()
        .enumerate()
        .filter(|(_, octet)| **octet == b'%')
        .all(|(at, _)| encoded.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)))
}

/// The classes below hold ASCII only, so nothing is lost.
fn ascii(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).unwrap_or_default()
}

/// HTAB, SP, VCHAR and obs-text (RFC 9110 section 5.6.4).
fn is_text(octet: u8) -> bool {
    octet == b'\t' || (octet >= b' ' && octet != 0x7F)
}

/// `mime-charsetc` of RFC 8187 section 3.2.1.
fn is_charset_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&+-^_`{}~".contains(&octet)
}

/// `attr-char` of RFC 8187 section 3.2.1.
fn is_attr_char(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&octet)
}
