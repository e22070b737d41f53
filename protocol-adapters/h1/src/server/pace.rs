//! How slowly a client may send content that is being waited for (D-02).

use std::time::Duration;

use tokio::time::Instant;

/// Before this much waiting nothing is demanded.
const GRACE: Duration = Duration::from_secs(20);

/// The rate is an average over so much waiting.
const WINDOW: Duration = Duration::from_secs(10);

/// Octets a second.
const RATE: u64 = 240;

/// A store of patience: waiting uses it up, octets fill it. Time in which nobody asks for content
/// does not count.
#[derive(Debug)]
pub(super) struct Pace {
    patience: Duration,
    waiting_since: Option<Instant>,
}

impl Pace {
    /// The full grace.
    pub(super) fn new() -> Self {
        Self { patience: GRACE, waiting_since: None }
    }

    /// Notes that content is waited for at `now`; returns when the patience will be used up.
    pub(super) fn wait(&mut self, now: Instant) -> Instant {
        *self.waiting_since.get_or_insert(now) + self.patience
    }

    /// Notes that so many octets have come.
    pub(super) fn receive(&mut self, octets: usize, now: Instant) {
        if let Some(since) = self.waiting_since.take() {
            self.patience = self.patience.saturating_sub(now.saturating_duration_since(since));
        }
        let earned = Duration::from_nanos((octets as u64).saturating_mul(1_000_000_000 / RATE));
        self.patience = (self.patience + earned).min(self.patience.max(WINDOW));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn d_02_a_steady_240_octets_a_second_are_enough() {
        let (mut pace, mut now) = (Pace::new(), Instant::now());
        for _ in 0..3600 {
            assert!(pace.wait(now) > now + SECOND);
            now += SECOND;
            pace.receive(240, now);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn d_02_less_uses_the_grace_up_and_then_ends() {
        let (mut pace, mut now) = (Pace::new(), Instant::now());
        let mut seconds = 0;
        while pace.wait(now) > now + SECOND {
            now += SECOND;
            pace.receive(24, now);
            seconds += 1;
        }
        // Of the grace, only what is left below the window can be earned back, a tenth each time.
        assert_eq!(seconds, 20);
    }

    #[tokio::test(start_paused = true)]
    async fn d_02_time_in_which_nobody_asks_is_free() {
        let (mut pace, start) = (Pace::new(), Instant::now());
        pace.wait(start);
        pace.receive(1, start);
        let later = start + 3600 * SECOND;
        assert!(pace.wait(later) >= later + GRACE);
    }

    #[tokio::test(start_paused = true)]
    async fn d_02_a_burst_buys_no_more_than_the_window() {
        let (mut pace, start) = (Pace::new(), Instant::now());
        pace.wait(start);
        let now = start + 15 * SECOND;
        pace.receive(1_000_000, now);
        assert_eq!(pace.wait(now), now + WINDOW);
    }
}
