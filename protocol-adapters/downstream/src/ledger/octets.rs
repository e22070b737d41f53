//! Heads on a byte stream: a head is acknowledged when the octets up to its end are.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use smallvec::SmallVec;

use super::{Audit, Page, Source};

/// What is known of the octets of a connection: below TLS, where they are those of the kernel.
pub trait Probe: fmt::Debug + Send + Sync {
    /// Octets that the kernel has taken.
    fn taken(&self) -> u64;

    /// Octets that the peer has acknowledged, or less. `None`: the connection is over.
    fn acknowledged(&self) -> Option<u64>;

    /// Has [`OctetLedger::settle`] called from now on, until nothing is left to be told.
    fn summon(&self, ledger: &Arc<OctetLedger>);
}

/// The heads of one TCP connection, in the order in which they were written.
///
/// The adapter says which heads it has handed to the transport ([`OctetLedger::said`]) and when
/// nothing is left between it and the kernel ([`OctetLedger::flushed`]). The probe is asked what came
/// of it.
#[derive(Debug)]
pub struct OctetLedger {
    audit: Arc<dyn Audit>,
    probe: Arc<dyn Probe>,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    /// Bound: what each page allows, over the exchanges that a connection may have open, and as much
    /// again for those that have ended ([`MANY`]).
    marks: SmallVec<[Mark; 1]>,
    /// Marks from which on those of exchanges that have ended are forgotten.
    many: usize,
    /// How many of the marks, from the first, have their end.
    flushed: usize,
    summoned: bool,
    ping: Ping,
}

#[derive(Debug)]
struct Mark {
    page: Page,
    /// How many octets the kernel had taken when the whole head was among them.
    end: u64,
    written: Instant,
}

/// Marks that are worth a look for exchanges that have ended. A client that acknowledges nothing may
/// open and end as many as it likes.
const MANY: usize = 128;

/// Room for marks that is kept for the next beat: one of two hundred streams allocates nothing.
const KEPT: usize = 256;

/// Whether a PING (RFC 9113 6.7) is on its way.
#[derive(Debug, Default)]
enum Ping {
    #[default]
    None,
    /// It covers so many of the marks. Until it is answered no octets acknowledge any head: a peer
    /// whose kernel takes everything may have stopped to read.
    Sent { covers: usize },
}

/// What is left after [`OctetLedger::settle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing; it is not to be called again until the probe is summoned.
    Nothing,
    /// Heads of which the youngest was written then.
    Heads {
        /// When.
        youngest: Instant,
    },
}

impl OctetLedger {
    /// The ledger of a fresh connection.
    pub fn new(audit: Arc<dyn Audit>, probe: Arc<dyn Probe>) -> Arc<Self> {
        Arc::new(Self { audit, probe, book: Mutex::default() })
    }

    /// The page of a new exchange.
    pub fn page(&self) -> Page {
        Page::new(&self.audit)
    }

    /// A head of `page` was handed to the transport, in full.
    pub fn said(&self, page: &Page, now: Instant) {
        page.enter(now);
        let mark = Mark { page: page.clone(), end: u64::MAX, written: now };
        self.lock().enter(mark);
    }

    /// All that was handed to the transport is with the kernel.
    pub fn flushed(self: &Arc<Self>) {
        let mut book = self.lock();
        let flushed = book.flushed;
        if flushed == book.marks.len() {
            return;
        }
        let taken = self.probe.taken();
        book.marks[flushed..].iter_mut().for_each(|mark| mark.end = taken);
        book.flushed = book.marks.len();
        if !std::mem::replace(&mut book.summoned, true) {
            drop(book);
            self.probe.summon(self);
        }
    }

    /// Asks the probe, and strikes out what has been acknowledged.
    pub fn settle(&self, now: Instant) -> Rest {
        let Some(acknowledged) = self.probe.acknowledged() else {
            let book = std::mem::take(&mut *self.lock());
            book.marks.iter().for_each(|mark| mark.page.lose());
            return Rest::Nothing;
        };
        let mut book = self.lock();
        if matches!(book.ping, Ping::None) {
            let count = book.marks.iter().take_while(|mark| mark.end <= acknowledged).count();
            book.strike(count, Source::Tcp, now);
        }
        let youngest = book.marks.last().map(|mark| mark.written);
        book.summoned = youngest.is_some() && matches!(book.ping, Ping::None);
        match youngest {
            Some(youngest) if book.summoned => Rest::Heads { youngest },
            _ => Rest::Nothing,
        }
    }

    /// How many heads are with the kernel and not known to be acknowledged: whether a PING can tell
    /// anything.
    pub fn outstanding(&self) -> usize {
        self.lock().flushed
    }

    /// A PING was handed to the transport: it covers the heads that were before it.
    pub fn pinged(&self) {
        let mut book = self.lock();
        book.ping = Ping::Sent { covers: book.marks.len() };
    }

    /// The PING was answered.
    pub fn ponged(self: &Arc<Self>, now: Instant) {
        let mut book = self.lock();
        let Ping::Sent { covers } = std::mem::take(&mut book.ping) else { return };
        book.strike(covers, Source::H2Ping, now);
        if book.flushed > 0 && !std::mem::replace(&mut book.summoned, true) {
            drop(book);
            self.probe.summon(self);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        // Nothing in here is left half done by a panic.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn enter(&mut self, mark: Mark) {
        if self.marks.len() >= self.many.max(MANY) {
            self.forget();
            self.many = self.marks.len() * 2;
        }
        self.marks.push(mark);
    }

    /// Forgets the heads of exchanges that have ended: nobody waits for them.
    fn forget(&mut self) {
        let covered = if let Ping::Sent { covers } = self.ping { covers } else { 0 };
        let (mut place, mut flushed, mut covers) = (0, self.flushed, covered);
        self.marks.retain(|mark| {
            let forsaken = mark.page.is_forsaken();
            flushed -= usize::from(forsaken && place < self.flushed);
            covers -= usize::from(forsaken && place < covered);
            place += 1;
            !forsaken
        });
        self.flushed = flushed;
        if let Ping::Sent { covers: covered } = &mut self.ping {
            *covered = covers;
        }
    }

    fn strike(&mut self, count: usize, source: Source, now: Instant) {
        for mark in self.marks.drain(..count) {
            mark.page.strike(source, now);
        }
        // A PING may be answered before the transport has said that it has nothing left.
        self.flushed = self.flushed.saturating_sub(count);
        if self.marks.is_empty() && self.marks.capacity() > KEPT {
            self.marks = SmallVec::new();
        }
    }
}
