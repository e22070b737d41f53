//! How often something may happen: so many times at once, and so many times a second after.

use std::time::Instant;

/// What is allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Times at once.
    pub burst: f64,
    /// Times a second.
    pub per_second: f64,
}

/// What is left of a rate, for one of those who share in it. Whoever has a meter knows its rate.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    left: f64,
    at: Instant,
}

impl Meter {
    /// Of one who has not used it.
    pub const fn full(rate: Rate, now: Instant) -> Self {
        Self { left: rate.burst, at: now }
    }

    /// Takes one, if there is one.
    pub fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let left = self.left(rate, now);
        let is_there = left >= 1.0;
        *self = Self { left: if is_there { left - 1.0 } else { left }, at: now };
        is_there
    }

    /// Takes one that has been used, be it there or not.
    pub fn spend(&mut self, rate: Rate, now: Instant) {
        *self = Self { left: (self.left(rate, now) - 1.0).max(0.0), at: now };
    }

    /// Whether there is one.
    pub fn has_one(&self, rate: Rate, now: Instant) -> bool {
        self.left(rate, now) >= 1.0
    }

    /// Whether it is as if it had not been used.
    pub fn is_full(&self, rate: Rate, now: Instant) -> bool {
        self.left(rate, now) >= rate.burst
    }

    fn left(&self, rate: Rate, now: Instant) -> f64 {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.left + elapsed * rate.per_second).min(rate.burst)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RATE: Rate = Rate { burst: 3.0, per_second: 2.0 };

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_a_rate() {
        let now = tokio::time::Instant::now().into_std();
        let mut meter = Meter::full(RATE, now);
        assert_eq!((0..9).filter(|_| meter.take(RATE, now)).count(), 3);
        assert!(!meter.has_one(RATE, now));
        let later = now + Duration::from_secs(1);
        assert_eq!((0..9).filter(|_| meter.take(RATE, later)).count(), 2);
        assert!(!meter.is_full(RATE, later));
        assert!(meter.is_full(RATE, later + Duration::from_mins(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_spent_beyond_is_not_owed() {
        let now = tokio::time::Instant::now().into_std();
        let mut meter = Meter::full(RATE, now);
        (0..9).for_each(|_| meter.spend(RATE, now));
        assert!(meter.has_one(RATE, now + Duration::from_millis(500)));
    }
}
