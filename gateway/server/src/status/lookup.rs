//! Requests for status documents and results.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use downstream::{DrainWatch, Opening};
use http::header::{ALLOW, ALT_SVC, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use progress_core::exchange::{Because, Deferral, HeadTerms, Terms};
use progress_core::interim::PREFERENCE_APPLIED;
use progress_core::prefer::Applied;
use status_store::Record;

use super::address::{Address, Part};
use super::held::{Held, Hold, Until};
use super::{Reads, Rendering, View, result};
use crate::config::{InterimMode, ProgressSettings};
use crate::content::Content;
use crate::exchange::{Client, head_terms};
use crate::metrics::Metrics;
use crate::metrics::labels::Format;
use crate::operations::{OperationCell, Operations, Seen};
use crate::problem::Problem;

/// Everything that answering needs. One per gateway.
#[derive(Debug)]
pub struct Room {
    /// The operations.
    pub operations: Arc<Operations>,
    /// Where things are counted.
    pub metrics: Arc<Metrics>,
    /// How often each may be read.
    pub reads: Reads,
    /// The settings of each route with progress, by its place in the configuration.
    pub progress: Vec<Option<ProgressSettings>>,
}

/// A request that is being looked up.
pub struct Lookup {
    answering: Pin<Box<dyn Future<Output = Looked> + Send>>,
}

/// What a lookup leads to.
#[derive(Debug)]
pub enum Looked {
    /// The answer.
    Answer(Response<Content>),
    /// The request is held until something happens.
    Hold(Box<Held>),
}

/// A request, as far as it matters here.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) room: Arc<Room>,
    pub(super) client: Client,
    pub(super) rendering: Rendering,
    method: Method,
    address: Option<Address>,
    known: Option<String>,
    /// What was honoured by holding the request (PRF-13).
    pub(super) applied: Applied,
    pub(super) opening: Opening,
    pub(super) drain: DrainWatch,
    patience: Patience,
}

/// Whether a request may still be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    Fresh,
    /// It has been held: it is answered now.
    Spent,
}

// === impl Lookup ===

impl Lookup {
    /// Looks up what `below` the status path names.
    pub fn new(
        room: &Arc<Room>,
        request: &http::request::Parts,
        below: &str,
        context: (Client, Opening, DrainWatch),
    ) -> Self {
        let (client, opening, drain) = context;
        let asked = Asked {
            room: Arc::clone(room),
            rendering: Rendering::of(&request.headers, &client.preferences),
            client,
            method: request.method.clone(),
            address: Address::parse(below),
            known: known(&request.headers),
            applied: Applied::default(),
            opening,
            drain,
            patience: Patience::Fresh,
        };
        asked.look()
    }

    /// What it leads to, once known.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Looked> {
        self.answering.as_mut().poll(cx)
    }
}

impl std::fmt::Debug for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookup").finish_non_exhaustive()
    }
}

/// The entity tags that the client has: those of all lines, as one list.
fn known(fields: &HeaderMap) -> Option<String> {
    let lines = fields.get_all(IF_NONE_MATCH).iter();
    let lists: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    (!lists.is_empty()).then(|| lists.join(","))
}

// === impl Asked ===

impl Asked {
    fn look(self) -> Lookup {
        Lookup { answering: Box::pin(self.answer()) }
    }

    /// Looks again after a hold: then the answer is given, whatever it is.
    pub(super) fn look_again(mut self) -> Lookup {
        self.patience = Patience::Spent;
        self.look()
    }

    async fn answer(self) -> Looked {
        let metrics = Arc::clone(&self.room.metrics);
        let (applied, connection) = (self.applied, Arc::clone(&self.opening.connection));
        let (mut looked, format) = match self.address {
            None => (Looked::Answer(unknown()), Format::Other),
            Some(address) => self.answer_about(address).await,
        };
        if let Looked::Answer(response) = &mut looked {
            let fields = response.headers_mut();
            fields.extend(connection.alt_svc.clone().map(|value| (ALT_SVC, value)));
            if let Some(applied) = applied.merge(fields.get_all(PREFERENCE_APPLIED)) {
                fields.insert(PREFERENCE_APPLIED, applied);
            }
            metrics.operations.document(format, response.status());
        }
        looked
    }

    async fn answer_about(self, address: Address) -> (Looked, Format) {
        let now = tokio::time::Instant::now().into_std();
        let seen = match self.room.operations.find(address.id).await {
            // To one who may not know it, an operation is unknown whatever is asked (S-02).
            Ok(Seen::Unknown) => return other(unknown()),
            Ok(seen) => seen,
            Err(_) => return other(unavailable()),
        };
        if self.method == Method::OPTIONS {
            return other(options(address.part));
        }
        if self.method == Method::DELETE && address.part == Part::Document {
            return self.delete(address, seen).await;
        }
        if self.method != Method::GET && self.method != Method::HEAD {
            return other(not_allowed(address.part));
        }
        if self.patience == Patience::Fresh && !self.room.reads.allow(address.id, now) {
            return other(too_often());
        }
        match seen {
            Seen::Running(cell) => self.read_running(&cell, address).await,
            Seen::Finished(record) => self.read_finished(&record, address),
            Seen::Expired | Seen::Unknown => other(expired()),
        }
    }

    async fn read_running(self, cell: &Arc<OperationCell>, address: Address) -> (Looked, Format) {
        let identity = self.room.operations.identity(cell);
        let Some(identity) = identity else { return other(unknown()) };
        let view = View::of_cell(cell, &identity);
        if view.is_finished() {
            // It ended since it was found: its record is in the store.
            return match self.room.operations.find(address.id).await {
                Ok(Seen::Finished(record)) => self.read_finished(&record, address),
                Ok(_) => other(expired()),
                Err(_) => other(unavailable()),
            };
        }
        match self.hold(cell, &view, address.part) {
            Some(hold) => {
                let format = self.rendering.label();
                (Looked::Hold(Box::new(Held::new(cell, hold, self))), format)
            }
            None => self.read(&view),
        }
    }

    fn read_finished(&self, record: &Record, address: Address) -> (Looked, Format) {
        let view = View::of_record(record, &self.room.operations.origin().status_uri(address.id));
        match address.part {
            Part::Result => other(result::replay(record, &view)),
            Part::Document => self.read(&view),
        }
    }

    fn read(&self, view: &View) -> (Looked, Format) {
        let unchanged = self.known.as_ref().is_some_and(|known| matches(known, &view.etag()));
        let response =
            if unchanged { self.rendering.not_modified(view) } else { self.rendering.document(view) };
        (Looked::Answer(response.map(Content::from)), self.rendering.label())
    }

    /// Whether and how a request for a running operation is held (DOC-06 to DOC-08): at most as
    /// long as an exchange of its route may last (INT-19).
    fn hold(&self, cell: &OperationCell, view: &View, part: Part) -> Option<Hold> {
        if self.patience == Patience::Spent {
            return None;
        }
        let preferences = self.client.preferences;
        let polls = preferences.wait.is_some()
            && self.known.as_ref().is_some_and(|known| matches(known, &view.etag()));
        let settings = self.settings(cell.route);
        let gets_heads = self.gets_heads(&settings);
        if !gets_heads && !polls {
            return None;
        }
        let after = held_for(preferences.wait, &settings);
        let applied = Applied {
            processing: gets_heads && preferences.processing,
            progress: gets_heads && preferences.progress,
            respond_async: false,
            wait: preferences.wait.map(|_| after.as_secs()),
        };
        self.opening.page.limit(settings.maximum_unacknowledged);
        let heads = gets_heads.then(|| HeadTerms { applied, ..head_terms(&settings, &self.client) });
        let deferral = Some(Deferral { after, because: Because::WaitElapsed, latest: None });
        let terms = Terms { heads, register_after: Duration::ZERO, deferral };
        let until = if polls && part == Part::Document { Until::Changed } else { Until::Finished };
        Some(Hold { terms, until, applied })
    }

    /// Whether the client asks for heads and may be sent them. Who cannot is not held for them:
    /// that would be silence.
    fn gets_heads(&self, settings: &ProgressSettings) -> bool {
        self.client.preferences.opted_in()
            && self.client.incapable().is_none()
            && settings.interim != InterimMode::Never
    }

    /// The settings of an operation's route; the defaults if it is gone.
    fn settings(&self, route: usize) -> ProgressSettings {
        self.room.progress.get(route).cloned().flatten().unwrap_or_default()
    }

    async fn delete(&self, address: Address, seen: Seen) -> (Looked, Format) {
        match seen {
            Seen::Running(cell) => {
                let identity = self.room.operations.identity(&cell);
                let Some(identity) = identity else { return other(unknown()) };
                let now = cell.cancel();
                if now.is_finished() {
                    // It ended since it was found: there is nothing to cancel.
                    return self.forget(address).await;
                }
                // X15: as it is now, even if the cancellation takes effect before this is read.
                let view = View::of_cell(&cell, &identity).at(now);
                let document = self.rendering.document(&view);
                (Looked::Answer(document.map(Content::from)), self.rendering.label())
            }
            Seen::Finished(_) => self.forget(address).await,
            Seen::Expired | Seen::Unknown => other(expired()),
        }
    }

    async fn forget(&self, address: Address) -> (Looked, Format) {
        match self.room.operations.forget(address.id).await {
            Ok(()) => other(forgotten()),
            Err(_) => other(expired()),
        }
    }
}

/// How long a request is held at most: as long as it asks for, and as an operation of its route
/// may last (interface section 4, INT-19).
fn held_for(wait: Option<Duration>, settings: &ProgressSettings) -> Duration {
    wait.unwrap_or(settings.deadline).min(settings.deadline)
}

fn other(response: Response<Content>) -> (Looked, Format) {
    (Looked::Answer(response), Format::Other)
}

/// Whether a list of entity tags names `etag`, compared weakly (RFC 9110 8.8.3.2).
pub(super) fn matches(list: &str, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    list.trim() == "*" || list.split(',').any(|tag| opaque(tag) == opaque(etag))
}

fn plain(status: StatusCode) -> Response<Content> {
    let mut response = Response::new(Content::Full(bytes::Bytes::new()));
    *response.status_mut() = status;
    super::rendering::private(response.headers_mut());
    response
}

fn problem(problem: &Problem) -> Response<Content> {
    let mut response = problem.response().map(Content::from);
    super::rendering::private(response.headers_mut());
    response
}

/// One answer for what does not exist and for what is somebody else's.
fn unknown() -> Response<Content> {
    problem(&Problem::new(StatusCode::NOT_FOUND, "unknown-operation", "There is no such operation."))
}

fn expired() -> Response<Content> {
    let detail = "The operation's document has expired or was deleted.";
    problem(&Problem::new(StatusCode::GONE, "expired-operation", detail))
}

fn unavailable() -> Response<Content> {
    let detail = "The operation cannot be looked up at the moment.";
    problem(&Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", detail).retry_after(1))
}

fn too_often() -> Response<Content> {
    let detail = "This operation is read more than 20 times a second; keep to Retry-After.";
    problem(&Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-reads", detail).retry_after(1))
}

fn not_allowed(part: Part) -> Response<Content> {
    let detail = match part {
        Part::Document => "Only GET, HEAD, DELETE and OPTIONS are possible here.",
        Part::Result => "Only GET, HEAD and OPTIONS are possible here; DELETE goes to the status URI.",
    };
    let mut response = problem(&Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail));
    response.headers_mut().insert(ALLOW, allowed(part));
    response
}

fn options(part: Part) -> Response<Content> {
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

fn forgotten() -> Response<Content> {
    plain(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b10_a_hold_lasts_as_long_as_its_route_allows() {
        let deadline = Duration::from_secs(3_600);
        let settings = ProgressSettings { deadline, ..ProgressSettings::default() };
        assert_eq!(held_for(None, &settings), deadline);
        assert_eq!(held_for(Some(Duration::from_secs(600)), &settings).as_secs(), 600);
        assert_eq!(held_for(Some(Duration::from_secs(7_200)), &settings), deadline);
    }

    #[test]
    fn d_all_if_none_match_lines_are_one_list() {
        let mut fields = HeaderMap::new();
        assert_eq!(known(&fields), None);
        for line in ["\"a\", W/\"2\"", "W/\"3\""] {
            fields.append(IF_NONE_MATCH, HeaderValue::from_static(line));
        }
        let list = known(&fields).unwrap();
        assert!(matches(&list, "W/\"2\"") && matches(&list, "W/\"3\""));
        assert!(!matches(&list, "W/\"4\""));
    }
}
