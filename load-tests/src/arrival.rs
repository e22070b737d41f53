//! When requests begin: the intended starts of an open loop, laid down before the run and kept to whether or
//! not earlier requests have ended. Pure: a seed and a shape in, offsets out.

use std::f64;
use std::time::Duration;

use crate::scenario::{Arrival, Shape};

/// The offsets of the intended starts from the beginning of the run, in order; each is below the time that requests
/// arrive for.
///
/// The even shapes are exact: the n-th start (from 0) is the moment by which the rate adds up to n, so
/// that 50 a second during 10 s are 500 starts, the first at once.
#[derive(Clone, Debug)]
pub struct Schedule {
    pace: Pace,
    /// Seconds that requests arrive for.
    during: f64,
}

impl Schedule {
    /// Requests arrive for the arrival's own `during`, or else for `duration`. The seed makes random gaps, which are the
    /// same whenever it is; even shapes do not look at it.
    pub fn new(arrival: &Arrival, duration: Duration, seed: u64) -> Self {
        let during = arrival.during.unwrap_or(duration).min(duration).as_secs_f64();
        let pace = match &arrival.shape {
            Shape::Poisson { rate } => {
                Pace::Random { rate: *rate, at: 0.0, random: fastrand::Rng::with_seed(seed) }
            }
            even => Pace::Even { parts: parts(even, during), part: 0, next: 0, before: 0.0 },
        };
        Self { pace, during }
    }
}

/// How many requests the shape asks for within a time; on average, if it is random.
pub fn expected(shape: &Shape, during: Duration) -> f64 {
    parts(shape, during.as_secs_f64()).iter().map(Part::area).sum()
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let at = match &mut self.pace {
            Pace::Even { parts, part, next, before } => loop {
                let current = parts.get(*part)?;
                #[expect(clippy::cast_precision_loss, reason = "a run has at most 10^9 starts")]
                let wanted = *next as f64 - *before;
                if let Some(offset) = current.moment(wanted) {
                    *next += 1;
                    break current.start + offset;
                }
                *before += current.area();
                *part += 1;
            },
            Pace::Random { rate, at, random } => {
                // 1 - u is in (0, 1], so the logarithm is finite.
                *at += -(1.0 - random.f64()).ln() / *rate;
                *at
            }
        };
        let at = Duration::try_from_secs_f64(at).ok()?;
        (at.as_secs_f64() < self.during).then_some(at)
    }
}

#[derive(Clone, Debug)]
enum Pace {
    /// Parts in which the rate runs evenly from one value to another.
    Even {
        parts: Vec<Part>,
        part: usize,
        /// Number of the next start.
        next: u64,
        /// What the parts before this one add up to.
        before: f64,
    },
    /// Gaps of an exponential distribution.
    Random { rate: f64, at: f64, random: fastrand::Rng },
}

/// A stretch of time in which the rate changes evenly.
#[derive(Clone, Copy, Debug)]
struct Part {
    /// Seconds from the beginning of the run.
    start: f64,
    /// Seconds.
    length: f64,
    /// Requests a second at its start.
    from: f64,
    /// Requests a second at its end.
    to: f64,
}

/// Sums of rates are rounded; a start that is this little before the end of a part belongs to the next one.
const SLACK: f64 = 1e-6;

impl Part {
    /// Requests within the part.
    fn area(&self) -> f64 {
        f64::midpoint(self.from, self.to) * self.length
    }

    /// Seconds from the part's start until so many requests have begun; `None` if there are not so many in it.
    fn moment(&self, wanted: f64) -> Option<f64> {
        if wanted >= self.area() - SLACK {
            return None;
        }
        if wanted <= 0.0 {
            return Some(0.0);
        }
        // wanted = from·t + slope·t²/2, solved in the form that has no difference of near equals.
        let slope = (self.to - self.from) / self.length;
        let root = (self.from * self.from + 2.0 * slope * wanted).max(0.0).sqrt();
        Some((2.0 * wanted / (self.from + root)).min(self.length))
    }
}

fn parts(shape: &Shape, during: f64) -> Vec<Part> {
    match shape {
        Shape::Constant { rate } | Shape::Poisson { rate } => {
            vec![Part { start: 0.0, length: during, from: *rate, to: *rate }]
        }
        Shape::Ramp { from, to } => vec![Part { start: 0.0, length: during, from: *from, to: *to }],
        Shape::Steps { rates } => {
            #[expect(clippy::cast_precision_loss, reason = "a scenario has at most 1000 rates")]
            let length = during / rates.len() as f64;
            let mut start = 0.0;
            let part = |rate: &f64| {
                let part = Part { start, length, from: *rate, to: *rate };
                start += length;
                part
            };
            rates.iter().map(part).collect()
        }
    }
}

#[cfg(test)]
mod tests;
