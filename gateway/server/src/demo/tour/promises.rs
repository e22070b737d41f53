//! What each protocol has to see: pure, from what was received to what was missed.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, LINK, LOCATION};
use http::{Response, StatusCode};
use progress_core::interim::PROGRESS;
use serde_json::Value;

use super::{field, origin};

/// Where the gateway keeps status documents.
const STATUS_PATH: &str = "/.operations/";
/// Heads with news that a client has to see.
const LEAST_NEWS: usize = 2;

/// What is known before the call.
pub(super) struct Promised<'a> {
    /// What every address of the gateway begins with.
    pub(super) base: &'a str,
    /// What the report is about.
    pub(super) title: String,
}

/// Of a client that asked to be told.
pub(super) fn told(heads: &[Response<()>], answer: &Response<Bytes>, promised: &Promised<'_>) -> Vec<String> {
    let mut missed = Vec::new();
    if let Some(other) = heads.iter().find(|head| head.status() != StatusCode::PROCESSING) {
        missed.push(format!("every interim head is a 102, this one was a {}", other.status()));
    }
    let news = heads.iter().filter(|head| head.headers().contains_key(PROGRESS)).count();
    if news < LEAST_NEWS {
        missed.push(format!("at least {LEAST_NEWS} heads with Progress, there were {news}"));
    }
    let location = heads.first().and_then(|head| field(head, &LOCATION));
    match location {
        Some(uri) if is_status_uri(uri, promised) => {
            if !links_to(answer, uri) {
                missed.push("the final response links to the status document (rel=\"status\")".to_owned());
            }
        }
        Some(uri) => missed.push(format!("Location in the first 102 is a status URI, it was {uri}")),
        None => missed.push("Location in the first 102".to_owned()),
    }
    missed.extend(report(answer, promised));
    missed
}

/// Of a client that cannot be told: the response to its order.
pub(super) fn accepted(
    heads: &[Response<()>],
    answer: &Response<Bytes>,
    promised: &Promised<'_>,
) -> Vec<String> {
    let mut missed = silence(heads);
    if answer.status() != StatusCode::ACCEPTED {
        missed.push(format!("202 for HTTP/1.0, it was {}", answer.status()));
    }
    match field(answer, &LOCATION) {
        Some(uri) if is_status_uri(uri, promised) => {}
        Some(uri) => missed.push(format!("Location of the 202 is an absolute status URI, it was {uri}")),
        None => missed.push("Location in the 202".to_owned()),
    }
    let length = answer.body().len().to_string();
    if field(answer, &CONTENT_LENGTH) != Some(length.as_str()) {
        missed.push("Content-Length in the 202".to_owned());
    }
    missed.extend(document(answer, "Running"));
    missed
}

/// Of the status document at the end.
pub(super) fn finished(heads: &[Response<()>], answer: &Response<Bytes>) -> Vec<String> {
    let mut missed = silence(heads);
    if answer.status() != StatusCode::OK {
        missed.push(format!("200 for the document of a finished operation, it was {}", answer.status()));
    }
    missed.extend(document(answer, "Succeeded"));
    missed
}

/// Of the result.
pub(super) fn result(
    heads: &[Response<()>],
    answer: &Response<Bytes>,
    promised: &Promised<'_>,
) -> Vec<String> {
    let mut missed = silence(heads);
    missed.extend(report(answer, promised));
    missed
}

fn silence(heads: &[Response<()>]) -> Vec<String> {
    match heads.first() {
        Some(head) => vec![format!("no interim head for HTTP/1.0, there was a {}", head.status())],
        None => Vec::new(),
    }
}

/// The origin's final response, byte for byte.
fn report(answer: &Response<Bytes>, promised: &Promised<'_>) -> Vec<String> {
    if answer.status() != StatusCode::CREATED {
        return vec![format!("201 from the origin, it was {}", answer.status())];
    }
    let location = field(answer, &LOCATION);
    let number = location.and_then(|path| path.strip_prefix("/reports/")).and_then(|n| n.parse().ok());
    match number {
        Some(number) if *answer.body() == origin::text(number, &promised.title) => Vec::new(),
        Some(_) => vec!["the report byte for byte as the origin wrote it".to_owned()],
        None => vec![format!("Location: /reports/N from the origin, it was {location:?}")],
    }
}

fn document(answer: &Response<Bytes>, status: &str) -> Option<String> {
    let document = serde_json::from_slice::<Value>(answer.body()).unwrap_or_default();
    match document["status"].as_str() {
        Some(told) if told == status => None,
        told => Some(format!("a status document that says {status}, it said {}", told.unwrap_or("nothing"))),
    }
}

fn is_status_uri(uri: &str, promised: &Promised<'_>) -> bool {
    uri.strip_prefix(promised.base)
        .and_then(|path| path.strip_prefix(STATUS_PATH))
        .is_some_and(|id| !id.is_empty())
}

fn links_to(answer: &Response<Bytes>, uri: &str) -> bool {
    let wanted = format!("<{uri}>; rel=\"status\"");
    let links = answer.headers().get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    links.flat_map(|value| value.split(", ")).any(|link| link == wanted)
}

#[cfg(test)]
mod tests;
