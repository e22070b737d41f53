//! Operations, their documents, and what their origins report.

use std::time::Duration;

use http::StatusCode;
use prometheus::{Error, Histogram, IntCounter, IntGauge};

use super::buckets;
use super::codes::Codes;
use super::exposition::{Registry, Series};
use super::labels::{Downgrade, EventKind, Format, Label, OutcomeLabel, State, Via};
use super::names;
use super::registrar::Family;
use super::table::Table;

/// The handles that all routes share.
#[derive(Debug)]
pub struct OperationMetrics {
    states: Table<State, IntGauge>,
    watchers: Table<Via, IntGauge>,
    downgrades: Table<Downgrade, IntCounter>,
    documents: Table<Format, Codes>,
}

/// The handles of one route.
#[derive(Debug)]
pub struct RouteOperationMetrics {
    ended: Table<OutcomeLabel, IntCounter>,
    durations: Table<OutcomeLabel, Histogram>,
    events: Table<EventKind, IntCounter>,
}

/// Counts somebody as following an operation until it is dropped.
#[derive(Debug)]
pub struct Watching(IntGauge);

/// The families that [`RouteOperationMetrics`] are handles of.
pub(super) struct OperationFamilies {
    ended: Series<IntCounter>,
    durations: Series<Histogram>,
    events: Series<IntCounter>,
}

// === impl OperationMetrics ===

impl OperationMetrics {
    pub(super) fn register(registry: &Registry) -> Result<Self, Error> {
        let (states, watchers) = (OPERATIONS.gauges(registry)?, WATCHERS.gauges(registry)?);
        let (downgrades, documents) = (DOWNGRADES.counters(registry)?, DOCUMENTS.counters(registry)?);
        Ok(Self {
            states: Table::build(|state: State| states.of(&[state.text()]))?,
            watchers: Table::build(|via: Via| watchers.of(&[via.text()]))?,
            downgrades: Table::build(|reason: Downgrade| downgrades.of(&[reason.text()]))?,
            documents: Table::build(|format: Format| {
                Codes::new(&documents, &[format.text()], &[StatusCode::OK, StatusCode::ACCEPTED])
            })?,
        })
    }

    /// How many operations are in `state`; set when metrics are scraped.
    pub fn in_state(&self, state: State, count: u64) {
        self.states.of(state).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Somebody follows an operation while the guard lives.
    pub fn watch(&self, via: Via) -> Watching {
        let gauge = self.watchers.of(via);
        gauge.inc();
        Watching(gauge.clone())
    }

    /// A 202 went out in place of the origin's response.
    pub fn downgraded(&self, reason: Downgrade) {
        self.downgrades.of(reason).inc();
    }

    /// A request for a status document, or for what belongs to it, was answered.
    pub fn document(&self, format: Format, code: StatusCode) {
        self.documents.of(format).of(code).inc();
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.dec();
    }
}

// === impl RouteOperationMetrics ===

impl RouteOperationMetrics {
    /// An operation ended, `elapsed` after it began.
    pub fn ended(&self, outcome: OutcomeLabel, elapsed: Duration) {
        self.ended.of(outcome).inc();
        self.durations.of(outcome).observe(elapsed.as_secs_f64());
    }

    /// An origin reported something.
    pub fn event(&self, kind: EventKind) {
        self.events.of(kind).inc();
    }
}

// === impl OperationFamilies ===

impl OperationFamilies {
    pub(super) fn register(registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            ended: ENDED.counters(registry)?,
            durations: DURATION.histograms(registry, buckets::LONG)?,
            events: EVENTS.counters(registry)?,
        })
    }

    pub(super) fn handles(&self, route: &str) -> Result<RouteOperationMetrics, Error> {
        Ok(RouteOperationMetrics {
            ended: Table::build(|outcome: OutcomeLabel| self.ended.of(&[route, outcome.text()]))?,
            durations: Table::build(|outcome: OutcomeLabel| self.durations.of(&[route, outcome.text()]))?,
            events: Table::build(|kind: EventKind| self.events.of(&[route, kind.text()]))?,
        })
    }
}

const OPERATIONS: Family =
    Family { name: names::OPERATIONS, help: "Operations that the store holds.", labels: &["state"] };

const WATCHERS: Family = Family {
    name: names::OPERATION_WATCHERS,
    help: "Clients that follow an operation at this moment.",
    labels: &["via"],
};

const DOWNGRADES: Family = Family {
    name: names::DOWNGRADES_TOTAL,
    help: "202 responses in place of the origin's final response.",
    labels: &["reason"],
};

const DOCUMENTS: Family = Family {
    name: names::STATUS_DOCUMENT_REQUESTS_TOTAL,
    help: "Answered requests for status documents and results.",
    labels: &["format", "code"],
};

const ENDED: Family =
    Family { name: names::OPERATIONS_TOTAL, help: "Operations that ended.", labels: &["route", "outcome"] };

const DURATION: Family = Family {
    name: names::OPERATION_DURATION_SECONDS,
    help: "Time from the beginning of an operation to its end.",
    labels: &["route", "outcome"],
};

const EVENTS: Family = Family {
    name: names::UPSTREAM_EVENTS_TOTAL,
    help: "What origins reported about running operations.",
    labels: &["route", "kind"],
};
