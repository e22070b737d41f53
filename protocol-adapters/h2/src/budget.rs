//! What cancelled requests may cost (H2-01, H2-02).
//!
//! `h2` limits only streams that are reset before they are accepted. A client that waits for the
//! acceptance could start thousands of operations a second and walk away from each.

use std::time::{Duration, Instant};

use crate::Excess;

/// Cancelled requests that need no pause before them.
const BURST: u32 = 100;

/// One more is allowed after each of these: 33 a second.
const REFILL: Duration = Duration::from_nanos(1_000_000_000 / 33);

/// A request that is cancelled within this time was not meant to be answered.
const PREMATURE: Duration = Duration::from_secs(1);

/// Requests before their share of premature cancellations is judged.
const SAMPLE: u64 = 500;

/// Cancelled requests since they were last counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resets {
    count: u32,
    premature: u32,
}

/// The account of one connection: a token bucket, and a share.
#[derive(Debug, Default)]
pub(crate) struct ResetBudget {
    /// When the bucket will be full again; before now: it is.
    full_at: Option<Instant>,
    streams: u64,
    premature: u64,
}

impl Resets {
    /// Notes a request that the client cancelled after it had been open for `lived`.
    pub(crate) fn note(&mut self, lived: Duration) {
        self.count += 1;
        self.premature += u32::from(lived < PREMATURE);
    }
}

impl ResetBudget {
    /// Notes a new request.
    pub(crate) fn opened(&mut self) {
        self.streams += 1;
    }

    /// Charges what was cancelled up to `now`.
    pub(crate) fn charge(&mut self, resets: Resets, now: Instant) -> Result<(), Excess> {
        if resets.count == 0 {
            return Ok(());
        }
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + REFILL * resets.count;
        self.full_at = Some(full_at);
        if full_at - now > REFILL * BURST {
            return Err(Excess::Resets);
        }
        self.premature += u64::from(resets.premature);
        if self.streams >= SAMPLE && self.premature * 2 > self.streams {
            return Err(Excess::PrematureResets);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
