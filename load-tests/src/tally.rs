//! What clients saw, in counts and histograms. Each worker has a tally of its own; they are merged at
//! the end, and drained of their latest [`Slice`] each second.

mod counts;
mod slice;
mod spread;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::report::Row;
use crate::scenario::ClientKind;

use counts::Counts;

pub use slice::Slice;
pub use spread::Spread;

/// A head that is later than this is counted as late.
pub const LATE: Duration = Duration::from_millis(50);

/// What the clients of one worker saw. A kind is given by its place in the scenario.
#[derive(Clone, Debug)]
pub struct Tally {
    kinds: Vec<Counts>,
    slice: Slice,
    in_flight: u64,
    start_delay: Spread,
    /// The first failure of each kind in full words. Bounded by the number of words that failures are
    /// counted under.
    words: BTreeMap<&'static str, String>,
}

/// An interim head.
#[derive(Clone, Copy, Debug)]
pub struct Interim {
    /// The status code.
    pub status: u16,
    /// Since the interim head before, if there was one.
    pub gap: Option<Duration>,
    /// How much longer that was than it should have been, where that can be said.
    pub lateness: Option<Duration>,
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With a final response.
    Answered {
        /// Since the intended start.
        latency: Duration,
        /// Interim heads that came before, if the client had asked for some.
        heads: Option<u64>,
    },
    /// By the client, as it meant to.
    AsIntended,
    /// By a failure.
    Failed {
        /// What it is counted under.
        kind: &'static str,
        /// What happened, in full.
        words: String,
    },
    /// By the end of the run.
    Unfinished,
}

impl Tally {
    /// An empty one for so many kinds of clients.
    pub fn new(kinds: usize) -> Self {
        Self {
            kinds: vec![Counts::default(); kinds],
            slice: Slice::default(),
            in_flight: 0,
            start_delay: Spread::default(),
            words: BTreeMap::new(),
        }
    }

    /// A request is begun, so long after it should have been.
    pub fn begun(&mut self, kind: usize, delay: Duration) {
        self.kinds[kind].requests += 1;
        self.slice.requests += 1;
        self.in_flight += 1;
        self.start_delay.record(delay);
    }

    /// There was no room for an arrival.
    pub fn shed(&mut self, kind: usize) {
        self.kinds[kind].shed += 1;
    }

    /// An interim head has come.
    pub fn interim(&mut self, kind: usize, head: Interim) {
        let counts = &mut self.kinds[kind];
        *counts.interim.entry(head.status).or_default() += 1;
        self.slice.heads += 1;
        if let Some(gap) = head.gap {
            counts.cadence.record(gap);
            self.slice.cadence.record(gap);
        }
        if let Some(lateness) = head.lateness {
            counts.lateness.record(lateness);
            counts.late += u64::from(lateness > LATE);
            self.slice.lateness.record(lateness);
        }
    }

    /// The first sign of an answer has come, so long after the intended start.
    pub fn first_signal(&mut self, kind: usize, after: Duration) {
        self.kinds[kind].first_signal.record(after);
    }

    /// A final head has come.
    pub fn answered(&mut self, kind: usize, status: u16) {
        *self.kinds[kind].codes.entry(status).or_default() += 1;
    }

    /// Content has come.
    pub fn received(&mut self, kind: usize, octets: u64) {
        self.kinds[kind].received += octets;
    }

    /// Nothing was heard for so long.
    pub fn silence(&mut self, kind: usize, lasted: Duration) {
        let longest = &mut self.kinds[kind].longest_silence;
        *longest = lasted.max(*longest);
    }

    /// Something came that is never right.
    pub fn wrong(&mut self, kind: usize, what: &'static str) {
        *self.kinds[kind].wrongs.entry(what).or_default() += 1;
    }

    /// A request that was begun has ended.
    pub fn ended(&mut self, kind: usize, how: Ended) {
        self.in_flight -= 1;
        let counts = &mut self.kinds[kind];
        match how {
            Ended::Answered { latency, heads } => {
                counts.completed += 1;
                counts.latency.record(latency);
                self.slice.latency.record(latency);
                if let Some(heads) = heads {
                    counts.heads_per_request.record_count(heads);
                }
            }
            Ended::AsIntended => counts.completed += 1,
            Ended::Failed { kind, words } => {
                *counts.failures.entry(kind).or_default() += 1;
                self.words.entry(kind).or_insert(words);
            }
            Ended::Unfinished => counts.unfinished += 1,
        }
    }

    /// Requests that were begun and have not ended.
    pub fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Requests that were begun, of all kinds.
    pub fn requests(&self) -> u64 {
        self.kinds.iter().map(|counts| counts.requests).sum()
    }

    /// Interim heads to all kinds.
    pub fn heads(&self) -> u64 {
        self.kinds.iter().flat_map(|counts| counts.interim.values()).sum()
    }

    /// How late requests were begun.
    pub fn start_delay(&self) -> &Spread {
        &self.start_delay
    }

    /// The first failure of each kind in full words.
    pub fn words(&self) -> &BTreeMap<&'static str, String> {
        &self.words
    }

    /// Exchanges what has come since the last time for `spare`, which has to be empty.
    pub fn drain(&mut self, spare: &mut Slice) {
        std::mem::swap(&mut self.slice, spare);
    }

    /// Adds what another worker's clients of the same scenario saw.
    pub fn merge(&mut self, other: &Self) {
        for (counts, more) in self.kinds.iter_mut().zip(&other.kinds) {
            counts.merge(more);
        }
        self.slice.merge(&other.slice);
        self.in_flight += other.in_flight;
        self.start_delay.merge(&other.start_delay);
        for (kind, words) in &other.words {
            self.words.entry(kind).or_insert_with(|| words.clone());
        }
    }

    /// One row for each of `clients`, whose kinds these are.
    pub fn rows(&self, clients: &[ClientKind]) -> Vec<Row> {
        let rows = self.kinds.iter().zip(clients);
        rows.map(|(counts, client)| counts.row(&client.name, Some(client.protocol))).collect()
    }

    /// All kinds together.
    pub fn total(&self) -> Row {
        let mut total = Counts::default();
        self.kinds.iter().for_each(|counts| total.merge(counts));
        total.row("total", None)
    }
}
