//! `Prefer` towards the origin.

use http::{HeaderMap, HeaderValue};

use super::member::{Member, members};
use super::{FIELD, Preferences, Word};

/// The preferences that the gateway honours itself, so that the origin must not see them: it would
/// answer with a 202 of its own (PRF-15).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Honoured {
    /// `respond-async`.
    pub respond_async: bool,
    /// `wait`.
    pub wait: bool,
}

impl Preferences {
    /// The `Prefer` lines to send to the origin in place of those in `headers`: every occurrence of
    /// what is `honoured` is gone, every other member stands as it was written, broken ones too
    /// (PRF-12, PRF-15). The list may be empty.
    ///
    /// `None` means that there is nothing to remove and the lines can stay; then nothing was allocated.
    pub fn forwarded(headers: &HeaderMap, honoured: Honoured) -> Option<Vec<HeaderValue>> {
        let lines = headers.get_all(FIELD);
        let goes = |member: &[u8]| honoured.covers(member);
        if !lines.iter().any(|line| members(line.as_bytes()).any(goes)) {
            return None;
        }
        Some(lines.iter().filter_map(|line| without(line, goes)).collect())
    }
}

impl Honoured {
    fn covers(self, member: &[u8]) -> bool {
        match Member::parse(member).as_ref().and_then(Word::of) {
            Some(Word::RespondAsync) => self.respond_async,
            Some(Word::Wait) => self.wait,
            _ => false,
        }
    }
}

/// `line` without the members that go; `None` if none is left. As long as the line at most, but for a
/// space after each comma.
fn without(line: &HeaderValue, goes: impl Fn(&[u8]) -> bool) -> Option<HeaderValue> {
    if !members(line.as_bytes()).any(&goes) {
        return Some(line.clone());
    }
    let mut kept = Vec::with_capacity(line.len());
    for member in members(line.as_bytes()).filter(|member| !goes(member)) {
        if !kept.is_empty() {
            kept.extend_from_slice(b", ");
        }
        kept.extend_from_slice(member);
    }
    let value = HeaderValue::try_from(kept).expect("parts of a valid value make a valid value");
    (!value.is_empty()).then_some(value)
}
