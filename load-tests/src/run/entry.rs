//! One arrival in the book, from its beginning to its end.

use tokio::time::Instant;

use crate::tally::Ended;

use super::book::Book;

/// An exchange that was begun. Whatever becomes of it, its end is written down once: by
/// [`Entry::end`], or when it is dropped because the run is over.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) book: Book,
    pub(super) kind: usize,
    /// When it should have begun: latency counts from here.
    pub(super) intended: Instant,
    /// 102s until now; `None` if the client has not asked for any.
    pub(super) heads: Option<u64>,
    /// Whether any sign of an answer has come.
    pub(super) signalled: bool,
    /// What the operation said last of how much is done.
    pub(super) completed: Option<u64>,
    /// What it means if the run is over first; `None` once the end is written down.
    left_open: Option<Ended>,
}

/// How an exchange came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// With a final response.
    Answered,
    /// By the client, as it meant to.
    AsIntended,
    /// Not as it should.
    Failed(Failed),
}

/// Why one did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// What it is counted under.
    pub(super) kind: &'static str,
    /// What happened, in full.
    pub(super) words: String,
}

impl Entry {
    /// Writes the beginning down. `left_open` is what the end of the run makes of it.
    pub(super) fn begin(book: &Book, kind: usize, (intended, left_open): (Instant, Ended)) -> Self {
        book.open().begun(kind, Instant::now().saturating_duration_since(intended));
        Self {
            book: book.clone(),
            kind,
            intended,
            heads: None,
            signalled: false,
            completed: None,
            left_open: Some(left_open),
        }
    }

    /// Writes the end down.
    pub(super) fn end(mut self, how: Close) {
        let how = match how {
            Close::Answered => Ended::Answered {
                latency: Instant::now().saturating_duration_since(self.intended),
                heads: self.heads,
            },
            Close::AsIntended => Ended::AsIntended,
            Close::Failed(Failed { kind, words }) => Ended::Failed { kind, words },
        };
        self.left_open = Some(how);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(how) = self.left_open.take() {
            self.book.open().ended(self.kind, how);
        }
    }
}

impl From<Result<Close, Failed>> for Close {
    fn from(outcome: Result<Close, Failed>) -> Self {
        outcome.unwrap_or_else(Self::Failed)
    }
}
