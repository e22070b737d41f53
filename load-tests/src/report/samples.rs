//! Made-up runs for the tests of this room.

use std::collections::BTreeMap;

use super::{GatewayUse, GeneratorUse, Percentiles, Row, RunReport, Sample, VERSION};
use crate::scenario::Protocol;

/// A run with everything that a run can have.
pub(crate) fn run(scenario: &str) -> RunReport {
    RunReport {
        version: VERSION,
        scenario: scenario.to_owned(),
        summary: "Requests at an even rate, with news every half second".to_owned(),
        started: "2026-11-22T06:15:00Z".to_owned(),
        seconds: 60.0,
        seed: 1,
        quick: false,
        target: "progress-gateway 0.1.0".to_owned(),
        machine: "2 cores, Linux 6.1.0, 7.8 GiB".to_owned(),
        total: row("total", None, 1.0),
        clients: vec![
            row("h1 watchers", Some(Protocol::Http11), 1.2),
            row("h2 watchers", Some(Protocol::H2), 0.8),
            row("h3 watchers", Some(Protocol::H3), 1.5),
            silent("old clients"),
        ],
        gateway: Some(gateway()),
        generator: GeneratorUse {
            clients_cpu_seconds: 0.3,
            origin_cpu_seconds: Some(0.2),
            start_delay_p99: 0.0021,
        },
        samples: (1..=60).map(sample).collect(),
        violations: Vec::new(),
    }
}

/// A run against a gateway that somebody else started, of which nothing came.
pub(crate) fn bare(scenario: &str) -> RunReport {
    RunReport {
        target: "https://gateway.example:8443".to_owned(),
        total: Row { name: "total".to_owned(), ..Row::default() },
        clients: Vec::new(),
        gateway: None,
        samples: Vec::new(),
        ..run(scenario)
    }
}

fn row(name: &str, protocol: Option<Protocol>, factor: f64) -> Row {
    Row {
        name: name.to_owned(),
        protocol,
        requests: 2400,
        completed: 2398,
        failures: BTreeMap::from([("reset".to_owned(), 2)]),
        codes: BTreeMap::from([(200, 2390), (502, 8)]),
        interim: BTreeMap::from([(102, 24_005)]),
        received: 2_455_552,
        heads_per_request: percentiles(2398, 10.0, 1.0),
        cadence: percentiles(21_600, 0.5 * factor, 0.01),
        lateness: percentiles(21_600, 0.0004 * factor, 0.5),
        late: 3,
        longest_silence: 2.031,
        first_signal: percentiles(2398, 0.054 * factor, 0.1),
        latency: percentiles(2398, 0.51 * factor, 0.4),
        ..Row::default()
    }
}

/// Clients that get no interim head.
fn silent(name: &str) -> Row {
    Row {
        interim: BTreeMap::new(),
        heads_per_request: Percentiles::default(),
        cadence: Percentiles::default(),
        lateness: Percentiles::default(),
        late: 0,
        ..row(name, Some(Protocol::Http10), 0.9)
    }
}

fn percentiles(count: u64, p50: f64, spread: f64) -> Percentiles {
    let at = |steps: f64| short(p50 * (1.0 + spread * steps));
    Percentiles {
        count,
        mean: at(0.0),
        min: at(-0.5),
        p50: at(0.0),
        p90: at(1.0),
        p99: at(3.0),
        p999: at(8.0),
        max: at(20.0),
    }
}

fn gateway() -> GatewayUse {
    GatewayUse {
        cpu_seconds: 0.42,
        cpu_per_head: Some(0.000_017_5),
        cpu_per_request: Some(0.000_175),
        resident_before: 11_534_336,
        resident_peak: 19_922_944,
        resident_after: 17_825_792,
        resident_per_held: Some(9_420.0),
        descriptors: (14, 20),
        origin_connections: 6,
        unacknowledged_max: Some(12),
        growth_per_hour: 312_000.0,
    }
}

fn sample(second: u32) -> Sample {
    let wave = (f64::from(second) / 5.0).sin();
    let some = |value: f64| Some(short(value));
    let wobble = u64::from(second * 7 % 5);
    Sample {
        second: f64::from(second),
        requests: 38 + wobble,
        heads: 380 + 11 * wobble,
        in_flight: 190 + 3 * wobble,
        cpu: some(0.07 + 0.02 * wave),
        resident: Some(11_534_336 + u64::from(second) * 100_000),
        descriptors: Some(14 + wobble),
        unacknowledged: Some(wobble),
        latency_p99: some(5.6 + 0.3 * wave),
        cadence_p99: some(0.52 + 0.01 * wave),
        lateness_p99: some(0.001 + 0.0008 * wave),
    }
}

/// With so few digits that they come out of a file just as they went in.
fn short(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
