//! Requests for status documents and results.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use downstream::{DrainWatch, Opening};
use http::header::{ALLOW, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use progress_core::exchange::{Because, Deferral, HeadTerms, Terms};
use progress_core::pacing::Cadence;

use super::address::{Address, Part};
use super::held::{Held, Hold, Until};
use super::{Reads, Rendering, View, result};
use crate::content::Content;
use crate::exchange::Client;
use crate::metrics::Metrics;
use crate::metrics::labels::Format;
use crate::operations::{OperationCell, Operations, Seen};
use crate::problem::Problem;

/// What is allowed on an operation's resources (DOC-02).
const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, DELETE, OPTIONS");

/// The longest that a request is held (DOC-07); a client asks again.
const LONGEST_HOLD: Duration = Duration::from_secs(300);

/// The cadence of heads to who follows an operation whose route is gone.
const CADENCE: Cadence = Cadence {
    minimum_interval: Duration::from_secs(1),
    heartbeat_interval: Duration::from_secs(10),
    maximum_heads: None,
};

/// Everything that answering needs. One per gateway.
#[derive(Debug)]
pub struct Room {
    /// The operations.
    pub operations: Arc<Operations>,
    /// Where things are counted.
    pub metrics: Arc<Metrics>,
    /// How often each may be read.
    pub reads: Reads,
    /// The cadence of each route, by its place in the configuration; `None`: it has no progress.
    pub cadences: Vec<Option<Cadence>>,
}

/// A request that is being looked up.
pub struct Lookup {
    answering: Pin<Box<dyn Future<Output = Looked> + Send>>,
}

/// What a lookup leads to.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "handed on at once, never kept")]
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

/// The entity tags that the client has.
fn known(fields: &HeaderMap) -> Option<String> {
    fields.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).map(str::to_owned)
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
        let (looked, format) = match self.address {
            None => (Looked::Answer(unknown()), Format::Other),
            Some(address) => self.answer_about(address).await,
        };
        if let Looked::Answer(response) = &looked {
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
            return other(options());
        }
        if self.method == Method::DELETE && address.part == Part::Document {
            return self.delete(address, seen).await;
        }
        if self.method != Method::GET && self.method != Method::HEAD {
            return other(not_allowed());
        }
        if self.patience == Patience::Fresh && !self.room.reads.allow(address.id, now) {
            return other(too_often());
        }
        match seen {
            Seen::Running(cell) => self.read_running(&cell, address.part),
            Seen::Finished(record) => {
                let view = View::of_record(&record, &self.room.operations.origin().status_uri(address.id));
                match address.part {
                    Part::Result => other(result::replay(&record, &view)),
                    Part::Document => self.read(&view),
                }
            }
            Seen::Expired | Seen::Unknown => other(expired()),
        }
    }

    fn read_running(self, cell: &Arc<OperationCell>, part: Part) -> (Looked, Format) {
        let Some(identity) = cell.identity() else { return other(unknown()) };
        let view = View::of_cell(cell, identity);
        match self.hold(cell, &view, part) {
            Some(hold) => {
                let format = self.rendering.label();
                (Looked::Hold(Box::new(Held::new(cell, hold, self))), format)
            }
            None => self.read(&view),
        }
    }

    fn read(&self, view: &View) -> (Looked, Format) {
        let unchanged = self.known.as_ref().is_some_and(|known| matches(known, &view.etag()));
        let response =
            if unchanged { self.rendering.not_modified(view) } else { self.rendering.document(view) };
        (Looked::Answer(response.map(Content::from)), self.rendering.label())
    }

    /// Whether and how a request for a running operation is held (DOC-06 to DOC-08).
    fn hold(&self, cell: &OperationCell, view: &View, part: Part) -> Option<Hold> {
        if self.patience == Patience::Spent {
            return None;
        }
        let preferences = self.client.preferences;
        let polls = preferences.wait.is_some()
            && self.known.as_ref().is_some_and(|known| matches(known, &view.etag()));
        if !preferences.opted_in() && !polls {
            return None;
        }
        let after = preferences.wait.unwrap_or(LONGEST_HOLD).min(LONGEST_HOLD);
        let heads = (preferences.opted_in() && self.client.incapable().is_none()).then(|| HeadTerms {
            dialect: preferences.dialect(),
            cadence: Cadence {
                maximum_heads: self.client.maximum_heads().map(Into::into),
                ..self.cadence(cell.route)
            },
            applied: None,
        });
        let deferral = Some(Deferral { after, because: Because::WaitElapsed });
        let terms = Terms { heads, register_after: Duration::ZERO, deferral };
        let until = if polls && part == Part::Document { Until::Changed } else { Until::Finished };
        Some(Hold { terms, until })
    }

    fn cadence(&self, route: usize) -> Cadence {
        self.room.cadences.get(route).copied().flatten().unwrap_or(CADENCE)
    }

    async fn delete(&self, address: Address, seen: Seen) -> (Looked, Format) {
        match seen {
            Seen::Running(cell) => {
                let Some(identity) = cell.identity() else { return other(unknown()) };
                // X15: as it is now, even if the cancellation takes effect before this is read.
                let view = View::of_cell(&cell, identity).at(cell.cancel());
                let document = self.rendering.document(&view);
                (Looked::Answer(document.map(Content::from)), self.rendering.label())
            }
            Seen::Finished(_) => match self.room.operations.forget(address.id).await {
                Ok(()) => other(forgotten()),
                Err(_) => other(expired()),
            },
            Seen::Expired | Seen::Unknown => other(expired()),
        }
    }
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

fn not_allowed() -> Response<Content> {
    let detail = "Only GET, HEAD, DELETE and OPTIONS are possible here.";
    let mut response = problem(&Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail));
    response.headers_mut().insert(ALLOW, ALLOWED);
    response
}

fn options() -> Response<Content> {
    let mut response = plain(StatusCode::NO_CONTENT);
    response.headers_mut().insert(ALLOW, ALLOWED);
    response
}

fn forgotten() -> Response<Content> {
    plain(StatusCode::NO_CONTENT)
}
