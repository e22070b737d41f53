//! What a store knows of all its rows without reading them.
//!
//! Kept in memory: about a hundred octets for each row, and as many again for a key. So an unknown id costs no disk access, and the
//! census and what is due cost no scan.

mod filling;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use progress_core::document::Status;
use progress_core::operation::{OperationId, Snapshot};

use super::codec::{Key, Stage};
use crate::Census;
use crate::keys::Keys;
use crate::pages;
use crate::quota::Quota;
use crate::scattered::ScatteredMap;

pub(super) use self::filling::Filling;

/// Octets that a record is counted with, beside its result: as in the memory store.
pub(super) const RECORD_SIZE: u64 = 1_024;

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Ledger {
    quota: Quota,
    /// Octets that the rows take of the quota.
    charged: u64,
    /// Records and tombstones: each is bounded by `maximum_operations`.
    index: ScatteredMap<OperationId, Entry>,
    keys: Keys,
    /// When finished records expire, and which cannot be read.
    records_due: BTreeSet<(i64, OperationId)>,
    tombstones_due: BTreeSet<(i64, OperationId)>,
    finished: Census,
    next_sequence: u64,
    /// States that are not written yet, the latest of each running operation: bounded by them.
    noted: HashMap<OperationId, Noted>,
    /// The order in which `noted` is written: whoever waits longest is first.
    order: VecDeque<OperationId>,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) sequence: u64,
    pub(super) place: Place,
}

/// What a row is. Times are milliseconds since 1970; octets are those of its stored request, and then of
/// its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Running { octets: u64 },
    Finished { status: Status, expire: i64, octets: u64 },
    Corrupt { expire: i64 },
    Tombstone { until: i64 },
}

/// A state that is not written yet.
#[derive(Clone, Debug)]
pub(super) struct Noted {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) at: Timestamp,
}

// === impl Ledger ===

impl Ledger {
    pub(super) fn new(quota: Quota) -> Self {
        Self {
            quota,
            charged: 0,
            index: ScatteredMap::default(),
            keys: Keys::default(),
            records_due: BTreeSet::new(),
            tombstones_due: BTreeSet::new(),
            finished: [Status::Succeeded, Status::Failed, Status::Canceled].map(|status| (status, 0)),
            next_sequence: 0,
            noted: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    pub(super) fn entry(&self, id: OperationId) -> Option<Entry> {
        self.index.get(&id).copied()
    }

    pub(super) fn key(&self, id: OperationId) -> Option<Key> {
        self.entry(id).map(|entry| Key { sequence: entry.sequence, id })
    }

    /// Records, tombstones not counted.
    pub(super) fn records(&self) -> usize {
        self.index.len() - self.tombstones_due.len()
    }

    pub(super) fn tombstones(&self) -> usize {
        self.tombstones_due.len()
    }

    pub(super) const fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    pub(super) const fn census(&self) -> Census {
        self.finished
    }

    /// Ids of records in their order, from one on.
    pub(super) fn page(&self, from: OperationId, most: usize) -> Vec<OperationId> {
        let kept = |entry: &Entry| !matches!(entry.place, Place::Tombstone { .. });
        let ids = self.index.iter().filter(|(_, entry)| kept(entry)).map(|(id, _)| *id);
        pages::page(ids, from, most)
    }

    /// Operations that run and were accepted before `sequence`.
    pub(super) fn running_before(&self, sequence: u64) -> Vec<OperationId> {
        let running = |entry: &Entry| entry.place.runs() && entry.sequence < sequence;
        self.index.iter().filter(|(_, entry)| running(entry)).map(|(id, _)| *id).collect()
    }

    /// Records that are due, at most `most`.
    pub(super) fn due(&self, now: i64, most: usize) -> Vec<OperationId> {
        let due = self.records_due.iter().take_while(|(at, _)| *at <= now);
        due.take(most).map(|(_, id)| *id).collect()
    }

    /// Tombstones that are due, at most `most`, and the oldest that are too many.
    pub(super) fn tombstones_due(&self, now: i64, maximum: usize, most: usize) -> Vec<OperationId> {
        let many = self.tombstones().saturating_sub(maximum);
        let due = self.tombstones_due.iter().enumerate();
        let due = due.take_while(|(index, (until, _))| *index < many || *until <= now);
        due.take(most).map(|(_, (_, id))| *id).collect()
    }

    /// The operation of a key.
    pub(super) fn keyed(&self, digest: &[u8; 32]) -> Option<OperationId> {
        self.keys.get(digest)
    }

    /// Notes the key of a record.
    pub(super) fn note_key(&mut self, id: OperationId, digest: Option<[u8; 32]>) {
        let Some(digest) = digest else { return };
        let runs = |id| self.index.get(&id).is_some_and(|entry: &Entry| entry.place.runs());
        self.keys.put(id, digest, runs);
    }

    /// Puts a row where it now is. What was noted of it stays as long as it runs, its key as long as it is
    /// a record.
    pub(super) fn put(&mut self, key: Key, place: Place) {
        self.take(key.id);
        if !place.runs() {
            self.noted.remove(&key.id);
        }
        match place {
            Place::Running { .. } => {}
            Place::Finished { expire, .. } | Place::Corrupt { expire } => {
                self.records_due.insert((expire, key.id));
            }
            Place::Tombstone { until } => {
                self.keys.remove(key.id);
                self.tombstones_due.insert((until, key.id));
            }
        }
        self.shelve(key, place);
    }

    /// Counts a row that nothing is known of.
    fn shelve(&mut self, key: Key, place: Place) {
        self.count(place, |count| *count += 1);
        self.quota.charge(room(place));
        self.charged += room(place);
        self.next_sequence = self.next_sequence.max(key.sequence.saturating_add(1));
        self.index.insert(key.id, Entry { sequence: key.sequence, place });
    }

    /// Drops a row, and all that was noted of it.
    pub(super) fn remove(&mut self, id: OperationId) {
        self.noted.remove(&id);
        self.keys.remove(id);
        self.take(id);
    }

    fn take(&mut self, id: OperationId) {
        let Some(Entry { place, .. }) = self.index.remove(&id) else { return };
        match place {
            Place::Running { .. } => {}
            Place::Finished { expire, .. } | Place::Corrupt { expire } => {
                self.records_due.remove(&(expire, id));
            }
            Place::Tombstone { until } => {
                self.tombstones_due.remove(&(until, id));
            }
        }
        self.count(place, |count| *count = count.saturating_sub(1));
        self.quota.refund(room(place));
        self.charged -= room(place);
    }

    fn count(&mut self, place: Place, change: impl FnOnce(&mut u64)) {
        if let Place::Finished { status, .. } = place
            && let Some((_, count)) = self.finished.iter_mut().find(|(counted, _)| *counted == status)
        {
            change(count);
        }
    }

    /// Notes a state that is to be written some time. The latest wins.
    pub(super) fn note(&mut self, id: OperationId, noted: Noted) {
        if self.noted.insert(id, noted).is_none() {
            self.order.push_back(id);
        }
    }

    pub(super) fn noted(&self, id: OperationId) -> Option<&Noted> {
        self.noted.get(&id)
    }

    /// The states that have waited longest, at most `most`, and of records that hold `size` octets of
    /// requests together: each record is written whole. Each stays noted until it is written.
    pub(super) fn take_noted(&mut self, most: usize, size: u64) -> Vec<(OperationId, Noted)> {
        let (mut taken, mut taken_size) = (Vec::new(), 0_u64);
        while taken.len() < most
            && taken_size < size
            && let Some(id) = self.order.pop_front()
        {
            if let Some(Place::Running { octets }) = self.entry(id).map(|entry| entry.place) {
                taken_size = taken_size.saturating_add(octets);
            }
            taken.extend(self.noted.get(&id).map(|noted| (id, noted.clone())));
        }
        taken
    }

    /// A state was written, or could not be: it is forgotten, or waits again if it has changed since.
    pub(super) fn settle(&mut self, id: OperationId, written: Option<&Arc<Snapshot>>) {
        let Some(noted) = self.noted.get(&id) else { return };
        if written.is_some_and(|written| Arc::ptr_eq(written, &noted.snapshot)) {
            self.noted.remove(&id);
        } else {
            self.order.push_back(id);
        }
    }

    /// Takes over what `older` had noted of operations that still run here.
    pub(super) fn inherit(&mut self, older: &mut Self) {
        for (id, noted) in older.noted.drain() {
            if self.entry(id).is_some_and(|entry| entry.place.runs()) {
                self.note(id, noted);
            }
        }
        self.next_sequence = self.next_sequence.max(older.next_sequence);
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.quota.refund(self.charged);
    }
}

const fn room(place: Place) -> u64 {
    match place {
        Place::Corrupt { .. } => RECORD_SIZE,
        Place::Running { octets } | Place::Finished { octets, .. } => RECORD_SIZE.saturating_add(octets),
        Place::Tombstone { .. } => 0,
    }
}

// === impl Place ===

impl Place {
    pub(super) const fn runs(self) -> bool {
        matches!(self, Self::Running { .. })
    }

    /// Whether its retention is over.
    pub(super) const fn is_over(self, now: i64) -> bool {
        match self {
            Self::Running { .. } => false,
            Self::Finished { expire, .. } | Self::Corrupt { expire } => expire <= now,
            Self::Tombstone { .. } => true,
        }
    }
}

impl From<Stage> for Place {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Running { octets } => Self::Running { octets },
            Stage::Finished { status, expire, octets, .. } => Self::Finished { status, expire, octets },
            Stage::Tombstone { until } => Self::Tombstone { until },
        }
    }
}
