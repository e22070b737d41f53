//! The rules of INT-18, with a scripted transport.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use super::*;
use crate::Window;

#[derive(Debug, Default)]
struct Counts {
    outstanding: AtomicI64,
    acknowledged: Mutex<Vec<(Source, Duration)>>,
}

impl Audit for Counts {
    fn written(&self) {
        self.outstanding.fetch_add(1, Ordering::Relaxed);
    }

    fn acknowledged(&self, source: Source, after: Duration) {
        self.outstanding.fetch_sub(1, Ordering::Relaxed);
        self.acknowledged.lock().unwrap().push((source, after));
    }

    fn lost(&self, heads: usize) {
        self.outstanding.fetch_sub(i64::try_from(heads).unwrap(), Ordering::Relaxed);
    }
}

/// What the kernel has taken and holds; `u64::MAX`: the connection is over.
#[derive(Clone, Debug, Default)]
struct Kernel {
    taken: Arc<AtomicU64>,
    held: Arc<AtomicU64>,
    summons: Arc<AtomicU64>,
}

impl Probe for Kernel {
    fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    fn acknowledged(&self) -> Option<u64> {
        let held = Some(self.held.load(Ordering::Relaxed)).filter(|held| *held != u64::MAX);
        held.map(|held| self.taken().saturating_sub(held))
    }

    fn summon(&self, _: &Arc<OctetLedger>) {
        self.summons.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Woken(AtomicU64);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Scene {
    counts: Arc<Counts>,
    kernel: Kernel,
    ledger: Arc<OctetLedger>,
    start: Instant,
}

impl Scene {
    fn new() -> Self {
        let counts = Arc::new(Counts::default());
        let kernel = Kernel::default();
        let ledger = OctetLedger::new(Arc::clone(&counts) as _, Arc::new(kernel.clone()));
        Self { counts, kernel, ledger, start: tokio::time::Instant::now().into_std() }
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.start + Duration::from_millis(milliseconds)
    }

    /// A head of 20 octets, written and flushed.
    fn head(&self, page: &Page, milliseconds: u64) {
        self.ledger.said(page, self.at(milliseconds));
        self.took(20);
        self.ledger.flushed();
    }

    fn took(&self, octets: u64) {
        self.kernel.taken.fetch_add(octets, Ordering::Relaxed);
    }

    fn outstanding(&self) -> i64 {
        self.counts.outstanding.load(Ordering::Relaxed)
    }

    fn window(&self, page: &Page, milliseconds: u64) -> Window {
        page.poll_window(self.at(milliseconds), &Context::from_waker(Waker::noop()))
    }

    fn held(&self, octets: u64) {
        self.kernel.held.store(octets, Ordering::Relaxed);
    }
}

#[test]
fn int18_a_head_that_is_not_acknowledged_holds_the_next_one_after_the_grace() {
    let scene = Scene::new();
    let page = scene.ledger.page();
    scene.held(20);
    scene.head(&page, 0);
    assert_eq!(scene.window(&page, 49), Window::Open, "it may be on its way");
    assert_eq!(scene.window(&page, 50), Window::Unacknowledged);
    assert_eq!(scene.outstanding(), 1);
    assert_eq!(scene.ledger.settle(scene.at(60)), Rest::Heads { youngest: scene.at(0) });
    scene.held(0);
    assert_eq!(scene.ledger.settle(scene.at(70)), Rest::Nothing);
    assert_eq!(scene.window(&page, 70), Window::Open);
    assert_eq!((scene.outstanding(), page.acknowledged()), (0, Some(1)));
    assert_eq!(*scene.counts.acknowledged.lock().unwrap(), [(Source::Tcp, Duration::from_millis(70))]);
}

#[test]
fn int18_a_waiting_exchange_is_woken_by_the_acknowledgement() {
    let scene = Scene::new();
    let page = scene.ledger.page();
    scene.held(20);
    scene.head(&page, 0);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert_eq!(page.poll_window(scene.at(60), &Context::from_waker(&waker)), Window::Unacknowledged);
    scene.ledger.settle(scene.at(60));
    assert_eq!(woken.0.load(Ordering::Relaxed), 0);
    scene.held(0);
    scene.ledger.settle(scene.at(70));
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
}

#[test]
fn int18_the_maximum_is_the_routes() {
    let scene = Scene::new();
    let page = scene.ledger.page();
    page.limit(3);
    scene.held(60);
    for (count, window) in [Window::Open, Window::Open, Window::Unacknowledged].into_iter().enumerate() {
        scene.head(&page, 0);
        assert_eq!(scene.window(&page, 100), window, "after {} heads", count + 1);
    }
    // Of three old heads and a young one, it is the old ones that count.
    scene.held(40);
    scene.ledger.settle(scene.at(100));
    scene.head(&page, 100);
    assert_eq!(scene.window(&page, 120), Window::Open);
    assert_eq!(scene.window(&page, 150), Window::Unacknowledged);
}

#[test]
fn int18_a_flood_of_young_heads_is_bounded() {
    let scene = Scene::new();
    let page = scene.ledger.page();
    scene.held(u64::from(u32::MAX));
    let sent = (0..100).take_while(|_| {
        let open = scene.window(&page, 0) == Window::Open;
        if open {
            scene.head(&page, 0);
        }
        open
    });
    assert_eq!(sent.count(), 16);
}

#[test]
fn heads_are_struck_out_in_order_and_never_before_their_last_octet() {
    let scene = Scene::new();
    let (one, other) = (scene.ledger.page(), scene.ledger.page());
    scene.head(&one, 0);
    scene.head(&other, 0);
    for (held, left) in [(40, (1, 1)), (21, (1, 1)), (20, (0, 1)), (1, (0, 1)), (0, (0, 0))] {
        scene.held(held);
        scene.ledger.settle(scene.at(10));
        let outstanding = (i64::from(!one.is_clear()), i64::from(!other.is_clear()));
        assert_eq!(outstanding, left, "with {held} octets unacknowledged");
        assert_eq!(scene.outstanding(), left.0 + left.1);
    }
}

#[test]
fn a_head_that_is_not_flushed_is_not_acknowledged() {
    let scene = Scene::new();
    let page = scene.ledger.page();
    scene.ledger.said(&page, scene.at(0));
    scene.took(10);
    assert_eq!(scene.ledger.settle(scene.at(60)), Rest::Heads { youngest: scene.at(0) });
    assert_eq!(scene.window(&page, 60), Window::Unacknowledged);
    scene.took(10);
    scene.ledger.flushed();
    scene.ledger.settle(scene.at(61));
    assert_eq!(scene.window(&page, 61), Window::Open);
}

#[test]
fn the_probe_is_summoned_once_until_nothing_is_left() {
    let scene = Scene::new();
    let page = scene.ledger.page();
    let summons = || scene.kernel.summons.load(Ordering::Relaxed);
    scene.ledger.flushed();
    assert_eq!(summons(), 0, "there is no head");
    scene.head(&page, 0);
    scene.head(&page, 1);
    assert_eq!(summons(), 1);
    scene.ledger.settle(scene.at(2));
    scene.head(&page, 3);
    assert_eq!(summons(), 2);
}

#[test]
fn while_a_ping_is_unanswered_no_octets_acknowledge_a_head() {
    let scene = Scene::new();
    let page = scene.ledger.page();
    scene.head(&page, 0);
    scene.ledger.pinged();
    assert_eq!(scene.ledger.settle(scene.at(60)), Rest::Nothing, "octets tell nothing now");
    assert_eq!(scene.window(&page, 60), Window::Unacknowledged);
    let other = scene.ledger.page();
    scene.head(&other, 60);
    scene.ledger.settle(scene.at(120));
    assert_eq!(scene.window(&other, 120), Window::Unacknowledged, "it stands behind the PING");
    let summons = scene.kernel.summons.load(Ordering::Relaxed);
    scene.ledger.ponged(scene.at(130));
    assert_eq!(scene.window(&page, 130), Window::Open);
    assert_eq!(*scene.counts.acknowledged.lock().unwrap(), [(Source::H2Ping, Duration::from_millis(130))]);
    // The one behind is for the octets to tell again.
    assert_eq!(scene.kernel.summons.load(Ordering::Relaxed), summons + 1);
    assert_eq!(scene.ledger.settle(scene.at(140)), Rest::Nothing);
    assert_eq!((scene.outstanding(), scene.window(&other, 140)), (0, Window::Open));
}

#[test]
fn a_ping_covers_heads_before_it_that_are_not_flushed() {
    let scene = Scene::new();
    let (one, other) = (scene.ledger.page(), scene.ledger.page());
    scene.ledger.said(&one, scene.at(0));
    scene.ledger.pinged();
    scene.ledger.said(&other, scene.at(0));
    scene.ledger.ponged(scene.at(10));
    assert_eq!((one.acknowledged(), other.acknowledged()), (Some(1), Some(0)));
    scene.held(20);
    scene.took(40);
    scene.ledger.flushed();
    scene.ledger.settle(scene.at(20));
    assert_eq!(other.acknowledged(), Some(0), "its end is where it was flushed");
    scene.held(0);
    scene.ledger.settle(scene.at(30));
    assert_eq!((other.acknowledged(), scene.outstanding()), (Some(1), 0));
}

/// A client that answers no PING may open and end as many exchanges as it likes.
#[test]
fn heads_of_exchanges_that_have_ended_are_forgotten_before_they_are_too_many() {
    let scene = Scene::new();
    let early = scene.ledger.page();
    early.limit(5);
    scene.head(&early, 0);
    scene.head(&early, 0);
    scene.ledger.pinged();
    let late = scene.ledger.page();
    scene.head(&late, 0);
    let most = (0..10_000).map(|round| {
        let page = scene.ledger.page();
        for _ in 0..round % 3 {
            scene.head(&page, round);
        }
        drop(page);
        scene.outstanding()
    });
    let most = most.max().unwrap();
    assert!(most <= 2 * 128, "{most}");
    assert_eq!(scene.outstanding(), i64::try_from(scene.ledger.outstanding()).unwrap());
    // What is still awaited keeps its place before and behind the PING.
    scene.ledger.ponged(scene.at(10_000));
    assert_eq!((early.acknowledged(), late.acknowledged()), (Some(2), Some(0)));
    scene.ledger.settle(scene.at(10_001));
    assert_eq!((late.acknowledged(), scene.outstanding()), (Some(1), 0));
}

#[test]
fn heads_of_a_connection_that_is_gone_are_lost_and_not_acknowledged() {
    let scene = Scene::new();
    let page = scene.ledger.page();
    scene.head(&page, 0);
    scene.held(u64::MAX);
    assert_eq!(scene.ledger.settle(scene.at(60)), Rest::Nothing);
    assert_eq!((scene.outstanding(), page.acknowledged()), (0, Some(0)), "though its exchange is still open");
    drop(page);
    assert_eq!(scene.outstanding(), 0, "they are not lost twice");
    assert!(scene.counts.acknowledged.lock().unwrap().is_empty());
}

#[test]
fn the_next_exchange_turns_the_page_unless_something_is_outstanding() {
    let scene = Scene::new();
    let mut page = scene.ledger.page();
    page.limit(5);
    scene.held(20);
    scene.head(&page, 0);
    assert!(!page.turn(), "its mark is open");
    scene.held(0);
    scene.ledger.settle(scene.at(10));
    assert!(page.turn());
    assert_eq!(page.acknowledged(), Some(0));
    scene.held(20);
    scene.head(&page, 20);
    assert_eq!(scene.window(&page, 100), Window::Unacknowledged, "the limit is the default again");
}

#[test]
fn a_blank_page_withholds_nothing_and_knows_nothing() {
    let page = Page::blank();
    let now = tokio::time::Instant::now().into_std();
    page.enter(now);
    let later = now + Duration::from_secs(60);
    assert_eq!(page.poll_window(later, &Context::from_waker(Waker::noop())), Window::Open);
    assert_eq!((page.acknowledged(), page.is_clear()), (None, true));
}

#[test]
fn int18_the_end_of_a_connection_opens_the_window_and_wakes_whoever_waits() {
    let scene = Scene::new();
    let page = scene.ledger.page();
    scene.held(20);
    scene.head(&page, 0);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert_eq!(page.poll_window(scene.at(60), &Context::from_waker(&waker)), Window::Unacknowledged);
    scene.held(u64::MAX);
    assert_eq!(scene.ledger.settle(scene.at(70)), Rest::Nothing);
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    assert_eq!(scene.window(&page, 70), Window::Open);
}
