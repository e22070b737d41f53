//! IDK-01: what is a key, and what is none.

use progress_core::idempotency::{FIELD, IdempotencyKey, MAX_KEY};
use proptest::prelude::*;

use crate::head;

fn key(value: &str) -> Option<String> {
    let key = IdempotencyKey::parse(value.as_bytes())?;
    Some(String::from_utf8(key.as_bytes().to_vec()).expect("ASCII"))
}

#[test]
fn idk_01_a_key_is_a_string_of_structured_fields() {
    for (value, meant) in [
        (r#""8e03978e-40d5-43dd-bc93-6894a57f9324""#, "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        (r#"  "a" "#, "a"),
        ("\t\"a\"\t", "a"),
        (r#"" ""#, " "),
        (r#""a\"b\\c""#, r#"a"b\c"#),
        (r#""\\""#, r"\"),
        (r#"" !#~,;=""#, " !#~,;="),
    ] {
        assert_eq!(key(value).as_deref(), Some(meant), "{value}");
    }
}

#[test]
fn idk_01_what_is_malformed_is_no_key() {
    for value in [
        "",
        "\"",
        "\"\"",
        "a",
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
        "'a'",
        "\"a",
        "a\"",
        "\"a\"b",
        "\"a\" b",
        "\"a\"b\"",
        "\"a\", \"b\"",
        "\"a\";p=1",
        ":YQ==:",
        "1",
        "?1",
        r#""\a""#,
        r#""a\""#,
        r#""a\\\""#,
        "\"\u{e4}\"",
        "\"a\tb\"",
        "\"a\u{7f}b\"",
    ] {
        assert_eq!(key(value), None, "{value}");
    }
}

#[test]
fn idk_01_a_key_has_an_end() {
    let long = |length: usize| format!("\"{}\"", "k".repeat(length));
    assert_eq!(key(&long(MAX_KEY)).map(|key| key.len()), Some(MAX_KEY));
    assert_eq!(key(&long(MAX_KEY + 1)), None);
    let escaped = format!("\"{}\"", "\\\"".repeat(MAX_KEY));
    assert_eq!(key(&escaped).map(|key| key.len()), Some(MAX_KEY), "octets are counted as they are meant");
}

#[test]
fn idk_01_who_repeats_the_field_has_no_key() {
    let read = |lines: &[&str]| IdempotencyKey::from_headers(&head(&FIELD, lines));
    assert!(read(&["\"a\""]).is_some());
    assert!(read(&[]).is_none());
    for lines in [["\"a\"", "\"a\""], ["\"a\"", "a"], ["a", "\"a\""], ["\"a\"", ""]] {
        assert!(read(&lines).is_none(), "{lines:?}");
    }
}

#[test]
fn s_03_a_key_is_not_shown() {
    let key = IdempotencyKey::parse(b"\"hidden\"");
    assert_eq!(format!("{key:?}"), "Some(IdempotencyKey { octets: 6, .. })");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn what_is_written_as_a_string_is_read_back(meant in "[ -~]{1,255}") {
        let written = format!("\"{}\"", meant.replace('\\', "\\\\").replace('"', "\\\""));
        prop_assert_eq!(key(&written), Some(meant));
    }

    #[test]
    fn parsing_never_panics(value in prop::collection::vec(prop::sample::select(&b"\"\\a \t\xFF\x7F;,"[..]), 0..40)) {
        if let Some(key) = IdempotencyKey::parse(&value) {
            prop_assert!(key.as_bytes().iter().all(|octet| (0x20..=0x7E).contains(octet)));
        }
    }
}
