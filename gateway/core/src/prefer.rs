//! The `Prefer` field (RFC 7240 with erratum 4439): what a client asks for, what the origin is told of
//! it, and what we say we did.

mod applied;
mod forwarded;
mod member;

use std::time::Duration;

use http::{HeaderMap, HeaderName};

use crate::progress::Dialect;
use member::{Member, members};

pub use applied::Applied;
pub use forwarded::Honoured;

/// The name of the request field.
pub const FIELD: HeaderName = HeaderName::from_static("prefer");

/// The name of the response field that tells what was honoured.
pub const APPLIED_FIELD: HeaderName = HeaderName::from_static("preference-applied");

/// The most preferences that are read from one request (I-26). Those after it are as if not sent.
pub const MAX_READ: usize = 32;

/// What a client prefers, as far as the gateway knows the word. Data from the wire: what comes of it is
/// for the route to decide.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent words of a request, each there or not")]
pub struct Preferences {
    /// `processing`: 102 heads are welcome.
    pub processing: bool,
    /// `progress`: the same, and labels as comments (PRF-10).
    pub progress: bool,
    /// `respond-async`: a 202 is welcome.
    pub respond_async: bool,
    /// `wait=n`: hold the answer this long, in whole seconds of at most [`u32::MAX`]. Not yet clamped to
    /// what the route allows (PRF-05).
    pub wait: Option<Duration>,
    /// `return=minimal`, unless `return=representation` stands beside it (PRF-11).
    pub minimal: bool,
}

impl Preferences {
    /// Reads all `Prefer` lines in order (PRF-01).
    ///
    /// The first occurrence of a word decides (PRF-02), also if it is unusable, as in `processing=0`:
    /// that word is absent then (PRF-04). Broken list members are skipped (PRF-03). Never fails, and
    /// allocates nothing.
    pub fn from_headers(headers: &HeaderMap) -> Preferences {
        let lines = headers.get_all(FIELD).iter();
        let mut first = FirstOf::default();
        let mut asks_representation = false;
        for member in lines.flat_map(|line| members(line.as_bytes())).take(MAX_READ).filter_map(Member::parse)
        {
            let Some(word) = Word::of(&member) else { continue };
            asks_representation |= word == Word::Return && member.value.equals(b"representation");
            first.slot(word).get_or_insert(member);
        }
        let bare = |member: Option<Member<'_>>| member.is_some_and(|member| member.value.is_empty());
        Preferences {
            processing: bare(first.processing),
            progress: bare(first.progress),
            respond_async: bare(first.respond_async),
            wait: first.wait.and_then(|member| member.value.seconds()),
            minimal: !asks_representation
                && first.answer.is_some_and(|member| member.value.equals(b"minimal")),
        }
    }

    /// The client asks for 102 heads, by either word (PRF-10).
    pub fn opted_in(&self) -> bool {
        self.processing || self.progress
    }

    /// The form of labels that the client knows (PRG-11).
    pub fn dialect(&self) -> Dialect {
        if self.progress { Dialect::Comment } else { Dialect::Plain }
    }
}

/// The preferences the gateway knows. Names are case-insensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Processing,
    Progress,
    RespondAsync,
    Wait,
    Return,
}

impl Word {
    fn of(member: &Member<'_>) -> Option<Word> {
        let known: [(&[u8], Word); 5] = [
            (b"processing", Word::Processing),
            (b"progress", Word::Progress),
            (b"respond-async", Word::RespondAsync),
            (b"wait", Word::Wait),
            (b"return", Word::Return),
        ];
        known.into_iter().find(|(name, _)| member.name.eq_ignore_ascii_case(name)).map(|(_, word)| word)
    }
}

/// The first occurrence of each word.
#[derive(Default)]
struct FirstOf<'a> {
    processing: Option<Member<'a>>,
    progress: Option<Member<'a>>,
    respond_async: Option<Member<'a>>,
    wait: Option<Member<'a>>,
    answer: Option<Member<'a>>,
}

impl<'a> FirstOf<'a> {
    fn slot(&mut self, word: Word) -> &mut Option<Member<'a>> {
        match word {
            Word::Processing => &mut self.processing,
            Word::Progress => &mut self.progress,
            Word::RespondAsync => &mut self.respond_async,
            Word::Wait => &mut self.wait,
            Word::Return => &mut self.answer,
        }
    }
}
