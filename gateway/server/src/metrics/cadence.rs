//! What clients feel: first signals, the cadence of heads, and whether they arrive.

use std::time::Duration;

use downstream::{Audit, Protocol, Source};
use prometheus::{Error, Histogram, IntGauge};

use super::buckets;
use super::exposition::{Registry, Series};
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
    /// `None` where nobody tells: an unknown number is no zero.
    unacknowledged: Option<IntGauge>,
    acknowledgements: Table<Acknowledgement, Option<Histogram>>,
}

/// The families that [`CadenceMetrics`] are handles of.
pub(super) struct CadenceFamilies {
    first_signals: Series<Histogram>,
    intervals: Series<Histogram>,
    lateness: Series<Histogram>,
    heads: Series<Histogram>,
    unacknowledged: Series<IntGauge>,
    acknowledgements: Series<Histogram>,
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
}

impl CadenceMetrics {
    /// This many more heads (fewer, if negative) wait for their acknowledgement.
    fn waiting(&self, change: i64) {
        if let Some(unacknowledged) = &self.unacknowledged {
            unacknowledged.add(change);
        }
    }
}

impl Audit for CadenceMetrics {
    fn written(&self) {
        self.waiting(1);
    }

    /// A source that the protocol does not have is not counted.
    fn acknowledged(&self, source: Source, after: Duration) {
        self.waiting(-1);
        let source = match source {
            Source::Tcp => Acknowledgement::Tcp,
            Source::H2Ping => Acknowledgement::H2Ping,
            Source::Quic => Acknowledgement::Quic,
        };
        if let Some(histogram) = self.acknowledgements.of(source) {
            histogram.observe(after.as_secs_f64());
        }
    }

    fn lost(&self, heads: usize) {
        self.waiting(-i64::try_from(heads).unwrap_or(i64::MAX));
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
            first_signals: Table::build(|signal: Signal| self.first_signals.of(&[wire, signal.text()]))?,
            intervals: Table::build(|reason: Reason| self.intervals.of(&[wire, reason.text()]))?,
            lateness: self.lateness.of(&[wire])?,
            heads: self.heads.of(&[wire])?,
            unacknowledged: is_told(protocol).then(|| self.unacknowledged.of(&[wire])).transpose()?,
            acknowledgements: Table::build(|source: Acknowledgement| {
                let exists = can_tell(protocol, source);
                exists.then(|| self.acknowledgements.of(&[wire, source.text()])).transpose()
            })?,
        })
    }
}

/// Whether this platform tells what became of the heads of a protocol: kernels but Linux's keep to
/// themselves what TCP knows.
fn is_told(protocol: Protocol) -> bool {
    match protocol {
        Protocol::Http11 | Protocol::H2 => cfg!(any(target_os = "linux", target_os = "android")),
        Protocol::Http10 | Protocol::H3 => true,
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
