//! A thread that clients live on.

use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinSet, LocalSet, yield_now};
use tokio::time::{Instant, sleep, sleep_until};

use crate::scenario::Behaviour;
use crate::tally::Ended;
use crate::trouble::Trouble;

use super::MAXIMUM_IN_FLIGHT;
use super::book::Book;
use super::entry::Entry;
use super::exchange::{Arrival, attend};
use super::picks::{Pick, Picks};
use super::setting::{Kind, Setting};

/// Timers are rounded up to whole milliseconds: one that is set a millisecond early lets an arrival begin
/// a little too early instead of a little too late, which would count as latency.
const GRAIN: Duration = Duration::from_millis(1);
/// Arrivals that are begun at once if they are overdue, before those who are there already have their turn.
const BURST: usize = 64;
/// How long connections have, once all exchanges have ended, to say so to the other side.
const PARTING: Duration = Duration::from_millis(50);

/// One of the workers.
pub(super) struct Worker {
    pub(super) setting: Arc<Setting>,
    pub(super) book: Book,
    pub(super) share: Share,
    /// When the first client is to arrive.
    pub(super) begin: Instant,
    /// Becomes true if the run is to be cut short.
    pub(super) stop: watch::Receiver<bool>,
}

/// Which arrivals belong to a worker: every `count`th, from `index` on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub(super) index: usize,
    pub(super) count: usize,
}

impl Worker {
    /// Starts the thread. The receiver hears when it has ended, or that it panicked.
    pub(super) fn spawn(self) -> Result<oneshot::Receiver<()>, Trouble> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Trouble::system("starting a runtime"))?;
        let (done, wait) = oneshot::channel();
        std::thread::Builder::new()
            .name(format!("clients-{}", self.share.index))
            .spawn(move || {
                LocalSet::new().block_on(&runtime, self.run());
                drop(runtime);
                // Nobody listens any more if the conductor has given up.
                let _ = done.send(());
            })
            .map_err(Trouble::system("starting a thread"))?;
        Ok(wait)
    }

    async fn run(mut self) {
        let kinds = 0..self.setting.scenario.clients.len();
        let kinds: Vec<_> = kinds.map(|index| Rc::new(Kind::new(&self.setting, index, self.share))).collect();
        let mut crowd = Crowd::default();
        let (index, count) = (self.share.index as u64, self.share.count as u64);
        let own = Picks::new(&self.setting.scenario).filter(|pick| pick.number % count == index);
        for (begun, pick) in own.enumerate() {
            let intended = self.begin + pick.offset;
            if self.due(intended, begun).await == Rest::Stopped {
                break;
            }
            crowd.forget_the_gone();
            self.arrive(&kinds[pick.kind], (pick, intended), &mut crowd);
        }
        let end = self.begin + self.setting.scenario.duration;
        let rest = self.rest(end, crowd.all_gone()).await;
        if rest == Rest::Due {
            let grace = self.setting.scenario.grace;
            self.rest(end + grace, crowd.those_who_will_go()).await;
        }
        crowd.cut_off().await;
        drop(kinds);
        sleep(PARTING).await;
    }

    fn arrive(&self, kind: &Rc<Kind>, (pick, intended): (Pick, Instant), crowd: &mut Crowd) {
        if self.book.open().in_flight() >= (MAXIMUM_IN_FLIGHT / self.share.count as u64).max(1) {
            self.book.open().shed(kind.index);
            return;
        }
        let (tasks, left_open) = match kind.client().behaviour {
            Behaviour::NeverReads => (&mut crowd.staying, Ended::AsIntended),
            _ => (&mut crowd.going, Ended::Unfinished),
        };
        // An arrival that begins early counts from its beginning.
        let intended = intended.min(Instant::now());
        let entry = Entry::begin(&self.book, kind.index, (intended, left_open));
        let arrival = Arrival { number: pick.number, random: Rng::with_seed(pick.seed) };
        tasks.spawn_local(attend(Rc::clone(kind), entry, arrival));
    }

    /// Waits until an arrival is due. Those that are overdue begin one after the other, but let who is there already have a
    /// turn now and then.
    async fn due(&mut self, intended: Instant, begun: usize) -> Rest {
        if intended > Instant::now() + GRAIN {
            return self.rest(intended - GRAIN, pending()).await;
        }
        if begun % BURST == BURST - 1 {
            yield_now().await;
        }
        if *self.stop.borrow() { Rest::Stopped } else { Rest::Due }
    }

    /// Waits until it is time, `other` is over, or the run is cut short.
    async fn rest(&mut self, until: Instant, other: impl Future<Output = ()>) -> Rest {
        tokio::select! {
            () = sleep_until(until) => Rest::Due,
            () = other => Rest::Over,
            // Whoever could cut it short may be gone: then nobody does.
            Ok(_) = self.stop.wait_for(|stop| *stop) => Rest::Stopped,
        }
    }
}

/// Why a worker does not wait any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Due,
    Over,
    Stopped,
}

/// The exchanges of a worker that are in flight.
#[derive(Default)]
struct Crowd {
    /// Those that end by themselves.
    going: JoinSet<()>,
    /// Those that stay until the run is over.
    staying: JoinSet<()>,
}

impl Crowd {
    fn forget_the_gone(&mut self) {
        while self.going.try_join_next().is_some() {}
        while self.staying.try_join_next().is_some() {}
    }

    async fn those_who_will_go(&mut self) {
        while self.going.join_next().await.is_some() {}
    }

    async fn all_gone(&mut self) {
        self.those_who_will_go().await;
        while self.staying.join_next().await.is_some() {}
    }

    async fn cut_off(&mut self) {
        self.going.shutdown().await;
        self.staying.shutdown().await;
    }
}
