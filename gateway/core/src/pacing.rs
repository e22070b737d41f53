//! When the next head of an exchange is due.

use std::time::{Duration, Instant};

/// The share of the elapsed time that two heads of one exchange are at least apart (INT-12).
const STRETCH: u32 = 20;

/// The longest that news waits so that heads of a connection leave together.
const QUANTUM: Duration = Duration::from_millis(25);

/// The least that it waits for that, however short the gaps of a route are: a write costs more than
/// anything else about a head.
const LEAST_QUANTUM: Duration = Duration::from_millis(10);

/// A route's cadence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// Two heads of one exchange are at least this far apart.
    pub minimum_interval: Duration,
    /// The longest silence.
    pub heartbeat_interval: Duration,
    /// Heads that one exchange may get, relayed ones included; `None` is no budget.
    pub maximum_heads: Option<u32>,
    /// Who else is on the connection.
    pub company: Company,
}

/// Whether an exchange has its connection to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// It has (HTTP/1.1): there is nobody's head to wait for.
    Alone,
    /// Others' heads can leave in the same write (HTTP/2 and 3).
    Shared,
}

/// The clockwork of one exchange.
///
/// News goes out once the gap since the last head allows, on a shared connection rounded up to a
/// quantum. Heartbeats go
/// out on the beats of the connection, which come twice an interval, each exchange on the last beat
/// that keeps its silence within the interval. So the exchanges of a connection beat together, and
/// none is silent for longer than the interval.
#[derive(Clone, Copy, Debug)]
pub struct Pacing {
    cadence: Cadence,
    /// Where the connection's beats and quanta are counted from.
    grid: Instant,
    started: Instant,
    last: Option<Instant>,
    /// When the next heartbeat is due: asked for often, and changed only by a head.
    beat: Instant,
    sent: u32,
}

impl Pacing {
    /// The pacing of an exchange whose request was complete at `started`.
    pub fn new(cadence: Cadence, grid: Instant, started: Instant) -> Self {
        let mut pacing = Self { cadence, grid, started, last: None, beat: started, sent: 0 };
        pacing.beat = pacing.next_beat(started);
        pacing
    }

    /// A head goes out: ours, or a relayed one. One that is hardly late counts from when it was due,
    /// so that exchanges that beat together stay together.
    pub fn on_head(&mut self, due: Instant, now: Instant) {
        let last = if now <= due + QUANTUM { due } else { now };
        self.last = Some(last);
        self.beat = self.next_beat(last);
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

    /// When news that has been there since `since` may go out. Once the gap has stretched to half a
    /// heartbeat, news waits for a beat too: an old exchange stays on the beat.
    pub fn news_due(&self, since: Instant) -> Instant {
        let Some(last) = self.last else { return since };
        let gap = self.gap(last);
        let earliest = (last + gap).max(since);
        let half = self.cadence.heartbeat_interval / 2;
        if gap >= half {
            let latest = (last + self.cadence.heartbeat_interval).max(earliest);
            return round_up(earliest, self.grid, half).min(latest);
        }
        match self.cadence.company {
            Company::Alone => earliest,
            Company::Shared => round_up(earliest, self.grid, self.quantum()),
        }
    }

    /// What news is rounded up to.
    fn quantum(&self) -> Duration {
        QUANTUM.min(self.cadence.minimum_interval / 4).max(LEAST_QUANTUM)
    }

    /// When the next sign of life is due, if nothing else goes out before: on the last beat of the
    /// connection that keeps the silence within the interval (INT-09) and the gap (INT-12). Where no
    /// beat does both, at the end of the interval; a longer gap rules.
    pub fn heartbeat_due(&self) -> Instant {
        self.beat
    }

    /// The heartbeat after a head, or a start, at `last`.
    fn next_beat(&self, last: Instant) -> Instant {
        let interval = self.cadence.heartbeat_interval;
        let earliest = last + self.gap(last);
        let latest = (last + interval).max(earliest);
        let beat = round_down(latest, self.grid, interval / 2);
        if beat >= earliest && beat > last { beat } else { latest }
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
    match past_grid(at, grid, step) {
        0 => at,
        past => at + Duration::from_nanos(nanos(step) - past),
    }
}

/// The last point of the grid that is not after `at`.
fn round_down(at: Instant, grid: Instant, step: Duration) -> Instant {
    at.checked_sub(Duration::from_nanos(past_grid(at, grid, step))).unwrap_or(at)
}

/// Nanoseconds from the last point of the grid to `at`.
fn past_grid(at: Instant, grid: Instant, step: Duration) -> u64 {
    nanos(at.saturating_duration_since(grid)) % nanos(step).max(1)
}

/// 64 bits count the nanoseconds of 584 years, and divide faster than 128.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
