//! The one thread that changes the store.
//!
//! While a transaction waits for the disk, requests gather; the next transaction takes them all. Who
//! asked is answered when it is durable, and only then does the ledger, which all readers go by, change.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use progress_core::operation::OperationId;
use tokio::time::Instant;

use super::batch::Batch;
use super::codec::Key;
use super::effect::Effect;
use super::engine::Engine;
use super::ledger::{Ledger, Noted};
use super::request::Request;
use super::shared::Shared;
use super::witness::Witness;
use super::{meta, point, spool};
use crate::StoreError;

/// How often states of running operations are written. A state that a crash forgets is one the next
/// report replaces; an operation that reports each second costs one write in two.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(2);

/// States written at a time: with more that wait, each is written less often. Keeps a transaction
/// short enough that an acceptance behind it does not notice.
const CHECKPOINTS: usize = 1_024;

/// Requests of one transaction: as many as the queue holds.
const REQUESTS: usize = super::QUEUE;

/// Octets of results and of stored requests in one transaction.
const CONTENT_SIZE: u64 = 4 * 1024 * 1024;

/// How long a disk that failed is left alone before it is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 1_000 });

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    queue: Receiver<Request>,
    witness: Witness,
    commits: u64,
    /// A request of an operation that the group before has changed too.
    carried: Option<Request>,
    /// What the transaction that failed would have led to, had it been durable.
    in_doubt: Vec<Effect>,
    /// Rows of acceptances that were refused and yet may be on disk; the ledger does not know them.
    /// Bounded by the queue: one failed transaction's.
    undone: Vec<Key>,
    /// Acceptances to be taken back while the disk does not work. Bounded by the operations there are.
    retracted: Vec<OperationId>,
    written: Instant,
    failed: Option<Instant>,
}

/// A group of requests.
struct Group {
    requests: Vec<Request>,
    ids: HashSet<OperationId>,
    size: u64,
}

/// Whether more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Queue {
    Open,
    Closed,
}

// === impl Writer ===

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, queue: Receiver<Request>, witness: Witness, commits: u64) -> Self {
        Self {
            shared,
            queue,
            witness,
            commits,
            carried: None,
            in_doubt: Vec::new(),
            undone: Vec::new(),
            retracted: Vec::new(),
            written: Instant::now(),
            failed: None,
        }
    }

    /// Works until nobody can ask any more, and all that was asked is done.
    pub(super) fn run(mut self) {
        loop {
            let (group, queue) = self.gather();
            if self.is_failing() {
                // Whether or not there is something to write: readers wait for it too.
                self.is_ready();
            }
            let due = queue == Queue::Closed || self.written.elapsed() >= CHECKPOINT_EVERY;
            let noted = if due { self.noted(&group.ids) } else { Vec::new() };
            if !group.requests.is_empty() || !noted.is_empty() {
                self.work(group.requests, noted);
            }
            if queue == Queue::Closed && self.carried.is_none() {
                return;
            }
        }
    }

    /// Waits for a first request, or for states to be due, and takes what else is there.
    fn gather(&mut self) -> (Group, Queue) {
        let mut group = Group { requests: Vec::new(), ids: HashSet::new(), size: 0 };
        let undone = std::mem::take(&mut self.undone).into_iter().map(Request::Undo);
        let retracted = std::mem::take(&mut self.retracted).into_iter().map(Request::Retract);
        undone.chain(retracted).for_each(|request| group.push(request));
        let first = match self.carried.take() {
            Some(request) => Ok(request),
            None => self.queue.recv_timeout(self.patience()),
        };
        let mut next = match first {
            Ok(request) => Some(request),
            Err(RecvTimeoutError::Timeout) => return (group, Queue::Open),
            Err(RecvTimeoutError::Disconnected) => return (group, Queue::Closed),
        };
        while let Some(request) = next {
            if !group.takes(&request) {
                self.carried = Some(request);
                break;
            }
            group.push(request);
            next = self.queue.try_recv().ok();
        }
        (group, Queue::Open)
    }

    /// States to be written now, those aside that the group changes anyway.
    fn noted(&mut self, ids: &HashSet<OperationId>) -> Vec<(OperationId, Noted)> {
        self.written = Instant::now();
        let mut ledger = self.shared.ledger();
        let (later, now): (Vec<_>, Vec<_>) =
            ledger.take_noted(CHECKPOINTS, CONTENT_SIZE).into_iter().partition(|(id, _)| ids.contains(id));
        for (id, _) in later {
            ledger.settle(id, None);
        }
        now
    }

    fn work(&mut self, requests: Vec<Request>, noted: Vec<(OperationId, Noted)>) {
        if !self.is_ready() {
            self.put_off(requests, &noted);
            return;
        }
        let shared = Arc::clone(&self.shared);
        let engine = shared.engine();
        let commits = self.commits + 1;
        let mut batch = Batch::new(&shared);
        let waiting: Vec<OperationId> = noted.iter().map(|(id, _)| *id).collect();
        point::passed(point::COMMITTING);
        let done = engine.write(shared.site.keeping, |transaction| {
            meta::put_commits(transaction, commits)?;
            batch.stage(transaction, requests, noted)
        });
        match done {
            Ok(()) if engine.disk().is_good() => {
                point::passed(point::COMMITTED);
                self.commits = commits;
                self.witness.saw(commits);
                self.apply(std::mem::take(&mut batch.effects));
                batch.answer(Ok(()));
            }
            failed => {
                self.failed = Some(Instant::now());
                if failed.is_ok() {
                    // The library went on in memory; the disk will follow or nothing of it will be.
                    self.commits = commits;
                }
                self.in_doubt.append(&mut batch.effects);
                let mut ledger = shared.ledger();
                for id in waiting {
                    ledger.settle(id, None);
                }
                drop(ledger);
                batch.answer(Err(StoreError::Unavailable));
            }
        }
    }

    /// The disk does not work: nothing is taken in, and nothing that is to be undone is lost.
    fn put_off(&mut self, requests: Vec<Request>, noted: &[(OperationId, Noted)]) {
        let mut ledger = self.shared.ledger();
        for (id, _) in noted {
            ledger.settle(*id, None);
        }
        drop(ledger);
        for request in requests {
            match request {
                Request::Undo(key) => self.undone.push(key),
                Request::Retract(id) => self.retracted.push(id),
                other => other.refuse(StoreError::Unavailable),
            }
        }
    }

    fn apply(&self, effects: Vec<Effect>) {
        let mut ledger = self.shared.ledger();
        let gone: Vec<_> = effects.into_iter().filter_map(|effect| effect.apply(&mut ledger)).collect();
        drop(ledger);
        for file in gone {
            spool::remove(&self.shared.results, file);
        }
    }

    fn is_failing(&self) -> bool {
        let engine = self.shared.engine();
        self.failed.is_some() || engine.is_broken() || !engine.disk().is_good()
    }

    /// Whether there is a disk to write to; one that failed is tried again, but not at once.
    fn is_ready(&mut self) -> bool {
        if !self.is_failing() {
            return true;
        }
        if self.failed.is_some_and(|failed| failed.elapsed() < RETRY_AFTER) {
            return false;
        }
        let engine = self.shared.engine();
        let recovered = if engine.is_broken() { self.reopen() } else { self.heal(&engine) };
        self.failed = if recovered { None } else { Some(Instant::now()) };
        if recovered {
            tracing::info!("the store works again");
        }
        recovered
    }

    /// How long to wait for a request: until states are due, or the disk is to be tried again.
    fn patience(&self) -> Duration {
        let due = CHECKPOINT_EVERY.saturating_sub(self.written.elapsed());
        if self.is_failing() { due.min(RETRY_AFTER) } else { due }
    }

    /// What failed is written again. Then it is as true as if it had been written at once, except that
    /// nobody was told: an acceptance is undone, an end stands.
    fn heal(&mut self, engine: &Engine) -> bool {
        if let Err(error) = engine.disk().heal() {
            tracing::warn!(%error, "the store's disk still fails");
            return false;
        }
        self.witness.saw(self.commits);
        let in_doubt = std::mem::take(&mut self.in_doubt);
        let (accepted, others): (Vec<_>, Vec<_>) =
            in_doubt.into_iter().partition(|effect| effect.accepted().is_some());
        self.undone.extend(accepted.iter().filter_map(Effect::accepted));
        self.apply(others);
        true
    }

    /// The database is opened anew, and what it says is the truth.
    fn reopen(&mut self) -> bool {
        let mut fresh = Ledger::new(self.shared.quota.clone());
        let opened = Engine::open(&self.shared.site, &self.witness)
            .and_then(|(engine, meta)| engine.scan(&mut fresh, &self.shared.site).map(|_| (engine, meta)));
        let (engine, meta) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                tracing::error!(%error, "the store cannot be opened again");
                return false;
            }
        };
        self.commits = meta.commits;
        for key in std::mem::take(&mut self.in_doubt).iter().filter_map(Effect::accepted) {
            fresh.remove(key.id);
            self.undone.push(key);
        }
        fresh.inherit(&mut self.shared.ledger());
        self.shared.replace(engine, fresh);
        true
    }
}

// === impl Group ===

impl Group {
    fn takes(&self, request: &Request) -> bool {
        let alone = match request.id() {
            // A sweep changes rows that others of the group might.
            None => self.requests.is_empty(),
            Some(id) => {
                !self.ids.contains(&id) && self.requests.last().is_none_or(|last| last.id().is_some())
            }
        };
        // One that is longer than all of them may be goes by itself.
        let fits = self.size == 0 || self.size + request.size() <= CONTENT_SIZE;
        alone && fits && self.requests.len() < REQUESTS
    }

    fn push(&mut self, request: Request) {
        self.ids.extend(request.id());
        self.size += request.size();
        self.requests.push(request);
    }
}
