//! The store in memory: nothing survives the process, everything else holds.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use progress_core::document::Status;
use progress_core::operation::{OperationId, Snapshot};

use crate::keys::Keys;
use crate::pages;
use crate::{Amendment, Census, Ending, Found, Quota, Record, Reservation, StatusStore, StoreError};

/// Octets that a record is counted with, beside its result.
const RECORD_SIZE: u64 = 1_024;

/// How much a store may hold, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Operations, running and finished, tombstones not counted.
    pub maximum_operations: usize,
    /// Octets of records and results.
    pub maximum_size: u64,
    /// How long a finished operation is kept; its tombstone is kept as long again.
    pub retention: Duration,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct MemoryStore {
    bounds: Bounds,
    quota: Quota,
    secret: Secret,
    shelves: Box<Mutex<Shelves>>,
}

/// Random for each process, as everything here ends with it.
struct Secret([u8; 32]);

#[derive(Debug)]
struct Shelves {
    /// Bounded by `maximum_operations`.
    records: HashMap<OperationId, Kept>,
    keys: Keys,
    /// What is left of expired records, which is their owners. Bounded by `maximum_operations`: the oldest
    /// go first.
    tombstones: HashMap<OperationId, Option<[u8; 32]>>,
    /// When finished records expire: one entry for each that is kept, so bounded with them.
    records_due: BTreeSet<(Timestamp, OperationId)>,
    /// When tombstones go: one entry for each that stands, so bounded with them.
    tombstones_due: BTreeSet<(Timestamp, OperationId)>,
    finished: Census,
}

#[derive(Debug)]
struct Kept {
    record: Arc<Record>,
    _room: Reservation,
    /// What its stored request takes.
    request: Option<Reservation>,
}

// === impl MemoryStore ===

impl MemoryStore {
    /// An empty store.
    pub fn new(bounds: Bounds) -> Self {
        let quota = Quota::new(bounds.maximum_size);
        let shelves = Shelves {
            records: HashMap::new(),
            keys: Keys::default(),
            tombstones: HashMap::new(),
            records_due: BTreeSet::new(),
            tombstones_due: BTreeSet::new(),
            finished: [Status::Succeeded, Status::Failed, Status::Canceled].map(|status| (status, 0)),
        };
        Self { bounds, quota, secret: Secret::random(), shelves: Box::new(Mutex::new(shelves)) }
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        // A panic cannot leave the maps half changed: no step between two of them can panic.
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn after_retention(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.bounds.retention).unwrap_or(Timestamp::MAX)
    }

    /// Moves what is due one shelf on: record to tombstone, tombstone to nothing.
    fn expire(&self, shelves: &mut Shelves, now: Timestamp) -> usize {
        let mut expired = 0;
        while let Some(&(at, id)) = shelves.records_due.first()
            && at <= now
        {
            if let Some(kept) = shelves.remove(id) {
                self.bury(shelves, &kept.record, now);
                expired += 1;
            }
        }
        while shelves.tombstones_due.first().is_some_and(|(until, _)| *until <= now) {
            shelves.drop_oldest_tombstone();
        }
        expired
    }

    fn bury(&self, shelves: &mut Shelves, record: &Record, now: Timestamp) {
        if shelves.tombstones.len() >= self.bounds.maximum_operations {
            shelves.drop_oldest_tombstone();
        }
        let until = self.after_retention(now);
        shelves.tombstones.insert(record.id, record.owner);
        shelves.tombstones_due.insert((until, record.id));
    }
}

// === impl Shelves ===

impl Shelves {
    fn remove(&mut self, id: OperationId) -> Option<Kept> {
        let kept = self.records.remove(&id)?;
        self.keys.remove(id);
        if let Some(expire) = kept.record.times.expire {
            self.records_due.remove(&(expire, id));
        }
        self.count(&kept.record, |count| *count = count.saturating_sub(1));
        Some(kept)
    }

    /// A record whose operation has not ended.
    fn running(&mut self, id: OperationId) -> Option<&mut Kept> {
        self.records.get_mut(&id).filter(|kept| kept.record.times.end.is_none())
    }

    fn drop_oldest_tombstone(&mut self) {
        if let Some((_, id)) = self.tombstones_due.pop_first() {
            self.tombstones.remove(&id);
        }
    }

    fn count(&mut self, record: &Record, change: impl FnOnce(&mut u64)) {
        let status = Status::of(&record.snapshot.phase);
        if let Some((_, count)) = self.finished.iter_mut().find(|(counted, _)| *counted == status) {
            change(count);
        }
    }
}

impl StatusStore for MemoryStore {
    async fn accept(&self, record: Record) -> Result<(), StoreError> {
        let room = self.quota.reserve(RECORD_SIZE).ok_or(StoreError::Full)?;
        let request = self.quota.reserve(record.sequel.room()).ok_or(StoreError::Full)?;
        let mut shelves = self.shelves();
        if shelves.records.len() >= self.bounds.maximum_operations {
            return Err(StoreError::Full);
        }
        if let Some(key) = record.key {
            let Shelves { keys, records, .. } = &mut *shelves;
            let runs = |id| records.get(&id).is_some_and(|kept| kept.record.times.end.is_none());
            keys.put(record.id, key.digest, runs);
        }
        let kept = Kept { record: Arc::new(record), _room: room, request: Some(request) };
        shelves.records.insert(kept.record.id, kept);
        Ok(())
    }

    async fn checkpoint(
        &self,
        id: OperationId,
        snapshot: Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut shelves = self.shelves();
        let kept = shelves.records.get_mut(&id).ok_or(StoreError::Missing)?;
        let record = Arc::make_mut(&mut kept.record);
        record.snapshot = snapshot;
        record.times.update = now;
        Ok(())
    }

    async fn amend(&self, id: OperationId, amendment: Amendment) -> Result<(), StoreError> {
        let room = self.quota.reserve(amendment.room()).ok_or(StoreError::Full)?;
        let mut shelves = self.shelves();
        let kept = shelves.running(id).ok_or(StoreError::Missing)?;
        if matches!(amendment, Amendment::Sequel(_)) {
            drop(kept.request.replace(room));
        }
        Arc::make_mut(&mut kept.record).amend(amendment);
        Ok(())
    }

    fn keyed(&self, digest: &[u8; 32]) -> Option<OperationId> {
        self.shelves().keys.get(digest)
    }

    async fn finish(&self, id: OperationId, ending: Ending) -> Result<Arc<Record>, StoreError> {
        let expire = self.after_retention(ending.at);
        let mut shelves = self.shelves();
        let kept = shelves.records.get_mut(&id).ok_or(StoreError::Missing)?;
        if kept.record.times.end.is_some() {
            // The first end stands (S-12).
            return Ok(Arc::clone(&kept.record));
        }
        let record = Arc::make_mut(&mut kept.record);
        record.end(ending, expire);
        drop(kept.request.take());
        let record = Arc::clone(&kept.record);
        shelves.count(&record, |count| *count += 1);
        shelves.records_due.insert((expire, id));
        Ok(record)
    }

    async fn find(&self, id: OperationId, now: Timestamp) -> Result<Found, StoreError> {
        let mut shelves = self.shelves();
        self.expire(&mut shelves, now);
        if let Some(kept) = shelves.records.get(&id) {
            return Ok(Found::Present(Arc::clone(&kept.record)));
        }
        let tombstone = shelves.tombstones.get(&id);
        Ok(tombstone.map_or(Found::Unknown, |owner| Found::Expired { owner: *owner }))
    }

    async fn forget(&self, id: OperationId, now: Timestamp) -> Result<(), StoreError> {
        let mut shelves = self.shelves();
        let kept = shelves.remove(id).ok_or(StoreError::Missing)?;
        self.bury(&mut shelves, &kept.record, now);
        Ok(())
    }

    fn reserve(&self, octets: u64) -> Option<Reservation> {
        self.quota.reserve(octets)
    }

    async fn sweep(&self, now: Timestamp) -> usize {
        self.expire(&mut self.shelves(), now)
    }

    fn census(&self) -> Census {
        self.shelves().finished
    }

    fn page(&self, from: OperationId, most: usize) -> Vec<OperationId> {
        pages::page(self.shelves().records.keys().copied(), from, most)
    }

    fn secret(&self) -> [u8; 32] {
        self.secret.0
    }

    fn unfinished(&self) -> Vec<OperationId> {
        Vec::new()
    }
}

// === impl Secret ===

impl Secret {
    fn random() -> Self {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).expect("the maps of this store have drawn from the same source");
        Self(secret)
    }
}

/// Shows nothing.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests;
