//! When the next head of an exchange is due.

use std::time::{Duration, Instant};

/// The share of the elapsed time that two heads of one exchange are at least apart (INT-12).
const STRETCH: u32 = 20;

/// The longest that news waits so that heads of a connection leave together.
const QUANTUM: Duration = Duration::from_millis(25);

/// A route's cadence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// Two heads of one exchange are at least this far apart.
    pub minimum_interval: Duration,
    /// The longest silence.
    pub heartbeat_interval: Duration,
    /// Heads that one exchange may get, relayed ones included; `None` is no budget.
    pub maximum_heads: Option<u32>,
}

/// The clockwork of one exchange.
///
/// News goes out once the gap since the last head allows, rounded up to a quantum. Heartbeats go
/// out on the beats of the connection, which come twice an interval: on a beat every exchange is
/// served that has been silent for at least half of it. So all exchanges of a connection beat
/// together, and none is silent for longer than the interval.
#[derive(Clone, Copy, Debug)]
pub struct Pacing {
    cadence: Cadence,
    /// Where the connection's beats and quanta are counted from.
    grid: Instant,
    started: Instant,
    last: Option<Instant>,
    sent: u32,
}

impl Pacing {
    /// The pacing of an exchange whose request was complete at `started`.
    pub fn new(cadence: Cadence, grid: Instant, started: Instant) -> Self {
        Self { cadence, grid, started, last: None, sent: 0 }
    }

    /// A head goes out: ours, or a relayed one.
    pub fn on_head(&mut self, now: Instant) {
        self.last = Some(now);
        self.sent = self.sent.saturating_add(1);
    }

    /// Heads that went out.
    pub fn sent(&self) -> u32 {
        self.sent
    }

    /// Whether the budget is spent.
    pub fn is_spent(&self) -> bool {
        self.cadence.maximum_heads.is_some_and(|maximum| self.sent >= maximum)
    }

    /// The time since the last head, if there was one.
    pub fn since_last(&self, now: Instant) -> Option<Duration> {
        self.last.map(|last| now.saturating_duration_since(last))
    }

    /// When news that is there at `now` may go out.
    pub fn news_due(&self, now: Instant) -> Instant {
        let Some(last) = self.last else { return now };
        let earliest = (last + self.gap(now)).max(now);
        let quantum = QUANTUM.min(self.cadence.minimum_interval / 4).max(Duration::from_millis(1));
        round_up(earliest, self.grid, quantum)
    }

    /// When the next sign of life is due, if nothing else goes out before.
    ///
    /// It keeps half the interval from the last head, however old the exchange is: that is what
    /// brings an exchange back onto the beat after news off the beat.
    pub fn heartbeat_due(&self) -> Instant {
        let interval = self.cadence.heartbeat_interval;
        let half = interval / 2;
        let last = self.last.unwrap_or(self.started);
        round_up(last + half, self.grid, half).min(last + interval)
    }

    /// The smallest gap between two heads at `now` (INT-12).
    fn gap(&self, now: Instant) -> Duration {
        let Cadence { minimum_interval: minimum, heartbeat_interval: maximum, .. } = self.cadence;
        let stretched = now.saturating_duration_since(self.started) / STRETCH;
        stretched.min(maximum).max(minimum)
    }
}

/// The first point of the grid that is not before `at`.
fn round_up(at: Instant, grid: Instant, step: Duration) -> Instant {
    let offset = at.saturating_duration_since(grid).as_nanos();
    let step_nanos = step.as_nanos().max(1);
    let wait = (step_nanos - offset % step_nanos) % step_nanos;
    at + Duration::from_nanos(u64::try_from(wait).unwrap_or(0))
}

#[cfg(test)]
mod tests;
