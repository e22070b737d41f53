//! Requests for status documents and results.

mod holding;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use downstream::{DrainWatch, Opening};
use http::header::{ALT_SVC, IF_NONE_MATCH};
use http::{HeaderMap, Method, Response};
use progress_core::interim::PREFERENCE_APPLIED;
use progress_core::prefer::Applied;
use status_store::{Record, StoreError};

use super::address::{Address, Part};
use super::answers::{
    cross_site, expired, forgotten, not_allowed, of_store, options, too_many_misses, too_often, unknown,
};
use super::asset::Asset;
use super::events::{self, Events, Written};
use super::held::Held;
use super::profile::{Habit, is_canceled};
use super::provenance::Provenance;
use super::{Misses, Reads, Rendering, View, result};
use crate::config::{ProgressSettings, StatusProfile};
use crate::content::Content;
use crate::exchange::Client;
use crate::metrics::Metrics;
use crate::metrics::labels::Format;
use crate::operations::point::{self, Point};
use crate::operations::{OperationCell, Operations, Seen};
use crate::owners::{Asker, Owners};

/// Everything that answering needs. One per gateway.
#[derive(Debug)]
pub struct Room {
    /// The operations.
    pub operations: Arc<Operations>,
    /// Where things are counted.
    pub metrics: Arc<Metrics>,
    /// How often each may be read.
    pub reads: Reads,
    /// How often an address may miss.
    pub misses: Misses,
    /// Events, encoded once for all streams.
    pub written: Written,
    /// Who may read which.
    pub owners: Owners,
    /// The settings of each route with progress, by its place in the configuration.
    pub progress: Vec<Option<ProgressSettings>>,
    /// The profiles of routes that have another than the default, by name.
    pub profiles: HashMap<Arc<str>, StatusProfile>,
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
    asker: Asker,
    target: Target,
    known: Option<String>,
    /// The last event that a client of an event stream has got.
    heard: Option<u64>,
    provenance: Provenance,
    /// What was honoured by holding the request (PRF-13).
    pub(super) applied: Applied,
    pub(super) opening: Opening,
    pub(super) drain: DrainWatch,
    patience: Patience,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Operation(Address),
    Asset(Asset),
    Nothing,
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
            asker: room.owners.asker(&request.headers, &opening.connection),
            target: Target::parse(below),
            known: known(&request.headers),
            heard: events::heard(&request.headers),
            provenance: Provenance::of(&request.headers, room.operations.origin().base()),
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

// === impl Target ===

impl Target {
    fn parse(below: &str) -> Self {
        match Asset::parse(below) {
            Some(asset) => Self::Asset(asset),
            None => Address::parse(below).map_or(Self::Nothing, Self::Operation),
        }
    }
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
        let (mut looked, format) = match self.target {
            Target::Nothing => other(unknown()),
            Target::Asset(asset) => other(asset.answer(&self.method)),
            Target::Operation(address) => self.answer_about(address).await,
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

    async fn answer_about(mut self, address: Address) -> (Looked, Format) {
        if self.method == Method::DELETE && self.provenance == Provenance::Foreign {
            return other(cross_site());
        }
        let now = tokio::time::Instant::now().into_std();
        let peer = self.opening.connection.peer.ip();
        if self.patience == Patience::Fresh && !self.room.misses.allow(peer, now) {
            return other(too_many_misses());
        }
        let seen = match self.asker.find(&self.room.operations, address.id).await {
            // To one who may not know it, an operation is unknown whatever is asked (S-02).
            Ok(Seen::Unknown) => {
                self.room.misses.missed(peer, now);
                return other(unknown());
            }
            Ok(seen) => seen,
            Err(error) => return other(of_store(error)),
        };
        self.rendering = self.rendering.under(self.room.profile_of(&seen));
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
            Seen::Expired { .. } | Seen::Unknown => other(expired()),
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
                Err(error) => other(of_store(error)),
            };
        }
        if self.rendering.habit().is_some() && is_canceled(&view) {
            return other(unknown());
        }
        if self.rendering.is_events() {
            let metrics = &self.room.metrics.operations;
            let pace = events::Pace::of(&self.settings(cell.route));
            let stream = Events::following(cell, identity, pace, self.drain.clone());
            return self.stream(stream.heard(self.heard).sharing(&self.written()).counted(metrics));
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
        match (address.part, self.rendering.habit()) {
            (Part::Result, _) => other(result::replay(record, &view)),
            (Part::Document, Some(habit)) => {
                (Looked::Answer(habit.finished(record, &view)), self.rendering.label())
            }
            (Part::Document, None) if self.rendering.is_events() => self.stream_end(view),
            (Part::Document, None) => self.read(&view),
        }
    }

    /// What streams share that are read as this one is.
    fn written(&self) -> Written {
        self.room.written.read_in(&self.rendering.reader().languages)
    }

    fn stream(&self, events: Events) -> (Looked, Format) {
        (Looked::Answer(events.response()), self.rendering.label())
    }

    /// The end, to who has not got it; who has is to ask no more.
    fn stream_end(&self, view: View) -> (Looked, Format) {
        let answer = if self.heard == Some(view.revision()) {
            events::nothing_more()
        } else {
            Events::ended(view).sharing(&self.written()).response()
        };
        (Looked::Answer(answer), self.rendering.label())
    }

    fn read(&self, view: &View) -> (Looked, Format) {
        let unchanged = self.known.as_ref().is_some_and(|known| matches(known, &self.rendering.etag(view)));
        let response =
            if unchanged { self.rendering.not_modified(view) } else { self.rendering.document(view) };
        (Looked::Answer(response.map(Content::from)), self.rendering.label())
    }

    async fn delete(&self, address: Address, seen: Seen) -> (Looked, Format) {
        match seen {
            Seen::Running(cell) => {
                let identity = self.room.operations.identity(&cell);
                let Some(identity) = identity else { return other(unknown()) };
                point::passed(Point::Canceling);
                let now = self.room.operations.cancel(&cell).await;
                point::passed(Point::Canceled);
                if now.is_finished() {
                    // It ended since it was found: there is nothing to cancel.
                    return self.forget(address).await;
                }
                if let Some(habit) = self.rendering.habit() {
                    return other(habit.deleted());
                }
                // X15: as it is now, even if the cancellation takes effect before this is read.
                let view = View::of_cell(&cell, &identity).at(now);
                let document = self.rendering.document(&view);
                (Looked::Answer(document.map(Content::from)), self.rendering.label())
            }
            Seen::Finished(_) => self.forget(address).await,
            Seen::Expired { .. } | Seen::Unknown => other(expired()),
        }
    }

    async fn forget(&self, address: Address) -> (Looked, Format) {
        match self.room.operations.forget(address.id).await {
            Ok(()) => other(self.rendering.habit().map_or_else(forgotten, Habit::deleted)),
            Err(StoreError::Missing) => other(expired()),
            Err(error) => other(of_store(error)),
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

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

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
