//! One sample a second: what clients saw, beside what the gateway used.

use tokio::time::Instant;

use crate::report::Sample;
use crate::report::live::Totals;
use crate::tally::Slice;
use crate::watch::{Reading, Usage};

use super::book::Book;

/// Samples that are kept: those of a day and some hours. What comes later only counts in the sums.
const MAXIMUM_SAMPLES: usize = 100_000;

/// Makes samples, in memory of its own that is used again each second.
#[derive(Debug)]
pub(super) struct Sampler {
    begin: Instant,
    before: Reading,
    spare: Slice,
    sum: Slice,
    samples: Vec<Sample>,
    totals: Totals,
}

impl Sampler {
    /// `before` is what was used before the run.
    pub(super) fn new(begin: Instant, before: Reading) -> Self {
        Self {
            begin,
            before,
            spare: Slice::default(),
            sum: Slice::default(),
            samples: Vec::new(),
            totals: Totals::default(),
        }
    }

    /// Takes what has come since the last time out of the books.
    pub(super) fn sample(&mut self, books: &[Book], reading: Reading, at: Instant) -> Totals {
        self.sum.clear();
        let mut in_flight = 0;
        for book in books {
            self.spare.clear();
            let mut tally = book.open();
            tally.drain(&mut self.spare);
            in_flight += tally.in_flight();
            drop(tally);
            self.sum.merge(&self.spare);
        }
        let latest = Sample {
            second: at.saturating_duration_since(self.begin).as_secs_f64(),
            requests: self.sum.requests,
            heads: self.sum.heads,
            in_flight,
            cpu: cpu(&self.before, &reading),
            resident: reading.gateway.map(|usage| usage.resident),
            descriptors: reading.gateway.map(|usage| usage.descriptors),
            unacknowledged: reading.unacknowledged,
            latency_p99: self.sum.latency.percentile(99.0),
            cadence_p99: self.sum.cadence.percentile(99.0),
            lateness_p99: self.sum.lateness.percentile(99.0),
        };
        self.before = reading;
        self.totals.requests += latest.requests;
        self.totals.heads += latest.heads;
        self.totals.latest = latest;
        if self.samples.len() < MAXIMUM_SAMPLES {
            self.samples.push(latest);
        }
        self.totals
    }

    pub(super) fn into_samples(self) -> Vec<Sample> {
        self.samples
    }
}

/// The gateway's share of one core between two readings; `None` if they are one and the same.
fn cpu(before: &Reading, after: &Reading) -> Option<f64> {
    let between = after.at.saturating_duration_since(before.at).as_secs_f64();
    let used = |usage: Option<Usage>| usage.map(|usage| usage.cpu);
    let spent = used(after.gateway)?.saturating_sub(used(before.gateway)?).as_secs_f64();
    (between > 0.0).then(|| spent / between)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tally::{Ended, Interim};

    fn reading(at: Instant, cpu: Duration) -> Reading {
        let usage = Usage { cpu, resident: 10, descriptors: 3 };
        Reading { at, own_cpu: Duration::ZERO, gateway: Some(usage), unacknowledged: Some(2) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sample_is_what_all_books_say_of_the_last_second() {
        let begin = Instant::now();
        let second = Duration::from_secs(1);
        let books = [Book::new(1), Book::new(1)];
        for book in &books {
            let mut tally = book.open();
            tally.begun(0, Duration::ZERO);
            tally.begun(0, Duration::ZERO);
            tally.interim(0, Interim { status: 102, gap: Some(second), lateness: None });
            tally.ended(0, Ended::Answered { latency: second, heads: None });
        }
        let mut sampler = Sampler::new(begin, reading(begin, second));
        let after = reading(begin + second, second * 3 / 2);
        let sample = sampler.sample(&books, after, begin + second).latest;
        assert_eq!((sample.requests, sample.heads, sample.in_flight), (4, 2, 2));
        assert_eq!(
            (sample.resident, sample.descriptors, sample.unacknowledged),
            (Some(10), Some(3), Some(2))
        );
        assert!((sample.cpu.expect("two readings") - 0.5).abs() < 1e-9);
        assert!((sample.latency_p99.expect("two ended") - 1.0).abs() < 0.002);

        let totals = sampler.sample(&books, after, begin + second * 2);
        let sample = totals.latest;
        assert_eq!((sample.requests, sample.in_flight, sample.cpu, sample.latency_p99), (0, 2, None, None));
        assert_eq!((totals.requests, totals.heads), (4, 2));
        assert_eq!(sampler.into_samples().len(), 2);
    }
}
