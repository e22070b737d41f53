//! The rows of a store that is opened.

use std::collections::BTreeSet;

use progress_core::operation::OperationId;

use super::super::codec::Key;
use super::{Ledger, Place};

/// Fills a ledger. What is due is put in order once, at the end: a million rows that end in any order
/// would each be sought a place for.
#[derive(Debug)]
pub(in super::super) struct Filling<'a> {
    ledger: &'a mut Ledger,
    records_due: Vec<(i64, OperationId)>,
    tombstones_due: Vec<(i64, OperationId)>,
}

// === impl Filling ===

impl<'a> Filling<'a> {
    /// Makes room for so many rows.
    pub(in super::super) fn new(ledger: &'a mut Ledger, rows: usize) -> Self {
        ledger.index.reserve(rows);
        Self { ledger, records_due: Vec::new(), tombstones_due: Vec::new() }
    }

    /// Puts a row, and notes its key.
    pub(in super::super) fn put(&mut self, key: Key, place: Place, digest: Option<[u8; 32]>) {
        if self.ledger.index.contains_key(&key.id) {
            // An acceptance that nobody was told of, and then the one that somebody was.
            self.put_in_order();
            self.ledger.put(key, place);
        } else {
            match place {
                Place::Running { .. } => {}
                Place::Finished { expire, .. } | Place::Corrupt { expire } => {
                    self.records_due.push((expire, key.id));
                }
                Place::Tombstone { until } => self.tombstones_due.push((until, key.id)),
            }
            self.ledger.shelve(key, place);
        }
        self.ledger.note_key(key.id, digest);
    }

    fn put_in_order(&mut self) {
        let in_order = |due: &mut Vec<_>| std::mem::take(due).into_iter().collect::<BTreeSet<_>>();
        self.ledger.records_due.append(&mut in_order(&mut self.records_due));
        self.ledger.tombstones_due.append(&mut in_order(&mut self.tombstones_due));
    }
}

impl Drop for Filling<'_> {
    fn drop(&mut self) {
        self.put_in_order();
    }
}
