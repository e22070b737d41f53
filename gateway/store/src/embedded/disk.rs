//! The file below the database, and what becomes of a write that fails.
//!
//! A failed `fsync` leaves the kernel's pages marked clean although they may never have reached the
//! disk, and asking again would report success. So every write since the last good `fsync` is kept;
//! after a failure nothing is written any more, what the database writes is held in memory and read
//! back from there, and [`Disk::heal`] opens the file anew, writes all of it again and syncs the new
//! descriptor. Meanwhile reading goes on, and no commit is acknowledged (G-03, G-04).
//!
//! What is held is bounded by one transaction: the store begins no other before the disk is healed.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redb::StorageBackend;

use super::medium::Medium;

/// One file, shared by the database and whoever looks after it.
#[derive(Clone, Debug)]
pub(super) struct Disk(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    medium: Medium,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    file: Arc<File>,
    /// As the database sees it.
    length: u64,
    /// Writes since the last good `fsync`, in order.
    unsynced: Vec<(u64, Box<[u8]>)>,
    health: Health,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Good,
    /// A write or an `fsync` failed.
    Failed,
    /// The database was given up, and another has the file.
    Retired,
}

// === impl Disk ===

impl Disk {
    /// Opens or makes the file, readable by its owner alone.
    pub(super) fn open(path: PathBuf, medium: Medium) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        let length = file.metadata()?.len();
        let state = State { file: Arc::new(file), length, unsynced: Vec::new(), health: Health::Good };
        Ok(Self(Arc::new(Shared { path, medium, state: RwLock::new(state) })))
    }

    /// Whether everything that was written and synced reached the disk.
    pub(super) fn is_good(&self) -> bool {
        self.state().health == Health::Good
    }

    /// Octets of the file.
    pub(super) fn length(&self) -> u64 {
        self.state().length
    }

    /// Writes again, through a new descriptor, what a failure left in doubt.
    pub(super) fn heal(&self) -> io::Result<()> {
        let mut state = self.state_mut();
        if state.health != Health::Failed {
            return Ok(());
        }
        let file = OpenOptions::new().read(true).write(true).open(&self.0.path)?;
        same(&file.metadata()?, &state.file.metadata()?)?;
        self.0.medium.set_len(&file, state.length)?;
        for (offset, octets) in &state.unsynced {
            self.0.medium.write_at(&file, *offset, octets)?;
        }
        self.0.medium.sync(&file)?;
        state.file = Arc::new(file);
        state.unsynced = Vec::new();
        state.health = Health::Good;
        Ok(())
    }

    /// Nothing reaches the file through this any more.
    pub(super) fn retire(&self) {
        self.state_mut().health = Health::Retired;
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        // A panic cannot leave the state half changed: nothing between two changes can panic.
        self.0.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.0.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that was removed or replaced would take writes that no restart finds again (G-05).
fn same(at_path: &Metadata, opened: &Metadata) -> io::Result<()> {
    let same = (at_path.dev(), at_path.ino()) == (opened.dev(), opened.ino());
    if same { Ok(()) } else { Err(io::Error::other("the store's file was replaced under the gateway")) }
}

// === impl State ===

impl State {
    /// What the file would hold had every write succeeded.
    fn read_held(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset + out.len() as u64;
        let mut filled = 0;
        while filled < out.len() {
            match self.file.read_at(&mut out[filled..], offset + filled as u64)? {
                // The file could not be made longer; what is missing was to be zero.
                0 => break,
                octets => filled += octets,
            }
        }
        out[filled..].fill(0);
        for (start, octets) in &self.unsynced {
            let (from, to) = (offset.max(*start), end.min(start + octets.len() as u64));
            if from < to {
                let (Ok(at), Ok(of), Ok(size)) = (
                    usize::try_from(from - offset),
                    usize::try_from(from - start),
                    usize::try_from(to - from),
                ) else {
                    return Err(io::ErrorKind::InvalidInput.into());
                };
                out[at..at + size].copy_from_slice(&octets[of..of + size]);
            }
        }
        Ok(())
    }

    /// Notes a failure once.
    fn failed(&mut self, what: &'static str, error: &io::Error) {
        tracing::error!(%error, "{what} the store failed: nothing is accepted until its disk works again");
        self.health = Health::Failed;
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > state.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match state.health {
            Health::Good => state.file.read_exact_at(out, offset),
            Health::Failed | Health::Retired => state.read_held(offset, out),
        }
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.state_mut();
        state.length = length;
        if state.health == Health::Good
            && let Err(error) = self.0.medium.set_len(&state.file, length)
        {
            state.failed("resizing", &error);
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let file = {
            let state = self.state();
            if state.health != Health::Good {
                return Ok(());
            }
            // Readers go on while the disk works.
            Arc::clone(&state.file)
        };
        let synced =
            self.0.medium.sync(&file).and_then(|()| same(&fs::metadata(&self.0.path)?, &file.metadata()?));
        let mut state = self.state_mut();
        match synced {
            Ok(()) => state.unsynced.clear(),
            Err(error) => state.failed("syncing", &error),
        }
        Ok(())
    }

    fn write(&self, offset: u64, octets: &[u8]) -> io::Result<()> {
        let mut state = self.state_mut();
        if state.health == Health::Retired {
            return Ok(());
        }
        state.unsynced.push((offset, octets.into()));
        if state.health == Health::Good
            && let Err(error) = self.0.medium.write_at(&state.file, offset, octets)
        {
            state.failed("writing", &error);
        }
        Ok(())
    }
}
