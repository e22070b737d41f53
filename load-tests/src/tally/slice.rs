//! What has come since somebody last looked.

use super::Spread;

/// All kinds of clients together, for one sample.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// Requests begun.
    pub requests: u64,
    /// Interim heads.
    pub heads: u64,
    /// Latency of what was answered.
    pub latency: Spread,
    /// Gaps between heads.
    pub cadence: Spread,
    /// How late heads were.
    pub lateness: Spread,
}

impl Slice {
    /// Adds another worker's.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.heads += other.heads;
        self.latency.merge(&other.latency);
        self.cadence.merge(&other.cadence);
        self.lateness.merge(&other.lateness);
    }

    /// Empties it, and keeps its memory for the next second.
    pub fn clear(&mut self) {
        self.requests = 0;
        self.heads = 0;
        self.latency.clear();
        self.cadence.clear();
        self.lateness.clear();
    }
}
