//! One beat, one poll: the exchanges of a connection and their timer.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use downstream::{Alarm, Pulse, Roster};
use tokio::time::Instant;

/// An exchange that beats `left` times, every `interval`, and logs each beat.
struct Beating {
    alarm: Alarm,
    due: Instant,
    interval: Duration,
    left: u32,
    beats: Arc<Mutex<Vec<Instant>>>,
}

impl Beating {
    fn new(pulse: &Pulse, interval: Duration, left: u32, beats: &Arc<Mutex<Vec<Instant>>>) -> Self {
        let due = Instant::now() + interval;
        Self { alarm: pulse.alarm(), due, interval, left, beats: Arc::clone(beats) }
    }
}

impl Future for Beating {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        if Instant::now() >= self.due {
            self.beats.lock().expect("no panic").push(Instant::now());
            self.left -= 1;
            self.due = Instant::now() + self.interval;
        }
        if self.left == 0 {
            return Poll::Ready(7);
        }
        self.alarm.set(Some(self.due.into_std()), cx);
        Poll::Pending
    }
}

/// Polls until every exchange is over; returns how often the connection's task was polled.
async fn run<F: Future<Output = u32>>(roster: &mut Roster<F>) -> usize {
    let mut polls = 0;
    poll_fn(|cx| {
        polls += 1;
        roster.poll(cx, |output| assert_eq!(output, 7));
        if roster.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    polls
}

#[tokio::test(start_paused = true)]
async fn alarms_set_inside_a_poll_ring_without_another_wake_up() {
    let mut roster = Roster::new();
    let beats = Arc::default();
    let start = Instant::now();
    let pulse = roster.pulse();
    roster.push(Beating::new(&pulse, Duration::from_millis(10), 3, &beats));
    run(&mut roster).await;
    let after: Vec<_> = beats.lock().expect("no panic").iter().map(|b| (*b - start).as_millis()).collect();
    assert_eq!(after, [10, 20, 30]);
}

#[tokio::test(start_paused = true)]
async fn all_exchanges_of_a_beat_are_polled_in_one_call() {
    const EXCHANGES: usize = 1000;
    let mut roster = Roster::new();
    let beats: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let pulse = roster.pulse();
    for _ in 0..EXCHANGES {
        roster.push(Beating::new(&pulse, Duration::from_secs(1), 5, &beats));
    }
    assert_eq!(roster.len(), EXCHANGES);
    // What the connection flushes after each call, counted call by call.
    let mut calls_with_heads = Vec::new();
    poll_fn(|cx| {
        let before = beats.lock().expect("no panic").len();
        roster.poll(cx, |_| ());
        match beats.lock().expect("no panic").len() - before {
            0 => {}
            heads => calls_with_heads.push(heads),
        }
        if roster.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    assert_eq!(calls_with_heads, [EXCHANGES; 5]);
}

#[tokio::test(start_paused = true)]
async fn many_exchanges_wake_the_connection_as_often_as_one() {
    let mut polls = Vec::new();
    for exchanges in [1, 500] {
        let mut roster = Roster::new();
        let pulse = roster.pulse();
        let beats = Arc::default();
        for _ in 0..exchanges {
            roster.push(Beating::new(&pulse, Duration::from_millis(100), 20, &beats));
        }
        polls.push(run(&mut roster).await);
    }
    assert!(polls[1] <= polls[0], "polls for 1 and for 500 exchanges: {polls:?}");
}

/// `FuturesUnordered` wakes its task after it has polled all it holds, be that one that now waits.
#[tokio::test(start_paused = true)]
async fn an_exchange_that_waits_leaves_no_wake_up_behind() {
    let mut roster = Roster::new();
    let pulse = roster.pulse();
    let beats = Arc::default();
    roster.push(Beating::new(&pulse, Duration::from_millis(10), 3, &beats));
    assert_eq!(run(&mut roster).await, 4, "one to begin, and one for each beat");
}

/// Polled `turns` times, each time asking for the next at once.
struct Restless {
    turns: usize,
    polls: Arc<AtomicUsize>,
}

impl Future for Restless {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        cx.waker().wake_by_ref();
        if self.polls.fetch_add(1, Ordering::SeqCst) + 1 == self.turns {
            return Poll::Ready(7);
        }
        Poll::Pending
    }
}

type Either = Pin<Box<dyn Future<Output = u32>>>;

#[tokio::test(start_paused = true)]
async fn exchanges_that_wake_themselves_starve_nobody() {
    let mut roster: Roster<Either> = Roster::new();
    let pulse = roster.pulse();
    let beats: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let polls: Arc<AtomicUsize> = Arc::default();
    for _ in 0..50 {
        roster.push(Box::pin(Beating::new(&pulse, Duration::from_millis(10), 1, &beats)));
        roster.push(Box::pin(Restless { turns: usize::MAX, polls: Arc::clone(&polls) }));
    }
    let start = Instant::now();
    let mut calls = 0;
    poll_fn(|cx| {
        calls += 1;
        let before = polls.load(Ordering::SeqCst);
        roster.poll(cx, |output| assert_eq!(output, 7));
        let spent = polls.load(Ordering::SeqCst) - before;
        assert!(spent <= 100, "one call polled restless exchanges {spent} times");
        // The restless keep the clock from leaping: move it by hand.
        if calls == 100 {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
    assert_eq!(Instant::now(), start);
    tokio::time::advance(Duration::from_millis(10)).await;
    poll_fn(|cx| {
        calls += 1;
        roster.poll(cx, |output| assert_eq!(output, 7));
        if roster.len() == 50 || calls == 200 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    assert_eq!(beats.lock().expect("no panic").len(), 50, "the quiet ones beat beside the restless");
    assert_eq!(roster.len(), 50);
}

/// Sets an alarm that is already over, whenever it is polled.
struct Overdue(Alarm);

impl Future for Overdue {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        self.0.set(Some(Instant::now().into_std()), cx);
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_is_always_due_does_not_hold_the_connection() {
    let mut roster = Roster::new();
    let pulse = roster.pulse();
    roster.push(Overdue(pulse.alarm()));
    let mut calls = 0;
    poll_fn(|cx| {
        roster.poll(cx, |_| ());
        calls += 1;
        if calls == 3 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    assert_eq!(calls, 3, "each call came back, and each was followed by a wake-up");
}

#[tokio::test(start_paused = true)]
async fn a_finished_exchange_frees_its_alarm_and_leaves_no_wake_up_behind() {
    let mut roster: Roster<Either> = Roster::default();
    assert!(roster.is_empty());
    let pulse = roster.pulse();
    let beats = Arc::default();
    roster.push(Box::pin(Beating::new(&pulse, Duration::from_millis(10), 1, &beats)));
    run(&mut roster).await;
    let mut ended = 0;
    tokio::time::advance(Duration::from_secs(60)).await;
    roster.poll(&mut Context::from_waker(Waker::noop()), |_| ended += 1);
    assert_eq!(ended, 0);
}
