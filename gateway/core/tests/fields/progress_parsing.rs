//! PRP-01 to PRP-09 and the rows E01 to E34, as far as the vectors do not cover them.

use progress_core::progress::{self, Grammar, Progress, ProgressError, Remark, Reported};

use crate::{fraction, head, label, label_in};

fn strict(value: impl AsRef<[u8]>) -> Result<Progress, ProgressError> {
    Progress::parse(value.as_ref(), Grammar::Strict)
}

fn good(value: &str) -> Progress {
    strict(value).unwrap_or_else(|error| panic!("{value:?}: {error}"))
}

#[test]
fn e19_prp_02_forty_digits_are_the_most() {
    let nines = |count: usize| format!("1/{}", "9".repeat(count));
    assert_eq!(good(&nines(40)).fraction, fraction(1, u64::MAX));
    assert_eq!(strict(nines(41)), Err(ProgressError::Digits { at: 2 }));
    let zeros = "0".repeat(40);
    assert_eq!(strict(format!("0{zeros}/1")), Err(ProgressError::Digits { at: 0 }));
    assert_eq!(good(&format!("{zeros}/")).fraction, fraction(0, None));
}

#[test]
fn e34_prp_01_control_octets_spoil_the_field_wherever_they_stand() {
    let places =
        ["1/2 (a@b)", "1/2 \"a@b\"", "1/2 UTF-8''a@b", "1@/2", "@1/2", "1/2@", "1/2@(a)", "1/2 (a\\@)"];
    for control in (0..0x20).chain([0x7F]).filter(|octet| *octet != b'\t') {
        for place in places {
            let value: Vec<u8> =
                place.bytes().map(|octet| if octet == b'@' { control } else { octet }).collect();
            for grammar in [Grammar::Strict, Grammar::Lenient] {
                assert!(Progress::parse(&value, grammar).is_err(), "{control:#04x} in {place}");
            }
        }
    }
}

#[test]
fn e22_prp_09_what_is_no_fraction_is_refused() {
    for value in
        ["", " ", "/", "1", "NaN", "+1/3", "1//3", "0x1/3", "1/-3", "state=running", "(a) 1/3", "\u{661}/3"]
    {
        assert!(
            matches!(strict(value), Err(ProgressError::Fraction { .. } | ProgressError::Separator { .. })),
            "{value:?}"
        );
    }
}

#[test]
fn e16_i_07_a_total_below_completed_is_refused_in_any_fraction() {
    assert_eq!(strict("5/0"), Err(ProgressError::TotalBelowCompleted { at: 0 }));
    assert_eq!(strict("1/2 7/3"), Err(ProgressError::TotalBelowCompleted { at: 4 }));
}

#[test]
fn prp_03_comments_nest_sixteen_deep() {
    let nested = |depth: usize| format!("1/2 {}x{}", "(".repeat(depth), ")".repeat(depth));
    let inner = format!("{}x{}", "(".repeat(15), ")".repeat(15));
    assert_eq!(good(&nested(16)).remarks, [Remark::Comment(Some(inner))]);
    assert_eq!(strict(nested(17)), Err(ProgressError::Nesting { at: 4 }));
    assert_eq!(strict(nested(100_000)), Err(ProgressError::Nesting { at: 4 }));
}

#[test]
fn prp_04_digits_before_an_apostrophe_name_a_charset() {
    assert!(
        matches!(&good("2/5 8%50''x").remarks[..], [Remark::Extended { charset, .. }] if charset == "8%50")
    );
    assert_eq!(good("2/5 8/").remarks, [Remark::Fraction(fraction(8, None))]);
}

#[test]
fn prp_05_06_an_ext_value_is_decoded_or_dropped_but_must_be_well_formed() {
    let text = |value: &str| good(value).label().map(|label| label.text);
    assert_eq!(text("2/5 Utf-8''a%2Fb").as_deref(), Some("a/b"));
    assert_eq!(text("2/5 UTF-8''a%ff%FEb").as_deref(), Some("a\u{FFFD}\u{FFFD}b"));
    assert_eq!(text("2/5 ISO-8859-1''%E4").as_deref(), Some("ä"));
    assert_eq!(text("2/5 windows-1252''%E4"), None);
    assert_eq!(text("2/5 UTF-8''"), None);
    for broken in [
        "UTF-8''%",
        "UTF-8''%4",
        "UTF-8''%zz",
        "UTF-8''a b'",
        "UTF-8'en",
        "''x",
        "UTF-8''x*",
        "UTF-8'e n'x",
        "UTF-8'en_US'x",
    ] {
        assert!(strict(format!("2/5 {broken}")).is_err(), "{broken}");
    }
}

#[test]
fn an_ext_value_whose_tag_is_malformed_has_no_language() {
    assert_eq!(good("2/5 UTF-8'e'x").label(), Some(label("x")));
    assert_eq!(good("2/5 UTF-8'en'x").label(), Some(label_in("en", "x")));
}

#[test]
fn prp_07_only_the_space_before_a_comment_or_quote_may_be_missing() {
    for value in ["1/3(a)\"b\"(c)", "1/3 UTF-8''x(foo)", "1/(a)"] {
        assert!(matches!(strict(value), Err(ProgressError::Separator { .. })), "{value}");
        assert!(Progress::parse(value.as_bytes(), Grammar::Lenient).is_ok(), "{value}");
    }
    for value in ["1/3(a)4/5", "1/3(a)UTF-8''x", "1/3;x", "1/3, (a)"] {
        assert!(Progress::parse(value.as_bytes(), Grammar::Lenient).is_err(), "{value}");
    }
}

#[test]
fn prp_08_the_field_stands_once_in_a_head() {
    let of = |lines: &[&str]| Progress::from_headers(&head(&progress::FIELD, lines), Grammar::Strict);
    assert_eq!(of(&[]), None);
    assert_eq!(of(&["1/3"]).unwrap().unwrap().fraction, fraction(1, 3));
    assert_eq!(of(&["1/3", "2/3"]), Some(Err(ProgressError::Repeated)));
    assert_eq!(of(&["1/3", "1/3"]), Some(Err(ProgressError::Repeated)));
    assert!(of(&["1/3, 2/3"]).unwrap().is_err());
}

#[test]
fn only_sixteen_remarks_are_kept_but_all_are_checked() {
    let many = format!("1/2{}", " (a)".repeat(1000));
    assert_eq!(good(&many).remarks.len(), 16);
    assert!(strict(format!("{many} (")).is_err());
}

#[test]
fn e20_the_label_is_the_first_text_that_shows_something() {
    assert_eq!(good("3/10 ()").label(), None);
    assert_eq!(good("3/10 () \"\t\" (real)").label(), Some(label("real")));
    assert_eq!(strict(b"2/5 (\xFF\xFE) (b)").unwrap().label(), Some(label("b")));
}

#[test]
fn e06_a_text_with_a_language_is_preferred() {
    let value = "66/ (tries) utf-8'en'Generating%20prime%20number";
    assert_eq!(good(value).label(), Some(label_in("en", "Generating prime number")));
    assert_eq!(good("66/ (tries) UTF-8''other").label(), Some(label("tries")));
}

#[test]
fn e07_texts_belong_to_the_fraction_before_them() {
    let parsed = good("3/20 \"POST http://example.com/item/3\" 8020/8591489 (bytes)");
    let reported = Reported::from_progress(&parsed);
    assert_eq!(reported.label, Some(label("POST http://example.com/item/3")));
    let step = reported.step.unwrap();
    assert_eq!((step.fraction, step.unit.as_deref()), (fraction(8020, 8_591_489), Some("bytes")));

    let parsed = good("3/20 1/2 3/4 (of the second step) UTF-8'en'too");
    assert_eq!(parsed.label(), None);
    assert_eq!(parsed.step().unwrap().unit, None);
}

#[test]
fn a_failure_says_where_and_what_to_do() {
    let error = strict("1/3(foo)").unwrap_err().to_string();
    assert_eq!(error, "the sender's Progress goes on without a space at octet 3: separate remarks by one");
}
