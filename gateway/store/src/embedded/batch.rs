//! A group of changes in one transaction: what it writes, and what follows once it is durable.

use std::sync::{Arc, MutexGuard};

use jiff::Timestamp;
use progress_core::operation::{OperationId, Snapshot};
use redb::{ReadableTable, Table, WriteTransaction};

use super::SpoolName;
use super::codec::{self, KEY_SIZE, Key, Summary, milliseconds};
use super::engine::ROWS;
use super::ledger::{Entry, Ledger, Noted, Place};
use super::request::{Answer, Finish, Request, Swept};
use super::shared::Shared;
use crate::{Record, Reservation, StoreError, StoredResponse};

/// Rows that one step of a sweep changes: few enough that an acceptance behind it does not notice.
pub(super) const SWEEP_STEP: usize = 1_024;

/// What a transaction does, and what is to be done after it.
pub(super) struct Batch<'a> {
    shared: &'a Shared,
    /// Records that it adds.
    added: usize,
    pub(super) effects: Vec<Effect>,
    answers: Vec<Verdict>,
}

/// A change of the ledger that waits for its transaction.
#[derive(Debug)]
pub(super) enum Effect {
    /// A row is now here. The response's room, if any, is now the ledger's to count.
    Put(Key, Place, Option<Room>),
    /// A row is gone.
    Remove(OperationId),
    /// No row names this file any more.
    Unlink(SpoolName),
    /// A state was written; or not, and it waits for the next time.
    Settle(OperationId, Option<Arc<Snapshot>>),
}

/// Room that was taken before its row was there.
#[derive(Debug)]
pub(super) enum Room {
    Record(Reservation),
    Result(Arc<StoredResponse>),
}

/// Tells one asker what became of the transaction.
type Verdict = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

type Rows<'txn> = Table<'txn, [u8; KEY_SIZE], &'static [u8]>;

// === impl Batch ===

impl<'a> Batch<'a> {
    pub(super) const fn new(shared: &'a Shared) -> Self {
        Self { shared, added: 0, effects: Vec::new(), answers: Vec::new() }
    }

    /// Writes all of it. The requests are of different operations, so none needs to see another.
    pub(super) fn stage(
        &mut self,
        transaction: &WriteTransaction,
        requests: Vec<Request>,
        noted: Vec<(OperationId, Noted)>,
    ) -> Result<(), redb::Error> {
        let mut rows = transaction.open_table(ROWS)?;
        for request in requests {
            match request {
                Request::Accept(record, room, answer) => self.accept(&mut rows, &record, (room, answer))?,
                Request::Finish(finish, answer) => self.finish(&mut rows, *finish, answer)?,
                Request::Forget(id, now, answer) => self.forget(&mut rows, (id, now), answer)?,
                Request::Sweep(now, answer) => self.sweep(&mut rows, now, answer)?,
                Request::Retract(id) => self.retract(&mut rows, id)?,
                Request::Undo(key) => drop(rows.remove(key.to_bytes())?),
            }
        }
        for (id, noted) in noted {
            self.note(&mut rows, id, noted)?;
        }
        Ok(())
    }

    /// Tells everyone who asked. Those whom a transaction had nothing to do for have their answer.
    pub(super) fn answer(&mut self, verdict: Result<(), StoreError>) {
        for answer in self.answers.drain(..) {
            answer(verdict);
        }
    }

    fn later<T: Send + 'static>(&mut self, answer: Answer<T>, value: T) {
        self.answers.push(Box::new(move |verdict| answer.give(verdict.map(|()| value))));
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.shared.ledger()
    }

    fn accept(
        &mut self,
        rows: &mut Rows<'_>,
        record: &Record,
        (room, answer): (Reservation, Answer<()>),
    ) -> Result<(), redb::Error> {
        if answer.to.is_closed() {
            return Ok(());
        }
        let (records, sequence) = {
            let ledger = self.ledger();
            (ledger.records(), ledger.next_sequence())
        };
        if records + self.added >= self.shared.bounds.maximum_operations {
            answer.give(Err(StoreError::Full));
            return Ok(());
        }
        let key = Key { sequence: sequence + self.added as u64, id: record.id };
        self.added += 1;
        let (octets, summary) = codec::encode_record(key, record);
        rows.insert(key.to_bytes(), octets.as_slice())?;
        self.effects.push(Effect::Put(key, Place::from(summary), Some(Room::Record(room))));
        self.later(answer, ());
        Ok(())
    }

    fn finish(
        &mut self,
        rows: &mut Rows<'_>,
        finish: Finish,
        answer: Answer<Arc<Record>>,
    ) -> Result<(), redb::Error> {
        let spooled = finish.ending.response.as_ref().and_then(|response| response.content.file());
        let held = match self.held(rows, finish.id)? {
            Ok(held) => held,
            Err(error) => {
                self.effects.extend(spooled.map(Effect::Unlink));
                answer.give(Err(error));
                return Ok(());
            }
        };
        let (key, mut record) = held;
        if record.times.end.is_some() {
            // The first end stands (S-12).
            self.effects.extend(spooled.map(Effect::Unlink));
            self.later(answer, Arc::new(record));
            return Ok(());
        }
        record.snapshot = finish.ending.snapshot;
        record.response = finish.ending.response;
        record.times.update = finish.ending.at;
        record.times.end = Some(finish.ending.at);
        record.times.expire = Some(finish.expire);
        let (octets, summary) = codec::encode_record(key, &record);
        rows.insert(key.to_bytes(), octets.as_slice())?;
        self.effects.push(Effect::Put(key, Place::from(summary), finish.given.map(Room::Result)));
        self.later(answer, Arc::new(record));
        Ok(())
    }

    fn forget(
        &mut self,
        rows: &mut Rows<'_>,
        (id, now): (OperationId, Timestamp),
        answer: Answer<()>,
    ) -> Result<(), redb::Error> {
        let Some(entry) = self.entry(id).filter(|entry| !matches!(entry.place, Place::Tombstone { .. }))
        else {
            answer.give(Err(StoreError::Missing));
            return Ok(());
        };
        self.bury(rows, Key { sequence: entry.sequence, id }, now)?;
        self.later(answer, ());
        Ok(())
    }

    fn sweep(
        &mut self,
        rows: &mut Rows<'_>,
        now: Timestamp,
        answer: Answer<Swept>,
    ) -> Result<(), redb::Error> {
        // Due is what is due at the start of this millisecond: nothing goes early.
        let due_at = now.as_millisecond();
        let maximum = self.shared.bounds.maximum_operations;
        let (expired, gone) = {
            let ledger = self.ledger();
            let keyed = |ids: Vec<OperationId>| ids.into_iter().filter_map(|id| ledger.key(id)).collect();
            let expired: Vec<Key> = keyed(ledger.due(due_at, SWEEP_STEP));
            let gone: Vec<Key> = keyed(ledger.tombstones_due(due_at, maximum, SWEEP_STEP));
            (expired, gone)
        };
        let swept = Swept { expired: expired.len(), rows: expired.len() + gone.len() };
        for key in expired {
            self.bury(rows, key, now)?;
        }
        for key in gone {
            rows.remove(key.to_bytes())?;
            self.effects.push(Effect::Remove(key.id));
        }
        self.later(answer, swept);
        Ok(())
    }

    fn retract(&mut self, rows: &mut Rows<'_>, id: OperationId) -> Result<(), redb::Error> {
        let Some(entry) = self.entry(id) else { return Ok(()) };
        rows.remove(Key { sequence: entry.sequence, id }.to_bytes())?;
        self.effects.push(Effect::Remove(id));
        Ok(())
    }

    fn note(&mut self, rows: &mut Rows<'_>, id: OperationId, noted: Noted) -> Result<(), redb::Error> {
        match self.held(rows, id)? {
            Ok((key, mut record)) if record.times.end.is_none() => {
                record.snapshot = Arc::clone(&noted.snapshot);
                record.times.update = noted.at;
                let (octets, _) = codec::encode_record(key, &record);
                rows.insert(key.to_bytes(), octets.as_slice())?;
            }
            Ok(_) | Err(_) => {}
        }
        self.effects.push(Effect::Settle(id, Some(noted.snapshot)));
        Ok(())
    }

    /// A record is over: a tombstone lies in its place.
    fn bury(&mut self, rows: &mut Rows<'_>, key: Key, now: Timestamp) -> Result<(), redb::Error> {
        let until = milliseconds(self.shared.after_retention(now));
        let tombstone = codec::encode_tombstone(key, until);
        let before = rows.insert(key.to_bytes(), tombstone.as_slice())?;
        let file = before.and_then(|row| codec::summary(key, row.value()).ok()).and_then(Summary::file);
        self.effects.push(Effect::Put(key, Place::Tombstone { until }, None));
        self.effects.extend(file.map(Effect::Unlink));
        Ok(())
    }

    fn entry(&self, id: OperationId) -> Option<Entry> {
        self.ledger().entry(id)
    }

    /// A record as it is written now.
    fn held(
        &mut self,
        rows: &Rows<'_>,
        id: OperationId,
    ) -> Result<Result<(Key, Record), StoreError>, redb::Error> {
        let Some(entry) = self.entry(id) else { return Ok(Err(StoreError::Missing)) };
        let key = Key { sequence: entry.sequence, id };
        if matches!(entry.place, Place::Tombstone { .. }) {
            return Ok(Err(StoreError::Missing));
        }
        let row = rows.get(key.to_bytes())?;
        let decoded = row.map(|row| codec::decode_record(key, row.value(), &self.shared.results));
        Ok(match decoded {
            Some(Ok(Some((record, _)))) => Ok((key, record)),
            Some(Ok(None)) | None => Err(StoreError::Missing),
            Some(Err(_)) => {
                self.effects.push(Effect::Put(key, Shared::spoilt(), None));
                Err(StoreError::Corrupt)
            }
        })
    }
}

// === impl Effect ===

impl Effect {
    /// What the ledger shall say from now on.
    pub(super) fn apply(self, ledger: &mut Ledger) -> Option<SpoolName> {
        match self {
            Self::Put(key, place, room) => {
                match room {
                    Some(Room::Record(room)) => room.hand_over(),
                    Some(Room::Result(response)) => response.content.hand_over(),
                    None => {}
                }
                ledger.put(key, place);
            }
            Self::Remove(id) => ledger.remove(id),
            Self::Unlink(file) => return Some(file),
            Self::Settle(id, written) => ledger.settle(id, written.as_ref()),
        }
        None
    }
}
