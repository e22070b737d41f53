//! A histogram of durations or counts.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::report::Percentiles;

/// The longest duration that is told from longer ones: two hours, in microseconds.
const HIGHEST: u64 = 2 * 60 * 60 * 1_000_000;
/// Significant digits: a percentile is off by a thousandth at most.
const DIGITS: u8 = 3;
/// Microseconds in a second.
const MICROSECONDS: f64 = 1e6;

/// Values and how often they came, in a fixed amount of memory (about 200 KB once there is one):
/// durations in whole microseconds up to two hours, or counts.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    /// Absent while there is no value, so that kinds of clients that never see a head cost nothing.
    histogram: Option<Histogram<u64>>,
}

impl Spread {
    /// Counts a duration.
    pub fn record(&mut self, value: Duration) {
        self.record_count(u64::try_from(value.as_micros()).unwrap_or(u64::MAX));
    }

    /// Counts a count.
    pub fn record_count(&mut self, value: u64) {
        self.histogram.get_or_insert_with(empty).saturating_record(value);
    }

    /// Adds the values of another.
    pub fn merge(&mut self, other: &Self) {
        let Some(more) = &other.histogram else { return };
        let histogram = self.histogram.get_or_insert_with(empty);
        histogram.add(more).expect("both have the same bounds");
    }

    /// Forgets all values, not the memory for them.
    pub fn clear(&mut self) {
        if let Some(histogram) = &mut self.histogram {
            histogram.reset();
        }
    }

    /// The value, in seconds, that `percent` of all durations do not exceed; `None` without any.
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        let histogram = self.histogram.as_ref().filter(|histogram| !histogram.is_empty())?;
        Some(number(histogram.value_at_percentile(percent)) / MICROSECONDS)
    }

    /// Of durations, in seconds.
    pub fn seconds(&self) -> Percentiles {
        self.percentiles(MICROSECONDS)
    }

    /// Of counts.
    pub fn counts(&self) -> Percentiles {
        self.percentiles(1.0)
    }

    fn percentiles(&self, unit: f64) -> Percentiles {
        let Some(histogram) = self.histogram.as_ref().filter(|histogram| !histogram.is_empty()) else {
            return Percentiles::default();
        };
        let at = |percent| number(histogram.value_at_percentile(percent)) / unit;
        Percentiles {
            count: histogram.len(),
            mean: histogram.mean() / unit,
            min: number(histogram.min()) / unit,
            p50: at(50.0),
            p90: at(90.0),
            p99: at(99.0),
            p999: at(99.9),
            max: number(histogram.max()) / unit,
        }
    }
}

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, HIGHEST, DIGITS).expect("the bounds are a whole range of several values")
}

#[expect(clippy::cast_precision_loss, reason = "values end at two hours in microseconds")]
fn number(value: u64) -> f64 {
    value as f64
}
