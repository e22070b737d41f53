//! A status document as a response.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, REFERRER_POLICY, RETRY_AFTER, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use progress_core::document::{RequestSummary, StatusDocument, Times};
use progress_core::event::Outcome;
use progress_core::interim::{PROGRESS, STATUS_URI};
use progress_core::language::{LanguageTag, Languages};
use progress_core::operation::{OperationId, Phase, Snapshot};
use progress_core::prefer::Preferences;
use progress_core::progress::Reader;
use progress_core::status_uri::{StatusPair, StatusPairs};
use status_store::{Record, clock};

use super::negotiate::Form;
use super::page;
use super::profile::{Envelope, Habit};
use crate::config::StatusProfile;
use crate::metrics::labels::Format;
use crate::operations::{Identity, OperationCell};

/// The bounds of `Retry-After` while an operation runs, in seconds (ASY-02).
const RETRY_BOUNDS: std::ops::RangeInclusive<i64> = 1..=30;

/// How a client wants status documents written.
#[derive(Clone, Debug)]
pub struct Rendering {
    form: Form,
    extent: Extent,
    reader: Reader,
    profile: StatusProfile,
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

    /// Where it is in its life.
    pub(super) fn phase(&self) -> &Phase {
        &self.snapshot.phase
    }

    /// Its status URI.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Which operation it is.
    pub(super) fn id(&self) -> OperationId {
        self.id
    }

    /// Everything that its documents tell who reads these languages.
    pub(super) fn document<'a>(&'a self, languages: &'a Languages) -> StatusDocument<'a> {
        StatusDocument {
            id: self.id,
            uri: &self.uri,
            snapshot: &self.snapshot,
            request: &self.request,
            times: self.times,
            languages,
        }
    }

    /// Which of its labels is shown to who reads these languages.
    pub(super) fn choice(&self, languages: &Languages) -> usize {
        self.snapshot.progress.as_ref().map_or(0, |progress| progress.reported.choice(languages))
    }

    /// Counts its changes: the `sequence` of its document.
    pub(super) fn revision(&self) -> u64 {
        self.snapshot.revision
    }

    /// Whether the operation is over.
    pub fn is_finished(&self) -> bool {
        self.snapshot.is_finished()
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
    pub fn retry_after(&self) -> i64 {
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

// === impl Rendering ===

impl Rendering {
    /// What the fields of a request ask for.
    pub fn of(fields: &HeaderMap, preferences: &Preferences) -> Self {
        let extent = if preferences.minimal { Extent::FieldsOnly } else { Extent::Whole };
        let reader = Reader { dialect: preferences.dialect(), languages: Languages::from_headers(fields) };
        let form = if wants_message(fields) { Form::Message } else { Form::of(fields) };
        Self { form, extent, reader, profile: StatusProfile::default() }
    }

    /// The same on a route of a profile (SDM-12).
    #[must_use]
    pub fn under(self, profile: StatusProfile) -> Self {
        Self { profile, ..self }
    }

    /// What takes the place of the document, if something does.
    pub(super) fn habit(&self) -> Option<Habit> {
        let envelope = match self.form {
            Form::Message => Envelope::Message,
            Form::Json => Envelope::Unwrapped,
            _ => return None,
        };
        match self.profile {
            StatusProfile::Azure => None,
            StatusProfile::Odata => Some(Habit::Odata(envelope)),
            StatusProfile::Fhir => Some(Habit::Fhir),
        }
    }

    /// How labels are read.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Whether the client wants to be told of each change.
    pub(super) fn is_events(&self) -> bool {
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
        let languages = &self.reader.languages;
        let habit = self.habit();
        let extent = if habit.is_some() { Extent::FieldsOnly } else { self.extent };
        let content: Bytes = match (extent, form) {
            (Extent::FieldsOnly, _) => Bytes::new(),
            (Extent::Whole, Form::Html) => page::html(view, languages).into(),
            (Extent::Whole, Form::Text) => view.document(languages).text().into(),
            (Extent::Whole, _) => view.document(languages).json().into(),
        };
        let mut response = Response::new(content);
        let fields = response.headers_mut();
        if extent == Extent::Whole {
            fields.insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
        }
        self.describe(view, fields);
        if let Some(habit) = habit {
            habit.describe(view, languages, fields);
        }
        if form == Form::Html {
            page::confine(fields);
            // The page names the languages of its parts.
            fields.remove(CONTENT_LANGUAGE);
        }
        if !view.is_finished() {
            *response.status_mut() = StatusCode::ACCEPTED;
        }
        response
    }

    /// The document has not changed (DOC-08).
    pub(super) fn not_modified(&self, view: &View) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        self.describe(view, response.headers_mut());
        response
    }

    /// Identifies what is shown of a state: weak, because heartbeats change only the time.
    pub(super) fn etag(&self, view: &View) -> String {
        let revision = view.revision();
        match view.choice(&self.reader.languages) {
            0 => format!("W/\"{revision}\""),
            choice => format!("W/\"{revision}-{choice}\""),
        }
    }

    /// The fields that every answer about an operation has.
    fn describe(&self, view: &View, fields: &mut HeaderMap) {
        private(fields);
        if view.is_finished() {
            fields.extend(view.status_uri().map(|value| (STATUS_URI, value)));
        } else {
            fields.insert(RETRY_AFTER, view.retry_after().into());
        }
        fields.insert(VARY, HeaderValue::from_static("Accept, Accept-Language, Prefer"));
        fields.extend(HeaderValue::try_from(self.etag(view)).map(|etag| (ETAG, etag)));
        if let Some(progress) = &view.snapshot.progress {
            fields.insert(PROGRESS, progress.value(&self.reader));
            let label = progress.reported.label_in(&self.reader.languages);
            let language = label.and_then(|label| label.language.as_ref()).map(LanguageTag::as_str);
            let language = language.and_then(|tag| HeaderValue::try_from(tag).ok());
            fields.extend(language.map(|tag| (CONTENT_LANGUAGE, tag)));
        }
    }
}

/// A client of OData 4.0 that names no type means a whole message (OData 4.01 Protocol 11.6).
fn wants_message(fields: &HeaderMap) -> bool {
    const NEWEST: HeaderName = HeaderName::from_static("odata-maxversion");
    !fields.contains_key(ACCEPT) && fields.get(NEWEST).is_some_and(|version| version == "4.0")
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
