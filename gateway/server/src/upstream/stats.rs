//! What the metrics room reads about an upstream at scrape time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use http::StatusCode;

use super::health::Health;

/// Counters and gauges of one upstream, shared by all cores.
#[derive(Debug)]
pub struct UpstreamStats {
    name: String,
    outcomes: [AtomicU64; Outcome::ALL.len()],
    connections: AtomicI64,
    health: Box<[Arc<Health>]>,
}

/// How a call to an upstream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A final response below 300.
    Success,
    /// A final response from 300 to 399.
    Redirect,
    /// A final response from 400 to 499.
    ClientError,
    /// A final response from 500 to 599.
    ServerError,
    /// No final response: see [`UpstreamError`](super::UpstreamError).
    Failed,
    /// Dropped before the final response.
    Canceled,
}

/// Counts one open connection for as long as it lives.
#[derive(Debug)]
pub(super) struct OpenConnection(Arc<UpstreamStats>);

// === impl Outcome ===

impl Outcome {
    /// All of them: the series that exist from the start.
    pub const ALL: [Self; 6] =
        [Self::Success, Self::Redirect, Self::ClientError, Self::ServerError, Self::Failed, Self::Canceled];

    /// The value of the metric label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Success => "2xx",
            Self::Redirect => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
            Self::Failed => "error",
            Self::Canceled => "canceled",
        }
    }

    pub(super) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            0..300 => Self::Success,
            300..400 => Self::Redirect,
            400..500 => Self::ClientError,
            _ => Self::ServerError,
        }
    }
}

// === impl UpstreamStats ===

impl UpstreamStats {
    pub(super) fn new(name: &str, health: Box<[Arc<Health>]>) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            outcomes: Default::default(),
            connections: AtomicI64::new(0),
            health,
        })
    }

    /// The upstream's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many calls have ended this way.
    pub fn ended(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize].load(Ordering::Relaxed)
    }

    /// Connections that are open now, in use or idle.
    pub fn connections(&self) -> i64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Servers that took the last connection attempt.
    pub fn healthy(&self) -> usize {
        self.health.iter().filter(|health| health.is_up()).count()
    }

    /// Servers in all.
    pub fn servers(&self) -> usize {
        self.health.len()
    }

    pub(super) fn count(&self, outcome: Outcome) {
        self.outcomes[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn open(self: &Arc<Self>) -> OpenConnection {
        self.connections.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(self))
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_count_by_class_and_connections_by_life() {
        let stats = UpstreamStats::new("reports", Box::default());
        for status in [200, 204, 301, 404, 500, 599] {
            stats.count(Outcome::of(StatusCode::from_u16(status).expect("valid")));
        }
        let counted = Outcome::ALL.map(|outcome| stats.ended(outcome));
        assert_eq!(counted, [2, 1, 1, 2, 0, 0]);
        let (first, second) = (stats.open(), stats.open());
        assert_eq!(stats.connections(), 2);
        drop((first, second));
        assert_eq!(stats.connections(), 0);
    }

    #[test]
    fn labels_are_distinct() {
        let labels: std::collections::HashSet<_> = Outcome::ALL.map(Outcome::label).into_iter().collect();
        assert_eq!(labels.len(), Outcome::ALL.len());
    }
}
