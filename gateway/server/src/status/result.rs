//! The recorded response, replayed (DOC-05).

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use progress_core::event::Outcome;
use progress_core::interim::STATUS_URI;
use progress_core::operation::Phase;
use status_store::{Content as Stored, Record, StoreError, StoredResponse};

use super::Reading;
use super::answers::{expired, of_store};
use super::rendering::{View, private};
use crate::content::Content;
use crate::problem::Problem;

/// What a finished operation ended in, as it was recorded.
#[derive(Debug)]
pub struct Ended {
    pub(super) status: StatusCode,
    pub(super) fields: HeaderMap,
    pub(super) content: Content,
}

/// The response that a finished operation ended in: its own status, fields and content, with
/// `Status-URI`. What was not kept is gone (410).
pub(super) fn replay(record: &Record, view: &View) -> Response<Content> {
    match ended(record, view) {
        Ok(ended) => ended.response(view),
        Err(answer) => *answer,
    }
}

/// What a finished operation ended in.
///
/// # Errors
/// The answer in its place: there was no response, or it was not kept.
pub fn ended(record: &Record, view: &View) -> Result<Ended, Box<Response<Content>>> {
    let ended = match (&record.response, &record.snapshot.phase) {
        (Some(stored), _) => Ended::of(stored, view),
        (None, Phase::Finished(Outcome::Failed(failure))) => {
            Err(problem(&Problem::new(failure.status, failure.problem, failure.message), view))
        }
        (None, _) => {
            let detail = "The operation was cancelled before there was a response.";
            Err(problem(&Problem::new(StatusCode::CONFLICT, "canceled", detail), view))
        }
    };
    ended.map_err(|mut answer| {
        answer.headers_mut().extend(view.status_uri().map(|value| (STATUS_URI, value)));
        Box::new(answer)
    })
}

// === impl Ended ===

impl Ended {
    #[expect(clippy::result_large_err, reason = "it is handed on at once, and boxed there")]
    fn of(stored: &StoredResponse, view: &View) -> Result<Self, Response<Content>> {
        let content = match &stored.content {
            Stored::Kept { pieces, .. } => Content::Pieces(pieces.iter().cloned().collect()),
            Stored::File(spooled) => match Reading::open(spooled) {
                Ok(reading) => Content::Spooled(reading),
                Err(StoreError::Missing) => return Err(expired()),
                Err(error) => return Err(of_store(error)),
            },
            Stored::NotKept => {
                let detail =
                    "The result was longer than is kept; only the client that waited for it has got it.";
                return Err(problem(&Problem::new(StatusCode::GONE, "result-not-kept", detail), view));
            }
        };
        Ok(Self { status: stored.status, fields: stored.fields.clone(), content })
    }

    /// As a resource of the operation's, with `Status-URI`.
    pub(super) fn response(self, view: &View) -> Response<Content> {
        let mut response = self.into_response();
        let fields = response.headers_mut();
        private(fields);
        // An origin's page must not act as a page of this one (S-16).
        if !fields.contains_key(CONTENT_SECURITY_POLICY) {
            fields.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
        }
        fields.extend(view.status_uri().map(|value| (STATUS_URI, value)));
        response
    }

    /// As the origin gave it.
    pub fn into_response(self) -> Response<Content> {
        let mut response = Response::new(self.content);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.fields;
        response
    }
}

fn problem(problem: &Problem, view: &View) -> Response<Content> {
    let mut response = problem.clone().instance(Some(view.uri())).response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.map(Content::from)
}
