//! Language tags of labels: the well-formedness of BCP 47 (RFC 5646 section 2.1), nothing of its registry;
//! and which of several languages somebody is shown.
//!
//! A tag that is not well-formed must not leave the gateway (L10-03), so the only way to a
//! [`LanguageTag`] is [`LanguageTag::parse`].

mod negotiation;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use negotiation::{Languages, MAX_RANGES};

/// A well-formed BCP 47 language tag such as `en`, `ja-JP` or `zh-Hant-TW`, spelled as it came.
///
/// Compared octet for octet. That `en-US` and `EN-us` mean the same, [`LanguageTag::is_same`] knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LanguageTag(Box<str>);

/// The text is no well-formed language tag, or a longer one than [`LanguageTag::MAX_OCTETS`].
///
/// Only records carry tags outside a field value, so this blames whoever wrote the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record holds a malformed language tag: write a BCP 47 tag such as en or zh-Hant-TW")]
pub struct MalformedTag;

impl LanguageTag {
    /// The longest tag that is taken. RFC 5646 section 4.4.1 asks for room for 35 octets; every label
    /// carries its tag, so there must be an end.
    pub const MAX_OCTETS: usize = 64;

    /// Takes `text` if it follows the `Language-Tag` rule of RFC 5646 section 2.1: a langtag, a
    /// private-use tag or a grandfathered tag, in any case. `None` otherwise.
    pub fn parse(text: &str) -> Option<LanguageTag> {
        let short = text.len() <= Self::MAX_OCTETS;
        (short && (is_langtag(text) || is_private_use(text.split('-')) || is_irregular(text)))
            .then(|| LanguageTag(text.into()))
    }

    /// Whether both name one language: case means nothing (RFC 5646 section 2.1.1).
    pub fn is_same(&self, other: &LanguageTag) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }

    /// The tag as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LanguageTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for LanguageTag {
    type Error = MalformedTag;

    fn try_from(text: String) -> Result<LanguageTag, MalformedTag> {
        LanguageTag::parse(&text).ok_or(MalformedTag)
    }
}

impl From<LanguageTag> for String {
    fn from(tag: LanguageTag) -> String {
        tag.0.into_string()
    }
}

/// `langtag`: language, script, region, variants, extensions, private use, in this order.
fn is_langtag(text: &str) -> bool {
    let mut subtags = text.split('-').peekable();
    let language = subtags.next().unwrap_or_default();
    if !is_alpha(language, 2..=8) {
        return false;
    }
    if language.len() <= 3 {
        // extlang: up to three, and only after a two or three letter language
        for _ in 0..3 {
            subtags.next_if(|subtag| is_alpha(subtag, 3..=3));
        }
    }
    subtags.next_if(|subtag| is_alpha(subtag, 4..=4));
    subtags.next_if(|subtag| is_alpha(subtag, 2..=2) || is_digits(subtag));
    while subtags.next_if(|subtag| is_variant(subtag)).is_some() {}
    while subtags.next_if(|subtag| is_singleton(subtag)).is_some() {
        if subtags.next_if(|subtag| is_alphanumeric(subtag, 2..=8)).is_none() {
            return false;
        }
        while subtags.next_if(|subtag| is_alphanumeric(subtag, 2..=8)).is_some() {}
    }
    subtags.peek().is_none() || is_private_use(subtags)
}

/// `privateuse`: an `x` and at least one subtag.
fn is_private_use<'a>(mut subtags: impl Iterator<Item = &'a str>) -> bool {
    subtags.next().is_some_and(|first| first.eq_ignore_ascii_case("x")) && {
        let mut rest = subtags.peekable();
        rest.peek().is_some() && rest.all(|subtag| is_alphanumeric(subtag, 1..=8))
    }
}

fn is_variant(subtag: &str) -> bool {
    let digit_first = subtag.len() == 4 && subtag.as_bytes()[0].is_ascii_digit();
    is_alphanumeric(subtag, 5..=8) || (digit_first && is_alphanumeric(subtag, 4..=4))
}

fn is_singleton(subtag: &str) -> bool {
    is_alphanumeric(subtag, 1..=1) && !subtag.eq_ignore_ascii_case("x")
}

fn is_digits(subtag: &str) -> bool {
    subtag.len() == 3 && subtag.bytes().all(|octet| octet.is_ascii_digit())
}

fn is_alpha(subtag: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&subtag.len()) && subtag.bytes().all(|octet| octet.is_ascii_alphabetic())
}

fn is_alphanumeric(subtag: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&subtag.len()) && subtag.bytes().all(|octet| octet.is_ascii_alphanumeric())
}

fn is_irregular(text: &str) -> bool {
    IRREGULAR.iter().any(|tag| tag.eq_ignore_ascii_case(text))
}

/// The grandfathered tags that break the `langtag` rule; the regular ones follow it.
const IRREGULAR: [&str; 17] = [
    "en-GB-oed",
    "i-ami",
    "i-bnn",
    "i-default",
    "i-enochian",
    "i-hak",
    "i-klingon",
    "i-lux",
    "i-mingo",
    "i-navajo",
    "i-pwn",
    "i-tao",
    "i-tay",
    "i-tsu",
    "sgn-BE-FR",
    "sgn-BE-NL",
    "sgn-CH-DE",
];
