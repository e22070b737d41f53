//! Which of several languages somebody is shown: `Accept-Language` (RFC 9110 section 12.5.4) by lookup
//! (RFC 4647 section 3.4).
//!
//! Each range is cut from its end until it is one of the languages that there are: who asks for `de-CH`
//! is shown `de`. The weights alone order the ranges; among equal ones whoever offers decides. Where
//! lookup finds nothing RFC 4647 leaves the choice to us: a language that begins with a range (`en-US`
//! for `en`), else the first one that is not refused, else the first.

use std::cmp::Reverse;
use std::sync::Arc;

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use super::LanguageTag;
use crate::quality;

/// The most ranges that are read from one request. Browsers send up to ten; those after it are as if
/// not sent, for each one costs a comparison with each label of each head.
pub const MAX_RANGES: usize = 32;

/// The languages that somebody reads. None at all: whatever comes first.
///
/// Cheap to clone: one pointer, shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Languages(Option<Arc<Wishes>>);

/// Ranges, the most wanted first; at the same weight `*` last.
#[derive(Debug, PartialEq, Eq)]
struct Wishes(Vec<Wish>);

#[derive(Debug, PartialEq, Eq)]
struct Wish {
    range: Range,
    /// In thousandths; 0 refuses.
    weight: u16,
}

#[derive(Debug, PartialEq, Eq)]
enum Range {
    /// A tag or the beginning of tags, at most as long as a tag.
    Named(Box<str>),
    /// `*`: all that no other range names.
    Other,
}

impl Languages {
    /// Nobody in particular.
    pub const ANY: Self = Self(None);

    /// Reads all `Accept-Language` lines of a request. Members that are no ranges, or have no weight
    /// that is one, are as if not sent. Never fails, and allocates nothing if there is no such line.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
        let members = lines.flat_map(|line| line.split(','));
        let mut wishes: Vec<Wish> = members.take(MAX_RANGES).filter_map(Wish::parse).collect();
        wishes.sort_by_key(|wish| (Reverse(wish.weight), wish.range == Range::Other));
        Self((!wishes.is_empty()).then(|| Arc::new(Wishes(wishes))))
    }

    /// The place of the one to show among what is there in these languages, `None` being one that is
    /// not known. Nothing is guessed of it (L10-05): it is chosen as the first, or where anything will do.
    pub fn choose(&self, offered: &[Option<&LanguageTag>]) -> usize {
        match &self.0 {
            Some(wishes) if offered.len() > 1 => Choice { wishes: &wishes.0, offered }.made(),
            _ => 0,
        }
    }
}

impl Wish {
    fn parse(member: &str) -> Option<Self> {
        let mut parts = member.split(';').map(str::trim);
        let range = Range::parse(parts.next()?)?;
        let weight = match parts.next() {
            None => quality::WHOLE,
            Some(part) => {
                let (name, value) = part.split_once('=')?;
                let value = name.trim_end().eq_ignore_ascii_case("q").then_some(value.trim_start())?;
                quality::thousandths(value)?
            }
        };
        Some(Self { range, weight })
    }

    /// What it wants by name.
    fn named(&self) -> Option<&str> {
        match &self.range {
            Range::Named(range) if self.weight > 0 => Some(range),
            _ => None,
        }
    }
}

impl Range {
    /// `language-range` of RFC 4647 section 2.1.
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Other);
        }
        let is_subtag = |subtag: &str| {
            (1..=8).contains(&subtag.len()) && subtag.bytes().all(|octet| octet.is_ascii_alphanumeric())
        };
        let good = text.len() <= LanguageTag::MAX_OCTETS && text.split('-').all(is_subtag);
        good.then(|| Self::Named(text.into()))
    }
}

/// What is wanted, and what there is.
struct Choice<'a> {
    wishes: &'a [Wish],
    offered: &'a [Option<&'a LanguageTag>],
}

impl Choice<'_> {
    fn made(&self) -> usize {
        for equals in self.wishes.chunk_by(|one, other| one.weight == other.weight) {
            let looked_up = equals.iter().filter_map(|wish| self.looked_up(wish.named()?));
            if let Some(found) = looked_up.min() {
                return found;
            }
            let [.., Wish { range: Range::Other, weight: 1.. }] = equals else { continue };
            if let Some(found) = self.begun(equals[0].weight).or_else(|| self.unnamed()) {
                return found;
            }
        }
        self.begun(0).or_else(|| self.find(|_| true)).unwrap_or_default()
    }

    /// Lookup of one range.
    fn looked_up(&self, range: &str) -> Option<usize> {
        std::iter::successors(Some(range), |range| shortened(range))
            .find_map(|range| self.find(|tag| tag.is_some_and(|tag| tag.eq_ignore_ascii_case(range))))
    }

    /// One that begins with a range of at least this weight.
    fn begun(&self, weight: u16) -> Option<usize> {
        let mut wanted = self.wishes.iter().filter(|wish| wish.weight >= weight).filter_map(Wish::named);
        wanted.find_map(|range| self.find(|tag| tag.is_some_and(|tag| begins(tag, range))))
    }

    /// One that no range names.
    fn unnamed(&self) -> Option<usize> {
        self.find(|tag| {
            let names = |wish: &Wish| match (&wish.range, tag) {
                (Range::Named(range), Some(tag)) => begins(tag, range) || begins(range, tag),
                _ => false,
            };
            !self.wishes.iter().any(names)
        })
    }

    /// The first that is so and is not refused.
    fn find(&self, is_so: impl Fn(Option<&str>) -> bool) -> Option<usize> {
        self.offered.iter().position(|tag| {
            let tag = tag.map(LanguageTag::as_str);
            is_so(tag) && !tag.is_some_and(|tag| self.refuses(tag))
        })
    }

    /// Whether the range that names a tag most closely has no weight.
    fn refuses(&self, tag: &str) -> bool {
        let closeness = |wish: &Wish| match &wish.range {
            Range::Other => Some(0),
            Range::Named(range) => begins(tag, range).then_some(range.len()),
        };
        let named = self.wishes.iter().filter_map(|wish| Some((closeness(wish)?, wish.weight)));
        named.max().is_some_and(|(_, weight)| weight == 0)
    }
}

/// A range without its last subtag, nor a singleton that then ends it (RFC 4647 section 3.4).
fn shortened(range: &str) -> Option<&str> {
    let (rest, _) = range.rsplit_once('-')?;
    let singleton = rest.rsplit_once('-').filter(|(_, last)| last.len() == 1);
    Some(singleton.map_or(rest, |(rest, _)| rest))
}

/// Whether a tag is a range or one that goes on after it (RFC 4647 section 3.3.1).
fn begins(tag: &str, range: &str) -> bool {
    let (tag, range) = (tag.as_bytes(), range.as_bytes());
    let same = tag.get(..range.len()).is_some_and(|front| front.eq_ignore_ascii_case(range));
    same && tag.get(range.len()).is_none_or(|next| *next == b'-')
}

#[cfg(test)]
mod tests;
