//! The text of a progress point, made harmless once and kept so.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::language::LanguageTag;

/// The longest text of a label, in octets of UTF-8 before any escaping (PRG-10).
pub(super) const MAX_TEXT: usize = 200;

/// A short text for people, with its language if the sender named one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The text. Untrusted: escape it where it is shown (SEC-08).
    pub text: String,
    /// Its language. Never guessed (L10-05).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<LanguageTag>,
}

impl Label {
    /// A label of `text` without control characters, doubled spaces and blank ends (PRG-09), cut to
    /// 200 octets on a character boundary (PRG-10). `None` if nothing is left.
    pub fn sanitized(text: &str, language: Option<LanguageTag>) -> Option<Label> {
        let text = sanitize(text);
        (!text.is_empty()).then(|| Label { text: text.into_owned(), language })
    }
}

/// PRG-09, then PRG-10. Borrows a text that is clean already; doing it twice changes nothing.
pub(super) fn sanitize(text: &str) -> Cow<'_, str> {
    if is_clean(text) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len().min(MAX_TEXT));
    let mut gap = "";
    for character in text.chars() {
        if character == ' ' || character.is_control() {
            gap = if clean.is_empty() { "" } else { " " };
        } else if clean.len() + gap.len() + character.len_utf8() > MAX_TEXT {
            break;
        } else {
            clean.push_str(gap);
            clean.push(character);
            gap = "";
        }
    }
    Cow::Owned(clean)
}

fn is_clean(text: &str) -> bool {
    text.len() <= MAX_TEXT
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
        && !text.chars().any(char::is_control)
}
