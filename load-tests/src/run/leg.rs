//! One request of an exchange, and what its client hears.

use std::time::Duration;

use progress_core::progress::{Grammar, Progress};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::client::{Head, Witness};
use crate::origin::content::Checker;
use crate::scenario::Protocol;
use crate::tally::Interim;

use super::entry::Entry;

/// Hears what comes, and writes it into the book.
#[derive(Debug)]
pub(super) struct Leg<'e> {
    entry: &'e mut Entry,
    hearing: Hearing<'e>,
    moments: &'e Moments,
    /// When the last sign of life came, or else the request went out.
    heard: Option<Instant>,
    /// When the last 102 came.
    head: Option<Instant>,
    checker: Option<Checker>,
    /// The final head, once it has come.
    pub(super) answer: Option<Answer>,
    /// The last status URI that an interim head or a 202 told.
    pub(super) location: Option<String>,
}

/// What is right to hear.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hearing<'a> {
    /// The version of HTTP: 1.0 knows no interim heads.
    pub(super) protocol: Protocol,
    /// Whether 102s were asked for.
    pub(super) asked: Asked,
    /// The longest silence that is not late, if the client is one that reads at once.
    pub(super) heartbeat: Option<Duration>,
    /// What is done with the final response.
    pub(super) answer: Wanted<'a>,
}

/// Whether 102s were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// They were.
    Yes,
    /// They were not, and each of them is wrong.
    No,
    /// They were not, but the gateway is set up to send them nevertheless.
    Anyway,
}

/// What is done with the final response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    /// Its code counts, and its content is that of this path if the scripted origin made it.
    Response(&'a str),
    /// Its code counts, its content is none.
    Code,
    /// Nothing: it is a document on the way to the response.
    Document,
}

/// The final head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Its code.
    pub(super) status: u16,
    /// The seconds in `Retry-After`, if they are there.
    pub(super) retry_after: Option<Duration>,
}

/// What others wait for while the exchange goes on.
#[derive(Debug, Default)]
pub(super) struct Moments {
    /// The request has gone out.
    pub(super) sent: Notify,
    /// The status URI is known.
    pub(super) located: Notify,
}

impl<'e> Leg<'e> {
    pub(super) fn new(entry: &'e mut Entry, hearing: Hearing<'e>, moments: &'e Moments) -> Self {
        Self { entry, hearing, moments, heard: None, head: None, checker: None, answer: None, location: None }
    }

    /// The response is whole: compares its content.
    pub(super) fn whole(&mut self) {
        if self.checker.take().is_some_and(|checker| !checker.is_right()) {
            self.entry.book.open().wrong(self.entry.kind, "wrong result");
        }
    }

    /// Something was heard, or it is too late to.
    fn hear(&mut self, at: Instant) {
        let Self { entry, hearing, heard, .. } = self;
        let mut tally = entry.book.open();
        if !entry.signalled {
            tally.first_signal(entry.kind, at.saturating_duration_since(entry.intended));
            entry.signalled = true;
        }
        if let Some(before) = heard.replace(at)
            && hearing.asked == Asked::Yes
            && hearing.heartbeat.is_some()
        {
            tally.silence(entry.kind, at.saturating_duration_since(before));
        }
    }

    fn wrong(&self, what: &'static str) {
        self.entry.book.open().wrong(self.entry.kind, what);
    }

    /// Completed never falls (PRG-04 and INT rules), and what stands there can be read.
    fn progress(&mut self, head: Head<'_>) {
        match Progress::from_headers(head.fields, Grammar::Strict) {
            None => {}
            Some(Err(_)) => self.wrong("progress unreadable"),
            Some(Ok(progress)) => {
                let completed = progress.fraction.completed;
                if self.entry.completed.replace(completed).is_some_and(|before| completed < before) {
                    self.wrong("progress fell");
                }
            }
        }
    }

    /// What is never right about an interim head.
    fn judge(&mut self, status: u16) {
        if self.answer.is_some() {
            self.wrong("head after final");
        }
        if self.hearing.protocol == Protocol::Http10 {
            self.wrong("interim to http/1.0");
        } else if status == PROCESSING && self.hearing.asked == Asked::No {
            self.wrong("interim unasked");
        }
    }

    fn locate(&mut self, head: Head<'_>) {
        let Some(location) = head.fields.get(http::header::LOCATION) else { return };
        if let Ok(location) = location.to_str()
            && self.location.as_deref() != Some(location)
        {
            self.location = Some(location.to_owned());
            self.moments.located.notify_one();
        }
    }
}

impl Witness for Leg<'_> {
    fn sent(&mut self, at: Instant) {
        self.heard = Some(at);
        self.moments.sent.notify_one();
    }

    fn interim(&mut self, head: Head<'_>, at: Instant) {
        self.judge(head.status);
        self.hear(at);
        self.progress(head);
        let mut interim = Interim { status: head.status, gap: None, lateness: None };
        if head.status == PROCESSING {
            self.locate(head);
            self.entry.heads = self.entry.heads.map(|heads| heads + 1);
            interim.gap = self.head.replace(at).map(|before| at.saturating_duration_since(before));
            let late = |gap: Duration| Some(gap.saturating_sub(self.hearing.heartbeat?));
            interim.lateness = interim.gap.filter(|_| self.hearing.asked == Asked::Yes).and_then(late);
        }
        self.entry.book.open().interim(self.entry.kind, interim);
    }

    fn answered(&mut self, head: Head<'_>, at: Instant) {
        if self.answer.is_some() {
            self.wrong("head after final");
        }
        self.hear(at);
        self.progress(head);
        if head.status == ACCEPTED {
            self.locate(head);
        }
        self.answer = Some(Answer { status: head.status, retry_after: retry_after(head) });
        if self.hearing.answer != Wanted::Document {
            self.entry.book.open().answered(self.entry.kind, head.status);
        }
        if let Wanted::Response(path) = self.hearing.answer {
            self.checker = Checker::of(path, head.fields);
        }
    }

    fn content(&mut self, octets: &[u8], _at: Instant) {
        self.entry.book.open().received(self.entry.kind, octets.len() as u64);
        if let Some(checker) = &mut self.checker {
            checker.take(octets);
        }
    }
}

/// Whoever is cut off, or leaves, has heard nothing since the last head, too.
impl Drop for Leg<'_> {
    fn drop(&mut self) {
        if let (None, Some(before), Asked::Yes, Some(_)) =
            (self.answer, self.heard, self.hearing.asked, self.hearing.heartbeat)
        {
            let silence = Instant::now().saturating_duration_since(before);
            self.entry.book.open().silence(self.entry.kind, silence);
        }
    }
}

/// RFC 2518 10.1.
const PROCESSING: u16 = 102;
/// The answer that tells where the real one will be.
pub(super) const ACCEPTED: u16 = 202;

/// RFC 9110 10.2.3; a date is as good as none.
fn retry_after(head: Head<'_>) -> Option<Duration> {
    let seconds = head.fields.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests;
