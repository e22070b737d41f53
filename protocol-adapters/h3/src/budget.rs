//! How much of something a client may do.

use std::time::{Duration, Instant};

/// A bucket of permits: full at first, then one more each interval.
#[derive(Debug)]
pub(crate) struct Budget {
    burst: u32,
    interval: Duration,
    left: u32,
    /// When the last permit was added.
    refilled: Option<Instant>,
}

/// There is no permit left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted;

impl Budget {
    /// A full bucket of `burst` permits.
    pub(crate) const fn new(burst: u32, interval: Duration) -> Self {
        Self { burst, interval, left: burst, refilled: None }
    }

    /// Takes a permit.
    pub(crate) fn spend(&mut self, now: Instant) -> Result<(), Exhausted> {
        let since = *self.refilled.get_or_insert(now);
        let elapsed = now.saturating_duration_since(since);
        let added = u32::try_from(elapsed.as_nanos() / self.interval.as_nanos()).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(added).min(self.burst);
        // What is left of the interval counts towards the next permit, unless the bucket is full.
        let kept = since.checked_add(self.interval.saturating_mul(added)).unwrap_or(now);
        self.refilled = Some(if self.left == self.burst { now } else { kept });
        self.left = self.left.checked_sub(1).ok_or(Exhausted)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_a_rate() {
        let start = tokio::time::Instant::now().into_std();
        let mut budget = Budget::new(3, Duration::from_millis(10));
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!([0; 3].map(|ms| budget.spend(at(ms))), [Ok(()); 3]);
        assert_eq!(budget.spend(at(9)), Err(Exhausted));
        assert_eq!(budget.spend(at(10)), Ok(()), "one came back");
        assert_eq!(budget.spend(at(19)), Err(Exhausted));
        assert_eq!(budget.spend(at(20)), Ok(()), "fractions of an interval are kept");
    }

    #[test]
    fn it_never_holds_more_than_the_burst() {
        let start = tokio::time::Instant::now().into_std();
        let mut budget = Budget::new(2, Duration::from_millis(10));
        assert_eq!(budget.spend(start), Ok(()));
        let later = start + Duration::from_secs(3_600);
        assert_eq!([(); 3].map(|()| budget.spend(later)), [Ok(()), Ok(()), Err(Exhausted)]);
    }
}
