//! Rooms: `reopened` (what a restart finds), `faults` (each call of the disk fails), `flips` (each octet
//! is changed), `upgrade` (schema versions).

mod faults;
mod flips;
mod reopened;
mod script;
mod upgrade;

#[path = "../../tests/directory/mod.rs"]
mod directory;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use self::directory::Directory;
use super::*;
use crate::{Content, StoredResponse, clock};

const BOUNDS: Bounds =
    Bounds { maximum_operations: 100, maximum_size: 1 << 20, retention: Duration::from_secs(3_600) };

/// Lets calls of the disk fail.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Calls so far.
    calls: AtomicU64,
    /// The first call that fails, counted from 1; 0: none.
    first: AtomicU64,
    /// How many fail in a row.
    many: AtomicU64,
    /// What the system says.
    code: AtomicU64,
    /// Whether syncing is left out, where thousands of stores are opened and no machine fails.
    unsynced: AtomicBool,
}

// === impl Faults ===

impl Faults {
    pub(super) fn strike(&self) -> io::Result<()> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let first = self.first.load(Ordering::SeqCst);
        let many = self.many.load(Ordering::SeqCst);
        if first != 0 && call >= first && call - first < many {
            let code = i32::try_from(self.code.load(Ordering::SeqCst)).unwrap();
            return Err(io::Error::from_raw_os_error(code));
        }
        Ok(())
    }

    pub(super) fn skips_sync(&self) -> bool {
        self.unsynced.load(Ordering::Relaxed)
    }

    fn fail(&self, first: u64, many: u64, code: i32) {
        self.many.store(many, Ordering::SeqCst);
        self.code.store(u64::from(code.unsigned_abs()), Ordering::SeqCst);
        self.first.store(first, Ordering::SeqCst);
    }

    fn repair(&self) {
        self.first.store(0, Ordering::SeqCst);
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

fn open(directory: &Directory) -> EmbeddedStore {
    EmbeddedStore::open(directory.path(), BOUNDS).unwrap()
}

fn open_with(directory: &Directory, faults: &Arc<Faults>) -> Result<EmbeddedStore, OpenError> {
    let medium = Medium { faults: Some(Arc::clone(faults)) };
    EmbeddedStore::open_at(directory.path(), BOUNDS, (Keeping::Durable, medium))
}
