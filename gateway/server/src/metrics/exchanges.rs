//! What happens to requests, by route and protocol.

use std::time::Duration;

use downstream::Protocol;
use http::StatusCode;
use prometheus::{Error, Histogram, IntCounter, IntGauge};

use super::buckets;
use super::codes::Codes;
use super::exposition::{Registry, Series};
use super::labels::{Label, Mode, Reason, Source, Suppressed};
use super::names;
use super::registrar::Family;
use super::table::Table;

/// The handles of one route and protocol; found once per exchange.
#[derive(Debug)]
pub struct ExchangeMetrics {
    in_flight: IntGauge,
    requests: Table<Mode, Codes>,
    durations: Table<Mode, Histogram>,
    generated: Table<Reason, Option<IntCounter>>,
    relayed: Codes,
    suppressed: Table<Suppressed, IntCounter>,
}

/// Counts a request as in flight until it is dropped.
#[derive(Debug)]
pub struct InFlight(IntGauge);

/// The families that [`ExchangeMetrics`] are handles of.
pub(super) struct ExchangeFamilies {
    requests: Series<IntCounter>,
    in_flight: Series<IntGauge>,
    durations: Series<Histogram>,
    interim: Series<IntCounter>,
    suppressed: Series<IntCounter>,
}

// === impl ExchangeMetrics ===

impl ExchangeMetrics {
    /// A request head arrived: in flight while the guard lives.
    pub fn opened(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// A final head went out, `elapsed` after the request head arrived.
    pub fn answered(&self, mode: Mode, code: StatusCode, elapsed: Duration) {
        self.requests.of(mode).of(code).inc();
        self.durations.of(mode).observe(elapsed.as_secs_f64());
    }

    /// A request was refused before it could be timed: counted without a duration.
    pub fn refused(&self, mode: Mode, code: StatusCode) {
        self.requests.of(mode).of(code).inc();
    }

    /// An interim head was written. Heads of ours are 102 whatever `status` says.
    pub fn interim(&self, reason: Reason, status: StatusCode) {
        self.generated.of(reason).as_ref().unwrap_or_else(|| self.relayed.of(status)).inc();
    }

    /// An interim head was due, or could have been, and was not written.
    pub fn withheld(&self, reason: Suppressed) {
        self.suppressed.of(reason).inc();
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

// === impl ExchangeFamilies ===

impl ExchangeFamilies {
    pub(super) fn register(registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            requests: REQUESTS.counters(registry)?,
            in_flight: IN_FLIGHT.gauges(registry)?,
            durations: DURATION.histograms(registry, buckets::LONG)?,
            interim: INTERIM.counters(registry)?,
            suppressed: SUPPRESSED.counters(registry)?,
        })
    }

    /// The handles of `route` and `protocol`; every known series of theirs exists from now on.
    pub(super) fn handles(&self, route: &str, protocol: Protocol) -> Result<ExchangeMetrics, Error> {
        let wire = protocol.text();
        let (generated, relayed) = (Source::Generated.text(), Source::Relayed.text());
        Ok(ExchangeMetrics {
            in_flight: self.in_flight.of(&[wire, route])?,
            requests: Table::build(|mode: Mode| {
                Codes::new(&self.requests, &[wire, route, mode.text()], &[usual(mode)])
            })?,
            durations: Table::build(|mode: Mode| self.durations.of(&[wire, route, mode.text()]))?,
            generated: Table::build(|reason: Reason| {
                // A relayed head is never ours, and may have any status.
                let ours = reason != Reason::Relayed;
                let labels = [wire, route, generated, reason.text(), "102"];
                ours.then(|| self.interim.of(&labels)).transpose()
            })?,
            relayed: Codes::new(&self.interim, &[wire, route, relayed, relayed], &[EARLY_HINTS])?,
            suppressed: Table::build(|reason: Suppressed| self.suppressed.of(&[wire, route, reason.text()]))?,
        })
    }
}

/// The code that each mode has at zero from the start.
fn usual(mode: Mode) -> StatusCode {
    match mode {
        Mode::Plain | Mode::Interim => StatusCode::OK,
        Mode::Async | Mode::Downgraded => StatusCode::ACCEPTED,
    }
}

const EARLY_HINTS: StatusCode = StatusCode::EARLY_HINTS;

const REQUESTS: Family = Family {
    name: names::REQUESTS_TOTAL,
    help: "Requests that got a final head.",
    labels: &["protocol", "route", "mode", "code"],
};

const IN_FLIGHT: Family = Family {
    name: names::REQUESTS_IN_FLIGHT,
    help: "Requests whose head has arrived and whose response is not complete.",
    labels: &["protocol", "route"],
};

const DURATION: Family = Family {
    name: names::REQUEST_DURATION_SECONDS,
    help: "Time from the request head to the final head.",
    labels: &["protocol", "route", "mode"],
};

const INTERIM: Family = Family {
    name: names::INTERIM_RESPONSES_TOTAL,
    help: "Interim heads written to clients.",
    labels: &["protocol", "route", "source", "reason", "status"],
};

const SUPPRESSED: Family = Family {
    name: names::INTERIM_SUPPRESSED_TOTAL,
    help: "Interim heads that were not written, by reason; http10, not_preferred and denied_client count once per exchange.",
    labels: &["protocol", "route", "reason"],
};
