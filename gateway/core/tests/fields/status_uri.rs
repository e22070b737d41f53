//! STU-03 to STU-06 and the rows S01 to S04.

use progress_core::status_uri::{FIELD, MAX_PARSED, MAX_PRINTED, MAX_VALUE, StatusPair, StatusPairs};
use proptest::prelude::*;

use crate::head;

fn pair(status: u16, uri: &str) -> StatusPair {
    StatusPair { status, uri: uri.to_owned() }
}

fn parse(value: &str) -> Vec<StatusPair> {
    StatusPairs::parse(value.as_bytes())
}

fn print(pairs: &[StatusPair]) -> String {
    StatusPairs::print(pairs).expect("something to print").value.to_str().unwrap().to_owned()
}

#[test]
fn s01_stu_04_a_comma_in_a_uri_is_data() {
    let value = "507 <http://example.com/photo/41>, 200 <http://example.com/a,b>";
    let pairs = [pair(507, "http://example.com/photo/41"), pair(200, "http://example.com/a,b")];
    assert_eq!(parse(value), pairs);
    assert_eq!(print(&pairs), value);
}

#[test]
fn s02_blanks_are_optional_and_printed_as_one_space() {
    assert_eq!(parse("201</capture>"), [pair(201, "/capture")]);
    assert_eq!(parse(" \t201 \t</capture>\t"), [pair(201, "/capture")]);
    assert_eq!(print(&parse("201</capture>")), "201 </capture>");
}

#[test]
fn s03_the_comma_between_pairs_is_optional() {
    let pairs = [pair(404, "http://x/a"), pair(200, "http://x/b")];
    assert_eq!(parse("404 <http://x/a> 200 <http://x/b>"), pairs);
    assert_eq!(parse(",404 <http://x/a>,, 200 <http://x/b> ,"), pairs);
}

#[test]
fn s04_stu_06_pairs_with_other_codes_are_dropped_and_the_rest_kept() {
    assert_eq!(parse("99 <x>, 200 <y>"), [pair(200, "y")]);
    for bad in [
        "099 <x>",
        "600 <x>",
        "1000 <x>",
        "2OO <x>",
        "+20 <x>",
        "<x>",
        "200 junk <x>",
        "junk 200 <x>",
        "20 0 <x>",
    ] {
        assert_eq!(parse(&format!("{bad}, 200 <y>")), [pair(200, "y")], "{bad}");
    }
    assert_eq!(parse("100 <a>, 599 <b>"), [pair(100, "a"), pair(599, "b")]);
}

#[test]
fn a_uri_with_illegal_octets_loses_its_pair() {
    for bad in ["a b", "a<b", "a\tb", "a\u{e9}b", "a\r\nb", "a\u{7f}b"] {
        assert_eq!(parse(&format!("200 <{bad}>, 201 <y>")), [pair(201, "y")], "{bad:?}");
    }
    assert_eq!(parse("200 <unclosed"), []);
    assert_eq!(parse("200 <a>, 201 <unclosed, 202"), [pair(200, "a")]);
    assert_eq!(parse("200 <>"), [pair(200, "")], "the empty reference is a reference");
}

#[test]
fn stu_03_what_would_break_the_brackets_is_escaped() {
    let uri = "/a b<c>d\"é%20\r\n\u{7f}";
    assert_eq!(print(&[pair(200, uri)]), "200 </a%20b%3Cc%3Ed\"%C3%A9%20%0D%0A%7F>");
}

#[test]
fn stu_05_sixteen_pairs_and_2048_octets_are_the_most() {
    let many: Vec<_> = (0..40).map(|index| pair(200, &format!("/{index}"))).collect();
    let printed = StatusPairs::print(&many).unwrap();
    assert_eq!(printed.count, MAX_PRINTED);
    assert_eq!(StatusPairs::parse(printed.value.as_bytes()), many[..MAX_PRINTED]);

    let exact = "a".repeat(MAX_VALUE - "200 <>".len());
    assert_eq!(print(&[pair(200, &exact)]).len(), MAX_VALUE);
    let printed = StatusPairs::print(&[pair(200, &format!("{exact}a")), pair(201, "/b")]).unwrap();
    assert_eq!((printed.value.to_str().unwrap(), printed.count), ("201 </b>", 1));
}

#[test]
fn there_may_be_nothing_to_print() {
    assert_eq!(StatusPairs::print(&[]), None);
    assert_eq!(StatusPairs::print(&[pair(99, "/a"), pair(600, "/b")]), None);
}

#[test]
fn lines_are_one_list_and_the_list_has_an_end() {
    let two = head(&FIELD, ["200 <a>, 201 <b>", "202 <c>"]);
    assert_eq!(StatusPairs::from_headers(&two), [pair(200, "a"), pair(201, "b"), pair(202, "c")]);
    let line = "200<a>".repeat(MAX_PARSED);
    assert_eq!(StatusPairs::from_headers(&head(&FIELD, [&line, &line])).len(), MAX_PARSED);
    assert_eq!(StatusPairs::parse(line.repeat(2).as_bytes()).len(), MAX_PARSED);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn i_27_any_uri_is_printed_in_ascii_within_the_limits(
        pairs in prop::collection::vec((any::<u16>(), any::<String>()), 0..30),
    ) {
        let pairs: Vec<_> = pairs.iter().map(|(status, uri)| pair(status % 700, uri)).collect();
        if let Some(printed) = StatusPairs::print(&pairs) {
            prop_assert!(printed.value.as_bytes().iter().all(|octet| (0x20..=0x7E).contains(octet)));
            prop_assert!(printed.value.len() <= MAX_VALUE && printed.count <= MAX_PRINTED);
            prop_assert_eq!(StatusPairs::parse(printed.value.as_bytes()).len(), printed.count);
        }
    }

    #[test]
    fn what_is_printed_parses_to_the_same_pairs(
        pairs in prop::collection::vec((100..=599_u16, "[!-;=?-~]{0,40}"), 1..=16),
    ) {
        let pairs: Vec<_> = pairs.iter().map(|(status, uri)| pair(*status, uri)).collect();
        prop_assert_eq!(parse(&print(&pairs)), pairs);
    }

    #[test]
    fn parsing_never_panics(value in prop::collection::vec(prop::sample::select(&b"0123456789<>, \t\xFF\ra"[..]), 0..60)) {
        for StatusPair { status, uri } in StatusPairs::parse(&value) {
            prop_assert!((100..=599).contains(&status) && uri.is_ascii());
        }
    }
}
