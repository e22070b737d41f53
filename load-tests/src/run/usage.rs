//! What the gateway and this process used, from the watcher's readings.

use crate::report::{GatewayUse, RunReport, Sample};
use crate::watch::{Reading, Usage};

/// Below so many exchanges in flight memory says nothing about one of them.
const MINIMUM_HELD: u64 = 100;
/// Seconds in an hour.
const HOUR: f64 = 3600.0;

/// CPU time of this process over all readings, in seconds.
pub(super) fn own_cpu(readings: &[Reading]) -> f64 {
    let [first, .., last] = readings else { return 0.0 };
    last.own_cpu.saturating_sub(first.own_cpu).as_secs_f64()
}

/// What the gateway used; `None` if none was watched. Takes heads, requests and samples from the report.
pub(super) fn gateway(readings: &[Reading], report: &RunReport) -> Option<GatewayUse> {
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
        unacknowledged_max: readings.iter().filter_map(|reading| reading.unacknowledged).max(),
        growth_per_hour: slope(readings) * HOUR,
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

/// Growth of memory in octets a second, by least squares over the readings after the first quarter.
#[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^52")]
fn slope(readings: &[Reading]) -> f64 {
    let rest = &readings[readings.len() / 4..];
    let Some(start) = rest.first() else { return 0.0 };
    let points: Vec<(f64, f64)> = rest
        .iter()
        .filter_map(|reading| {
            let second = reading.at.saturating_duration_since(start.at).as_secs_f64();
            Some((second, reading.gateway?.resident as f64))
        })
        .collect();
    let count = points.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let together: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    if spread > 0.0 { together / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
    async fn growth_is_a_line_through_what_comes_after_the_first_quarter() {
        let warm = readings(|second| if second < 25 { 1_000_000 * second } else { 25_000_000 + 10 * second });
        assert!((slope(&warm) - 10.0).abs() < 1e-6, "{}", slope(&warm));
        assert!((slope(&warm[..1])).abs() < 1e-9);
        assert!((own_cpu(&warm) - 1.0).abs() < 1e-9);
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
