//! A head as a line: of JSON, or for people.

use std::collections::BTreeMap;
use std::time::Duration;

use downstream::Protocol;
use http::Response;
use progress_core::progress::{Grammar, Progress, Reported};
use serde::Serialize;

use super::plain;
use super::teller::Told;

/// A line of `--json`.
#[derive(Serialize)]
struct HeadJson<'a> {
    kind: &'static str,
    protocol: &'static str,
    method: &'a str,
    url: String,
    status: u16,
    /// Each value is a list, also of one line.
    fields: BTreeMap<&'a str, Vec<String>>,
    progress: Option<ProgressJson>,
    /// Seconds since the beginning.
    elapsed: f64,
}

/// With the names of a status document (SDM-04).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProgressJson {
    completed: u64,
    total: Option<u64>,
    percent_complete: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

/// What a head says of progress; nothing if it cannot be read (PRP-01).
pub(super) fn reported(head: &Response<()>) -> Option<Reported> {
    let progress = Progress::from_headers(head.headers(), Grammar::Lenient)?;
    progress.ok().map(|progress| Reported::from_progress(&progress))
}

/// With its end of line.
pub(super) fn json(told: &Told<'_>, elapsed: Duration) -> String {
    let mut fields: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, value) in told.head.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        fields.entry(name.as_str()).or_default().push(value);
    }
    let line = HeadJson {
        kind: if told.head.status().is_informational() { "interim" } else { "final" },
        protocol: name(told.protocol),
        method: told.method.as_str(),
        url: told.uri.to_string(),
        status: told.head.status().as_u16(),
        fields,
        progress: reported(told.head).map(ProgressJson::from),
        elapsed: (elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
    };
    // Strings, numbers and lists: nothing in it can fail.
    let json = serde_json::to_string(&line).expect("every value has a form in JSON");
    plain::json(&json) + "\n"
}

/// Without its end of line, harmless.
pub(super) fn text(told: &Told<'_>, elapsed: Duration) -> String {
    let progress = reported(told.head).map(|reported| format!("  {}", fraction(&reported)));
    format!("{:>7.1} s  {}{}", elapsed.as_secs_f64(), status(told), progress.unwrap_or_default())
}

/// Such as `HTTP/2 201 Created`.
pub(super) fn status(told: &Told<'_>) -> String {
    format!("{} {}", name(told.protocol), told.head.status())
}

/// Such as `3/10 (30 %) Copying`.
fn fraction(reported: &Reported) -> String {
    let percent = reported.fraction.percent().map(|percent| format!(" ({percent} %)"));
    let label = label(reported).map(|label| format!(" {label}"));
    format!("{}{}{}", reported.fraction, percent.unwrap_or_default(), label.unwrap_or_default())
}

/// The label, harmless.
pub(super) fn label(reported: &Reported) -> Option<String> {
    let label = reported.label.as_ref().map(|label| plain::text(&label.text));
    label.filter(|label| !label.trim().is_empty())
}

pub(super) fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http10 => "HTTP/1.0",
        Protocol::Http11 => "HTTP/1.1",
        Protocol::H2 => "HTTP/2",
        Protocol::H3 => "HTTP/3",
    }
}

impl From<Reported> for ProgressJson {
    fn from(reported: Reported) -> Self {
        let (message, language) = match reported.label {
            Some(label) => (Some(label.text), label.language.map(|language| language.as_str().to_owned())),
            None => (None, None),
        };
        Self {
            completed: reported.fraction.completed,
            total: reported.fraction.total,
            percent_complete: reported.fraction.percent(),
            message,
            language,
        }
    }
}
