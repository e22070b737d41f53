//! One timer for all exchanges of a connection.
//!
//! A timer per exchange wakes, polls and writes once per head; one timer per connection wakes once
//! per beat and lets the wire write all heads of that beat together.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use slab::Slab;
use tokio::time::Sleep;

/// The longest phase by which the beats of two connections differ.
const PHASES: Duration = Duration::from_secs(30);

/// Phases are multiples of this, which [`TICK`] divides, and so do the 25 ms that news is rounded up to:
/// one wake of the runtime serves many connections.
const QUANTUM: Duration = Duration::from_millis(50);

/// What the heads that have time for that are collected over, to leave in one write. It is hardly
/// noticed, and a write costs more than anything else about a head.
const TICK: Duration = Duration::from_millis(10);

thread_local! {
    /// What the phases of this thread's connections are counted from.
    static ORIGIN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The connection's end: owned and polled by the task of the connection.
#[derive(Debug)]
pub struct Heart {
    pulse: Pulse,
    sleep: Option<Pin<Box<Sleep>>>,
    armed: Option<Instant>,
}

/// The exchanges' end: hands out alarms.
#[derive(Clone, Debug)]
pub struct Pulse {
    shared: Arc<Mutex<Alarms>>,
    grid: Instant,
}

/// The deadline of one exchange. Dropping it frees its place.
#[derive(Debug)]
pub struct Alarm {
    shared: Arc<Mutex<Alarms>>,
    key: usize,
}

#[derive(Debug, Default)]
struct Alarms {
    /// One entry per open exchange: bounded by the wire's limit of streams.
    entries: Slab<Entry>,
    /// Not later than the earliest deadline in `entries`.
    next: Option<Instant>,
}

#[derive(Debug, Default)]
struct Entry {
    deadline: Option<Instant>,
    waker: Option<Waker>,
}

// === impl Heart ===

impl Heart {
    /// A timer whose beats start at a random phase, so that connections do not beat together.
    pub fn new() -> Self {
        let now = tokio::time::Instant::now().into_std();
        Self { pulse: Pulse { shared: Arc::default(), grid: random_grid(now) }, sleep: None, armed: None }
    }

    /// The handle for exchanges.
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Wakes every exchange whose deadline has come.
    pub fn ring(&mut self) {
        self.expire(|entry| {
            if let Some(waker) = entry.waker.take() {
                waker.wake();
            }
        });
    }

    /// Unsets every alarm whose deadline has come, for a connection that polls all its exchanges
    /// next. Nobody is woken.
    pub fn pass(&mut self) {
        self.expire(|_| {});
    }

    fn expire(&mut self, mut tell: impl FnMut(&mut Entry)) {
        let mut alarms = lock(&self.pulse.shared);
        let Some(next) = alarms.next else { return };
        let now = tokio::time::Instant::now().into_std();
        if next > now {
            return;
        }
        let mut next: Option<Instant> = None;
        for (_, entry) in &mut alarms.entries {
            let Some(deadline) = entry.deadline else { continue };
            if deadline <= now {
                entry.deadline = None;
                tell(entry);
            } else {
                next = Some(next.map_or(deadline, |n| n.min(deadline)));
            }
        }
        alarms.next = next;
    }

    /// Ready when [`Heart::ring`] has something to do. Call it after the exchanges were polled.
    pub fn poll_beat(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(next) = lock(&self.pulse.shared).next else { return Poll::Pending };
        let at = tokio::time::Instant::from_std(next);
        if self.armed != Some(next) {
            self.armed = Some(next);
            match &mut self.sleep {
                Some(sleep) => sleep.as_mut().reset(at),
                none => *none = Some(Box::pin(tokio::time::sleep_until(at))),
            }
        }
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().poll(cx).map(|()| self.armed = None),
            None => Poll::Pending,
        }
    }
}

impl Default for Heart {
    fn default() -> Self {
        Self::new()
    }
}

// === impl Pulse ===

impl Pulse {
    /// A new alarm, not set.
    pub fn alarm(&self) -> Alarm {
        let key = lock(&self.shared).entries.insert(Entry::default());
        Alarm { shared: Arc::clone(&self.shared), key }
    }

    /// The instant that this connection's beats are counted from.
    pub fn grid(&self) -> Instant {
        self.grid
    }

    /// When the heads leave that have come by `now` and can wait for each other: the next point of the
    /// grid, less than 10 ms away, and the same for all connections of the thread.
    pub fn tick(&self, now: Instant) -> Instant {
        let tick = TICK.as_nanos();
        let past = now.saturating_duration_since(self.grid).as_nanos() % tick;
        now + Duration::from_nanos(u64::try_from((tick - past) % tick).unwrap_or(0))
    }
}

// === impl Alarm ===

impl Alarm {
    /// Wakes the current task at `deadline`, and no longer at an earlier setting. `None` unsets it.
    /// To be called only while the connection polls this exchange: the connection looks at its
    /// alarms after its exchanges.
    pub fn set(&self, deadline: Option<Instant>, cx: &Context<'_>) {
        let mut alarms = lock(&self.shared);
        let entry = &mut alarms.entries[self.key];
        entry.deadline = deadline;
        match (&entry.waker, deadline) {
            (_, None) => entry.waker = None,
            (Some(waker), Some(_)) if waker.will_wake(cx.waker()) => {}
            _ => entry.waker = Some(cx.waker().clone()),
        }
        if let Some(deadline) = deadline {
            alarms.next = Some(alarms.next.map_or(deadline, |next| next.min(deadline)));
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        lock(&self.shared).entries.try_remove(self.key);
    }
}

fn lock(alarms: &Mutex<Alarms>) -> MutexGuard<'_, Alarms> {
    // A panic cannot leave the slab half changed: every change is one assignment.
    alarms.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An instant up to [`PHASES`] ago, on a grid of [`QUANTUM`] that all connections of a thread share.
/// The randomness is that which hash maps are seeded with: it need not be secret.
fn random_grid(now: Instant) -> Instant {
    use std::hash::{BuildHasher, RandomState};
    let origin = ORIGIN.get().filter(|origin| *origin <= now).unwrap_or(now);
    ORIGIN.set(Some(origin));
    let quantum = QUANTUM.as_nanos();
    let into_quantum = now.duration_since(origin).as_nanos() % quantum;
    let quanta = u128::from(RandomState::new().hash_one(0_u8)) % (PHASES.as_nanos() / quantum);
    let back = u64::try_from(quanta * quantum + into_quantum).unwrap_or(0);
    now.checked_sub(Duration::from_nanos(back)).unwrap_or(now)
}

#[cfg(test)]
mod tests;
