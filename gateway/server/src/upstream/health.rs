//! Passive health: a server that cannot be connected to is left alone for a while (U-01, U-11).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause: a server that comes back serves again within ten seconds.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// While a paused server is being tried again by one request, the others go elsewhere this long.
const PROBE: Duration = Duration::from_secs(1);

/// The health of one server, shared by all cores. Only connecting counts: a response, whatever it
/// says, comes from a server that is there.
#[derive(Debug)]
pub(super) struct Health {
    epoch: Instant,
    /// Failures since the last success.
    failures: AtomicU32,
    /// Milliseconds after `epoch` until which the server is left alone; meant only while there
    /// are failures.
    retry_at: AtomicU64,
}

impl Health {
    pub(super) fn new(epoch: Instant) -> Self {
        Self { epoch, failures: AtomicU32::new(0), retry_at: AtomicU64::new(0) }
    }

    /// Whether the last attempt to connect succeeded, or none was made yet.
    pub(super) fn is_up(&self) -> bool {
        self.failures.load(Ordering::Relaxed) == 0
    }

    /// Whether a request may go to this server now. After a pause, one request at a time may.
    pub(super) fn admits(&self, now: Instant) -> bool {
        if self.is_up() {
            return true;
        }
        let now = self.millis(now);
        let retry_at = self.retry_at.load(Ordering::Relaxed);
        let probe_ends = now + millis(PROBE);
        now >= retry_at
            && self
                .retry_at
                .compare_exchange(retry_at, probe_ends, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    pub(super) fn succeeded(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// Pauses the server, by `jitter` (random bits) between half and the whole of its back-off, so
    /// that gateways do not come back together.
    pub(super) fn failed(&self, now: Instant, jitter: u64) {
        let before = self.failures.fetch_add(1, Ordering::Relaxed);
        let pause = FIRST_PAUSE.saturating_mul(1 << before.min(16)).min(LONGEST_PAUSE);
        let half = millis(pause) / 2;
        let pause = half + jitter % (half + 1);
        self.retry_at.store(self.millis(now) + pause, Ordering::Relaxed);
    }

    fn millis(&self, now: Instant) -> u64 {
        millis(now.saturating_duration_since(self.epoch))
    }
}

/// Half of what a number holds is more than any clock shows, and leaves room to add to.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> (Health, Instant) {
        let epoch = tokio::time::Instant::now().into_std();
        (Health::new(epoch), epoch)
    }

    /// U-11: the pause doubles up to its bound, and jitter keeps it within half and whole.
    #[test]
    fn u_11_pauses_double_up_to_ten_seconds() {
        for jitter in [0, 1, u64::MAX / 3, u64::MAX] {
            let (health, now) = started();
            let mut expected = FIRST_PAUSE;
            let moment = Duration::from_millis(1);
            for _ in 0..12 {
                health.failed(now, jitter);
                assert!(!health.is_up());
                assert!(!health.admits(now + (expected / 2).saturating_sub(moment)), "{expected:?}");
                assert!(health.admits(now + expected), "{expected:?}");
                expected = (expected * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// U-11: after the pause one request tries; the others wait for what it finds.
    #[test]
    fn u_11_one_probe_at_a_time() {
        let (health, now) = started();
        health.failed(now, 0);
        let later = now + LONGEST_PAUSE;
        assert!(health.admits(later));
        assert!(!health.admits(later));
        assert!(health.admits(later + PROBE));
        health.succeeded();
        assert!(health.admits(later) && health.admits(later) && health.is_up());
    }
}
