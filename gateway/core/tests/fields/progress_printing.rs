//! PRG-01, PRG-02 and PRG-07 to PRG-15, beyond the vectors.

use progress_core::progress::{Dialect, Label, LabelForm, MAX_COUNT, Reported, Step};

use crate::{fraction, label, label_in, labelled, reported};

fn plain(reported: &Reported) -> String {
    reported.print(Dialect::Plain).to_str().unwrap().to_owned()
}

fn in_comment_dialect(reported: &Reported) -> String {
    reported.print(Dialect::Comment).to_str().unwrap().to_owned()
}

#[test]
fn prg_02_the_fraction_comes_first_and_keeps_its_slash() {
    assert_eq!(plain(&reported(0, 1)), "0/1");
    assert_eq!(plain(&reported(66, None)), "66/");
    assert_eq!(fraction(66, None).to_string(), "66/");
    assert_eq!(fraction(3, 10).to_string(), "3/10");
}

#[test]
fn prg_04_07_unsettled_counts_are_settled_on_the_way_out() {
    assert_eq!(plain(&reported(12, 10)), "12/12");
    assert_eq!(plain(&reported(u64::MAX, 3)), format!("{MAX_COUNT}/{MAX_COUNT}"));
    assert_eq!(plain(&reported(3, u64::MAX)), format!("3/{MAX_COUNT}"));
}

#[test]
fn prg_09_control_characters_become_one_space_and_ends_are_trimmed() {
    let sanitized = |text: &str| Label::sanitized(text, None).map(|label| label.text);
    assert_eq!(sanitized("  a \t\r\n b\u{0}c\u{7F}d\u{85}\u{9F}e  ").as_deref(), Some("a b c d e"));
    assert_eq!(sanitized("as it is").as_deref(), Some("as it is"));
    assert_eq!(sanitized(""), None);
    assert_eq!(sanitized(" \r\n\u{0}\u{9B} "), None);
    assert_eq!(plain(&labelled(1, 3, label("\u{1}\u{2}"))), "1/3");
}

#[test]
fn prg_10_labels_are_cut_on_a_character_boundary() {
    let sanitized = |text: String| Label::sanitized(&text, None).unwrap().text;
    assert_eq!(sanitized("a".repeat(200)), "a".repeat(200));
    assert_eq!(sanitized("a".repeat(201)), "a".repeat(200));
    assert_eq!(sanitized(format!("{}é", "a".repeat(199))), "a".repeat(199));
    assert_eq!(sanitized("🚀".repeat(51)), "🚀".repeat(50));
    assert_eq!(sanitized(format!("{} bc", "a".repeat(199))), "a".repeat(199), "no blank end");
    assert_eq!(sanitized(format!("\n{}", "a".repeat(200))), "a".repeat(200), "cut after cleaning");
}

#[test]
fn prg_10_the_longest_value_is_whole_and_fits() {
    let tag = format!("x{}", "-abcdefg".repeat(7));
    let step = Some(Step { fraction: fraction(u64::MAX, u64::MAX), unit: None });
    let longest = Reported { step, ..labelled(u64::MAX, u64::MAX, label_in(&tag, &"é".repeat(1000))) };
    let value = plain(&longest);
    let counts = format!("{MAX_COUNT}/{MAX_COUNT}");
    assert_eq!(value, format!("{counts} UTF-8'{tag}'{} {counts}", "%C3%A9".repeat(100)));
    assert!(value.len() <= progress_core::progress::MAX_VALUE);
}

#[test]
fn prg_11_the_form_follows_language_characters_and_dialect() {
    let known = labelled(3, 10, label_in("en", "message"));
    assert_eq!(in_comment_dialect(&known), "3/10 UTF-8'en'message");
    assert_eq!(plain(&known), "3/10 UTF-8'en'message");
    let unknown = labelled(3, 10, label("message"));
    assert_eq!(in_comment_dialect(&unknown), "3/10 (message)");
    assert_eq!(plain(&unknown), "3/10 \"message\"");
    let foreign = labelled(3, 10, label("é"));
    assert_eq!(in_comment_dialect(&foreign), "3/10 UTF-8''%C3%A9");
    assert_eq!(plain(&foreign), "3/10 UTF-8''%C3%A9");
}

#[test]
fn prg_11_a_forced_form_yields_only_to_non_ascii() {
    let table = [
        (LabelForm::Comment, "1/2 (a)"),
        (LabelForm::Quoted, "1/2 \"a\""),
        (LabelForm::Extended, "1/2 UTF-8'en'a"),
        (LabelForm::Auto, "1/2 UTF-8'en'a"),
    ];
    for dialect in [Dialect::Comment, Dialect::Plain] {
        for (form, value) in table {
            assert_eq!(labelled(1, 2, label_in("en", "a")).print_as(dialect, form), value, "{form:?}");
            let foreign = labelled(1, 2, label("é")).print_as(dialect, form);
            assert_eq!(foreign, "1/2 UTF-8''%C3%A9", "{form:?}");
        }
        assert_eq!(labelled(1, 2, label("a")).print_as(dialect, LabelForm::Extended), "1/2 UTF-8''a");
    }
}

#[test]
fn prg_12_a_step_is_told_only_outside_the_first_dialect() {
    let step = Some(Step { fraction: fraction(9, 5), unit: Some("bytes".to_owned()) });
    let with_label = Reported { step: step.clone(), ..labelled(3, 20, label("x")) };
    assert_eq!(plain(&with_label), "3/20 \"x\" 9/9");
    assert_eq!(in_comment_dialect(&with_label), "3/20 (x)");
    assert_eq!(plain(&Reported { step, ..reported(3, None) }), "3/ 9/9");
}

#[test]
fn prg_13_only_delimiters_and_backslashes_are_escaped() {
    let text = label(r#"a(b)c"d\e'f,g;h"#);
    assert_eq!(in_comment_dialect(&labelled(1, 2, text.clone())), r#"1/2 (a\(b\)c"d\\e'f,g;h)"#);
    assert_eq!(plain(&labelled(1, 2, text)), r#"1/2 "a(b)c\"d\\e'f,g;h""#);
}

#[test]
fn prg_14_everything_but_attr_char_is_escaped_in_upper_case() {
    let printable: String = (' '..='~').collect();
    let value = labelled(1, 2, label_in("en", &format!("x{printable}x"))).print(Dialect::Plain);
    assert_eq!(
        value,
        "1/2 UTF-8'en'x%20!%22#$%25&%27%28%29%2A+%2C-.%2F0123456789%3A%3B%3C%3D%3E%3F%40\
         ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D^_`abcdefghijklmnopqrstuvwxyz%7B|%7D~x"
    );
}

#[test]
fn prg_08_sdm_05_percent_has_one_decimal_and_never_divides_by_nothing() {
    let table = [
        (fraction(3, 10), Some(30.0)),
        (fraction(1, 3), Some(33.3)),
        (fraction(2, 3), Some(66.7)),
        (fraction(0, 7), Some(0.0)),
        (fraction(7, 7), Some(100.0)),
        (fraction(9999, 10000), Some(99.9)),
        (fraction(u64::MAX, u64::MAX), Some(100.0)),
        (fraction(u64::MAX, 1), Some(100.0)),
        (fraction(0, 0), None),
        (fraction(5, None), None),
    ];
    for (fraction, percent) in table {
        assert_eq!(fraction.percent(), percent, "{fraction}");
    }
}
