//! How the tour looks.

mod sights;

use std::fmt;
use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};

use super::Verdict;
use crate::logging;
pub(super) use sights::Sights;

/// Fields that are shown, in this order; the others are left to curl.
const SHOWN: [(&str, &str); 6] = [
    ("progress", "Progress"),
    ("location", "Location"),
    ("status-uri", "Status-URI"),
    ("preference-applied", "Preference-Applied"),
    ("retry-after", "Retry-After"),
    ("link", "Link"),
];

/// Under the fields of a head: time, status and the spaces between.
const INDENT: &str = "                  ";

/// Whether the screen knows colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// Plain text.
    None,
    /// ANSI escape sequences.
    Ansi,
}

/// Where the tour is shown. If nobody can see it any more, it goes on: its exit code says enough.
pub struct Screen<'o> {
    out: &'o mut (dyn Write + Send),
    colours: Colours,
}

/// What an answer's content is to a visitor.
pub(super) enum Stop {
    /// A status document.
    Document { status: String, percent: Option<f64>, message: Option<String> },
    /// Anything else.
    Text(String),
}

#[derive(Clone, Copy)]
enum Ink {
    Title,
    Quiet,
    Interim,
    Final,
    Missed,
}

impl<'o> Screen<'o> {
    /// A screen that writes to `out`.
    pub fn new(out: &'o mut (dyn Write + Send), colours: Colours) -> Self {
        Self { out, colours }
    }

    /// What stands where.
    pub(super) fn welcome(&mut self, sights: &Sights<'_>) {
        self.line(Ink::Title, "progress-gateway demo");
        for (what, line) in sights.places() {
            let what = self.ink(Ink::Quiet, &format!("{what:<9}"));
            self.show(format_args!("  {what} {line}"));
        }
    }

    /// A request goes out.
    pub(super) fn asking(&mut self, protocol: &str, request_line: &str) {
        let protocol = self.ink(Ink::Title, &format!("{protocol:<9}"));
        self.show(format_args!("\n{protocol} {request_line}"));
    }

    /// An interim head has come.
    pub(super) fn head(&mut self, elapsed: Duration, head: &Response<()>) {
        let fields = shown(head.headers());
        if fields.is_empty() {
            let note = self.ink(Ink::Quiet, "(a sign of life)");
            self.first_line(elapsed, head.status(), &note);
        }
        self.fields(elapsed, head.status(), &fields);
    }

    /// The final response has come.
    pub(super) fn answer(&mut self, elapsed: Duration, answer: &Response<Bytes>, stop: &Stop) {
        match stop {
            Stop::Document { status, percent, message } => {
                let done = percent.map(|percent| format!(" {percent:.0} %")).unwrap_or_default();
                let message = message.as_deref().map(|message| format!(" ({message})")).unwrap_or_default();
                self.first_line(elapsed, answer.status(), &format!("{status}{done}{message}"));
                self.more_fields(&shown(answer.headers()));
            }
            Stop::Text(text) => {
                self.fields(elapsed, answer.status(), &shown(answer.headers()));
                for line in text.lines() {
                    let bar = self.ink(Ink::Quiet, "|");
                    self.show(format_args!("{INDENT}{bar} {line}"));
                }
            }
        }
    }

    /// A protocol's part is over.
    pub(super) fn leg_over(&mut self, missed: &[String]) {
        if missed.is_empty() {
            let ok = self.ink(Ink::Final, "as promised");
            self.show(format_args!("          {ok}"));
        }
        for promise in missed {
            let label = self.ink(Ink::Missed, "MISSED:");
            self.show(format_args!("          {label} {promise}"));
        }
    }

    /// The tour is over.
    pub(super) fn verdict(&mut self, verdict: Verdict) {
        self.show(format_args!(""));
        match verdict {
            Verdict::AsPromised => self.line(Ink::Final, "Every protocol saw what it should."),
            Verdict::Otherwise => {
                self.line(Ink::Missed, "Not every protocol saw what it should; look for MISSED above.");
                self.show(format_args!("{}=info shows what the gateway logged.", logging::VARIABLE));
            }
        }
    }

    /// What to try next.
    pub(super) fn suggestions(&mut self, sights: &Sights<'_>) {
        self.show(format_args!(""));
        self.line(Ink::Title, "Try it yourself; the gateway serves until Ctrl-C:");
        for (what, command) in sights.commands() {
            let what = self.ink(Ink::Quiet, &format!("# {what}"));
            self.show(format_args!("\n  {what}\n  {command}"));
        }
        self.show(format_args!(""));
    }

    fn fields(&mut self, elapsed: Duration, status: StatusCode, fields: &[String]) {
        if let Some((first, more)) = fields.split_first() {
            self.first_line(elapsed, status, first);
            self.more_fields(more);
        }
    }

    fn first_line(&mut self, elapsed: Duration, status: StatusCode, text: &str) {
        let time = self.ink(Ink::Quiet, &format!("{:>9.2} s", elapsed.as_secs_f64()));
        let ink = match status {
            status if status.is_informational() => Ink::Interim,
            status if status.is_success() => Ink::Final,
            _ => Ink::Missed,
        };
        let status = self.ink(ink, status.as_str());
        self.show(format_args!("{time}  {status}  {text}"));
    }

    fn more_fields(&mut self, fields: &[String]) {
        for field in fields {
            self.show(format_args!("{INDENT}{field}"));
        }
    }

    fn line(&mut self, ink: Ink, text: &str) {
        let text = self.ink(ink, text);
        self.show(format_args!("{text}"));
    }

    fn show(&mut self, line: fmt::Arguments<'_>) {
        let _ = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
    }

    fn ink(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Title => "1",
            Ink::Quiet => "2",
            Ink::Interim => "36",
            Ink::Final => "32",
            Ink::Missed => "31",
        };
        match self.colours {
            Colours::None => text.to_owned(),
            Colours::Ansi => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

impl fmt::Debug for Screen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").field("colours", &self.colours).finish_non_exhaustive()
    }
}

fn shown(fields: &HeaderMap) -> Vec<String> {
    let lines = SHOWN.iter().flat_map(|(key, name)| {
        let values = fields.get_all(*key).iter();
        values.map(move |value| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
    });
    lines.collect()
}

#[cfg(test)]
mod tests;
