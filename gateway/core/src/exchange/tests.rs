use http::HeaderValue;
use http::header::LOCATION;

use super::*;
use crate::event::ProgressEvent;
use crate::interim::{PREFERENCE_APPLIED, PROGRESS};
use crate::operation::Operation;
use crate::prefer::Applied;
use crate::progress::{Dialect, Fraction, Reported};

pub(super) const CADENCE: Cadence = Cadence {
    minimum_interval: Duration::from_secs(1),
    heartbeat_interval: Duration::from_secs(10),
    maximum_heads: None,
    company: Company::Shared,
};

#[expect(clippy::disallowed_methods, reason = "a starting point for pure arithmetic; nothing waits for it")]
pub(super) fn start() -> Instant {
    Instant::now() + Duration::from_secs(1_000)
}

pub(super) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(super) fn report(operation: &mut Operation, completed: u64) -> Arc<Snapshot> {
    operation.apply(ProgressEvent::Progress(Reported::of_fraction(Fraction {
        completed,
        total: Some(1_000_000),
    })));
    Arc::clone(operation.snapshot())
}

fn opted_in() -> Terms {
    let applied = Applied { processing: true, ..Applied::default() };
    Terms {
        heads: Some(HeadTerms { reader: Dialect::Plain.into(), cadence: CADENCE, applied }),
        register_after: ms(100),
        deferral: None,
    }
}

fn monitor() -> Monitor {
    Monitor::Location(HeaderValue::from_static("https://a/s"))
}

/// A course that has been registered at `t + 100 ms`.
fn following(terms: Terms, t: Instant) -> Course {
    let mut course = Course::new(terms);
    course.on_received(t);
    assert!(matches!(course.poll_step(t + ms(100), None), Some(Step::Register)));
    course.on_registered(Some(monitor()), t, t + ms(100));
    course
}

fn head(step: Option<Step>) -> DueHead {
    match step {
        Some(Step::Head(head)) => head,
        other => panic!("a head was due, not {other:?}"),
    }
}

#[test]
fn int_10_nothing_is_said_before_the_request_is_complete() {
    let t = start();
    let mut course = Course::new(opted_in());
    assert!(course.poll_step(t + Duration::from_secs(60), None).is_none());
    assert_eq!(course.timeout(), None);
}

#[test]
fn loc_01_the_first_head_comes_after_registration_and_names_the_document() {
    let t = start();
    let mut course = Course::new(opted_in());
    course.on_received(t);
    assert!(course.poll_step(t + ms(99), None).is_none());
    assert_eq!(course.timeout(), Some(t + ms(100)));
    let mut course = following(opted_in(), t);
    let first = head(course.poll_step(t + ms(100), None));
    assert_eq!(first.head.fields[LOCATION], "https://a/s");
    assert_eq!(first.head.fields[PREFERENCE_APPLIED], "processing");
    assert_eq!(first.reason, Reason::Accepted);
    assert!(course.has_announced());
    let second = head(course.poll_step(t + Duration::from_secs(11), None));
    assert!(second.head.fields.is_empty(), "INT-09: a heartbeat is bare");
    assert_eq!(second.reason, Reason::Heartbeat);
}

#[test]
fn int_11_the_newest_news_wins_and_the_rest_is_counted() {
    let t = start();
    let mut course = following(opted_in(), t);
    let mut operation = Operation::new();
    head(course.poll_step(t + ms(100), None));
    for n in 1..=5 {
        course.on_snapshot(&report(&mut operation, n), t + ms(200));
    }
    assert!(course.poll_step(t + ms(200), None).is_none());
    let due = course.timeout().unwrap();
    assert!(due >= t + ms(1_100) && due <= t + ms(1_125));
    let second = head(course.poll_step(due, None));
    assert_eq!(second.head.fields[PROGRESS], "5/1000000");
    assert_eq!(course.take_tally().coalesced, 4);
}

#[test]
fn int_13_a_stalled_client_gets_the_newest_once_it_reads() {
    let t = start();
    let mut course = following(opted_in(), t);
    let mut operation = Operation::new();
    course.on_snapshot(&report(&mut operation, 1), t + ms(100));
    assert!(course.poll_step(t + ms(200), Some(Withheld::Stalled)).is_none());
    assert!(course.poll_step(t + ms(300), Some(Withheld::Stalled)).is_none());
    assert_eq!(course.timeout(), None, "the opening window wakes, not the clock");
    assert_eq!(course.take_tally().stalled, 1);
    course.on_snapshot(&report(&mut operation, 2), t + ms(400));
    let first = head(course.poll_step(t + ms(500), None));
    assert_eq!(first.head.fields[PROGRESS], "2/1000000");
}

#[test]
fn prf_07_a_wait_of_zero_registers_and_defers_at_once() {
    let t = start();
    let deferral = Some(Deferral { after: Duration::ZERO, because: Because::WaitElapsed, latest: None });
    let mut course = Course::new(Terms { heads: None, register_after: ms(100), deferral });
    course.on_received(t);
    assert!(matches!(course.poll_step(t, None), Some(Step::Register)));
    course.on_registered(Some(monitor()), t, t);
    assert!(matches!(course.poll_step(t, None), Some(Step::Defer(Because::WaitElapsed))));
    assert!(course.poll_step(t + ms(1), None).is_none(), "nothing follows a 202");
}

#[test]
fn a_full_store_means_no_location_and_no_202() {
    let t = start();
    let mut terms = opted_in();
    terms.deferral = Some(Deferral { after: ms(500), because: Because::WaitElapsed, latest: None });
    let mut course = Course::new(terms);
    course.on_received(t);
    course.poll_step(t + ms(100), None);
    course.on_registered(None, t, t + ms(100));
    let first = head(course.poll_step(t + ms(100), None));
    assert!(!first.head.fields.contains_key(LOCATION));
    let later = head(course.poll_step(t + Duration::from_secs(20), None));
    assert_eq!(later.reason, Reason::Heartbeat);
    assert!(!course.has_announced());
}

#[test]
fn int_12_a_spent_budget_is_silence_or_a_202() {
    let t = start();
    let mut terms = opted_in();
    terms.heads.as_mut().unwrap().cadence.maximum_heads = Some(1);
    let mut silent = following(terms.clone(), t);
    head(silent.poll_step(t + ms(100), None));
    let mut operation = Operation::new();
    silent.on_snapshot(&report(&mut operation, 1), t + ms(200));
    assert!(silent.poll_step(t + Duration::from_secs(60), None).is_none());
    assert_eq!(silent.take_tally().budget, 1);
    assert_eq!(silent.timeout(), None);
    terms.deferral =
        Some(Deferral { after: Duration::from_secs(600), because: Because::WaitElapsed, latest: None });
    let mut deferring = following(terms, t);
    head(deferring.poll_step(t + ms(100), None));
    let step = deferring.poll_step(t + Duration::from_secs(11), None);
    assert!(matches!(step, Some(Step::Defer(Because::Policy))), "{step:?}");
}

#[test]
fn doc_06_a_resubscribed_client_is_told_at_once() {
    let t = start();
    let mut operation = Operation::new();
    let mut course = Course::resubscribed(opted_in(), t, t);
    course.on_snapshot(&report(&mut operation, 3), t);
    let first = head(course.poll_step(t, None));
    assert_eq!(first.head.fields[PROGRESS], "3/1000000");
    assert!(!first.head.fields.contains_key(LOCATION));
}

#[test]
fn news_that_waits_longer_than_a_heartbeat_rides_on_it() {
    let t = start();
    let mut course = following(opted_in(), t);
    let mut operation = Operation::new();
    let old = t + Duration::from_secs(100_000);
    head(course.poll_step(old, None));
    course.on_snapshot(&report(&mut operation, 9), old + ms(1));
    let due = course.timeout().unwrap();
    let next = head(course.poll_step(due, None));
    assert_eq!(next.reason, Reason::Progress);
    assert!(due - old <= Duration::from_secs(10));
}

/// A head that was due while the client did not read, and is overtaken by a relayed one, must not
/// silence the exchange.
#[test]
fn int_09_heartbeats_go_on_after_a_withheld_head_was_overtaken() {
    let t = start();
    let mut course = following(opted_in(), t);
    head(course.poll_step(t + ms(100), None));
    let beat = course.timeout().unwrap();
    assert!(course.poll_step(beat, Some(Withheld::Stalled)).is_none());
    course.on_relayed(beat);
    assert!(course.poll_step(beat, None).is_none(), "not due any more");
    let next = course.timeout().expect("a next beat");
    assert_eq!(head(course.poll_step(next, None)).reason, Reason::Heartbeat);
}

#[test]
fn int_19_who_asked_is_answered_just_before_the_deadline() {
    let t = start();
    let latest = Some(t + Duration::from_secs(3));
    let after = Duration::from_secs(60);
    let deferral = Some(Deferral { after, because: Because::WaitElapsed, latest });
    let mut course = Course::new(Terms { heads: None, register_after: Duration::MAX, deferral });
    course.on_received(t + Duration::from_secs(1));
    assert_eq!(course.timeout(), latest);
    assert!(matches!(course.poll_step(t + Duration::from_secs(3), None), Some(Step::Register)));
    course.on_registered(Some(monitor()), t, t + Duration::from_secs(3));
    let step = course.poll_step(t + Duration::from_secs(3), None);
    assert!(matches!(step, Some(Step::Defer(Because::Deadline))), "{step:?}");
}

#[test]
fn an_exchange_without_heads_has_no_budget_to_spend() {
    let t = start();
    let deferral = Some(Deferral { after: ms(1), because: Because::WaitElapsed, latest: None });
    let mut course = Course::resubscribed(Terms { heads: None, register_after: ms(1), deferral }, t, t);
    course.on_snapshot(&report(&mut Operation::new(), 1), t);
    assert_eq!(course.take_tally(), Tally::default());
}

#[test]
fn a_resubscribed_client_whose_budget_is_spent_is_held_in_silence() {
    let t = start();
    let mut terms = opted_in();
    terms.heads.as_mut().unwrap().cadence.maximum_heads = Some(1);
    let after = Duration::from_secs(300);
    terms.deferral = Some(Deferral { after, because: Because::WaitElapsed, latest: None });
    let mut course = Course::resubscribed(terms, t, t);
    head(course.poll_step(t, None));
    assert_eq!(course.timeout(), Some(t + after));
    assert!(course.poll_step(t + Duration::from_secs(60), None).is_none());
}
