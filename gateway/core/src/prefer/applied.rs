//! `Preference-Applied`: what was honoured (RFC 7240 section 3).

use http::HeaderValue;

use super::MAX_READ;
use super::member::{Member, members};

/// The preferences that the gateway honoured in an exchange (PRF-13).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// `processing`.
    pub processing: bool,
    /// `progress`.
    pub progress: bool,
    /// `respond-async`.
    pub respond_async: bool,
    /// `wait`, with the number of seconds that was really applied.
    pub wait: Option<u64>,
}

impl Applied {
    /// The value of `Preference-Applied`, or `None` if nothing was honoured.
    pub fn print(&self) -> Option<HeaderValue> {
        self.merge(None)
    }

    /// The value of `Preference-Applied` for a response on which the origin put the lines `upstream`:
    /// ours first, then each of the origin's whose name we do not use (PRF-13).
    ///
    /// Parameters, repeated names, and members that are broken or not ASCII (PRG-15) are left out; at
    /// most [`MAX_READ`] members of the origin's are looked at. `None` if nothing remains.
    pub fn merge<'a>(&self, upstream: impl IntoIterator<Item = &'a HeaderValue>) -> Option<HeaderValue> {
        let mut value = self.own();
        let mut origin: Vec<Member<'a>> = Vec::new();
        let lines = upstream.into_iter();
        for member in lines.flat_map(|line| members(line.as_bytes())).take(MAX_READ).filter_map(Member::parse)
        {
            let is_same = |other: &Member<'_>| other.name.eq_ignore_ascii_case(member.name);
            if member.text.is_ascii() && !self.names(member.name) && !origin.iter().any(is_same) {
                push_separated(&mut value, member.text);
                origin.push(member);
            }
        }
        let value = HeaderValue::try_from(value).expect("words and parts of valid values make a valid value");
        (!value.is_empty()).then_some(value)
    }

    fn own(&self) -> Vec<u8> {
        let mut value = Vec::new();
        for (word, honoured) in self.words() {
            if honoured {
                push_separated(&mut value, word.as_bytes());
            }
        }
        if let Some(seconds) = self.wait {
            push_separated(&mut value, format!("wait={seconds}").as_bytes());
        }
        value
    }

    fn names(&self, name: &[u8]) -> bool {
        let is_same = |word: &str| word.as_bytes().eq_ignore_ascii_case(name);
        self.words().into_iter().any(|(word, honoured)| honoured && is_same(word))
            || (self.wait.is_some() && is_same("wait"))
    }

    fn words(&self) -> [(&'static str, bool); 3] {
        [("processing", self.processing), ("progress", self.progress), ("respond-async", self.respond_async)]
    }
}

fn push_separated(value: &mut Vec<u8>, member: &[u8]) {
    if !value.is_empty() {
        value.extend_from_slice(b", ");
    }
    value.extend_from_slice(member);
}
