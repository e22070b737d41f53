//! Phases only advance, and nobody misses one.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use downstream::{Drain, Phase};

use crate::wakes::Wakes;

#[test]
fn phases_only_advance() {
    let drain = Drain::new();
    assert!(drain.reached(Phase::Serving) && !drain.reached(Phase::Draining));
    drain.advance(Phase::Concluding);
    assert!(drain.reached(Phase::Draining) && drain.reached(Phase::Concluding));
    drain.advance(Phase::Draining);
    drain.advance(Phase::Serving);
    assert!(drain.reached(Phase::Concluding), "a later call with an earlier phase changes nothing");
}

#[test]
fn a_watch_made_after_the_phase_is_ready_at_once() {
    let drain = Drain::new();
    drain.advance(Phase::Draining);
    let mut watch = drain.watch();
    let cx = Context::from_waker(Waker::noop());
    assert_eq!(watch.poll_reached(Phase::Draining, &cx), Poll::Ready(()));
    assert_eq!(watch.poll_reached(Phase::Concluding, &cx), Poll::Pending);
    assert!(watch.reached(Phase::Draining) && !watch.reached(Phase::Concluding));
}

#[test]
fn everyone_who_waits_is_woken_by_each_phase() {
    let drain = Drain::new();
    let (first, waker) = Wakes::new();
    let mut one = drain.watch();
    assert!(one.poll_reached(Phase::Draining, &Context::from_waker(&waker)).is_pending());
    let (second, waker) = Wakes::new();
    let mut other = one.clone();
    assert!(other.poll_reached(Phase::Concluding, &Context::from_waker(&waker)).is_pending());

    drain.advance(Phase::Draining);
    assert_eq!((first.count(), second.count()), (1, 1));
    // Who waits for the last phase was woken too early for it: it still waits, and is woken again.
    drain.advance(Phase::Concluding);
    assert_eq!(second.count(), 2);
    assert!(other.poll_reached(Phase::Concluding, &Context::from_waker(Waker::noop())).is_ready());
}

#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_called() {
    let drain = Drain::new();
    let mut watch = drain.watch();
    let (before, waker) = Wakes::new();
    assert!(watch.poll_reached(Phase::Draining, &Context::from_waker(&waker)).is_pending());
    let (after, waker) = Wakes::new();
    assert!(watch.poll_reached(Phase::Draining, &Context::from_waker(&waker)).is_pending());
    drain.advance(Phase::Draining);
    assert_eq!((before.count(), after.count()), (0, 1));
}

/// The wakers that a drain keeps show how many places are taken.
#[test]
fn a_dropped_watch_frees_its_place() {
    let drain = Drain::new();
    let (wakes, waker) = Wakes::new();
    let held_by_the_test = Arc::strong_count(&wakes);
    let mut kept = drain.watch();
    for _ in 0..1000 {
        let mut watch = kept.clone();
        assert!(watch.poll_reached(Phase::Draining, &Context::from_waker(&waker)).is_pending());
    }
    assert_eq!(Arc::strong_count(&wakes), held_by_the_test, "dropped watches still hold wakers");

    // A freed place that is taken again does not belong to the watch that had it before.
    assert!(kept.poll_reached(Phase::Draining, &Context::from_waker(&waker)).is_pending());
    drop(kept.clone());
    drain.advance(Phase::Draining);
    assert_eq!(wakes.count(), 1);
}

/// The phase is announced from another thread at any moment around the registration.
#[test]
fn a_phase_announced_during_registration_is_not_missed() {
    for round in 0..500 {
        let drain = Drain::new();
        let announcing = drain.clone();
        let (wakes, waker) = Wakes::new();
        let mut watch = drain.watch();
        let announcer = thread::spawn(move || announcing.advance(Phase::Draining));
        let polled = watch.poll_reached(Phase::Draining, &Context::from_waker(&waker));
        announcer.join().expect("announcing does not panic");
        assert!(polled.is_ready() || wakes.count() == 1, "round {round}: pending and never woken");
    }
}
