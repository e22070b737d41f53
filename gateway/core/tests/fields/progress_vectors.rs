//! Every case of `vectors/progress.json`. The requirements' rows E01 to E34 and G01 to G14 are among
//! them, so this is where those numbers are covered.

use progress_core::language::LanguageTag;
use progress_core::progress::{Dialect, Fraction, Grammar, Label, Progress, Remark, Reported};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    parse: Vec<Case>,
    emit: Emit,
}

#[derive(Deserialize)]
struct Case {
    in_hex: String,
    r#in: String,
    strict: Option<Expected>,
    lenient: Option<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    completed: u64,
    total: Option<u64>,
    remarks: Vec<ExpectedRemark>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum ExpectedRemark {
    Comment { text: Option<String> },
    Quoted { text: Option<String> },
    Ext { lang: Option<String>, text: Option<String>, charset: Option<String> },
    Fraction { completed: u64, total: Option<u64> },
}

#[derive(Deserialize)]
struct Emit {
    gist: Vec<Step>,
    gist_unknown: Vec<Step>,
    gist_zero: Vec<Step>,
    w02: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    /// completed, total, label, language
    event: (u64, Option<u64>, Option<String>, Option<String>),
    out: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../vectors/progress.json")).expect("the vectors are well-formed")
}

#[test]
fn parsing_gives_what_the_vectors_say_in_both_grammars() {
    let cases = vectors().parse;
    assert!(!cases.is_empty(), "the vectors are there");
    for case in cases {
        let octets = from_hex(&case.in_hex);
        for (grammar, expected) in [(Grammar::Strict, &case.strict), (Grammar::Lenient, &case.lenient)] {
            let parsed = Progress::parse(&octets, grammar).ok();
            match (&parsed, expected) {
                (Some(parsed), Some(expected)) => assert_same(parsed, expected, &case.r#in),
                (None, None) => {}
                _ => panic!("{:?} in {grammar:?} grammar gave {parsed:?}", case.r#in),
            }
        }
    }
}

#[test]
fn printing_gives_what_the_vectors_say_for_each_operation() {
    let emit = vectors().emit;
    run_operation(&emit.gist, Dialect::Comment);
    run_operation(&emit.gist_unknown, Dialect::Comment);
    run_operation(&emit.gist_zero, Dialect::Comment);
    run_operation(&emit.w02, Dialect::Plain);
}

fn run_operation(steps: &[Step], dialect: Dialect) {
    assert!(!steps.is_empty(), "the vectors are there");
    let mut last: Option<Reported> = None;
    for Step { event: (completed, total, text, language), out } in steps {
        let language = language.as_deref().and_then(LanguageTag::parse);
        let event = Reported {
            label: text.as_deref().and_then(|text| Label::sanitized(text, language)),
            ..Reported::of_fraction(Fraction { completed: *completed, total: *total })
        };
        let reported = event.succeed(last.as_ref()).reported;
        assert_eq!(reported.print(dialect).to_str().unwrap(), out);
        last = Some(reported);
    }
}

fn assert_same(parsed: &Progress, expected: &Expected, input: &str) {
    let fraction = Fraction { completed: expected.completed, total: expected.total };
    assert_eq!(parsed.fraction, fraction, "{input:?}");
    assert_eq!(parsed.remarks.len(), expected.remarks.len(), "{input:?}");
    for (remark, expected) in parsed.remarks.iter().zip(&expected.remarks) {
        match (remark, expected) {
            (Remark::Comment(is), ExpectedRemark::Comment { text })
            | (Remark::Quoted(is), ExpectedRemark::Quoted { text }) => assert_eq!(is, text, "{input:?}"),
            (
                Remark::Extended { charset: is_charset, language, text: is },
                ExpectedRemark::Ext { lang, text, charset },
            ) => {
                assert_eq!(language.as_ref().map(LanguageTag::as_str), lang.as_deref(), "{input:?}");
                assert_eq!(is, text, "{input:?}");
                assert!(charset.as_ref().is_none_or(|charset| charset == is_charset), "{input:?}");
            }
            (Remark::Fraction(is), ExpectedRemark::Fraction { completed, total }) => {
                assert_eq!(*is, Fraction { completed: *completed, total: *total }, "{input:?}");
            }
            (is, _) => panic!("{input:?}: {is:?} is of another kind"),
        }
    }
}

fn from_hex(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).expect("hexadecimal digits"))
        .collect()
}
