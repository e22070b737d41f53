//! The database: one file with two tables, and every way in which it may fail.
//!
//! The library is asked to check every page before it trusts a file. Should it fail or panic all the
//! same, the engine is broken: nothing more is asked of it, nothing more reaches the file through it,
//! and the writer opens another.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{
    Builder, Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};

use super::codec::{KEY_SIZE, Key, milliseconds, summary};
use super::disk::Disk;
use super::error::OpenError;
use super::ledger::{Filling, Ledger, Place};
use super::medium::Medium;
use super::{meta, witness::Witness};
use crate::clock;

/// Records and tombstones by key.
pub(super) const ROWS: TableDefinition<'static, [u8; KEY_SIZE], &'static [u8]> = TableDefinition::new("rows");

/// Octets of pages that are kept in memory: the paths to the pages that are asked for, and the last
/// hundreds of groups written. More helps little, because the kernel keeps pages too.
const CACHE: usize = 16 * 1024 * 1024;

/// Octets of a row and its key at least: those of a tombstone that has no owner are 65.
const LEAST_ROW: u64 = 64;

/// The name of the file.
const FILE: &str = "operations.redb";

/// Its name until it is complete.
const NEW_FILE: &str = "operations.new";

/// Whether what is acknowledged is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    Durable,
    /// Only in memory: for the control of a test that kills its store.
    Volatile,
}

/// An open database.
#[derive(Debug)]
pub(super) struct Engine {
    /// `None` only while it is dropped.
    database: Option<Database>,
    disk: Disk,
    broken: AtomicBool,
}

/// What was asked could not be done; the log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// Where and how.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) directory: PathBuf,
    pub(super) medium: Medium,
    pub(super) keeping: Keeping,
}

// === impl Engine ===

impl Engine {
    /// Opens the store's database, or makes it. `witness` is what the last process saw committed.
    pub(super) fn open(site: &Site, witness: &Witness) -> Result<(Self, meta::Meta), OpenError> {
        let path = site.directory.join(FILE);
        let failed = |error| OpenError::disk(&site.directory, error);
        let length = match fs::metadata(&path) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && witness.seen() == 0 => {
                Self::create(site)?;
                u64::MAX
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(OpenError::damaged(&site.directory, format!("{FILE} is gone")));
            }
            Err(error) => return Err(failed(error)),
        };
        if length == 0 {
            // The library would take it for a new one.
            return Err(OpenError::damaged(&site.directory, format!("{FILE} is empty")));
        }
        let engine = Self::open_file(site, &path)?;
        let meta = engine.meta(site)?;
        if meta.commits < witness.seen() {
            let what = format!("commits {} to {} are missing", meta.commits + 1, witness.seen());
            return Err(OpenError::damaged(&site.directory, what));
        }
        Ok((engine, meta))
    }

    /// Makes a database under another name, so that one that is there is complete.
    fn create(site: &Site) -> Result<(), OpenError> {
        let failed = |error| OpenError::disk(&site.directory, error);
        let path = site.directory.join(NEW_FILE);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let engine = Self::open_file(site, &path)?;
        let secret = meta::new_secret().ok_or(OpenError::NoRandomness)?;
        let made = engine.write(Keeping::Durable, |transaction| {
            transaction.open_table(ROWS)?;
            meta::create(transaction, secret)
        });
        let good = made.is_ok() && engine.disk.is_good();
        drop(engine);
        if !good {
            return Err(failed(std::io::Error::other("a new database could not be written")));
        }
        site.medium.rename(&path, &site.directory.join(FILE)).map_err(failed)?;
        fs::File::open(&site.directory).and_then(|directory| site.medium.sync(&directory)).map_err(failed)
    }

    fn open_file(site: &Site, path: &Path) -> Result<Self, OpenError> {
        let disk = Disk::open(path.to_owned(), site.medium.clone())
            .map_err(|error| OpenError::disk(&site.directory, error))?;
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let mut builder = Builder::new();
            builder.set_cache_size(CACHE).set_check_integrity_on_open(true);
            builder.create_with_backend(disk.clone())
        }));
        match opened {
            Ok(Ok(database)) => Ok(Self { database: Some(database), disk, broken: AtomicBool::new(false) }),
            Ok(Err(redb::DatabaseError::Storage(redb::StorageError::Io(error)))) => {
                Err(OpenError::disk(&site.directory, error))
            }
            Ok(Err(error)) => Err(OpenError::damaged(&site.directory, error.to_string())),
            Err(_) => Err(OpenError::damaged(&site.directory, "the database's structure cannot be followed")),
        }
    }

    fn meta(&self, site: &Site) -> Result<meta::Meta, OpenError> {
        let read = self.guarded(|database| meta::read(&database.begin_read()?));
        let read =
            read.map_err(|Broken| OpenError::damaged(&site.directory, "its settings cannot be read"))?;
        let found = read.ok_or_else(|| OpenError::damaged(&site.directory, "its settings are damaged"))?;
        meta::upgrade(self, found, site)
    }

    /// Everything there is, and the files that it names.
    pub(super) fn scan(&self, ledger: &mut Ledger, site: &Site) -> Result<Vec<super::SpoolName>, OpenError> {
        // A row that cannot be read has no time of its own: it is shown as corrupt for a while.
        let expire = milliseconds(clock::now()).saturating_add(super::shared::UNREADABLE_FOR);
        let scanned = self.guarded(|database| {
            let mut files = Vec::new();
            let rows = database.begin_read()?.open_table(ROWS)?;
            // Never for more than the file can hold, whatever it says.
            let most = self.disk.length() / LEAST_ROW;
            let many = usize::try_from(rows.len()?.min(most)).unwrap_or(0);
            let mut filling = Filling::new(ledger, many);
            for row in rows.iter()? {
                let (key, octets) = row?;
                let key = Key::from_bytes(key.value());
                match summary(key, octets.value()) {
                    Ok(found) => {
                        files.extend(found.stage.file());
                        filling.put(key, Place::from(found.stage), found.digest);
                    }
                    Err(_) => filling.put(key, Place::Corrupt { expire }, None),
                }
            }
            Ok(files)
        });
        scanned.map_err(|Broken| OpenError::damaged(&site.directory, "its rows cannot be read"))
    }

    /// The row below a key.
    pub(super) fn row(&self, key: Key) -> Result<Option<Vec<u8>>, Broken> {
        self.guarded(|database| {
            let rows = database.begin_read()?.open_table(ROWS)?;
            Ok(rows.get(key.to_bytes())?.map(|row| row.value().to_vec()))
        })
    }

    /// One transaction. `Ok` says that the library is content; whether it is durable says
    /// [`Disk::is_good`].
    pub(super) fn write<T>(
        &self,
        keeping: Keeping,
        work: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, Broken> {
        self.guarded(|database| {
            let mut transaction = database.begin_write()?;
            if keeping == Keeping::Volatile {
                transaction.set_durability(Durability::None)?;
            }
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        })
    }

    pub(super) const fn disk(&self) -> &Disk {
        &self.disk
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Asks the library for something, whatever it does.
    fn guarded<T>(&self, work: impl FnOnce(&Database) -> Result<T, redb::Error>) -> Result<T, Broken> {
        let Some(database) = self.database.as_ref().filter(|_| !self.is_broken()) else { return Err(Broken) };
        let outcome = catch_unwind(AssertUnwindSafe(|| work(database)));
        match outcome {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => tracing::error!(%error, "the store's database failed"),
            Err(_) => tracing::error!("the store's database panicked"),
        }
        self.give_up();
        Err(Broken)
    }

    fn give_up(&self) {
        self.broken.store(true, Ordering::Release);
        self.disk.retire();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.is_broken() || !self.disk.is_good() {
            self.disk.retire();
        }
        let database = self.database.take();
        if catch_unwind(AssertUnwindSafe(|| drop(database))).is_err() {
            tracing::error!("the store's database panicked while it was closed");
        }
    }
}
