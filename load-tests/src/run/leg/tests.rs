use http::{HeaderMap, HeaderValue};

use super::*;
use crate::report::Row;
use crate::run::book::Book;
use crate::run::entry::{Close, Entry};
use crate::tally::Ended;

const SECOND: Duration = Duration::from_secs(1);

fn fields(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (http::HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    fields.iter().map(pair).collect()
}

fn hearing(protocol: Protocol, asked: Asked) -> Hearing<'static> {
    Hearing { protocol, asked, heartbeat: Some(2 * SECOND), answer: Wanted::Response("/jobs/a") }
}

/// What the book says after an exchange in which `said` happened.
fn heard(hearing: Hearing<'_>, said: impl FnOnce(&mut Leg<'_>, Instant)) -> Row {
    let book = Book::new(1);
    let begin = Instant::now();
    let mut entry = Entry::begin(&book, 0, (begin, Ended::Unfinished));
    entry.heads = Some(0);
    let moments = Moments::default();
    let mut leg = Leg::new(&mut entry, hearing, &moments);
    said(&mut leg, begin);
    drop(leg);
    entry.end(Close::Answered);
    book.open().total()
}

fn interim(leg: &mut Leg<'_>, progress: &'static str, at: Instant) {
    leg.interim(Head { status: 102, fields: &fields(&[("progress", progress)]) }, at);
}

fn answer(leg: &mut Leg<'_>, at: Instant) {
    leg.answered(Head { status: 200, fields: &HeaderMap::new() }, at);
}

#[tokio::test(start_paused = true)]
async fn gaps_lateness_and_silence_are_measured() {
    let row = heard(hearing(Protocol::H2, Asked::Yes), |leg, begin| {
        leg.sent(begin);
        interim(leg, "1/10", begin + SECOND);
        interim(leg, "2/10", begin + 3 * SECOND);
        interim(leg, "3/10", begin + 8 * SECOND);
        answer(leg, begin + 9 * SECOND);
    });
    assert_eq!((row.interim[&102], row.codes[&200], row.late), (3, 1, 1));
    assert_eq!((row.cadence.count, row.lateness.count), (2, 2));
    assert!((row.cadence.max - 5.0).abs() < 0.01 && (row.lateness.max - 3.0).abs() < 0.01);
    assert!((row.longest_silence - 5.0).abs() < 1e-9 && (row.first_signal.p50 - 1.0).abs() < 0.002);
    assert!((row.heads_per_request.mean - 3.0).abs() < 1e-9);
    assert!(row.wrongs.is_empty(), "{:?}", row.wrongs);
}

#[tokio::test(start_paused = true)]
async fn what_is_never_right_is_noticed() {
    let one = |hearing, said: fn(&mut Leg<'_>, Instant)| {
        let wrongs = heard(hearing, said).wrongs;
        assert!(wrongs.values().all(|times| *times == 1), "{wrongs:?}");
        wrongs.into_keys().collect::<Vec<_>>().join(" ")
    };
    let asked = hearing(Protocol::H2, Asked::Yes);
    assert_eq!(
        one(hearing(Protocol::Http10, Asked::No), |leg, at| interim(leg, "1/2", at)),
        "interim to http/1.0"
    );
    assert_eq!(one(hearing(Protocol::H3, Asked::No), |leg, at| interim(leg, "1/2", at)), "interim unasked");
    assert_eq!(one(hearing(Protocol::H3, Asked::Anyway), |leg, at| interim(leg, "1/2", at)), "");
    let fell =
        |leg: &mut Leg<'_>, at| ["5/9", "5/9", "4/9"].into_iter().for_each(|said| interim(leg, said, at));
    assert_eq!(one(asked, fell), "progress fell");
    assert_eq!(one(asked, |leg, at| interim(leg, "soon", at)), "progress unreadable");
    let late = |leg: &mut Leg<'_>, at| {
        answer(leg, at);
        interim(leg, "1/2", at);
    };
    assert_eq!(one(asked, late), "head after final");
    let changed = |leg: &mut Leg<'_>, at| {
        leg.answered(Head { status: 200, fields: &fields(&[("load-octets", "3")]) }, at);
        leg.content(b"abc", at);
        leg.whole();
    };
    assert_eq!(one(asked, changed), "wrong result");
}

#[tokio::test(start_paused = true)]
async fn hints_are_no_progress() {
    let row = heard(hearing(Protocol::H2, Asked::No), |leg, begin| {
        leg.interim(Head { status: 103, fields: &HeaderMap::new() }, begin);
        answer(leg, begin);
    });
    assert_eq!((row.interim[&103], row.cadence.count, row.wrongs.len()), (1, 0, 0));
    assert!(row.heads_per_request.mean.abs() < 1e-9);
}

#[tokio::test(start_paused = true)]
async fn who_is_cut_off_has_heard_nothing_to_the_end() {
    let book = Book::new(1);
    let begin = Instant::now();
    let mut entry = Entry::begin(&book, 0, (begin, Ended::Unfinished));
    let moments = Moments::default();
    let mut leg = Leg::new(&mut entry, hearing(Protocol::H2, Asked::Yes), &moments);
    leg.sent(begin);
    tokio::time::advance(7 * SECOND).await;
    drop(leg);
    drop(entry);
    let row = book.open().total();
    assert_eq!((row.unfinished, row.completed), (1, 0));
    assert!((row.longest_silence - 7.0).abs() < 1e-9, "{}", row.longest_silence);
}

#[tokio::test(start_paused = true)]
async fn a_status_uri_is_learnt_from_an_interim_head_and_from_a_202() {
    let book = Book::new(1);
    let mut entry = Entry::begin(&book, 0, (Instant::now(), Ended::Unfinished));
    let moments = Moments::default();
    let mut leg = Leg::new(&mut entry, hearing(Protocol::H2, Asked::Yes), &moments);
    leg.interim(Head { status: 102, fields: &fields(&[("location", "/a")]) }, Instant::now());
    assert_eq!(leg.location.as_deref(), Some("/a"));
    moments.located.notified().await;
    let later = fields(&[("location", "/b"), ("retry-after", "3")]);
    leg.answered(Head { status: 202, fields: &later }, Instant::now());
    assert_eq!(leg.location.as_deref(), Some("/b"));
    assert_eq!(leg.answer.and_then(|answer| answer.retry_after), Some(3 * SECOND));
}
