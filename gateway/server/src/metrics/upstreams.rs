//! What is said to origins, by upstream.

use std::time::Duration;

use prometheus::{Error, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry};

use super::buckets;
use super::labels::{Label, UpstreamConnection, UpstreamResult};
use super::names;
use super::registrar::Family;
use super::table::Table;

/// The handles of one upstream.
#[derive(Debug)]
pub struct UpstreamMetrics {
    requests: Table<UpstreamResult, IntCounter>,
    durations: Histogram,
    connections: Table<UpstreamConnection, IntGauge>,
    healthy: IntGauge,
}

/// The families that [`UpstreamMetrics`] are handles of.
pub(super) struct UpstreamFamilies {
    requests: IntCounterVec,
    durations: HistogramVec,
    connections: IntGaugeVec,
    healthy: IntGaugeVec,
}

// === impl UpstreamMetrics ===

impl UpstreamMetrics {
    /// A request ended, `elapsed` after it was sent: with its final head, or without one.
    pub fn ended(&self, result: UpstreamResult, elapsed: Duration) {
        self.requests.of(result).inc();
        self.durations.observe(elapsed.as_secs_f64());
    }

    /// This many more connections (fewer, if negative) are in `state`.
    pub fn connections(&self, state: UpstreamConnection, change: i64) {
        self.connections.of(state).add(change);
    }

    /// A server of this upstream is believed to answer.
    pub fn up(&self) {
        self.healthy.set(1);
    }

    /// No server of this upstream is believed to answer.
    pub fn down(&self) {
        self.healthy.set(0);
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

    /// The handles of an upstream, which is believed to answer until it does not.
    pub(super) fn handles(&self, upstream: &str) -> Result<UpstreamMetrics, Error> {
        let metrics = UpstreamMetrics {
            requests: Table::build(|result: UpstreamResult| {
                self.requests.get_metric_with_label_values(&[upstream, result.text()])
            })?,
            durations: self.durations.get_metric_with_label_values(&[upstream])?,
            connections: Table::build(|state: UpstreamConnection| {
                self.connections.get_metric_with_label_values(&[upstream, state.text()])
            })?,
            healthy: self.healthy.get_metric_with_label_values(&[upstream])?,
        };
        metrics.up();
        Ok(metrics)
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
    help: "Open connections to origins.",
    labels: &["upstream", "state"],
};

const HEALTHY: Family = Family {
    name: names::UPSTREAM_HEALTHY,
    help: "1 while at least one server of the upstream is believed to answer, else 0.",
    labels: &["upstream"],
};
