//! How many interim heads an origin may send (FWD-08, I-10).

use std::time::{Duration, Instant};

/// Heads that may come at once.
const BURST: u32 = 10_000;

/// Time in which one more head may come: 1,000 a second.
const PER_HEAD: Duration = Duration::from_millis(1);

/// Counts the interim heads of one exchange, on any wire: a burst of 10,000, then 1,000 a second.
/// There is no bound on their number: an origin that reports every second for a day is fine.
#[derive(Clone, Copy, Debug)]
pub struct InterimBudget {
    left: u32,
    /// Up to when `left` was filled up; none before the first head.
    filled: Option<Instant>,
}

/// Origin: its interim heads come faster than the budget allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the origin floods interim responses")]
pub struct Flood;

impl InterimBudget {
    /// A full budget.
    pub const fn new() -> Self {
        Self { left: BURST, filled: None }
    }

    /// Pays for one head.
    ///
    /// # Errors
    /// [`Flood`] if nothing is left: end the exchange and drop the connection.
    pub fn take(&mut self, now: Instant) -> Result<(), Flood> {
        let filled = *self.filled.get_or_insert(now);
        let passed = now.saturating_duration_since(filled);
        let earned = u32::try_from(passed.as_millis() / PER_HEAD.as_millis()).unwrap_or(BURST).min(BURST);
        self.left = (self.left + earned).min(BURST);
        // What is less than a head stays to be counted the next time.
        self.filled = Some(if earned == BURST { now } else { filled + PER_HEAD * earned });
        self.left = self.left.checked_sub(1).ok_or(Flood)?;
        Ok(())
    }
}

impl Default for InterimBudget {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    #[test]
    fn fwd_08_a_burst_of_ten_thousand_and_no_more() {
        let now = start();
        let mut budget = InterimBudget::new();
        for n in 0..BURST {
            assert_eq!(budget.take(now), Ok(()), "head {n}");
        }
        assert_eq!(budget.take(now), Err(Flood));
        assert_eq!(budget.take(now + Duration::from_micros(999)), Err(Flood));
        assert_eq!(budget.take(now + Duration::from_millis(1)), Ok(()));
        assert_eq!(budget.take(now + Duration::from_millis(1)), Err(Flood));
    }

    /// A thousand a second for ever; parts of a millisecond are not lost.
    #[test]
    fn fwd_08_a_thousand_a_second_is_sustained() {
        let mut now = start();
        let mut budget = InterimBudget::new();
        for n in 0..100_000 {
            assert_eq!(budget.take(now), Ok(()), "head {n}");
            now += Duration::from_micros(if n % 2 == 0 { 500 } else { 1500 });
        }
    }

    #[test]
    fn fwd_08_one_percent_above_the_rate_is_a_flood_in_the_end() {
        let mut now = start();
        let mut budget = InterimBudget::new();
        let flood_at = (0..2_000_000).find(|_| {
            now += Duration::from_micros(990);
            budget.take(now).is_err()
        });
        // 10,000 heads of credit are used up by 1 % more than is earned.
        assert!(matches!(flood_at, Some(990_000..1_010_000)), "{flood_at:?}");
    }

    #[test]
    fn a_long_silence_earns_no_more_than_the_burst() {
        let now = start();
        let mut budget = InterimBudget::new();
        budget.take(now).expect("full");
        let later = now + Duration::from_secs(1_000_000);
        let taken = (0..2 * BURST).take_while(|_| budget.take(later).is_ok()).count();
        assert_eq!(taken, BURST as usize);
    }
}
