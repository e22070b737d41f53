//! List members of `Prefer` and `Preference-Applied`: finding them, and taking one apart.
//!
//! ```text
//! Prefer     = #preference
//! preference = pref-param *( OWS ";" [ OWS pref-param ] )
//! pref-param = token [ BWS "=" BWS ( token / quoted-string ) ]
//! ```

use std::time::Duration;

use crate::blanks::{skip_blanks, trim_blanks};

/// The members of one line, without the blanks around them and without empty ones.
///
/// A comma inside a quoted-string does not end a member. After a quote that is never closed, quotes are
/// ordinary octets, so that the members behind the broken one can still be used (PRF-03).
pub(super) fn members(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    let mut quotes = Quotes::Paired;
    std::iter::from_fn(move || {
        let text = rest?;
        let end = member_end(text, &mut quotes);
        rest = text.get(end + 1..);
        Some(trim_blanks(&text[..end]))
    })
    .filter(|member| !member.is_empty())
}

/// A well-formed member. Its parameters were checked and are not kept: no word that we know has any.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    /// The name of the preference, in the case it was written in.
    pub(super) name: &'a [u8],
    /// Its value.
    pub(super) value: Value<'a>,
    /// Name and value as written, without the parameters.
    pub(super) text: &'a [u8],
}

/// A value as it stands on the wire. A quoted value means the same as the bare one (PRF-01).
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Absent,
    Token(&'a [u8]),
    /// What stands between the quotes, with its escapes.
    Quoted(&'a [u8]),
}

// === impl Member ===

impl<'a> Member<'a> {
    /// Takes a member apart; `None` if it is broken.
    pub(super) fn parse(member: &'a [u8]) -> Option<Member<'a>> {
        let (name, value, mut rest) = parameter(member)?;
        let text = &member[..member.len() - rest.len()];
        loop {
            rest = skip_blanks(rest);
            let Some((separator, behind)) = rest.split_first() else {
                return Some(Member { name, value, text });
            };
            if *separator != b';' {
                return None;
            }
            rest = skip_blanks(behind);
            if !matches!(rest.first(), None | Some(b';')) {
                (_, _, rest) = parameter(rest)?;
            }
        }
    }
}

/// One `pref-param` and what follows it.
fn parameter(text: &[u8]) -> Option<(&[u8], Value<'_>, &[u8])> {
    let (name, rest) = token(text)?;
    let Some(value) = skip_blanks(rest).strip_prefix(b"=") else {
        return Some((name, Value::Absent, rest));
    };
    let value = skip_blanks(value);
    if value.first() == Some(&b'"') {
        let end = closing_quote(value)?;
        return Some((name, Value::Quoted(&value[1..end]), &value[end + 1..]));
    }
    let (value, rest) = token(value)?;
    Some((name, Value::Token(value), rest))
}

fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = text.iter().take_while(|octet| is_token_octet(**octet)).count();
    (length > 0).then(|| text.split_at(length))
}

// === impl Value ===

impl Value<'_> {
    /// An empty value is no value (PRF-01).
    pub(super) fn is_empty(&self) -> bool {
        self.octets().next().is_none()
    }

    /// Compares the meaning; values are case-sensitive (PRF-01).
    pub(super) fn equals(&self, text: &[u8]) -> bool {
        self.octets().eq(text.iter().copied())
    }

    /// Reads a number of seconds, at most [`u32::MAX`]; `None` for anything but digits (PRF-05).
    pub(super) fn seconds(&self) -> Option<Duration> {
        let seconds = self.octets().try_fold(0_u32, |seconds, octet| {
            let digit = char::from(octet).to_digit(10)?;
            Some(seconds.saturating_mul(10).saturating_add(digit))
        })?;
        (!self.is_empty()).then(|| Duration::from_secs(seconds.into()))
    }

    /// The octets that are meant, quoted-pairs resolved.
    fn octets(&self) -> impl Iterator<Item = u8> {
        let (raw, escape) = match *self {
            Value::Absent => (&[][..], None),
            Value::Token(raw) => (raw, None),
            Value::Quoted(raw) => (raw, Some(b'\\')),
        };
        let mut raw = raw.iter().copied();
        std::iter::from_fn(move || {
            raw.next().and_then(|octet| if Some(octet) == escape { raw.next() } else { Some(octet) })
        })
    }
}

// === finding members ===

enum Quotes {
    Paired,
    /// One was never closed.
    Broken,
}

/// Where the first member of `text` ends. Linear over a whole line: a quote that is never closed is
/// looked for once.
fn member_end(text: &[u8], quotes: &mut Quotes) -> usize {
    let mut at = 0;
    while let Some(octet) = text.get(at) {
        match (octet, &quotes) {
            (b',', _) => break,
            (b'"', Quotes::Paired) => match closing_quote(&text[at..]) {
                Some(length) => at += length,
                None => *quotes = Quotes::Broken,
            },
            _ => {}
        }
        at += 1;
    }
    at
}

/// The place of the quote that closes the one `text` begins with.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// `tchar` (RFC 9110 section 5.6.2).
fn is_token_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}
