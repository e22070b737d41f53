//! What is said to origins, by upstream.

use std::time::Duration;

use prometheus::{Error, Histogram, IntCounter, IntGauge};

use super::buckets;
use super::exposition::{Registry, Series};
use super::labels::{Label, UpstreamResult};
use super::names;
use super::registrar::Family;
use super::table::Table;

/// The handles of one upstream.
#[derive(Debug)]
pub struct UpstreamMetrics {
    requests: Table<UpstreamResult, IntCounter>,
    durations: Histogram,
    connections: IntGauge,
    healthy: IntGauge,
}

/// The families that [`UpstreamMetrics`] are handles of.
pub(super) struct UpstreamFamilies {
    requests: Series<IntCounter>,
    durations: Series<Histogram>,
    connections: Series<IntGauge>,
    healthy: Series<IntGauge>,
}

// === impl UpstreamMetrics ===

impl UpstreamMetrics {
    /// A request ended, `elapsed` after it was sent: with its final head, or without one.
    pub fn took(&self, elapsed: Duration) {
        self.durations.observe(elapsed.as_secs_f64());
    }

    /// This many requests have ended with `result` since the start; set when metrics are scraped.
    /// A counter does not go back: a smaller number changes nothing.
    pub fn ended_in_all(&self, result: UpstreamResult, count: u64) {
        let counter = self.requests.of(result);
        counter.inc_by(count.saturating_sub(counter.get()));
    }

    /// How many connections are open; set when metrics are scraped.
    pub fn connections(&self, count: i64) {
        self.connections.set(count);
    }

    /// How many servers are believed to answer; set when metrics are scraped.
    pub fn healthy(&self, servers: usize) {
        self.healthy.set(i64::try_from(servers).unwrap_or(i64::MAX));
    }
}

// === impl UpstreamFamilies ===

impl UpstreamFamilies {
    pub(super) fn register(registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            requests: REQUESTS.counters(registry)?,
            durations: DURATION.histograms(registry, buckets::LONG)?,
            connections: CONNECTIONS.gauges(registry)?,
            healthy: HEALTHY.gauges(registry)?,
        })
    }

    /// The handles of an upstream.
    pub(super) fn handles(&self, upstream: &str) -> Result<UpstreamMetrics, Error> {
        Ok(UpstreamMetrics {
            requests: Table::build(|result: UpstreamResult| self.requests.of(&[upstream, result.text()]))?,
            durations: self.durations.of(&[upstream])?,
            connections: self.connections.of(&[upstream])?,
            healthy: self.healthy.of(&[upstream])?,
        })
    }
}

const REQUESTS: Family = Family {
    name: names::UPSTREAM_REQUESTS_TOTAL,
    help: "Requests to origins, by what became of them.",
    labels: &["upstream", "result"],
};

const DURATION: Family = Family {
    name: names::UPSTREAM_REQUEST_DURATION_SECONDS,
    help: "Time from the request to the final head of the origin, or to the end without one.",
    labels: &["upstream"],
};

const CONNECTIONS: Family = Family {
    name: names::UPSTREAM_CONNECTIONS,
    help: "Open connections to origins, in use or idle.",
    labels: &["upstream"],
};

const HEALTHY: Family = Family {
    name: names::UPSTREAM_HEALTHY,
    help: "Servers of the upstream that are believed to answer.",
    labels: &["upstream"],
};
