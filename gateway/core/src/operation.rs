//! What a stream of events adds up to.

mod encoded;

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use crate::event::{Outcome, ProgressEvent};
use crate::hexadecimal;
use crate::progress::{Reader, Reported};
use crate::status_uri::StatusPair;

pub use encoded::EncodedProgress;

/// Sub-results that one operation keeps (SDM-11: documents stay bounded). Later ones are counted
/// by the revision but not kept.
pub const MAX_RESULTS: usize = 1_000;

/// Octets of sub-result URIs that one operation keeps: a store counts a record as small, so it must
/// stay small (SDM-11). A usual list of [`MAX_RESULTS`] parts fits.
pub const MAX_RESULTS_SIZE: usize = 64 * 1024;

/// The identity of an operation: 128 random bits, the secret part of its status URI (SEC-01).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId([u8; 16]);

/// Where an operation is in its life. Phases only advance.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// The request is being forwarded and answered.
    Running,
    /// Cancellation was asked for and has not taken effect.
    Canceling,
    /// It is over; nothing changes any more.
    Finished(Outcome),
}

/// An operation's latest state, shared by everyone who watches it.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Counts the changes of this operation; the `sequence` of the status document.
    pub revision: u64,
    /// Where it is in its life.
    pub phase: Phase,
    /// The last reported progress, and its field values, encoded once. Shared: many operations never
    /// report any, and later snapshots keep it.
    pub progress: Option<Arc<EncodedProgress>>,
    /// Results of parts, in the order in which they came in, at most [`MAX_RESULTS`] with at most
    /// [`MAX_RESULTS_SIZE`] octets of URIs.
    pub results: Vec<StatusPair>,
}

/// An operation: applies events and keeps the rules of succession (PRG-03 to PRG-06, S-21).
#[derive(Clone, Debug)]
pub struct Operation {
    latest: Arc<Snapshot>,
}

/// What an event did to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// There is a new snapshot.
    Changed,
    /// There is a new snapshot, but the event went backwards and was corrected (PRG-03).
    Regressed,
    /// Nothing new.
    Unchanged,
    /// The operation is over and takes no events (S-12).
    Refused,
}

// === impl OperationId ===

impl OperationId {
    /// Octets of an id.
    pub const SIZE: usize = 16;

    /// An id from random octets of the operating system.
    pub const fn from_random(bytes: [u8; Self::SIZE]) -> Self {
        Self(bytes)
    }

    /// The octets, for a store.
    pub const fn as_bytes(&self) -> &[u8; Self::SIZE] {
        &self.0
    }

    /// Reads the text form; anything but exactly 32 lower-case hexadecimal digits is `None`, so
    /// that an id has one spelling (S-09).
    pub fn parse(text: &str) -> Option<Self> {
        hexadecimal::decode(text.as_bytes()).map(Self)
    }

    /// The first six characters: enough to find a line in a log, too few to be a capability.
    pub fn short(&self) -> String {
        self.to_string()[..6].to_owned()
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hexadecimal::print(&self.0, f)
    }
}

/// Shortened: a debug print must not leak a capability into a log (S-03).
impl fmt::Debug for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperationId({}…)", self.short())
    }
}

// === impl Snapshot ===

impl Snapshot {
    /// Whether nothing changes any more.
    pub fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Finished(_))
    }

    /// The value of `Progress` for a reader, if anything was reported.
    pub fn progress_value(&self, reader: &Reader) -> Option<HeaderValue> {
        self.progress.as_ref().map(|progress| progress.value(reader))
    }

    /// Whether it reports the same progress as another one of its operation.
    pub(crate) fn says_as_much_as(&self, other: &Snapshot) -> bool {
        match (&self.progress, &other.progress) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one.reported == other.reported,
            _ => false,
        }
    }

    fn has_room_for(&self, pair: &StatusPair) -> bool {
        let size: usize = self.results.iter().map(|kept| kept.uri.len()).sum();
        self.results.len() < MAX_RESULTS && size + pair.uri.len() <= MAX_RESULTS_SIZE
    }
}

// === impl Operation ===

impl Operation {
    /// An operation that has just begun.
    pub fn new() -> Self {
        let latest = Snapshot { revision: 0, phase: Phase::Running, progress: None, results: Vec::new() };
        Self { latest: Arc::new(latest) }
    }

    /// One of which a store has kept a state, perhaps not the last that was told of. Its revision goes on
    /// from `at_least`, if that is more: no revision is told of two states.
    pub fn resumed(kept: &Snapshot, at_least: u64) -> Self {
        let revision = kept.revision.saturating_add(1).max(at_least);
        Self { latest: Arc::new(Snapshot { revision, ..kept.clone() }) }
    }

    /// The latest state.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.latest
    }

    /// Takes an event in.
    pub fn apply(&mut self, event: ProgressEvent) -> Applied {
        if self.latest.is_finished() {
            return Applied::Refused;
        }
        match event {
            ProgressEvent::Heartbeat => Applied::Unchanged,
            ProgressEvent::Progress(reported) => self.report(reported),
            ProgressEvent::SubResult(pair) => {
                self.change(|snapshot| {
                    if snapshot.has_room_for(&pair) {
                        snapshot.results.push(pair);
                    }
                });
                Applied::Changed
            }
        }
    }

    fn report(&mut self, reported: Reported) -> Applied {
        let previous = self.latest.progress.as_ref().map(|progress| &progress.reported);
        let succession = reported.succeed(previous);
        if previous == Some(&succession.reported) {
            return if succession.regressed { Applied::Regressed } else { Applied::Unchanged };
        }
        let encoded = Arc::new(EncodedProgress::new(succession.reported));
        self.change(|snapshot| snapshot.progress = Some(encoded));
        if succession.regressed { Applied::Regressed } else { Applied::Changed }
    }

    /// Cancellation was asked for. Does nothing once the operation is over.
    pub fn cancel(&mut self) -> Applied {
        if self.latest.phase != Phase::Running {
            return if self.latest.is_finished() { Applied::Refused } else { Applied::Unchanged };
        }
        self.change(|snapshot| snapshot.phase = Phase::Canceling);
        Applied::Changed
    }

    /// The operation is over. The first outcome stands (S-12, S-21).
    pub fn finish(&mut self, outcome: Outcome) -> Applied {
        if self.latest.is_finished() {
            return Applied::Refused;
        }
        self.change(|snapshot| snapshot.phase = Phase::Finished(outcome));
        Applied::Changed
    }

    fn change(&mut self, edit: impl FnOnce(&mut Snapshot)) {
        // Watchers may hold the old snapshot: they keep it, whole.
        let snapshot = Arc::make_mut(&mut self.latest);
        edit(snapshot);
        snapshot.revision += 1;
    }
}

impl Default for Operation {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
