//! A status document as a response.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, REFERRER_POLICY, RETRY_AFTER, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use progress_core::document::{RequestSummary, StatusDocument, Times};
use progress_core::event::Outcome;
use progress_core::interim::{PROGRESS, STATUS_URI};
use progress_core::operation::{OperationId, Phase, Snapshot};
use progress_core::prefer::Preferences;
use progress_core::progress::Dialect;
use progress_core::status_uri::{StatusPair, StatusPairs};
use status_store::{Record, clock};

use super::negotiate::Form;
use super::page;
use crate::metrics::labels::Format;
use crate::operations::{Identity, OperationCell};

/// The bounds of `Retry-After` while an operation runs, in seconds (ASY-02).
const RETRY_BOUNDS: std::ops::RangeInclusive<i64> = 1..=30;

/// How a client wants status documents written.
#[derive(Clone, Copy, Debug)]
pub struct Rendering {
    form: Form,
    dialect: Dialect,
    extent: Extent,
}

/// How much of a representation is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Whole,
    /// `return=minimal` (PRF-11).
    FieldsOnly,
}

/// An operation as its documents show it.
#[derive(Clone, Debug)]
pub struct View {
    id: OperationId,
    uri: Arc<str>,
    snapshot: Arc<Snapshot>,
    request: Arc<RequestSummary>,
    times: Times,
}

// === impl View ===

impl View {
    /// An operation that is still in memory.
    pub fn of_cell(cell: &OperationCell, identity: &Identity) -> Self {
        let (snapshot, times) = cell.shown();
        let uri = identity.uri.as_str().into();
        Self { id: identity.id, uri, snapshot, request: Arc::clone(&cell.request), times }
    }

    /// The same operation in another state of its own.
    pub(super) fn at(self, snapshot: Arc<Snapshot>) -> Self {
        Self { snapshot, ..self }
    }

    /// An operation from the store.
    pub fn of_record(record: &Record, uri: &str) -> Self {
        Self {
            id: record.id,
            uri: uri.into(),
            snapshot: Arc::clone(&record.snapshot),
            request: Arc::clone(&record.request),
            times: record.times,
        }
    }

    /// Its status URI.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Everything that its documents tell.
    pub(super) fn document(&self) -> StatusDocument<'_> {
        StatusDocument {
            id: self.id,
            uri: &self.uri,
            snapshot: &self.snapshot,
            request: &self.request,
            times: self.times,
        }
    }

    /// Counts its changes: the `sequence` of its document.
    pub(super) fn revision(&self) -> u64 {
        self.snapshot.revision
    }

    /// Whether the operation is over.
    pub fn is_finished(&self) -> bool {
        self.snapshot.is_finished()
    }

    /// Identifies the state: weak, because heartbeats change only the time.
    pub fn etag(&self) -> String {
        etag(&self.snapshot)
    }

    /// `Status-URI: <code> <target>` of a finished operation (STU-01); nothing where there never
    /// was a final status (X15).
    pub fn status_uri(&self) -> Option<HeaderValue> {
        let status = match &self.snapshot.phase {
            Phase::Finished(Outcome::Responded(response)) => response.status,
            Phase::Finished(Outcome::Failed(failure)) => failure.status,
            _ => return None,
        };
        let pair = StatusPair { status: status.as_u16(), uri: self.request.path().to_owned() };
        StatusPairs::print(&[pair]).map(|printed| printed.value)
    }

    /// Whole seconds after which a client should look again: a guess from the pace so far, at
    /// least 1 (ASY-02).
    pub(super) fn retry_after(&self) -> i64 {
        let elapsed = clock::now().duration_since(self.times.create).as_secs().max(0);
        let fraction = self.snapshot.progress.as_ref().map(|progress| progress.reported.fraction);
        let remaining = fraction.and_then(|fraction| {
            let left = i64::try_from(fraction.total?.checked_sub(fraction.completed)?).ok()?;
            let done = i64::try_from(fraction.completed).ok().filter(|done| *done > 0)?;
            elapsed.checked_mul(left).map(|product| product / done)
        });
        // Without a total: the longer it has taken, the longer it may take.
        remaining.unwrap_or(elapsed / 4).clamp(*RETRY_BOUNDS.start(), *RETRY_BOUNDS.end())
    }
}

/// Identifies a state.
pub(super) fn etag(snapshot: &Snapshot) -> String {
    format!("W/\"{}\"", snapshot.revision)
}

// === impl Rendering ===

impl Rendering {
    /// What the fields of a request ask for.
    pub fn of(fields: &HeaderMap, preferences: &Preferences) -> Self {
        let extent = if preferences.minimal { Extent::FieldsOnly } else { Extent::Whole };
        Self { form: Form::of(fields), dialect: preferences.dialect(), extent }
    }

    /// Whether the client wants to be told of each change.
    pub(super) fn is_events(self) -> bool {
        self.form == Form::Events
    }

    /// The metric label of the form.
    pub fn label(&self) -> Format {
        self.form.label()
    }

    /// The document: 202 while the operation runs, 200 once it is over (DOC-03, DOC-04).
    pub fn document(&self, view: &View) -> Response<Bytes> {
        // Where there can be no stream, such as in a 202, the document is what its events would carry.
        let form = if self.form == Form::Events { Form::Json } else { self.form };
        let content: Bytes = match (self.extent, form) {
            (Extent::FieldsOnly, _) => Bytes::new(),
            (Extent::Whole, Form::Html) => page::html(view).into(),
            (Extent::Whole, Form::Text) => view.document().text().into(),
            (Extent::Whole, Form::Json | Form::Events) => view.document().json().into(),
        };
        let mut response = Response::new(content);
        let fields = response.headers_mut();
        if self.extent == Extent::Whole {
            fields.insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
        }
        self.describe(view, fields);
        if form == Form::Html {
            page::confine(fields);
            // The page names the languages of its parts.
            fields.remove(CONTENT_LANGUAGE);
        }
        if view.is_finished() {
            fields.extend(view.status_uri().map(|value| (STATUS_URI, value)));
        } else {
            fields.insert(RETRY_AFTER, view.retry_after().into());
            *response.status_mut() = StatusCode::ACCEPTED;
        }
        response
    }

    /// The document has not changed (DOC-08).
    pub(super) fn not_modified(self, view: &View) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        self.describe(view, response.headers_mut());
        response
    }

    /// The fields that every answer about an operation has.
    fn describe(self, view: &View, fields: &mut HeaderMap) {
        private(fields);
        fields.insert(VARY, HeaderValue::from_static("Accept, Accept-Language, Prefer"));
        fields.extend(HeaderValue::try_from(view.etag()).map(|etag| (ETAG, etag)));
        if let Some(progress) = &view.snapshot.progress {
            fields.insert(PROGRESS, progress.value(self.dialect));
            let language = progress.reported.label.as_ref().and_then(|label| label.language.as_ref());
            let language = language.and_then(|tag| HeaderValue::try_from(tag.as_str()).ok());
            fields.extend(language.map(|tag| (CONTENT_LANGUAGE, tag)));
        }
    }
}

/// What keeps an operation's resources from caches, referrers and other sites (SEC-03, S-03, S-19).
pub(super) fn private(fields: &mut HeaderMap) {
    const POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    fields.insert(http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    fields.insert(POLICY, HeaderValue::from_static("same-origin"));
}

#[cfg(test)]
pub(super) mod tests;
