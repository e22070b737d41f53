//! What a run came to: numbers that a table, a page, a JSON file and a comparison are made of.

pub mod compare;
pub mod json;
pub mod live;
pub mod page;
pub mod table;

pub(crate) mod quantity;
#[cfg(test)]
pub(crate) mod samples;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scenario::Protocol;

/// [`RunReport::version`] of the reports that this program makes, and the only one that it reads.
pub const VERSION: u32 = 2;

/// Seconds of the shortest run of which growth by the hour is told.
pub(crate) const LONG_RUN: f64 = 600.0;

/// Durations are in seconds, sizes in octets. Histograms are given by their percentiles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Of this form; it changes when a member's meaning does.
    pub version: u32,
    /// The scenario's name.
    pub scenario: String,
    /// Its `summary`.
    pub summary: String,
    /// When the run began, RFC 3339.
    pub started: String,
    /// How long it was measured.
    pub seconds: f64,
    /// The seed of its random choices.
    pub seed: u64,
    /// Whether `--quick` was given.
    pub quick: bool,
    /// The target's URL, or the started gateway's version.
    pub target: String,
    /// The machine: cores, kernel, memory.
    pub machine: String,
    /// All clients together.
    pub total: Row,
    /// Each kind of client.
    pub clients: Vec<Row>,
    /// What the gateway used, if the run started it.
    pub gateway: Option<GatewayUse>,
    /// What the load generator and its origin used themselves.
    pub generator: GeneratorUse,
    /// One a second.
    pub samples: Vec<Sample>,
    /// Limits that were missed, one line each; empty: the run is as expected.
    pub violations: Vec<String>,
}

/// What one kind of client saw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The kind's name; `total` for all together.
    pub name: String,
    /// What it speaks; absent in the total.
    pub protocol: Option<Protocol>,
    /// Requests that were begun.
    pub requests: u64,
    /// Those that ended as they should.
    pub completed: u64,
    /// Those that did not, by reason.
    pub failures: BTreeMap<String, u64>,
    /// Those that were cut off at the end of the run.
    pub unfinished: u64,
    /// Arrivals for which there was no room among those in flight.
    pub shed: u64,
    /// Final responses by status code.
    pub codes: BTreeMap<u16, u64>,
    /// Interim heads by status code.
    pub interim: BTreeMap<u16, u64>,
    /// Octets of content that came back.
    pub received: u64,
    /// Interim heads per exchange (opted in, run to the end); all members are counts.
    pub heads_per_request: Percentiles,
    /// Gap between two heads of one exchange.
    pub cadence: Percentiles,
    /// The gap before a head beyond `heartbeat-interval`, else 0.
    pub lateness: Percentiles,
    /// Heads more than 50 ms late.
    pub late: u64,
    /// Longest time that an opted-in exchange heard nothing.
    pub longest_silence: f64,
    /// From the intended start to the first signal, interim or final.
    pub first_signal: Percentiles,
    /// From the intended start to the end of the exchange.
    pub latency: Percentiles,
    /// What is never right, by kind: `interim to http/1.0`, `interim unasked`, `progress fell`, `wrong result`, `head after final`.
    pub wrongs: BTreeMap<String, u64>,
}

/// A distribution by its percentiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many values.
    pub count: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Smallest.
    pub min: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 99th percentile.
    pub p99: f64,
    /// 99.9th percentile.
    pub p999: f64,
    /// Largest.
    pub max: f64,
}

/// What the gateway used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GatewayUse {
    /// CPU time during the run.
    pub cpu_seconds: f64,
    /// The same over interim heads; absent without any.
    pub cpu_per_head: Option<f64>,
    /// The same over requests.
    pub cpu_per_request: Option<f64>,
    /// Resident memory before the first request.
    pub resident_before: u64,
    /// The largest sample.
    pub resident_peak: u64,
    /// The last one.
    pub resident_after: u64,
    /// Growth when most exchanges were in flight, over their number; absent below 100 of them.
    pub resident_per_held: Option<f64>,
    /// Open descriptors before the first request, and once all clients had left.
    pub descriptors: (u64, u64),
    /// How many of the latter were connections that it kept to the origin.
    pub origin_connections: u64,
    /// Largest value of `progress_gateway_interim_unacknowledged`, all protocols; absent while the gateway has no such metric.
    pub unacknowledged_max: Option<u64>,
    /// Growth of resident memory in octets an hour: the median of all slopes between samples of the last three quarters or, if
    /// it is smaller, of the last half, so that what fills up to a level is not taken for a leak.
    pub growth_per_hour: f64,
}

/// What the load generator used during the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GeneratorUse {
    /// CPU time of all but the origin: the clients, and what it takes to watch.
    pub clients_cpu_seconds: f64,
    /// CPU time of the scripted origin; absent if the run started none.
    pub origin_cpu_seconds: Option<f64>,
    /// 99th percentile of how late arrivals were begun; a large one says that this machine was too slow for the scenario.
    pub start_delay_p99: f64,
}

/// How things stood at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Since the start.
    pub second: f64,
    /// Requests begun since the sample before.
    pub requests: u64,
    /// Interim heads since the sample before.
    pub heads: u64,
    /// Exchanges in flight.
    pub in_flight: u64,
    /// The gateway's CPU time since the sample before, as a share of one core.
    pub cpu: Option<f64>,
    /// The gateway's resident memory.
    pub resident: Option<u64>,
    /// The gateway's open descriptors.
    pub descriptors: Option<u64>,
    /// Heads not yet acknowledged, by the gateway's metric.
    pub unacknowledged: Option<u64>,
    /// 99th percentile of latency of what ended since the sample before.
    pub latency_p99: Option<f64>,
    /// 99th percentile of the gaps between heads since the sample before.
    pub cadence_p99: Option<f64>,
    /// 99th percentile of the lateness of heads since the sample before.
    pub lateness_p99: Option<f64>,
}

impl GatewayUse {
    /// Descriptors that are open at the end, were not at the start, and are no connections to the origin.
    pub fn descriptors_left_open(&self) -> u64 {
        let (before, after) = self.descriptors;
        after.saturating_sub(before + self.origin_connections)
    }
}
