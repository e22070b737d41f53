//! How often an operation may be read (SEC-05): 20 times a second, 100 at once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use progress_core::operation::OperationId;

/// Reads that may come at once.
const BURST: f64 = 100.0;

/// Reads a second.
const RATE: f64 = 20.0;

/// Operations that are metered at a time. A meter that is full again is dropped to make room; if
/// none is, the oldest state is unknown and begins anew.
const METERS: usize = 10_000;

/// The meters of all operations.
#[derive(Debug, Default)]
pub struct Reads(Mutex<HashMap<OperationId, Meter>>);

#[derive(Clone, Copy, Debug)]
struct Meter {
    tokens: f64,
    at: Instant,
}

impl Reads {
    /// Whether one more read is allowed.
    pub fn allow(&self, id: OperationId, now: Instant) -> bool {
        let mut meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if meters.len() >= METERS && !meters.contains_key(&id) {
            meters.retain(|_, meter| meter.refilled(now) < BURST);
            if meters.len() >= METERS {
                meters.clear();
            }
        }
        let meter = meters.entry(id).or_insert(Meter { tokens: BURST, at: now });
        meter.tokens = meter.refilled(now);
        meter.at = now;
        if meter.tokens < 1.0 {
            return false;
        }
        meter.tokens -= 1.0;
        true
    }
}

impl Meter {
    fn refilled(&self, now: Instant) -> f64 {
        (self.tokens + now.saturating_duration_since(self.at).as_secs_f64() * RATE).min(BURST)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn id(n: u64) -> OperationId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        OperationId::from_random(bytes)
    }

    #[tokio::test(start_paused = true)]
    async fn sec_05_a_burst_and_then_a_rate() {
        let now = tokio::time::Instant::now().into_std();
        let reads = Reads::default();
        assert_eq!((0..200).filter(|_| reads.allow(id(1), now)).count(), 100);
        assert!(reads.allow(id(2), now), "each operation has its own");
        let later = now + Duration::from_secs(1);
        assert_eq!((0..200).filter(|_| reads.allow(id(1), later)).count(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn meters_are_bounded() {
        let now = tokio::time::Instant::now().into_std();
        let reads = Reads::default();
        for n in 0..50_000 {
            reads.allow(id(n), now);
        }
        assert!(reads.0.lock().unwrap().len() <= METERS);
    }
}
