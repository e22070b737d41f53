//! A status document as a page for people: live with a script, reloaded by itself without.
//!
//! Labels and targets are other people's text: they are escaped here, set as text by the script, and
//! isolated from the direction of the text around them (S-15, SEC-08).

use std::fmt::{self, Write};

use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderMap, HeaderName, HeaderValue};
use progress_core::document::{Status, StatusDocument};
use progress_core::event::Outcome;
use progress_core::language::{LanguageTag, Languages};
use progress_core::operation::Phase;
use progress_core::progress::Reported;
use status_store::clock;

use super::View;
use super::asset::{Asset, VERSION};

/// Nothing but our own script and style, and no page of others around it (S-15, S-19).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The longest that a reader without scripts looks at an old state, in seconds.
const LONGEST_REFRESH: i64 = 10;

/// Confines what the page can do, and who can look at it.
pub(super) fn confine(fields: &mut HeaderMap) {
    const OPENERS: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
    fields.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    fields.insert(OPENERS, HeaderValue::from_static("same-origin"));
}

/// The page, for who reads these languages.
pub(super) fn html(view: &View, languages: &Languages) -> String {
    let page = Page::of(view.document(languages), view.retry_after());
    let mut html = String::with_capacity(2_048);
    // Writing to a string cannot fail.
    let _ = page.head(&mut html).and_then(|()| page.body(&mut html));
    html
}

/// What the page shows.
struct Page<'a> {
    document: StatusDocument<'a>,
    status: Status,
    reported: Option<&'a Reported>,
    percent: Option<f64>,
    /// The status URI from its path on: the page may have been read under another name of ours.
    path: &'a str,
    /// What the files of the page lie below.
    below: &'a str,
    refresh: i64,
}

impl<'a> Page<'a> {
    fn of(document: StatusDocument<'a>, retry_after: i64) -> Self {
        let reported = document.snapshot.progress.as_ref().map(|progress| &progress.reported);
        let path = path_of(document.uri);
        Self {
            status: Status::of(&document.snapshot.phase),
            reported,
            percent: reported.and_then(|reported| reported.fraction.percent()),
            path,
            below: path.rfind('/').map_or("", |last| &path[..=last]),
            refresh: retry_after.min(LONGEST_REFRESH),
            document,
        }
    }

    fn head(&self, html: &mut String) -> fmt::Result {
        let (below, words) = (Escaped(self.below), words(self.status));
        html.push_str(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"robots\" content=\"noindex\">\n",
        );
        match self.percent {
            Some(percent) => writeln!(html, "<title>{percent} % · {words}</title>")?,
            None => writeln!(html, "<title>{words}</title>")?,
        }
        if !self.document.snapshot.is_finished() {
            let refresh = self.refresh;
            writeln!(html, "<noscript><meta http-equiv=\"refresh\" content=\"{refresh}\"></noscript>")?;
        }
        let (style, script) = (Asset::Style.name(), Asset::Script.name());
        writeln!(html, "<link rel=\"stylesheet\" href=\"{below}{style}?v={VERSION:x}\">")?;
        writeln!(html, "<script src=\"{below}{script}?v={VERSION:x}\" defer></script>\n</head>")
    }

    fn body(&self, html: &mut String) -> fmt::Result {
        let (path, times) = (Escaped(self.path), self.document.times);
        let now = clock::now().as_millisecond();
        write!(html, "<body>\n<main id=\"operation\" data-uri=\"{path}\" data-now=\"{now}\"")?;
        write!(html, " data-created=\"{}\"", times.create.as_millisecond())?;
        if let Some(end) = times.end {
            write!(html, " data-ended=\"{}\"", end.as_millisecond())?;
        }
        writeln!(html, " data-status=\"{}\">", self.status.word())?;
        writeln!(html, "<h1 id=\"status\" role=\"status\">{}</h1>", words(self.status))?;
        let target = self.document.request.path().split('?').next().unwrap_or_default();
        let method = self.document.request.method.as_str();
        let (method, target) = (Escaped(method), Escaped(target));
        writeln!(html, "<p class=\"request\"><bdi>{method} {target}</bdi></p>")?;
        self.bar(html)?;
        self.label(html)?;
        let ended = times.end.map_or(now, jiff::Timestamp::as_millisecond);
        let elapsed = Elapsed((ended - times.create.as_millisecond()).max(0) / 1_000);
        writeln!(html, "<p>Elapsed: <time id=\"elapsed\" role=\"timer\">{elapsed}</time></p>")?;
        self.ending(html)?;
        html.push_str("</main>\n</body>\n</html>\n");
        Ok(())
    }

    /// The bar. Without a total it shows only that something goes on.
    fn bar(&self, html: &mut String) -> fmt::Result {
        let over = self.document.snapshot.is_finished();
        html.push_str("<progress id=\"bar\" role=\"progressbar\" aria-label=\"Progress\" max=\"100\"");
        html.push_str(" aria-valuemin=\"0\" aria-valuemax=\"100\"");
        match self.percent {
            Some(percent) => write!(html, " value=\"{percent}\" aria-valuenow=\"{percent}\"")?,
            None if over => html.push_str(" hidden"),
            None => {}
        }
        html.push_str("></progress>\n<p id=\"fraction\">");
        if let Some(reported) = self.reported {
            write!(html, "{}", reported.fraction.completed)?;
            if let Some(total) = reported.fraction.total {
                write!(html, " of {total}")?;
            }
            if let Some(unit) = &reported.unit {
                write!(html, " <bdi>{}</bdi>", Escaped(unit))?;
            }
        }
        html.push_str("</p>\n");
        Ok(())
    }

    fn label(&self, html: &mut String) -> fmt::Result {
        let label = self.document.label();
        let language = label.and_then(|label| label.language.as_ref()).map_or("", LanguageTag::as_str);
        let text = label.map_or("", |label| label.text.as_str());
        let (language, text) = (Escaped(language), Escaped(text));
        writeln!(html, "<p class=\"label\"><bdi id=\"label\" lang=\"{language}\">{text}</bdi></p>")
    }

    fn ending(&self, html: &mut String) -> fmt::Result {
        let problem = Escaped(self.document.error().unwrap_or_default());
        writeln!(html, "<p id=\"problem\" role=\"alert\">{problem}</p>")?;
        let responded = matches!(self.document.snapshot.phase, Phase::Finished(Outcome::Responded(_)));
        let hidden = if responded { "" } else { " hidden" };
        let path = Escaped(self.path);
        writeln!(html, "<p><a id=\"result\" href=\"{path}/result\"{hidden}>Open the result</a></p>")?;
        // Shown by the script: without it a button could do nothing.
        html.push_str("<p><button id=\"cancel\" type=\"button\" hidden>Cancel</button></p>\n");
        Ok(())
    }
}

/// What follows scheme and authority.
fn path_of(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.find('/').map_or("/", |first| &rest[first..])
}

/// The status as a heading.
const fn words(status: Status) -> &'static str {
    match status {
        Status::NotStarted => "Not started",
        Status::Running => "Running",
        Status::Canceling => "Canceling",
        Status::Succeeded => "Succeeded",
        Status::Failed => "Failed",
        Status::Canceled => "Canceled",
    }
}

/// Text between tags or inside a quoted attribute.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            _ => f.write_char(character),
        })
    }
}

/// Seconds as `m:ss` or `h:mm:ss`.
struct Elapsed(i64);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes, seconds) = (self.0 / 3_600, self.0 / 60 % 60, self.0 % 60);
        if hours > 0 {
            write!(f, "{hours}:{minutes:02}:{seconds:02}")
        } else {
            write!(f, "{minutes}:{seconds:02}")
        }
    }
}

#[cfg(test)]
mod tests;
