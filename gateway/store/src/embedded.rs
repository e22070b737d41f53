//! The store on disk: what it has returned `Ok` for survives the process, and the machine.
//!
//! ```text
//! accept, amend, finish, forget --bounded queue--> writer: one transaction and fsync for all that wait
//!                            \-- long results --> spooler: a file, synced, before its record --^
//! find, keyed -----------------> ledger (in memory) --> database (readers do not wait for the writer)
//! checkpoint ------------------> ledger; written every two seconds, the latest of each operation
//! ```
//!
//! The directory (mode 0700) holds `operations.redb` (one copy-on-write tree; records and tombstones,
//! the schema version, the secret), `results/` (long results), `witness` and `lock`; files are 0600.
//!
//! A stored request is part of its record until the end, and so are the credentials in it. What a page
//! held before it was freed stays in the file until something else is written there.

mod batch;
mod codec;
mod disk;
mod effect;
mod engine;
mod error;
mod ledger;
mod medium;
mod meta;
pub mod point;
mod request;
mod shared;
mod spool;
mod witness;
mod writer;

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;

use jiff::Timestamp;
use progress_core::operation::{OperationId, Snapshot};
use tokio::sync::{Semaphore, oneshot};

use self::engine::{Engine, Keeping, Site};
use self::ledger::{Ledger, Noted, Place, RECORD_SIZE};
use self::medium::Medium;
use self::request::{Amend, Answer, Finish, Request};
use self::shared::Shared;
use self::witness::Witness;
use self::writer::Writer;
use crate::{Amendment, Bounds, Census, Ending, Found, Quota, Record, Reservation, StatusStore, StoreError};

pub use self::error::OpenError;
pub(crate) use self::spool::SpoolName;
pub use self::spool::{SpoolReader, Spooled};

/// Requests that wait for the writer. At 5,000 a second this is more than half a second of them: who
/// comes later waits for a place, unanswered.
const QUEUE: usize = 4_096;

/// Octets of a result that is kept in its record; a longer one gets a file (interface section 8).
const INLINE: u64 = 64 * 1024;

/// See the module's documentation.
#[derive(Debug)]
pub struct EmbeddedStore {
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
    queue: Option<Sender<Request>>,
    spool: Option<Sender<(Finish, Answer<Arc<Record>>)>>,
    threads: Vec<JoinHandle<()>>,
    _lock: File,
}

/// An acceptance that is waited for. Dropped before it is answered, it is taken back.
struct Accepting<'a> {
    id: Option<OperationId>,
    queue: &'a Sender<Request>,
}

// === impl EmbeddedStore ===

impl EmbeddedStore {
    /// Opens the store in the directory `path`, or makes one. Blocks: it checks every page and reads
    /// every record, which takes one to four seconds for a million.
    pub fn open(path: &Path, bounds: Bounds) -> Result<Self, OpenError> {
        Self::open_at(path, bounds, (Keeping::Durable, Medium::default()))
    }

    /// Opens the store so that nothing that it answers is on disk: the control of a test which kills a
    /// store must lose something.
    #[doc(hidden)]
    pub fn open_volatile(path: &Path, bounds: Bounds) -> Result<Self, OpenError> {
        Self::open_at(path, bounds, (Keeping::Volatile, Medium::default()))
    }

    fn open_at(path: &Path, bounds: Bounds, (keeping, medium): (Keeping, Medium)) -> Result<Self, OpenError> {
        let failed = |error| OpenError::disk(path, error);
        let results: Arc<Path> = path.join("results").into();
        private_directory(path).and_then(|()| private_directory(&results)).map_err(failed)?;
        let lock = lock(path)?;
        let site = Site { directory: path.to_owned(), medium, keeping };
        let mut witness = Witness::open(path).map_err(failed)?;
        let (engine, meta) = Engine::open(&site, &witness)?;
        witness.saw(meta.commits);
        let quota = Quota::new(bounds.maximum_size);
        let mut ledger = Ledger::new(quota.clone());
        let files: HashSet<SpoolName> = engine.scan(&mut ledger, &site)?.into_iter().collect();
        let orphans = spool::remove_orphans(&results, &files).map_err(failed)?;
        tracing::info!(operations = ledger.records(), orphans, "the store is open");
        let shared = Arc::new(Shared {
            site,
            results,
            bounds,
            quota,
            secret: meta.secret,
            first_sequence: ledger.next_sequence(),
            ledger: Mutex::new(ledger),
            engine: RwLock::new(Arc::new(engine)),
        });
        Self::start(shared, lock, (witness, meta.commits)).map_err(failed)
    }

    fn start(shared: Arc<Shared>, lock: File, (witness, commits): (Witness, u64)) -> io::Result<Self> {
        let (queue, requests) = channel();
        let (spool, spooled) = channel();
        let writer = Writer::new(Arc::clone(&shared), requests, witness, commits);
        let onward = queue.clone();
        let spooler = Arc::clone(&shared);
        let threads = vec![
            std::thread::Builder::new().name("store-writer".into()).spawn(move || writer.run())?,
            std::thread::Builder::new().name("store-spooler".into()).spawn(move || {
                // Ends when nobody can ask any more.
                for (finish, answer) in spooled {
                    spooler.spool(finish, answer, &onward);
                }
            })?,
        ];
        let places = Arc::new(Semaphore::new(QUEUE));
        Ok(Self { shared, places, queue: Some(queue), spool: Some(spool), threads, _lock: lock })
    }

    fn queue(&self) -> Result<&Sender<Request>, StoreError> {
        self.queue.as_ref().ok_or(StoreError::Unavailable)
    }

    /// A place in the queue, and where the answer will come.
    async fn place<T>(&self) -> Result<(Answer<T>, oneshot::Receiver<Result<T, StoreError>>), StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| StoreError::Unavailable)?;
        let (to, from) = oneshot::channel();
        Ok((Answer { to, _place: place }, from))
    }

    async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, StoreError> {
        let (answer, from) = self.place().await?;
        self.queue()?.send(request(answer)).map_err(|_| StoreError::Unavailable)?;
        from.await.map_err(|_| StoreError::Unavailable)?
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        // The threads finish what was asked, and the file is closed in good order.
        drop((self.queue.take(), self.spool.take()));
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}

impl StatusStore for EmbeddedStore {
    async fn accept(&self, record: Record) -> Result<(), StoreError> {
        let octets = RECORD_SIZE.saturating_add(record.sequel.room());
        let room = self.shared.quota.reserve(octets).ok_or(StoreError::Full)?;
        if self.shared.ledger().records() >= self.shared.bounds.maximum_operations {
            return Err(StoreError::Full);
        }
        let (answer, from) = self.place().await?;
        let queue = self.queue()?;
        let mut accepting = Accepting { id: Some(record.id), queue };
        queue.send(Request::Accept(Box::new(record), room, answer)).map_err(|_| StoreError::Unavailable)?;
        let accepted = from.await.map_err(|_| StoreError::Unavailable)?;
        accepting.id = None;
        accepted
    }

    async fn checkpoint(
        &self,
        id: OperationId,
        snapshot: Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut ledger = self.shared.ledger();
        match ledger.entry(id).map(|entry| entry.place) {
            Some(Place::Running { .. }) => ledger.note(id, Noted { snapshot, at: now }),
            // The end stands, and came with the last state.
            Some(Place::Finished { .. }) => {}
            Some(Place::Corrupt { .. }) => return Err(StoreError::Corrupt),
            Some(Place::Tombstone { .. }) | None => return Err(StoreError::Missing),
        }
        Ok(())
    }

    async fn amend(&self, id: OperationId, amendment: Amendment) -> Result<(), StoreError> {
        let room = self.shared.quota.reserve(amendment.room()).ok_or(StoreError::Full)?;
        let amend = Box::new(Amend { id, amendment, room });
        self.ask(|answer| Request::Amend(amend, answer)).await
    }

    fn keyed(&self, digest: &[u8; 32]) -> Option<OperationId> {
        self.shared.ledger().keyed(digest)
    }

    async fn finish(&self, id: OperationId, ending: Ending) -> Result<Arc<Record>, StoreError> {
        let expire = self.shared.after_retention(ending.at);
        let given = ending.response.clone();
        let finish = Finish { id, ending, expire, given };
        let (answer, from) = self.place().await?;
        if finish.inline() > INLINE {
            let spool = self.spool.as_ref().ok_or(StoreError::Unavailable)?;
            spool.send((finish, answer)).map_err(|_| StoreError::Unavailable)?;
        } else {
            let request = Request::Finish(Box::new(finish), answer);
            self.queue()?.send(request).map_err(|_| StoreError::Unavailable)?;
        }
        from.await.map_err(|_| StoreError::Unavailable)?
    }

    async fn find(&self, id: OperationId, now: Timestamp) -> Result<Found, StoreError> {
        self.shared.find(id, now)
    }

    async fn forget(&self, id: OperationId, now: Timestamp) -> Result<(), StoreError> {
        self.ask(|answer| Request::Forget(id, now, answer)).await
    }

    fn reserve(&self, octets: u64) -> Option<Reservation> {
        self.shared.quota.reserve(octets)
    }

    async fn sweep(&self, now: Timestamp) -> usize {
        let mut expired = 0;
        while self.shared.is_something_due(now) {
            // A store that cannot be written is swept another time.
            let Ok(swept) = self.ask(|answer| Request::Sweep(now, answer)).await else { break };
            expired += swept.expired;
            if swept.rows == 0 {
                break;
            }
        }
        expired
    }

    fn census(&self) -> Census {
        self.shared.ledger().census()
    }

    fn page(&self, from: OperationId, most: usize) -> Vec<OperationId> {
        self.shared.ledger().page(from, most)
    }

    fn secret(&self) -> [u8; 32] {
        self.shared.secret
    }

    fn unfinished(&self) -> Vec<OperationId> {
        self.shared.ledger().running_before(self.shared.first_sequence)
    }
}

// === impl Accepting ===

impl Drop for Accepting<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            // Behind the acceptance in the queue. Without a writer there is nothing to take back.
            let _ = self.queue.send(Request::Retract(id));
        }
    }
}

fn private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Held as long as the store is open; the system lets go of it when the process ends, however it ends.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(path.join("lock"));
    let file = file.map_err(|error| OpenError::disk(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(OpenError::disk(path, error)),
    }
}

#[cfg(test)]
mod tests;
