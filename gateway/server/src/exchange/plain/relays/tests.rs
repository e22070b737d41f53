use std::time::Duration;

use downstream::Protocol;
use http::HeaderMap;

use super::*;
use crate::config::RelayInformational;
use crate::relay::Processing;

fn relays(bearable: Option<u32>) -> Relays {
    let policy = RelayInformational::Always;
    Relays::new(Relay::new(policy, Protocol::H2, &HeaderMap::new(), Processing::Relayed), bearable)
}

/// A head with a mark in a field that such a head may have.
fn head(status: u16, mark: &'static str) -> InterimHead {
    let mut head = InterimHead::bare(StatusCode::from_u16(status).unwrap());
    let name = if status == 102 { "progress" } else { "location" };
    head.fields.insert(name, mark.parse().unwrap());
    head
}

fn start() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn mark(head: Option<InterimHead>) -> Option<String> {
    head.map(|head| head.fields.values().next().unwrap().to_str().unwrap().to_owned())
}

#[test]
fn b16_a_104_waits_for_the_window_and_the_newest_wins() {
    let (mut relays, now) = (relays(None), start());
    assert!(matches!(relays.offer(head(104, "/1"), now, Window::Stalled), Ok(None)));
    assert!(matches!(relays.offer(head(104, "/2"), now, Window::Stalled), Err(Suppressed::Coalesced)));
    assert!(matches!(relays.offer(head(103, "/3"), now, Window::Stalled), Err(Suppressed::Stalled)));
    let lost = relays.offer(head(103, "/3"), now, Window::Unacknowledged);
    assert!(matches!(lost, Err(Suppressed::Unacknowledged)));
    assert!(relays.waited(Window::Stalled, now).is_none());
    assert_eq!(mark(relays.waited(Window::Open, now)).unwrap(), "/2");
    assert!(relays.waited(Window::Open, now).is_none());
    assert!(matches!(relays.last(Window::Open), Ok(None)));
}

#[test]
fn b16_what_the_budget_and_the_final_response_cost_is_told() {
    let (mut relays, now) = (relays(Some(1)), start());
    assert!(matches!(relays.offer(head(103, "/1"), now, Window::Open), Ok(None)));
    assert!(matches!(relays.offer(head(103, "/2"), now, Window::Open), Err(Suppressed::Budget)));
    assert_eq!(mark(relays.waited(Window::Open, now)).unwrap(), "/1");
    assert!(matches!(relays.offer(head(103, "/2"), now, Window::Open), Err(Suppressed::Budget)));
    let mut relays = self::relays(None);
    assert!(matches!(relays.offer(head(104, "/1"), now, Window::Unacknowledged), Ok(None)));
    assert!(matches!(relays.last(Window::Unacknowledged), Err(Suppressed::Unacknowledged)));
}

/// FWD-01: none is lost, and none overtakes another.
#[test]
fn fwd_01_a_head_that_waits_for_others_goes_out_when_due_or_before_the_next() {
    let (mut relays, now) = (relays(None), start());
    let tick = now + Duration::from_millis(10);
    assert!(matches!(relays.offer(head(102, "/1"), tick, Window::Open), Ok(None)));
    assert_eq!(relays.due(), Some(tick));
    assert!(relays.waited(Window::Open, now).is_none());
    assert_eq!(mark(relays.waited(Window::Open, tick)).unwrap(), "/1");

    assert!(matches!(relays.offer(head(102, "/2"), tick, Window::Open), Ok(None)));
    assert_eq!(mark(relays.offer(head(103, "/3"), now, Window::Open).unwrap()).unwrap(), "/2");
    assert_eq!(mark(relays.waited(Window::Open, now)).unwrap(), "/3");

    assert!(matches!(relays.offer(head(102, "/4"), tick, Window::Open), Ok(None)));
    assert_eq!(mark(relays.last(Window::Open).unwrap()).unwrap(), "/4");
    assert!(!relays.is_waiting());
}

#[test]
fn fwd_01_a_head_that_is_due_behind_a_shut_window_waits_for_it() {
    let (mut relays, now) = (relays(None), start());
    assert!(matches!(relays.offer(head(102, "/1"), now, Window::Open), Ok(None)));
    assert!(relays.waited(Window::Stalled, now).is_none());
    assert!(matches!(relays.last(Window::Stalled), Err(Suppressed::Stalled)));
}

/// The defect: an alarm in the past, set again at every poll until the window opened.
#[test]
fn a_head_that_came_due_behind_a_shut_window_woke_its_task_without_end() {
    let (mut relays, now) = (relays(None), start());
    let due = now + Duration::from_millis(10);
    assert!(matches!(relays.offer(head(102, "1/2"), due, Window::Open), Ok(None)));
    assert_eq!(relays.wake_at(Window::Open), Some(due));
    for window in [Window::Stalled, Window::Unacknowledged] {
        assert!(relays.waited(window, due).is_none());
        assert_eq!(relays.wake_at(window), None);
    }
    assert_eq!(mark(relays.waited(Window::Open, due)).unwrap(), "1/2");
}
