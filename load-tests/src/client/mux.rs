//! A pool of connections that carry many requests each: HTTP/2 and 3.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt::Debug;
use std::rc::Rc;

use tokio::sync::{Mutex, Notify};
use tokio::task::spawn_local;

use super::{Ask, Ended, Failure, PoolLimits, Reading, Target, Witness};

/// How often one request is sent at least, if nothing is done for it: a connection that is about to close
/// refuses what crosses its goodbye, and so may the next. Connections that became idle together say goodbye
/// together, so each of them may refuse it once.
const ATTEMPTS: usize = 3;

/// A connection that carries many requests.
pub(super) trait Link: Debug + Sized + 'static {
    /// Makes such connections.
    type Dialer: Debug + 'static;

    fn dialer(target: &Target, limits: &PoolLimits) -> Self::Dialer;

    /// Connects; the peer's words are taken as `reading` says.
    async fn connect(dialer: &Self::Dialer, reading: Reading) -> Result<Self, Failure>;

    /// Requests that the peer allows at one time.
    fn allowed(&self) -> usize;

    /// Whether it takes further requests.
    fn is_open(&self) -> bool;

    async fn exchange(&self, ask: &Ask, witness: &mut dyn Witness) -> Result<(), Ended>;
}

/// The pool.
#[derive(Debug)]
pub(super) struct Mux<L: Link> {
    dialer: Rc<L::Dialer>,
    connections: usize,
    streams: usize,
    /// Connections that are shared: with those of `own` at most `connections`, and some that take no more requests.
    slots: RefCell<Vec<Rc<Slot<L>>>>,
    /// Connections with one request that shares with none.
    own: Cell<usize>,
    /// Held by who looks for room, and that is who has waited longest.
    turn: Mutex<()>,
    /// Rung when there may be room.
    freed: Notify,
}

/// A connection, or one to be.
#[derive(Debug)]
struct Slot<L> {
    /// Requests on it, at most `streams`.
    taken: Cell<usize>,
    link: OnceCell<Result<L, Failure>>,
    /// Rung when `link` is there.
    settled: Notify,
}

/// Room for a request on a connection.
struct Seat<'m, L: Link> {
    mux: &'m Mux<L>,
    slot: Rc<Slot<L>>,
}

/// Room for a connection of one request.
struct Own<'m, L: Link>(&'m Mux<L>);

// === impl Mux ===

impl<L: Link> Mux<L> {
    pub(super) fn new(target: &Target, limits: &PoolLimits) -> Self {
        Self {
            dialer: Rc::new(L::dialer(target, limits)),
            connections: limits.connections.max(1),
            streams: limits.streams.max(1),
            slots: RefCell::default(),
            own: Cell::new(0),
            turn: Mutex::new(()),
            freed: Notify::new(),
        }
    }

    pub(super) async fn exchange(&self, ask: &Ask, witness: &mut dyn Witness) -> Result<(), Failure> {
        let attempts = ATTEMPTS.max(self.connections + 1);
        let mut attempt = 1;
        loop {
            let ended = if ask.reading == Reading::Freely {
                let seat = self.room(Self::seat).await;
                let link = seat.slot.link().await?;
                link.exchange(ask, witness).await
            } else {
                let _own = self.room(Self::own).await;
                let link = L::connect(&self.dialer, ask.reading).await?;
                link.exchange(ask, witness).await
            };
            match ended {
                Ok(()) => return Ok(()),
                Err(Ended::Unserved(_)) if attempt < attempts => attempt += 1,
                Err(ended) => return Err(ended.into_failure()),
            }
        }
    }

    /// Waits for its turn, and then until `find` finds room.
    async fn room<'m, R>(&'m self, find: impl Fn(&'m Self) -> Option<R>) -> R {
        let _turn = self.turn.lock().await;
        loop {
            if let Some(room) = find(self) {
                return room;
            }
            self.freed.notified().await;
        }
    }

    fn seat(&self) -> Option<Seat<'_, L>> {
        let mut slots = self.slots.borrow_mut();
        slots.retain(|slot| slot.takes_requests());
        let slot = match slots.iter().find(|slot| slot.has_room(self.streams)) {
            Some(slot) => Rc::clone(slot),
            None if slots.len() + self.own.get() < self.connections => {
                let slot = Slot::connecting(&self.dialer);
                slots.push(Rc::clone(&slot));
                slot
            }
            None => return None,
        };
        slot.taken.set(slot.taken.get() + 1);
        Some(Seat { mux: self, slot })
    }

    fn own(&self) -> Option<Own<'_, L>> {
        let mut slots = self.slots.borrow_mut();
        slots.retain(|slot| slot.takes_requests());
        if slots.len() + self.own.get() >= self.connections {
            let resting = slots.iter().position(|slot| slot.rests())?;
            slots.swap_remove(resting);
        }
        self.own.set(self.own.get() + 1);
        Some(Own(self))
    }
}

// === impl Slot ===

impl<L: Link> Slot<L> {
    /// Connects beside whoever waits for it.
    fn connecting(dialer: &Rc<L::Dialer>) -> Rc<Self> {
        let slot = Rc::new(Self { taken: Cell::new(0), link: OnceCell::new(), settled: Notify::new() });
        let (connecting, dialer) = (Rc::clone(&slot), Rc::clone(dialer));
        spawn_local(async move {
            let link = L::connect(&dialer, Reading::Freely).await;
            // Nobody else sets it.
            let _ = connecting.link.set(link);
            connecting.settled.notify_waiters();
        });
        slot
    }

    async fn link(&self) -> Result<&L, Failure> {
        loop {
            match self.link.get() {
                Some(settled) => return settled.as_ref().map_err(Clone::clone),
                None => self.settled.notified().await,
            }
        }
    }

    fn takes_requests(&self) -> bool {
        match self.link.get() {
            None => true,
            Some(Ok(link)) => link.is_open(),
            Some(Err(_)) => false,
        }
    }

    fn has_room(&self, streams: usize) -> bool {
        let allowed = match self.link.get() {
            Some(Ok(link)) => link.allowed(),
            _ => usize::MAX,
        };
        self.taken.get() < streams.min(allowed)
    }

    fn rests(&self) -> bool {
        self.taken.get() == 0 && self.link.get().is_some()
    }
}

// === impl Seat, Own ===

impl<L: Link> Drop for Seat<'_, L> {
    fn drop(&mut self) {
        self.slot.taken.set(self.slot.taken.get() - 1);
        self.mux.freed.notify_one();
    }
}

impl<L: Link> Drop for Own<'_, L> {
    fn drop(&mut self) {
        self.0.own.set(self.0.own.get() - 1);
        self.0.freed.notify_one();
    }
}
