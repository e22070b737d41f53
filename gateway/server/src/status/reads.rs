//! How often an operation may be read (SEC-05): 20 times a second, 100 at once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use progress_core::operation::OperationId;

use crate::meter::{Meter, Rate};

/// Reads of one operation.
const RATE: Rate = Rate { burst: 100.0, per_second: 20.0 };

/// Operations that are metered at a time. A meter that is full again is dropped to make room; if
/// none is, the oldest state is unknown and begins anew.
const METERS: usize = 10_000;

/// The meters of all operations.
#[derive(Debug, Default)]
pub struct Reads(Mutex<HashMap<OperationId, Meter>>);

impl Reads {
    /// Whether one more read is allowed.
    pub fn allow(&self, id: OperationId, now: Instant) -> bool {
        let mut meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if meters.len() >= METERS && !meters.contains_key(&id) {
            meters.retain(|_, meter| !meter.is_full(RATE, now));
            if meters.len() >= METERS {
                meters.clear();
            }
        }
        meters.entry(id).or_insert(Meter::full(RATE, now)).take(RATE, now)
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
