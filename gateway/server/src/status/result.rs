//! The recorded response, replayed (DOC-05).

use std::collections::VecDeque;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use http::{HeaderValue, Response, StatusCode};
use progress_core::event::Outcome;
use progress_core::interim::STATUS_URI;
use progress_core::operation::Phase;
use status_store::{Content as Stored, Record, StoredResponse};

use super::rendering::{View, private};
use crate::content::Content;
use crate::problem::Problem;

/// The response that a finished operation ended in: its own status, fields and content, with
/// `Status-URI`. What was not kept is gone (410).
pub(super) fn replay(record: &Record, view: &View) -> Response<Content> {
    let mut response = match (&record.response, &record.snapshot.phase) {
        (Some(stored), _) => of_stored(stored, view),
        (None, Phase::Finished(Outcome::Failed(failure))) => {
            problem(&Problem::new(failure.status, failure.problem, failure.message), view)
        }
        (None, _) => {
            let detail = "The operation was cancelled before there was a response.";
            problem(&Problem::new(StatusCode::CONFLICT, "canceled", detail), view)
        }
    };
    response.headers_mut().extend(view.status_uri().map(|value| (STATUS_URI, value)));
    response
}

fn of_stored(stored: &StoredResponse, view: &View) -> Response<Content> {
    let Stored::Kept { pieces, .. } = &stored.content else {
        let detail = "The result was longer than is kept; only the client that waited for it has got it.";
        return problem(&Problem::new(StatusCode::GONE, "result-not-kept", detail), view);
    };
    let pieces: VecDeque<Bytes> = pieces.iter().cloned().collect();
    let mut response = Response::new(Content::Pieces(pieces));
    *response.status_mut() = stored.status;
    let fields = response.headers_mut();
    fields.clone_from(&stored.fields);
    private(fields);
    // An origin's page must not act as a page of this one (S-16).
    if !fields.contains_key(CONTENT_SECURITY_POLICY) {
        fields.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    }
    response
}

fn problem(problem: &Problem, view: &View) -> Response<Content> {
    let mut response = problem.clone().instance(Some(view.uri())).response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.map(Content::from)
}
