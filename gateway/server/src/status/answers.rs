//! Answers below the status path that show no operation.

use bytes::Bytes;
use http::header::ALLOW;
use http::{HeaderValue, Response, StatusCode};
use status_store::StoreError;

use super::address::Part;
use super::rendering::private;
use crate::content::Content;
use crate::problem::Problem;

pub(super) fn plain(status: StatusCode) -> Response<Content> {
    let mut response = Response::new(Content::Full(Bytes::new()));
    *response.status_mut() = status;
    private(response.headers_mut());
    response
}

fn problem(problem: &Problem) -> Response<Content> {
    let mut response = problem.response().map(Content::from);
    private(response.headers_mut());
    response
}

/// One answer for what does not exist and for what is somebody else's.
pub(super) fn unknown() -> Response<Content> {
    problem(&Problem::new(StatusCode::NOT_FOUND, "unknown-operation", "There is no such operation."))
}

pub(super) fn expired() -> Response<Content> {
    let detail = "The operation's document has expired or was deleted.";
    problem(&Problem::new(StatusCode::GONE, "expired-operation", detail))
}

fn unavailable() -> Response<Content> {
    let detail = "The operation cannot be looked up at the moment.";
    problem(&Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", detail).retry_after(1))
}

/// The record, and no other, cannot be read (G-06).
fn damaged() -> Response<Content> {
    let detail = "What was stored of this operation is damaged.";
    problem(&Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged-operation", detail))
}

/// The store's answer to a request that it could not do.
pub(super) fn of_store(error: StoreError) -> Response<Content> {
    match error {
        StoreError::Corrupt => damaged(),
        StoreError::Full | StoreError::Missing | StoreError::Unavailable => unavailable(),
    }
}

pub(super) fn too_often() -> Response<Content> {
    let detail = "This operation is read more than 20 times a second; keep to Retry-After.";
    problem(&Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-reads", detail).retry_after(1))
}

pub(super) fn too_many_misses() -> Response<Content> {
    let detail = "Too many operations that are not known were asked for from this address.";
    problem(&Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-misses", detail).retry_after(1))
}

pub(super) fn cross_site() -> Response<Content> {
    let detail = "A page of another site may not cancel or delete an operation.";
    problem(&Problem::new(StatusCode::FORBIDDEN, "cross-site", detail))
}

pub(super) fn not_allowed(part: Part) -> Response<Content> {
    let detail = match part {
        Part::Document => "Only GET, HEAD, DELETE and OPTIONS are possible here.",
        Part::Result => "Only GET, HEAD and OPTIONS are possible here; DELETE goes to the status URI.",
    };
    refused(detail, allowed(part))
}

/// The same for a file of the page.
pub(super) fn not_allowed_here(methods: HeaderValue) -> Response<Content> {
    refused("Only GET, HEAD and OPTIONS are possible here.", methods)
}

fn refused(detail: &'static str, methods: HeaderValue) -> Response<Content> {
    let mut response = problem(&Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail));
    response.headers_mut().insert(ALLOW, methods);
    response
}

pub(super) fn options(part: Part) -> Response<Content> {
    let mut response = plain(StatusCode::NO_CONTENT);
    response.headers_mut().insert(ALLOW, allowed(part));
    response
}

/// What is possible on an operation's resources (DOC-02).
fn allowed(part: Part) -> HeaderValue {
    HeaderValue::from_static(match part {
        Part::Document => "GET, HEAD, DELETE, OPTIONS",
        Part::Result => "GET, HEAD, OPTIONS",
    })
}

pub(super) fn forgotten() -> Response<Content> {
    plain(StatusCode::NO_CONTENT)
}
