//! What readers and the writer share: a look-up waits for neither the queue nor the disk's writes.

use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use jiff::Timestamp;
use progress_core::operation::OperationId;

use super::codec::{self, Key, milliseconds};
use super::engine::{Broken, Engine, Site};
use super::ledger::{Ledger, Noted, Place};
use super::request::{Answer, Finish, Request};
use super::{meta, point, spool};
use crate::record::NOBODY;
use crate::{Bounds, Content, Found, Quota, Record, StoreError, StoredResponse, clock};

/// How long a record that cannot be read is shown as such before it expires, in milliseconds: a day.
pub(super) const UNREADABLE_FOR: i64 = 24 * 60 * 60 * 1_000;

/// How often a reader looks again when a row has moved under it. Each time means that a change was
/// committed in between, and a row moves at most twice in its life.
const LOOKS: usize = 4;

/// See the module's documentation.
pub(super) struct Shared {
    pub(super) site: Site,
    pub(super) results: Arc<Path>,
    pub(super) bounds: Bounds,
    pub(super) quota: Quota,
    pub(super) secret: [u8; meta::SECRET_SIZE],
    /// Operations accepted by this process begin here.
    pub(super) first_sequence: u64,
    pub(super) ledger: Mutex<Ledger>,
    pub(super) engine: RwLock<Arc<Engine>>,
}

// === impl Shared ===

impl Shared {
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // A panic cannot leave the maps half changed: no step between two of them can panic.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another database in the place of one that failed, with what it holds.
    pub(super) fn replace(&self, engine: Engine, ledger: Ledger) {
        let mut current = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        *self.ledger() = ledger;
        *current = Arc::new(engine);
    }

    pub(super) fn after_retention(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.bounds.retention).unwrap_or(Timestamp::MAX)
    }

    /// A row that cannot be read.
    pub(super) fn spoilt() -> Place {
        Place::Corrupt { expire: milliseconds(clock::now()).saturating_add(UNREADABLE_FOR) }
    }

    pub(super) fn is_something_due(&self, now: Timestamp) -> bool {
        let (now, maximum) = (now.as_millisecond(), self.bounds.maximum_operations);
        let ledger = self.ledger();
        !ledger.due(now, 1).is_empty() || !ledger.tombstones_due(now, maximum, 1).is_empty()
    }

    pub(super) fn find(&self, id: OperationId, now: Timestamp) -> Result<Found, StoreError> {
        let at = now.as_millisecond();
        for _ in 0..LOOKS {
            let (entry, noted) = {
                let ledger = self.ledger();
                (ledger.entry(id), ledger.noted(id).cloned())
            };
            let Some(entry) = entry else { return Ok(Found::Unknown) };
            match entry.place {
                Place::Corrupt { expire } if expire > at => return Err(StoreError::Corrupt),
                Place::Tombstone { until } if until <= at => return Ok(Found::Unknown),
                Place::Finished { expire, .. } | Place::Corrupt { expire } if self.is_gone(expire, at) => {
                    return Ok(Found::Unknown);
                }
                Place::Corrupt { .. } => return Ok(Found::Expired { owner: Some(NOBODY) }),
                Place::Running { .. } | Place::Finished { .. } | Place::Tombstone { .. } => {}
            }
            let key = Key { sequence: entry.sequence, id };
            let engine = self.engine();
            let Some(row) = engine.row(key).map_err(|Broken| StoreError::Unavailable)? else { continue };
            if entry.place.is_over(at) {
                let found = codec::summary(key, &row).map_err(|_| StoreError::Corrupt)?;
                return Ok(Found::Expired { owner: found.owner });
            }
            let decoded = codec::decode_record(key, &row, &self.results);
            let Some((record, _)) = decoded.map_err(|_| StoreError::Corrupt)? else { continue };
            if entry.place.runs() && record.times.end.is_some() && !engine.disk().is_good() {
                // An end that is not on disk is not known yet.
                return Err(StoreError::Unavailable);
            }
            return Ok(Found::Present(Arc::new(with_noted(record, noted))));
        }
        Err(StoreError::Unavailable)
    }

    /// Whether even the tombstone's time is over of a record that no sweep has come by yet.
    fn is_gone(&self, expire: i64, at: i64) -> bool {
        let retention = i64::try_from(self.bounds.retention.as_millis()).unwrap_or(i64::MAX);
        expire.saturating_add(retention) <= at
    }

    /// Puts a long result into a file; its end goes on to the writer.
    pub(super) fn spool(&self, mut finish: Finish, answer: Answer<Arc<Record>>, writer: &Sender<Request>) {
        if let Some(response) = &finish.ending.response
            && let Content::Kept { pieces, .. } = &response.content
        {
            let spooled = match spool::write(&self.results, pieces, &self.site.medium) {
                Ok(spooled) => {
                    point::passed(point::SPOOLED);
                    spooled
                }
                Err(error) => {
                    tracing::error!(%error, "a result could not be spooled");
                    answer.give(Err(StoreError::Unavailable));
                    return;
                }
            };
            let (status, fields) = (response.status, response.fields.clone());
            let content = Content::File(spooled);
            finish.ending.response = Some(Arc::new(StoredResponse { status, fields, content }));
        }
        // Without a writer the answer is dropped, which its asker takes for a refusal.
        let _ = writer.send(Request::Finish(Box::new(finish), answer));
    }
}

/// Without the secret.
impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("site", &self.site)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

/// A running operation as it was last heard of, written or not.
fn with_noted(mut record: Record, noted: Option<Noted>) -> Record {
    if let Some(noted) = noted
        && record.times.end.is_none()
    {
        record.snapshot = noted.snapshot;
        record.times.update = noted.at;
    }
    record
}
