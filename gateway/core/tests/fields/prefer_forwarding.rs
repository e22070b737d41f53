//! PRF-12, PRF-13 and PRF-15: what the origin sees of `Prefer`, and what the client is told of it.

use http::HeaderValue;
use progress_core::prefer::{Applied, FIELD, Honoured, Preferences};
use proptest::prelude::*;

use crate::head;

const BOTH: Honoured = Honoured { respond_async: true, wait: true };

fn forwarded(lines: &[&str], honoured: Honoured) -> Option<Vec<HeaderValue>> {
    Preferences::forwarded(&head(&FIELD, lines), honoured)
}

#[test]
fn prf_15_what_the_gateway_honours_is_removed_and_the_rest_stands_as_written() {
    let line = "processing, Respond-Async;a=b, foo=\"a, wait=1\" ; bar,WAIT = \"20\" ,return=minimal";
    let rest = "processing, foo=\"a, wait=1\" ; bar, return=minimal";
    assert_eq!(forwarded(&[line], BOTH).unwrap(), [rest]);
}

#[test]
fn prf_15_every_occurrence_goes_wherever_it_stands() {
    let many = format!("wait=1, {}respond-async, wait=2", "x, ".repeat(100));
    let kept = format!("{}x", "x, ".repeat(99));
    assert_eq!(
        forwarded(&[&many, "respond-async=1", "progress,  odd"], BOTH).unwrap(),
        [&kept[..], "progress,  odd"]
    );
}

#[test]
fn prf_15_nothing_may_be_left() {
    assert_eq!(forwarded(&["respond-async, wait=5", "wait=6"], BOTH), Some(vec![]));
}

#[test]
fn prf_15_only_what_is_honoured_is_removed() {
    let line = &["respond-async, wait=5"][..];
    assert_eq!(forwarded(line, Honoured { wait: false, ..BOTH }).unwrap(), ["wait=5"]);
    assert_eq!(forwarded(line, Honoured { respond_async: false, ..BOTH }).unwrap(), ["respond-async"]);
    assert_eq!(forwarded(line, Honoured::default()), None);
}

#[test]
fn prf_12_the_lines_stay_when_there_is_nothing_to_remove() {
    assert_eq!(forwarded(&[], BOTH), None);
    assert_eq!(forwarded(&["processing,, progress", "handling=lenient", "foo=\"respond-async"], BOTH), None);
}

#[test]
fn prf_13_applied_names_what_was_honoured_in_order() {
    assert_eq!(Applied::default().print(), None);
    let all = Applied { processing: true, progress: true, respond_async: true, wait: Some(20) };
    assert_eq!(all.print().unwrap(), "processing, progress, respond-async, wait=20");
    assert_eq!(Applied { progress: true, ..Applied::default() }.print().unwrap(), "progress");
    assert_eq!(Applied { wait: Some(0), ..Applied::default() }.print().unwrap(), "wait=0");
}

#[test]
fn prf_13_applied_is_merged_with_the_origins_value() {
    let ours = Applied { processing: true, wait: Some(5), ..Applied::default() };
    let merged = |upstream: &str| {
        let upstream = HeaderValue::from_bytes(upstream.as_bytes()).unwrap();
        ours.merge(Some(&upstream)).unwrap()
    };
    assert_eq!(merged("return=minimal"), "processing, wait=5, return=minimal");
    assert_eq!(merged("Processing, WAIT=9, a, A=2, respond-async"), "processing, wait=5, a, respond-async");
    assert_eq!(merged("a=\"b,c\"; d=e, broken=, f"), "processing, wait=5, a=\"b,c\", f");
    assert_eq!(merged("a=\"é\", b"), "processing, wait=5, b", "PRG-15");
    assert_eq!(merged(""), "processing, wait=5");
}

#[test]
fn prf_13_the_origins_value_stands_alone_when_nothing_was_honoured() {
    let upstream = head(&FIELD, ["return=minimal; x", "handling=lenient"]);
    let merged = Applied::default().merge(upstream.get_all(FIELD));
    assert_eq!(merged.unwrap(), "return=minimal, handling=lenient");
    assert_eq!(Applied::default().merge(&[HeaderValue::from_static(" , ")]), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn prf_15_the_origin_reads_everything_but_what_was_removed(
        lines in prop::collection::vec(prop::collection::vec(prop::sample::select(PIECES), 0..8), 0..4),
    ) {
        let lines: Vec<String> = lines.iter().map(|pieces| pieces.concat()).collect();
        let before = head(&FIELD, &lines);
        let kept = Preferences { respond_async: false, wait: None, ..Preferences::from_headers(&before) };
        let rewritten = Preferences::forwarded(&before, BOTH);
        let after = rewritten.map_or(before, |lines| head(&FIELD, lines));
        prop_assert_eq!(Preferences::from_headers(&after), kept, "{:?}", after);
        prop_assert_eq!(Preferences::forwarded(&after, BOTH), None);
    }
}

const PIECES: &[&str] = &[
    "processing",
    "progress",
    "respond-async",
    "wait=5",
    "return=minimal",
    "return=representation",
    "a",
    ",",
    ", ",
    ",",
    "; b",
    ";",
    "=",
    "\"",
    "\\",
    " ",
    "c=\"d, wait=1\"",
    "wait = \"7\"",
    "progress=1",
];
