//! `Expect: 100-continue` as a demand: raised once, missed never.

use std::task::{Context, Poll, Waker};
use std::thread;

use downstream::Expectation;

use crate::wakes::Wakes;

#[test]
fn a_demand_wakes_the_writer_once() {
    let expectation = Expectation::new();
    let (wakes, waker) = Wakes::new();
    let cx = Context::from_waker(&waker);
    assert_eq!(expectation.poll_demanded(&cx), Poll::Pending);
    expectation.clone().demand();
    expectation.demand();
    assert_eq!(wakes.count(), 1);
    assert_eq!(expectation.poll_demanded(&cx), Poll::Ready(()));
}

#[test]
fn a_demand_before_the_first_poll_is_seen_by_it() {
    let expectation = Expectation::new();
    expectation.demand();
    assert!(expectation.poll_demanded(&Context::from_waker(Waker::noop())).is_ready());
}

#[test]
fn a_demand_during_registration_is_not_missed() {
    for round in 0..500 {
        let expectation = Expectation::new();
        let reader = expectation.clone();
        let (wakes, waker) = Wakes::new();
        let demanding = thread::spawn(move || reader.demand());
        let polled = expectation.poll_demanded(&Context::from_waker(&waker));
        demanding.join().expect("demanding does not panic");
        assert!(polled.is_ready() || wakes.count() == 1, "round {round}: pending and never woken");
    }
}
