//! PRF-01 to PRF-05, PRF-10, PRF-11, I-26 and the rows P01 to P08.

use std::time::Duration;

use progress_core::prefer::{FIELD, MAX_READ, Preferences};
use progress_core::progress::Dialect;
use proptest::prelude::*;

use crate::head;

fn read(line: &str) -> Preferences {
    read_lines(&[line])
}

fn read_lines(lines: &[&str]) -> Preferences {
    Preferences::from_headers(&head(&FIELD, lines))
}

fn seconds(line: &str) -> Option<u64> {
    read(line).wait.map(|wait| wait.as_secs())
}

const NONE: Preferences =
    Preferences { processing: false, progress: false, respond_async: false, wait: None, minimal: false };

#[test]
fn p01_prf_09_all_four_stand_together() {
    let all = read("processing, progress, respond-async, wait=20");
    let wait = Some(Duration::from_secs(20));
    assert_eq!(
        all,
        Preferences { processing: true, progress: true, respond_async: true, wait, minimal: false }
    );
}

#[test]
fn p02_prf_01_case_blanks_and_quotes_do_not_matter() {
    let wait = Some(Duration::from_secs(20));
    assert_eq!(
        read("Respond-Async; foo=\"a,b;c\" , WAIT = \"20\""),
        Preferences { respond_async: true, wait, ..NONE }
    );
    assert_eq!(seconds("wait=\"2\\0\""), Some(20));
    assert!(read("processing=\"\"").processing, "an empty value is no value");
    assert!(read("\tprocessing ; a ; b = c;;d=\"\\\"\" ;").processing);
}

#[test]
fn p03_prf_02_the_first_occurrence_wins() {
    assert_eq!(read_lines(&["wait=5", "wait=60"]).wait, Some(Duration::from_secs(5)));
    assert_eq!(seconds("Wait=7, wAIT=8"), Some(7));
    assert_eq!(seconds("wait=soon, wait=8"), None, "also when it is unusable");
    assert!(!read("processing=0, processing").opted_in());
    assert!(read("return=minimal, return=other").minimal);
    assert!(!read("return=other, return=minimal").minimal);
}

#[test]
fn p04_p05_prf_05_wait_saturates_and_takes_digits_only() {
    let most = u64::from(u32::MAX);
    assert_eq!(seconds("wait=99999999999999999999, respond-async"), Some(most));
    assert_eq!(seconds("wait=4294967295"), Some(most));
    assert_eq!(seconds("wait=4294967296"), Some(most));
    assert_eq!(seconds("wait=0"), Some(0));
    assert_eq!(seconds("wait=007"), Some(7));
    for bad in [
        "wait=soon",
        "wait=-1",
        "wait=1e9",
        "wait=1.5",
        "wait",
        "wait=",
        "wait=\"\"",
        "wait=\" 5\"",
        "wait=+5",
        "wait=5s",
    ] {
        let both = read(&format!("{bad}, respond-async"));
        assert_eq!(both, Preferences { respond_async: true, ..NONE }, "{bad}");
    }
}

#[test]
fn p06_prf_04_a_value_where_none_is_defined_makes_it_absent() {
    assert_eq!(read("processing=0"), NONE);
    assert_eq!(read("processing=1, progress=yes, respond-async=\"x\""), NONE);
}

#[test]
fn p07_prf_03_empty_and_broken_members_are_skipped() {
    assert!(read(",, processing ,").opted_in());
    for broken in [
        "=",
        "a b",
        "a=b c",
        "\"processing\"",
        "a;=",
        "a;b=",
        "wait=",
        "a=\"b",
        "a\"",
        "processing/1",
        "(x)",
        "a=\"b\"c",
    ] {
        let rest = read(&format!("{broken}, respond-async"));
        assert_eq!(rest, Preferences { respond_async: true, ..NONE }, "{broken}");
    }
}

#[test]
fn p08_unknown_words_mean_nothing() {
    assert_eq!(read("lenient"), NONE);
    assert_eq!(read("handling=lenient, depth-noroot, x-processing, processing2"), NONE);
    assert_eq!(read_lines(&[]), NONE);
    assert_eq!(read(""), NONE);
}

#[test]
fn prf_10_either_word_opts_in_and_progress_selects_the_dialect() {
    let table = [
        ("processing", true, Dialect::Plain),
        ("progress", true, Dialect::Comment),
        ("progress, processing", true, Dialect::Comment),
        ("respond-async, wait=1", false, Dialect::Plain),
    ];
    for (line, opted_in, dialect) in table {
        assert_eq!((read(line).opted_in(), read(line).dialect()), (opted_in, dialect), "{line}");
    }
}

#[test]
fn prf_11_minimal_and_representation_cancel_each_other() {
    assert!(read("return=minimal").minimal);
    assert!(read("return=\"minimal\"").minimal);
    assert!(!read("return=Minimal").minimal, "values are case-sensitive");
    assert!(!read("return=representation").minimal);
    assert!(!read("return=minimal, return=representation").minimal);
    assert!(!read("return=representation, return=minimal").minimal);
}

#[test]
fn i_26_thirty_two_preferences_are_read() {
    let padded = |count: usize| format!("{}processing", "x,".repeat(count));
    assert!(read(&padded(MAX_READ - 1)).opted_in());
    assert!(!read(&padded(MAX_READ)).opted_in());
    assert!(!read_lines(&[&"x,".repeat(20), &padded(12)]).opted_in(), "over all lines");
    assert!(read(&format!("{}processing", ", ,".repeat(1000))).opted_in(), "empty ones do not count");
}

#[test]
fn i_26_words_behind_quotes_that_never_close_are_read() {
    // Also a test of time: with a look for the end from each quote this would take minutes.
    let junk = "\"\\".repeat(200_000);
    assert_eq!(read(&format!("{junk}, progress")), Preferences { progress: true, ..NONE });
    assert_eq!(read(&format!("a={junk}\", progress")), Preferences { progress: true, ..NONE });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn reading_never_panics_and_a_good_first_member_is_always_found(
        junk in prop::collection::vec(prop::sample::select(&b"=;,\"\\ \tabwit0123456789\xFF"[..]), 0..60),
    ) {
        let line = [b"wait=3, processing,", &junk[..]].concat();
        let read = Preferences::from_headers(&head(&FIELD, [line]));
        prop_assert_eq!(read, Preferences { processing: true, wait: Some(Duration::from_secs(3)), ..NONE });
    }
}
