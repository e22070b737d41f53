//! A group of changes in one transaction: what it writes, and what follows once it is durable.

use std::sync::{Arc, MutexGuard};

use jiff::Timestamp;
use progress_core::operation::OperationId;
use redb::{ReadableTable, Table, WriteTransaction};

use super::codec::{self, KEY_SIZE, Key, milliseconds};
use super::effect::{Accepted, Effect, Room};
use super::engine::ROWS;
use super::ledger::{Entry, Ledger, Noted, Place};
use super::request::{Amend, Answer, Finish, Request, Swept};
use super::shared::Shared;
use crate::record::NOBODY;
use crate::{Record, Reservation, StoreError};

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
                Request::Amend(amend, answer) => self.amend(&mut rows, *amend, answer)?,
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
        let (place, digest) = (Place::from(summary.stage), summary.digest);
        self.effects.push(Effect::Accept(Accepted { key, place, digest, room }));
        self.later(answer, ());
        Ok(())
    }

    fn amend(&mut self, rows: &mut Rows<'_>, amend: Amend, answer: Answer<()>) -> Result<(), redb::Error> {
        let (key, mut record) = match self.held(rows, amend.id)? {
            Ok(held) if held.1.times.end.is_none() => held,
            Ok(_) => {
                answer.give(Err(StoreError::Missing));
                return Ok(());
            }
            Err(error) => {
                answer.give(Err(error));
                return Ok(());
            }
        };
        record.amend(amend.amendment);
        let (octets, summary) = codec::encode_record(key, &record);
        rows.insert(key.to_bytes(), octets.as_slice())?;
        let place = Place::from(summary.stage);
        self.effects.push(Effect::Put(key, place, Some(Room::Request(amend.room))));
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
        record.end(finish.ending, finish.expire);
        let (octets, summary) = codec::encode_record(key, &record);
        rows.insert(key.to_bytes(), octets.as_slice())?;
        self.effects.push(Effect::Put(key, Place::from(summary.stage), finish.given.map(Room::Result)));
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
        let before = rows.get(key.to_bytes())?.map(|row| codec::summary(key, row.value()));
        let (owner, file) = match before {
            Some(Ok(summary)) => (summary.owner, summary.stage.file()),
            Some(Err(_)) | None => (Some(NOBODY), None),
        };
        let tombstone = codec::encode_tombstone(key, until, owner);
        rows.insert(key.to_bytes(), tombstone.as_slice())?;
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
