//! What holds for any input.

use progress_core::language::LanguageTag;
use progress_core::progress::{
    Dialect, Fraction, Grammar, Label, LabelForm, MAX_COUNT, MAX_VALUE, Progress, Reported, Step,
};
use proptest::prelude::*;

use crate::{label, labelled};

/// Octets of which a value is made, so that random ones get deep into the grammar.
const ALPHABET: &[u8] = b"0123456789//  \t(()))\"\"\\\\''%%UTF-8uIaz,;\r\n\0\x7F\x80\xC3\xA9\xFF";

fn octets() -> impl Strategy<Value = Vec<u8>> {
    let likely = prop::collection::vec(prop::sample::select(ALPHABET), 0..40);
    let begun = (prop::sample::select(&["", "1/3", "1/3 (", "2/ \"", "2/5 UTF-8'"][..]), likely);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        begun.prop_map(|(begin, rest)| [begin.as_bytes(), &rest].concat()),
    ]
}

fn counts() -> impl Strategy<Value = Fraction> {
    let count = || prop_oneof![0..20_u64, any::<u64>(), MAX_COUNT - 2..MAX_COUNT + 3];
    (count(), prop::option::of(count())).prop_map(|(completed, total)| Fraction { completed, total })
}

fn text() -> impl Strategy<Value = String> {
    let plain = prop::collection::vec(prop::sample::select(&b"ab ()\\\"'%*\t"[..]), 0..30);
    prop_oneof![
        any::<String>(),
        plain.prop_map(|octets| String::from_utf8(octets).expect("ASCII")),
        prop::collection::vec(any::<char>(), 0..300).prop_map(String::from_iter),
    ]
}

fn points() -> impl Strategy<Value = Reported> {
    let language = prop::option::of(prop::sample::select(&["en", "ja-JP", "x-a", "zh-Hant-TW"][..]));
    let label = (text(), language)
        .prop_map(|(text, language)| Label { text, language: language.and_then(LanguageTag::parse) });
    let step = (counts(), prop::option::of(text())).prop_map(|(fraction, unit)| Step { fraction, unit });
    (counts(), prop::option::of(label), prop::option::of(step)).prop_map(|(fraction, label, step)| Reported {
        label,
        step,
        ..Reported::of_fraction(fraction)
    })
}

fn dialects() -> impl Strategy<Value = Dialect> {
    prop::sample::select(&[Dialect::Comment, Dialect::Plain][..])
}

fn config() -> ProptestConfig {
    // A failure prints the smallest input that shows it; no file is kept beside.
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) }
}

/// What the field has room for, in the shape that it comes back in.
fn printable(reported: Reported, dialect: Dialect) -> Reported {
    let settled = reported.succeed(None).reported;
    let label = settled.label.and_then(|label| Label::sanitized(&label.text, label.language));
    let step = settled.step.filter(|_| dialect == Dialect::Plain).map(|step| Step { unit: None, ..step });
    Reported { unit: None, label, step, ..settled }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn prp_02_parsing_never_panics_and_strict_is_a_part_of_lenient(value in octets()) {
        let lenient = Progress::parse(&value, Grammar::Lenient);
        if let Ok(strict) = Progress::parse(&value, Grammar::Strict) {
            prop_assert_eq!(lenient.as_ref(), Ok(&strict));
        }
        if let Ok(progress) = lenient {
            prop_assert!(progress.fraction.total.is_none_or(|total| total >= progress.fraction.completed));
            Reported::from_progress(&progress).print(Dialect::Plain);
        }
    }

    #[test]
    fn what_is_printed_parses_to_the_same_point(reported in points(), dialect in dialects()) {
        let point = printable(reported, dialect);
        let value = point.print(dialect);
        let parsed = Progress::parse(value.as_bytes(), Grammar::Strict);
        prop_assert_eq!(parsed.map(|progress| Reported::from_progress(&progress)), Ok(point));
    }

    #[test]
    fn prg_15_i_05_i_27_print_yields_printable_ascii_of_bounded_length(
        reported in points(),
        dialect in dialects(),
        form in prop::sample::select(&[LabelForm::Auto, LabelForm::Comment, LabelForm::Quoted, LabelForm::Extended][..]),
    ) {
        let value = reported.print_as(dialect, form);
        prop_assert!(value.as_bytes().iter().all(|octet| (0x20..=0x7E).contains(octet)));
        prop_assert!(value.len() <= MAX_VALUE);
        prop_assert!(Progress::parse(value.as_bytes(), Grammar::Strict).is_ok(), "{value:?}");
    }

    #[test]
    fn prg_03_04_05_07_hold_in_any_order_of_events(events in prop::collection::vec(points(), 1..30)) {
        let mut last: Option<Reported> = None;
        for event in events {
            let given = event.fraction.completed.min(MAX_COUNT);
            let next = event.succeed(last.as_ref());
            let now = next.reported.fraction;
            let before = last.as_ref().map_or(Fraction { completed: 0, total: None }, |last| last.fraction);
            prop_assert!(now.completed >= before.completed);
            prop_assert_eq!(now.completed, given.max(before.completed));
            prop_assert_eq!(next.regressed, given < before.completed);
            prop_assert!(now.completed <= MAX_COUNT);
            prop_assert!(before.total.is_none() || now.total.is_some());
            prop_assert!(now.total.is_none_or(|total| (now.completed..=MAX_COUNT).contains(&total)));
            last = Some(next.reported);
        }
    }

    #[test]
    fn prg_09_10_sanitizing_twice_changes_nothing(text in text()) {
        if let Some(once) = Label::sanitized(&text, None) {
            prop_assert!(once.text.len() <= 200 && !once.text.chars().any(char::is_control));
            prop_assert_eq!(Label::sanitized(&once.text, None), Some(once));
        }
    }

    #[test]
    fn sdm_05_percent_is_in_range_and_whole_only_when_complete(fraction in counts()) {
        if let Some(percent) = fraction.percent() {
            prop_assert!((0.0..=100.0).contains(&percent));
            prop_assert_eq!(percent >= 100.0, Some(fraction.completed) >= fraction.total);
        }
    }

    #[test]
    fn a_point_survives_its_record(reported in points()) {
        let record = serde_json::to_string(&reported).unwrap();
        prop_assert_eq!(serde_json::from_str::<Reported>(&record).unwrap(), reported);
    }
}

#[test]
fn i_27_no_character_at_all_can_split_a_head() {
    let every: Vec<char> = ('\0'..=char::MAX).collect();
    for some in every.chunks(40) {
        let text: String = some.iter().collect();
        for dialect in [Dialect::Comment, Dialect::Plain] {
            let value = labelled(1, 2, label(&text)).print(dialect);
            assert!(value.as_bytes().iter().all(|octet| (0x20..=0x7E).contains(octet)), "{text:?}");
        }
    }
}
