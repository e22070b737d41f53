use std::future::poll_fn;
use std::task::Wake;

use tokio::time::{Instant as Clock, advance, timeout, timeout_at};

use super::*;
use crate::wakes::Wakes;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn after(start: Clock, milliseconds: u64) -> Instant {
    (start + ms(milliseconds)).into_std()
}

/// What the task of a connection does with its timer, for ever.
async fn beat(heart: &mut Heart) {
    loop {
        heart.ring();
        poll_fn(|cx| heart.poll_beat(cx)).await;
    }
}

/// Lets the connection live until `end` after `start`.
async fn live_until(heart: &mut Heart, start: Clock, end: u64) {
    assert!(timeout_at(start + ms(end), beat(heart)).await.is_err());
    heart.ring();
}

fn places(heart: &Heart) -> usize {
    lock(&heart.pulse.shared).entries.len()
}

#[tokio::test(start_paused = true)]
async fn an_alarm_rings_at_its_deadline_once_and_not_before() {
    let (start, mut heart) = (Clock::now(), Heart::new());
    let alarm = heart.pulse().alarm();
    let (wakes, waker) = Wakes::new();
    alarm.set(Some(after(start, 10)), &Context::from_waker(&waker));
    live_until(&mut heart, start, 9).await;
    assert_eq!(wakes.count(), 0);
    live_until(&mut heart, start, 10).await;
    assert_eq!(wakes.count(), 1);
    live_until(&mut heart, start, 10_000).await;
    assert_eq!(wakes.count(), 1, "it rings once for each setting");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_can_be_set_to_an_earlier_deadline() {
    let (start, mut heart) = (Clock::now(), Heart::new());
    let alarm = heart.pulse().alarm();
    let (wakes, waker) = Wakes::new();
    alarm.set(Some(after(start, 50)), &Context::from_waker(&waker));
    live_until(&mut heart, start, 5).await;
    alarm.set(Some(after(start, 10)), &Context::from_waker(&waker));
    live_until(&mut heart, start, 10).await;
    assert_eq!(wakes.count(), 1);
    live_until(&mut heart, start, 60).await;
    assert_eq!(wakes.count(), 1, "the later deadline was replaced");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_can_be_set_to_a_later_deadline() {
    let (start, mut heart) = (Clock::now(), Heart::new());
    let alarm = heart.pulse().alarm();
    let (wakes, waker) = Wakes::new();
    alarm.set(Some(after(start, 10)), &Context::from_waker(&waker));
    live_until(&mut heart, start, 5).await;
    alarm.set(Some(after(start, 50)), &Context::from_waker(&waker));
    live_until(&mut heart, start, 49).await;
    assert_eq!(wakes.count(), 0, "the timer was still set to the earlier deadline");
    live_until(&mut heart, start, 50).await;
    assert_eq!(wakes.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_is_unset_does_not_ring() {
    let (start, mut heart) = (Clock::now(), Heart::new());
    let alarm = heart.pulse().alarm();
    let (wakes, waker) = Wakes::new();
    let cx = Context::from_waker(&waker);
    alarm.set(Some(after(start, 10)), &cx);
    live_until(&mut heart, start, 5).await;
    alarm.set(None, &cx);
    live_until(&mut heart, start, 1000).await;
    assert_eq!(wakes.count(), 0);
    alarm.set(Some(after(start, 2000)), &cx);
    live_until(&mut heart, start, 2000).await;
    assert_eq!(wakes.count(), 1, "it can be set again");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_alarm_does_not_ring_and_frees_its_place() {
    let (start, mut heart) = (Clock::now(), Heart::new());
    let (wakes, waker) = Wakes::new();
    let cx = Context::from_waker(&waker);
    let kept = heart.pulse().alarm();
    kept.set(Some(after(start, 20)), &cx);
    for _ in 0..1000 {
        let alarm = heart.pulse().alarm();
        alarm.set(Some(after(start, 10)), &cx);
        assert_eq!(places(&heart), 2);
    }
    assert_eq!(places(&heart), 1);
    // `next` still says 10: the beat at 10 finds nothing, and the one at 20 is not lost.
    live_until(&mut heart, start, 19).await;
    assert_eq!(wakes.count(), 0);
    live_until(&mut heart, start, 20).await;
    assert_eq!(wakes.count(), 1);
    drop(kept);
    assert_eq!(places(&heart), 0);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_outlives_its_connection() {
    let heart = Heart::default();
    let alarm = heart.pulse().alarm();
    drop(heart);
    alarm.set(Some(after(Clock::now(), 1)), &Context::from_waker(Waker::noop()));
    drop(alarm);
}

#[tokio::test(start_paused = true)]
async fn an_overdue_alarm_rings_at_the_next_beat() {
    let (start, mut heart) = (Clock::now(), Heart::new());
    advance(ms(100)).await;
    let alarm = heart.pulse().alarm();
    let (wakes, waker) = Wakes::new();
    alarm.set(Some(after(start, 40)), &Context::from_waker(&waker));
    timeout(ms(1), poll_fn(|cx| heart.poll_beat(cx))).await.expect("it is due already");
    heart.ring();
    assert_eq!(wakes.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_waker_of_the_last_setting_is_the_one_that_is_called() {
    let (start, mut heart) = (Clock::now(), Heart::new());
    let alarm = heart.pulse().alarm();
    let (before, waker) = Wakes::new();
    alarm.set(Some(after(start, 10)), &Context::from_waker(&waker));
    let (last, waker) = Wakes::new();
    alarm.set(Some(after(start, 10)), &Context::from_waker(&waker));
    live_until(&mut heart, start, 11).await;
    assert_eq!((before.count(), last.count()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn alarms_of_one_deadline_ring_on_one_beat() {
    const ALARMS: usize = 1000;
    let (start, mut heart) = (Clock::now(), Heart::new());
    let (wakes, waker) = Wakes::new();
    let alarms: Vec<_> = (0..ALARMS).map(|_| heart.pulse().alarm()).collect();
    for alarm in &alarms {
        alarm.set(Some(after(start, 10)), &Context::from_waker(&waker));
    }
    let mut polls = 0;
    poll_fn(|cx| {
        polls += 1;
        heart.poll_beat(cx)
    })
    .await;
    assert_eq!(Clock::now() - start, ms(10));
    assert_eq!(polls, 2, "one to set the timer, one when it fires");
    heart.ring();
    assert_eq!(wakes.count(), ALARMS);
    let (beats, waker) = Wakes::new();
    assert!(heart.poll_beat(&mut Context::from_waker(&waker)).is_pending());
    advance(ms(1000)).await;
    assert_eq!(beats.count(), 0, "no timer is left");
}

/// The connection may be polled late, or in between: the timer then belongs to an older `next`.
#[tokio::test(start_paused = true)]
async fn a_stale_timer_loses_no_deadline() {
    let (start, mut heart) = (Clock::now(), Heart::new());
    let (wakes, waker) = Wakes::new();
    let cx = Context::from_waker(&waker);
    let (one, other) = (heart.pulse().alarm(), heart.pulse().alarm());
    one.set(Some(after(start, 10)), &cx);
    assert!(heart.poll_beat(&mut Context::from_waker(Waker::noop())).is_pending());
    one.set(None, &cx);
    // The timer fires at 10 and nobody looks. Then the same deadline is set again.
    advance(ms(10)).await;
    other.set(Some(after(start, 10)), &cx);
    timeout(ms(1), poll_fn(|cx| heart.poll_beat(cx))).await.expect("it is due");
    heart.ring();
    assert_eq!(wakes.count(), 1);
    // And once more, later, with `next` gone in between.
    other.set(Some(after(start, 20)), &cx);
    live_until(&mut heart, start, 20).await;
    assert_eq!(wakes.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_polls_its_exchanges_anyway_passes_alarms_without_waking() {
    let (start, mut heart) = (Clock::now(), Heart::new());
    let (wakes, waker) = Wakes::new();
    let cx = Context::from_waker(&waker);
    let (early, late) = (heart.pulse().alarm(), heart.pulse().alarm());
    early.set(Some(after(start, 10)), &cx);
    late.set(Some(after(start, 20)), &cx);
    poll_fn(|cx| heart.poll_beat(cx)).await;
    heart.pass();
    assert_eq!((wakes.count(), Clock::now() - start), (0, ms(10)));
    // The other one is still to come.
    poll_fn(|cx| heart.poll_beat(cx)).await;
    assert_eq!(Clock::now() - start, ms(20));
    heart.ring();
    assert_eq!(wakes.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_connections_beat_on_different_phases() {
    let now = Clock::now().into_std();
    let grids: Vec<_> = (0..8).map(|_| Heart::new().pulse().grid()).collect();
    assert!(grids.iter().all(|grid| *grid <= now && now - *grid <= PHASES));
    assert!(grids.iter().any(|grid| *grid != grids[0]), "eight equal phases: {grids:?}");
    // Beats of many connections share a wake of the runtime.
    let apart = |grid: &Instant| grids[0].max(*grid) - grids[0].min(*grid);
    assert!(grids.iter().all(|grid| apart(grid).as_nanos() % QUANTUM.as_nanos() == 0), "{grids:?}");
}

#[tokio::test(start_paused = true)]
async fn heads_of_all_connections_of_a_thread_leave_on_the_same_ticks() {
    let hearts: Vec<_> = (0..4).map(|_| Heart::new()).collect();
    for passed in 0..40 {
        let now = Clock::now().into_std();
        let ticks: Vec<_> = hearts.iter().map(|heart| heart.pulse().tick(now)).collect();
        assert!(ticks.iter().all(|tick| *tick == ticks[0]), "{passed} ms: {ticks:?}");
        let wait = ticks[0] - now;
        assert!(wait < TICK, "{passed} ms: {wait:?}");
        assert_eq!(hearts[0].pulse().tick(ticks[0]), ticks[0], "a tick waits for nothing");
        advance(ms(1)).await;
    }
}

/// Notes when it is called.
#[derive(Debug)]
struct Rings(Mutex<Vec<u128>>, Clock);

impl Wake for Rings {
    fn wake(self: Arc<Self>) {
        let at = (Clock::now() - self.1).as_millis();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(at);
    }
}

/// A sequence of numbers from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Any order of setting, unsetting and dropping: every alarm rings exactly when a list of
/// deadlines says. Alarms are moved at even milliseconds and due at odd ones.
#[tokio::test(start_paused = true)]
async fn alarms_ring_when_a_plain_list_says() {
    const ALARMS: usize = 5;
    for seed in 1..=200_u64 {
        let (start, mut heart) = (Clock::now(), Heart::new());
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let rings: Vec<_> = (0..ALARMS).map(|_| Arc::new(Rings(Mutex::default(), start))).collect();
        let mut alarms: Vec<_> = (0..ALARMS).map(|_| heart.pulse().alarm()).collect();
        let mut deadlines = [None; ALARMS];
        let mut expected = vec![Vec::new(); ALARMS];
        for step in 0..60_u64 {
            let now = step * 2;
            let chosen = usize::try_from(dice.below(ALARMS as u64)).expect("it is small");
            let waker = Waker::from(Arc::clone(&rings[chosen]));
            let deadline = match dice.below(8) {
                0 => None,
                1 => {
                    alarms[chosen] = heart.pulse().alarm();
                    None
                }
                _ => Some(now + 1 + 2 * dice.below(12)),
            };
            alarms[chosen].set(deadline.map(|at| after(start, at)), &Context::from_waker(&waker));
            deadlines[chosen] = deadline;
            live_until(&mut heart, start, now + 2).await;
            for (deadline, expected) in deadlines.iter_mut().zip(&mut expected) {
                if let Some(at) = deadline.take_if(|at| *at <= now + 2) {
                    expected.push(u128::from(at));
                }
            }
        }
        for (rings, expected) in rings.iter().zip(&expected) {
            assert_eq!(&*rings.0.lock().expect("no panic"), expected, "seed {seed}");
        }
    }
}
