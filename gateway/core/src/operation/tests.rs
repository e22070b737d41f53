use http::StatusCode;
use proptest::prelude::*;

use super::*;
use crate::event::{Failure, ResponseSummary};
use crate::language::Languages;
use crate::progress::{Dialect, Fraction, Grammar, Label, Progress};

fn point(completed: u64, total: Option<u64>, label: Option<&str>) -> ProgressEvent {
    ProgressEvent::Progress(Reported {
        label: label.and_then(|text| Label::sanitized(text, None)),
        ..Reported::of_fraction(Fraction { completed, total })
    })
}

fn responded(status: u16) -> Outcome {
    Outcome::Responded(ResponseSummary {
        status: StatusCode::from_u16(status).unwrap(),
        location: None,
        content_type: None,
        content_length: 0,
    })
}

#[test]
fn prg_03_a_step_back_is_corrected_and_noted() {
    let mut operation = Operation::new();
    assert_eq!(operation.apply(point(7, Some(10), None)), Applied::Changed);
    assert_eq!(operation.apply(point(5, Some(10), Some("retrying"))), Applied::Regressed);
    let value = operation.snapshot().progress_value(&Dialect::Comment.into()).unwrap();
    assert_eq!(value, "7/10 (retrying)");
}

#[test]
fn the_same_point_twice_is_no_news() {
    let mut operation = Operation::new();
    operation.apply(point(1, Some(2), Some("x")));
    assert_eq!(operation.apply(point(1, Some(2), Some("x"))), Applied::Unchanged);
    assert_eq!(operation.snapshot().revision, 1);
}

#[test]
fn s_12_nothing_changes_after_the_end() {
    let mut operation = Operation::new();
    assert_eq!(operation.finish(responded(200)), Applied::Changed);
    assert_eq!(operation.apply(point(1, None, None)), Applied::Refused);
    assert_eq!(operation.finish(Outcome::Canceled), Applied::Refused);
    assert_eq!(operation.cancel(), Applied::Refused);
    assert_eq!(operation.snapshot().phase, Phase::Finished(responded(200)));
}

#[test]
fn cancel_is_asked_for_once() {
    let mut operation = Operation::new();
    assert_eq!(operation.cancel(), Applied::Changed);
    assert_eq!(operation.cancel(), Applied::Unchanged);
    assert_eq!(operation.finish(Outcome::Canceled), Applied::Changed);
}

#[test]
fn a_response_of_400_and_up_is_a_failure() {
    assert!(responded(399).is_success());
    assert!(!responded(400).is_success());
    let failure = Failure { code: "X", message: "x", status: StatusCode::BAD_GATEWAY, problem: "x" };
    assert!(!Outcome::Failed(failure).is_success());
}

#[test]
fn sdm_11_sub_results_are_bounded() {
    let mut operation = Operation::new();
    for _ in 0..MAX_RESULTS + 5 {
        operation.apply(ProgressEvent::SubResult(StatusPair { status: 200, uri: "/a".into() }));
    }
    assert_eq!(operation.snapshot().results.len(), MAX_RESULTS);
}

/// A record is counted with a fixed size by its store, so long URIs must not make it long.
#[test]
fn sdm_11_the_octets_of_sub_results_are_bounded() {
    let mut operation = Operation::new();
    for _ in 0..MAX_RESULTS {
        let uri = format!("/{}", "a".repeat(4_095));
        operation.apply(ProgressEvent::SubResult(StatusPair { status: 200, uri }));
    }
    let size = |snapshot: &Snapshot| snapshot.results.iter().map(|pair| pair.uri.len()).sum::<usize>();
    assert_eq!(size(operation.snapshot()), MAX_RESULTS_SIZE);
    operation.apply(ProgressEvent::SubResult(StatusPair { status: 200, uri: "/b".into() }));
    assert_eq!(size(operation.snapshot()), MAX_RESULTS_SIZE);
    assert_eq!(operation.snapshot().revision, MAX_RESULTS as u64 + 1, "counted all the same");
}

#[test]
fn ids_have_one_spelling() {
    let id = OperationId::from_random(*b"0123456789abcdef");
    assert_eq!(OperationId::parse(&id.to_string()), Some(id));
    assert_eq!(OperationId::parse(&id.to_string().to_uppercase().replace('3', "A")), None);
    assert_eq!(OperationId::parse(&format!("{id}0")), None);
    assert_eq!(OperationId::parse(""), None);
    assert!(!format!("{id:?}").contains(&id.to_string()));
}

proptest! {
    #[test]
    fn prg_03_completed_never_decreases_in_any_order(points in prop::collection::vec((0_u64..50, prop::option::of(0_u64..50)), 1..40)) {
        let mut operation = Operation::new();
        let mut completed = 0;
        let mut had_total = false;
        for (c, t) in points {
            operation.apply(point(c, t, None));
            let fraction = operation.snapshot().progress.as_ref().unwrap().reported.fraction;
            prop_assert!(fraction.completed >= completed);
            prop_assert!(fraction.total.is_none_or(|total| total >= fraction.completed));
            prop_assert!(!had_total || fraction.total.is_some());
            completed = fraction.completed;
            had_total = fraction.total.is_some();
        }
    }

    #[test]
    fn ids_parse_what_they_print(bytes in any::<[u8; 16]>()) {
        let id = OperationId::from_random(bytes);
        prop_assert_eq!(OperationId::parse(&id.to_string()), Some(id));
    }
}

fn reader(accept: &'static str, dialect: Dialect) -> Reader {
    let accept = (http::header::ACCEPT_LANGUAGE, http::HeaderValue::from_static(accept));
    Reader { dialect, languages: Languages::from_headers(&http::HeaderMap::from_iter([accept])) }
}

#[test]
fn l10_01_each_reader_gets_a_language_and_each_language_is_encoded_once() {
    let mut operation = Operation::new();
    let value = b"1/2 UTF-8'en'Checking UTF-8'de'Pr%C3%BCfen 3/4";
    let progress = Progress::parse(value, Grammar::Strict).unwrap();
    operation.apply(ProgressEvent::Progress(Reported::from_progress(&progress)));
    let told = |accept, dialect| operation.snapshot().progress_value(&reader(accept, dialect)).unwrap();
    assert_eq!(told("de;q=0.9, en;q=0.8", Dialect::Comment), "1/2 UTF-8'de'Pr%C3%BCfen");
    assert_eq!(told("de", Dialect::Plain), "1/2 UTF-8'de'Pr%C3%BCfen 3/4");
    for accept in ["en", "fr", ""] {
        assert_eq!(told(accept, Dialect::Plain), "1/2 UTF-8'en'Checking 3/4", "{accept}");
    }
    let (one, other) = (told("de", Dialect::Plain), told("de-AT", Dialect::Plain));
    assert!(std::ptr::eq(one.as_bytes(), other.as_bytes()), "the same octets, not the same again");
}

#[test]
fn l10_01_another_language_is_news() {
    let mut operation = Operation::new();
    let mut report = |value: &str| {
        let progress = Progress::parse(value.as_bytes(), Grammar::Strict).unwrap();
        operation.apply(ProgressEvent::Progress(Reported::from_progress(&progress)))
    };
    assert_eq!(report("1/2 UTF-8'en'a"), Applied::Changed);
    assert_eq!(report("1/2 UTF-8'en'a UTF-8'de'b"), Applied::Changed);
    assert_eq!(report("1/2 UTF-8'en'a UTF-8'de'b"), Applied::Unchanged);
    assert_eq!(report("1/2 UTF-8'en'a"), Applied::Changed);
}
