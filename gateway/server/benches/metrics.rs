//! What a scrape costs. `cargo bench -p progress-gateway --bench metrics`.
//!
//! With 50 routes it is to take less than 20 ms.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use downstream::Protocol;
use http::StatusCode;
use jiff::Timestamp;
use progress_gateway::metrics::Metrics;
use progress_gateway::metrics::labels::{Label, Mode, OutcomeLabel, Reason};

/// Routes, and a tenth as many upstreams.
const SIZES: [usize; 3] = [1, 50, 200];

/// Codes that each route has answered with, in every mode and over every protocol.
const CODES: [u16; 6] = [200, 201, 304, 400, 404, 502];

/// A gateway in use: no series of its routes is at zero.
fn used(routes: usize) -> Metrics {
    let names: Vec<String> = (0..routes).map(|n| format!("route-{n}")).collect();
    let upstreams: Vec<String> = (0..routes.div_ceil(10)).map(|n| format!("upstream-{n}")).collect();
    let metrics = Metrics::new(&names, &upstreams, Timestamp::UNIX_EPOCH).expect("names differ");
    for route in (0..routes).map(|n| metrics.route(Some(n))) {
        for exchange in Protocol::ALL.map(|protocol| route.exchange(protocol)) {
            for (mode, code) in Mode::ALL.iter().flat_map(|mode| CODES.map(|code| (*mode, code))) {
                let code = StatusCode::from_u16(code).expect("a status code");
                exchange.answered(mode, code, Duration::from_millis(u64::from(code.as_u16())));
            }
            exchange.interim(Reason::Heartbeat, StatusCode::PROCESSING);
        }
        route.operations.ended(OutcomeLabel::Succeeded, Duration::from_millis(1_234));
    }
    metrics
}

fn scrape(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scrape");
    for routes in SIZES {
        let metrics = used(routes);
        let length = metrics.text().expect("text").len();
        group.throughput(Throughput::Bytes(u64::try_from(length).expect("a length")));
        group.bench_function(format!("{routes} routes"), |bencher| bencher.iter(|| metrics.text()));
    }
    group.finish();
}

criterion_group!(benches, scrape);
criterion_main!(benches);
