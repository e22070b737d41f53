//! What clients feel: first signals, the cadence of heads, and whether they arrive.

use std::time::Duration;

use downstream::Protocol;
use prometheus::{Error, Histogram, HistogramVec, IntGauge, IntGaugeVec, Registry};

use super::buckets;
use super::labels::{Acknowledgement, Label, Reason, Signal};
use super::names;
use super::registrar::Family;
use super::table::Table;

/// The handles of one protocol.
#[derive(Debug)]
pub struct CadenceMetrics {
    first_signals: Table<Signal, Histogram>,
    intervals: Table<Reason, Histogram>,
    lateness: Histogram,
    heads: Histogram,
    unacknowledged: IntGauge,
    acknowledgements: Table<Acknowledgement, Option<Histogram>>,
}

/// The families that [`CadenceMetrics`] are handles of.
pub(super) struct CadenceFamilies {
    first_signals: HistogramVec,
    intervals: HistogramVec,
    lateness: HistogramVec,
    heads: HistogramVec,
    unacknowledged: IntGaugeVec,
    acknowledgements: HistogramVec,
}

// === impl CadenceMetrics ===

impl CadenceMetrics {
    /// The first head that the client sees went out, `elapsed` after its request head arrived.
    pub fn first_signal(&self, signal: Signal, elapsed: Duration) {
        self.first_signals.of(signal).observe(elapsed.as_secs_f64());
    }

    /// An interim head was written `gap` after the exchange's last one.
    pub fn interval(&self, reason: Reason, gap: Duration) {
        self.intervals.of(reason).observe(gap.as_secs_f64());
    }

    /// An interim head was written `late` after it was due.
    pub fn lateness(&self, late: Duration) {
        self.lateness.observe(late.as_secs_f64());
    }

    /// An exchange ended after this many interim heads of ours.
    pub fn heads(&self, count: u32) {
        self.heads.observe(f64::from(count));
    }

    /// This many more heads (fewer, if negative) wait for their acknowledgement.
    pub fn unacknowledged(&self, change: i64) {
        self.unacknowledged.add(change);
    }

    /// A head was acknowledged `elapsed` after it was written. A source that the protocol does not
    /// have is not counted.
    pub fn acknowledged(&self, source: Acknowledgement, elapsed: Duration) {
        if let Some(histogram) = self.acknowledgements.of(source) {
            histogram.observe(elapsed.as_secs_f64());
        }
    }
}

// === impl CadenceFamilies ===

impl CadenceFamilies {
    pub(super) fn register(registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            first_signals: FIRST_SIGNAL.histograms(registry, buckets::FIRST_SIGNAL)?,
            intervals: INTERVAL.histograms(registry, buckets::INTERVAL)?,
            lateness: LATENESS.histograms(registry, buckets::LATENESS)?,
            heads: HEADS.histograms(registry, buckets::HEADS)?,
            unacknowledged: UNACKNOWLEDGED.gauges(registry)?,
            acknowledgements: ACKNOWLEDGEMENT.histograms(registry, buckets::ACKNOWLEDGEMENT)?,
        })
    }

    pub(super) fn handles(&self, protocol: Protocol) -> Result<CadenceMetrics, Error> {
        let wire = protocol.text();
        Ok(CadenceMetrics {
            first_signals: Table::build(|signal: Signal| {
                self.first_signals.get_metric_with_label_values(&[wire, signal.text()])
            })?,
            intervals: Table::build(|reason: Reason| {
                self.intervals.get_metric_with_label_values(&[wire, reason.text()])
            })?,
            lateness: self.lateness.get_metric_with_label_values(&[wire])?,
            heads: self.heads.get_metric_with_label_values(&[wire])?,
            unacknowledged: self.unacknowledged.get_metric_with_label_values(&[wire])?,
            acknowledgements: Table::build(|source: Acknowledgement| {
                let exists = can_tell(protocol, source);
                exists
                    .then(|| self.acknowledgements.get_metric_with_label_values(&[wire, source.text()]))
                    .transpose()
            })?,
        })
    }
}

/// Whether heads of a protocol can be acknowledged in this way; HTTP/1.0 has none.
fn can_tell(protocol: Protocol, source: Acknowledgement) -> bool {
    matches!(
        (protocol, source),
        (Protocol::Http11 | Protocol::H2, Acknowledgement::Tcp)
            | (Protocol::H2, Acknowledgement::H2Ping)
            | (Protocol::H3, Acknowledgement::Quic)
    )
}

const FIRST_SIGNAL: Family = Family {
    name: names::FIRST_SIGNAL_SECONDS,
    help: "Time from the request head to the first head that the client sees.",
    labels: &["protocol", "signal"],
};

const INTERVAL: Family = Family {
    name: names::INTERIM_INTERVAL_SECONDS,
    help: "Time between an interim head and the one before it in the same exchange.",
    labels: &["protocol", "reason"],
};

const LATENESS: Family = Family {
    name: names::INTERIM_LATENESS_SECONDS,
    help: "Time from when an interim head was due to when it was written.",
    labels: &["protocol"],
};

const HEADS: Family = Family {
    name: names::INTERIM_HEADS_PER_REQUEST,
    help: "Interim heads that an exchange got before its final head.",
    labels: &["protocol"],
};

const UNACKNOWLEDGED: Family = Family {
    name: names::INTERIM_UNACKNOWLEDGED,
    help: "Interim heads written and not yet acknowledged by the client's transport.",
    labels: &["protocol"],
};

const ACKNOWLEDGEMENT: Family = Family {
    name: names::INTERIM_ACKNOWLEDGEMENT_SECONDS,
    help: "Time from when an interim head was written to its acknowledgement.",
    labels: &["protocol", "source"],
};
