//! What the gateway and this process used, from the watcher's readings.

use std::time::Duration;

use crate::report::{GatewayUse, GeneratorUse, RunReport, Sample};
use crate::watch::{Reading, Usage};

use super::growth;

/// Below so many exchanges in flight memory says nothing about one of them.
const MINIMUM_HELD: u64 = 100;

/// What this process used over all readings: `origin` of it on the origin's thread, the rest for clients and to watch.
pub(super) fn generator(
    readings: &[Reading],
    origin: Option<Duration>,
    start_delay_p99: f64,
) -> GeneratorUse {
    let all = match readings {
        [first, .., last] => last.own_cpu.saturating_sub(first.own_cpu),
        _ => Duration::ZERO,
    };
    GeneratorUse {
        clients_cpu_seconds: all.saturating_sub(origin.unwrap_or_default()).as_secs_f64(),
        origin_cpu_seconds: origin.map(|origin| origin.as_secs_f64()),
        start_delay_p99,
    }
}

/// What the gateway used; `None` if none was watched. Takes heads, requests and samples from the report.
/// `kept` connections to the origin were open at the end.
pub(super) fn gateway(readings: &[Reading], report: &RunReport, kept: u64) -> Option<GatewayUse> {
    let usages = || readings.iter().filter_map(|reading| reading.gateway);
    let (first, last) = (usages().next()?, usages().next_back()?);
    let cpu = last.cpu.saturating_sub(first.cpu).as_secs_f64();
    let heads = report.total.interim.values().sum();
    Some(GatewayUse {
        cpu_seconds: cpu,
        cpu_per_head: per(cpu, heads),
        cpu_per_request: per(cpu, report.total.requests),
        resident_before: first.resident,
        resident_peak: usages().map(|usage: Usage| usage.resident).max().unwrap_or_default(),
        resident_after: last.resident,
        resident_per_held: per_held(first.resident, &report.samples),
        descriptors: (first.descriptors, last.descriptors),
        origin_connections: kept,
        unacknowledged_max: readings.iter().filter_map(|reading| reading.unacknowledged).max(),
        growth_per_hour: growth(readings),
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn per(cpu: f64, count: u64) -> Option<f64> {
    (count > 0).then(|| cpu / count as f64)
}

/// Growth of memory since the start when most were in flight, over their number: memory stays with the gateway for a while once
/// they have gone, and would be shared out among the few that are left.
#[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^52")]
fn per_held(before: u64, samples: &[Sample]) -> Option<f64> {
    let held = samples.iter().filter(|sample| sample.in_flight >= MINIMUM_HELD);
    let most = held.max_by_key(|sample| (sample.in_flight, sample.resident))?;
    Some(most.resident?.saturating_sub(before) as f64 / most.in_flight as f64)
}

/// From the first reading on.
fn growth(readings: &[Reading]) -> f64 {
    let Some(start) = readings.first() else { return 0.0 };
    let resident =
        |reading: &Reading| Some((reading.at.saturating_duration_since(start.at), reading.gateway?.resident));
    growth::an_hour(&readings.iter().filter_map(resident).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn readings(resident: impl Fn(u64) -> u64) -> Vec<Reading> {
        let begin = Instant::now();
        let reading = |second: u64| Reading {
            at: begin + Duration::from_secs(second),
            own_cpu: Duration::from_millis(10 * second),
            gateway: Some(Usage {
                cpu: Duration::from_millis(5 * second),
                resident: resident(second),
                descriptors: 9,
            }),
            unacknowledged: None,
        };
        (0..=100).map(reading).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn growth_is_told_by_the_hour() {
        let warm = readings(|second| if second < 25 { 1_000_000 * second } else { 25_000_000 + 10 * second });
        assert!((growth(&warm) - 36_000.0).abs() < 1e-6, "{}", growth(&warm));
        assert!(growth(&warm[..1]).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn clients_are_what_the_origin_is_not() {
        let readings = readings(|_| 0);
        let used = |origin| {
            let used = generator(&readings, origin, 0.002);
            (used.clients_cpu_seconds, used.origin_cpu_seconds)
        };
        let (clients, origin) = used(Some(Duration::from_millis(400)));
        assert!((clients - 0.6).abs() < 1e-9 && origin.is_some_and(|origin| (origin - 0.4).abs() < 1e-9));
        assert_eq!(used(None), (1.0, None));
    }

    #[test]
    fn memory_is_that_of_the_most_who_were_held() {
        let sample =
            |in_flight, resident| Sample { in_flight, resident: Some(resident), ..Sample::default() };
        let samples = [sample(1000, 11_000_000), sample(500, 12_000_000), sample(10, 90_000_000)];
        assert_eq!(per_held(1_000_000, &samples), Some(10_000.0));
        assert_eq!(per_held(0, &samples[2..]), None);
    }
}
