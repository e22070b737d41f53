//! What the clients of OData and FHIR expect of a status URI (SDM-12).
//!
//! | | runs | has ended | DELETE while it runs |
//! |---|---|---|---|
//! | OData 4.01, 11.6 | 202, `Location` | 200, `AsyncResult`, the result; as `application/http` for who asks so | 204, then 404 |
//! | FHIR | 202, `X-Progress` | the result, if it is a 200 or an error; else 303 to it | 202, then 404 |
//!
//! They ask for JSON and mean the result by it. Pages, lines of text and events are the same in every
//! profile, and so is the JSON document by its own media type.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use http::header::{CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::Body as _;
use progress_core::event::Outcome;
use progress_core::interim::STATUS_URI;
use progress_core::language::Languages;
use progress_core::operation::Phase;
use status_store::Record;

use super::answers::{plain, unknown};
use super::lookup::Room;
use super::rendering::{View, private};
use super::result::{Ended, ended};
use crate::config::{RouteSettings, StatusProfile};
use crate::content::{Content, GatewayBody};
use crate::operations::Seen;

/// How a client wants the result that takes the place of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    /// Its fields and its content as those of the answer.
    Unwrapped,
    /// All of it, its status line too, as content.
    Message,
}

/// A profile in which JSON is no status document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// OData.
    Odata(Envelope),
    /// FHIR.
    Fhir,
}

/// The longest text of `X-Progress`: below 100 characters (FHIR Bulk Data, status request).
const LONGEST_PROGRESS: usize = 99;

/// The profiles of routes that have another than the default, by name.
pub fn profiles(routes: &[RouteSettings]) -> HashMap<Arc<str>, StatusProfile> {
    let profile = |route: &RouteSettings| Some(route.progress.as_ref()?.profile);
    let named = routes.iter().filter_map(|route| Some((route.name.as_str().into(), profile(route)?)));
    named.filter(|(_, profile)| *profile != StatusProfile::default()).collect()
}

impl Room {
    /// The profile of an operation's route; the default if the route is gone.
    pub(super) fn profile_of(&self, seen: &Seen) -> StatusProfile {
        let route = match seen {
            Seen::Running(cell) => &cell.route_name,
            Seen::Finished(record) => &record.route,
            Seen::Expired { .. } | Seen::Unknown => return StatusProfile::default(),
        };
        self.profiles.get(route).copied().unwrap_or_default()
    }
}

impl Habit {
    /// Adds to a 202 without content what tells where to ask, and how far it is.
    pub(super) fn describe(self, view: &View, languages: &Languages, fields: &mut HeaderMap) {
        const X_PROGRESS: HeaderName = HeaderName::from_static("x-progress");
        let uri = HeaderValue::try_from(view.uri()).ok();
        match self {
            Self::Odata(_) => fields.extend(uri.map(|uri| (LOCATION, uri))),
            Self::Fhir => {
                fields.extend(uri.map(|uri| (CONTENT_LOCATION, uri)));
                fields.extend(
                    HeaderValue::try_from(in_words(view, languages)).map(|words| (X_PROGRESS, words)),
                );
            }
        }
    }

    /// The answer to a DELETE that cancelled an operation, or forgot it.
    pub(super) fn deleted(self) -> Response<Content> {
        plain(match self {
            Self::Odata(_) => StatusCode::NO_CONTENT,
            Self::Fhir => StatusCode::ACCEPTED,
        })
    }

    /// The answer once it is over.
    pub(super) fn finished(self, record: &Record, view: &View) -> Response<Content> {
        if is_canceled(view) {
            return unknown();
        }
        let ended = match ended(record, view) {
            Ok(ended) => ended,
            Err(answer) => return *answer,
        };
        match self {
            Self::Odata(Envelope::Unwrapped) => unwrapped(ended, view),
            Self::Odata(Envelope::Message) => enclosed(ended, view),
            // What else a status can mean, such as a 202 of the origin's, would say here that it goes on.
            Self::Fhir if ended.status == StatusCode::OK || ended.status.as_u16() >= 400 => {
                ended.response(view)
            }
            Self::Fhir => elsewhere(view),
        }
    }
}

/// Whether it was cancelled, or is about to be: whoever did so is told that there is nothing here.
pub(super) fn is_canceled(view: &View) -> bool {
    matches!(view.phase(), Phase::Canceling | Phase::Finished(Outcome::Canceled))
}

fn unwrapped(ended: Ended, view: &View) -> Response<Content> {
    const ASYNC_RESULT: HeaderName = HeaderName::from_static("asyncresult");
    let status = ended.status;
    let mut response = ended.response(view);
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(ASYNC_RESULT, status.as_u16().into());
    response
}

/// The result as a message in `application/http`.
fn enclosed(ended: Ended, view: &View) -> Response<Content> {
    let Ended { status, mut fields, content } = ended;
    let body = GatewayBody::new(content, None);
    if let Some(length) = body.size_hint().exact() {
        fields.insert(CONTENT_LENGTH, length.into());
    }
    let mut head =
        format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default())
            .into_bytes();
    for (name, value) in &fields {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    let mut response = Response::new(Content::Headed(head.into(), Box::new(body)));
    private(response.headers_mut());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/http"));
    response.headers_mut().extend(view.status_uri().map(|value| (STATUS_URI, value)));
    response
}

/// 303 to the result (ASY-03).
fn elsewhere(view: &View) -> Response<Content> {
    let mut response = plain(StatusCode::SEE_OTHER);
    let result = HeaderValue::try_from(format!("{}/result", view.uri())).ok();
    response.headers_mut().extend(result.map(|uri| (LOCATION, uri)));
    response.headers_mut().extend(view.status_uri().map(|value| (STATUS_URI, value)));
    response
}

/// How far it is, in visible ASCII: a field has room for nothing else.
fn in_words(view: &View, languages: &Languages) -> String {
    let document = view.document(languages);
    let Some(progress) = &document.snapshot.progress else { return "in progress".to_owned() };
    let fraction = progress.reported.fraction;
    let mut words = match fraction.percent() {
        Some(percent) => format!("{percent}%"),
        None => format!("{} done", fraction.completed),
    };
    if let Some(label) = document.label().filter(|label| label.text.is_ascii()) {
        // Writing to a string cannot fail.
        let _ = write!(words, " {}", label.text);
    }
    words.truncate(LONGEST_PROGRESS);
    words.truncate(words.trim_end().len());
    words
}

#[cfg(test)]
mod tests;
