use downstream::Limits;
use proptest::prelude::*;

use super::*;
use crate::qpack::written as section;

type Fields<'a> = Vec<(&'a str, &'a [u8])>;

fn get<'a>() -> Fields<'a> {
    vec![(":method", b"GET"), (":scheme", b"https"), (":authority", b"a.example"), (":path", b"/x?y=1")]
}

fn with<'a>(more: &[(&'a str, &'a [u8])]) -> Fields<'a> {
    [get(), more.to_vec()].concat()
}

fn without(name: &str) -> Fields<'static> {
    get().into_iter().filter(|(field, _)| *field != name).collect()
}

fn replaced<'a>(name: &'a str, value: &'a [u8]) -> Fields<'a> {
    get().into_iter().map(|(field, old)| (field, if field == name { value } else { old })).collect()
}

fn parsed(fields: &Fields<'_>) -> Result<Head, NoHead> {
    read(&section(fields), &Limits { body_size: 1_000, ..Limits::default() })
}

fn refused(fields: &Fields<'_>) -> Refusal {
    match parsed(fields) {
        Err(NoHead::Refused(refusal, _)) => refusal,
        other => panic!("{fields:?} gave {other:?}"),
    }
}

#[test]
fn an_ordinary_request() {
    let fields = with(&[
        ("cookie", b"a=1"),
        ("prefer", b"processing"),
        ("te", b"trailers"),
        ("cookie", b"b=2"),
        ("x_forwarded_for", b"evil"),
        ("content-length", b"7"),
    ]);
    let head = parsed(&fields).expect("it is well-formed");
    let request = head.request;
    assert_eq!(request.method(), Method::GET);
    assert_eq!(request.uri(), "/x?y=1");
    assert_eq!(request.version(), Version::HTTP_3);
    assert_eq!(head.content_length, Some(7));
    assert!(!head.awaits_continue);
    let mut fields: Vec<_> =
        request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    fields.sort_unstable();
    let expected: [(&str, &[u8]); 4] = [
        ("content-length", b"7"),
        ("cookie", b"a=1; b=2"),
        ("host", b"a.example"),
        ("prefer", b"processing"),
    ];
    assert_eq!(fields, expected);
}

#[test]
fn q15_q16_malformed_requests() {
    let late = vec![(":method", b"GET".as_slice()), ("a", b"b"), (":scheme", b"https"), (":path", b"/")];
    let cases: Vec<(&str, Fields<'_>)> = vec![
        ("a path twice", with(&[(":path", b"/y")])),
        ("a method twice", with(&[(":method", b"GET")])),
        ("a pseudo-header field after a regular one", late),
        ("a pseudo-header field of responses", with(&[(":status", b"200")])),
        ("a protocol, which is not offered", with(&[(":protocol", b"websocket")])),
        ("no method", without(":method")),
        ("no scheme", without(":scheme")),
        ("no path", without(":path")),
        ("no authority", without(":authority")),
        ("an empty path", replaced(":path", b"")),
        ("an empty authority", replaced(":authority", b"")),
        ("user information", replaced(":authority", b"me@a.example")),
        ("a path without a slash", replaced(":path", b"x")),
        ("an absolute path", replaced(":path", b"https://a.example/")),
        ("a fragment", replaced(":path", b"/x#y")),
        ("* without OPTIONS", replaced(":path", b"*")),
        ("CR in the path", replaced(":path", b"/x\r\nhost: b")),
        ("NUL in the path", replaced(":path", b"/x\0")),
        ("a blank in the path", replaced(":path", b"/x y")),
        ("a blank in the method", replaced(":method", b"G ET")),
        ("LF in a value", with(&[("a", b"b\nc")])),
        ("CR in a value", with(&[("a", b"b\rc")])),
        ("NUL in a value", with(&[("a", b"b\0c")])),
        ("an upper-case name", with(&[("Accept", b"x")])),
        ("an empty name", with(&[("", b"x")])),
        ("a colon in a name", with(&[("a:b", b"x")])),
        ("transfer-encoding", with(&[("transfer-encoding", b"chunked")])),
        ("connection", with(&[("connection", b"close")])),
        ("keep-alive", with(&[("keep-alive", b"1")])),
        ("proxy-connection", with(&[("proxy-connection", b"close")])),
        ("upgrade", with(&[("upgrade", b"h2c")])),
        ("another TE", with(&[("te", b"gzip")])),
        ("two content-lengths", with(&[("content-length", b"1"), ("content-length", b"1")])),
        ("a signed content-length", with(&[("content-length", b"+1")])),
        ("a list of content-lengths", with(&[("content-length", b"1, 1")])),
        ("a content-length of 2^64", with(&[("content-length", b"18446744073709551616")])),
        ("two hosts", with(&[("host", b"a.example"), ("host", b"a.example")])),
        ("CONNECT with a path", replaced(":method", b"CONNECT")),
    ];
    for (name, fields) in &cases {
        assert!(matches!(parsed(fields), Err(NoHead::Malformed(_))), "{name}: {:?}", parsed(fields));
    }
}

#[test]
fn well_formed_and_not_served() {
    let connect = vec![(":method", b"CONNECT".as_slice()), (":authority", b"a.example:443")];
    assert!(matches!(refused(&connect), Refusal::NotImplemented(_)));
    assert!(matches!(refused(&with(&[("host", b"b.example")])), Refusal::Malformed(_)), "H2-16");
    assert!(matches!(refused(&replaced(":scheme", b"ftp")), Refusal::Malformed(_)));
    assert_eq!(refused(&with(&[("expect", b"200-maybe")])), Refusal::ExpectationFailed, "EXP-07");
    assert_eq!(refused(&with(&[("content-length", b"1001")])), Refusal::ContentTooLarge, "H1-38");
}

#[test]
fn b15_trace_is_not_implemented() {
    assert_eq!(refused(&replaced(":method", b"TRACE")), Refusal::NotImplemented("TRACE is not served"));
}

#[test]
fn q10_limits_of_a_head() {
    let path = [b"/".as_slice(), &[b'x'; 8 * 1024]].concat();
    assert_eq!(refused(&replaced(":path", &path)), Refusal::TargetTooLong);
    let large = vec![b'x'; 33 * 1024];
    assert_eq!(refused(&with(&[("a", &large)])), Refusal::HeadTooLarge);
    let many = vec![("a", b"b".as_slice()); 101];
    assert_eq!(refused(&with(&many)), Refusal::HeadTooLarge);
    assert!(parsed(&with(&many[..99])).is_ok(), "Host is one of the hundred");
    // A flood of one octet each: the field is in the table.
    let flood = [section(&get()), vec![0xdd; 60_000]].concat();
    assert!(matches!(
        read(&flood, &Limits::default()),
        Err(NoHead::Refused(Refusal::HeadTooLarge, Some(Method::GET)))
    ));
}

#[test]
fn a_refusal_knows_the_method() {
    let mut fields = vec![("a", b"b".as_slice()); 200];
    fields.splice(0..0, replaced(":method", b"HEAD"));
    assert_eq!(parsed(&fields).err(), Some(NoHead::Refused(Refusal::HeadTooLarge, Some(Method::HEAD))));
}

#[test]
fn the_authority_may_come_as_host() {
    let mut fields = without(":authority");
    fields.push(("host", b"b.example:8443"));
    let head = parsed(&fields).expect("it is well-formed");
    assert_eq!(head.request.headers()[HOST], "b.example:8443");
    let head = parsed(&with(&[("host", b"A.EXAMPLE")])).expect("names are equal in any case");
    assert_eq!(head.request.headers()[HOST], "a.example");
}

#[test]
fn options_of_the_whole_server() {
    let fields = vec![
        (":method", b"OPTIONS".as_slice()),
        (":scheme", b"https"),
        (":authority", b"a.example"),
        (":path", b"*"),
    ];
    assert_eq!(parsed(&fields).expect("it is well-formed").request.uri(), "*");
}

#[test]
fn an_expectation() {
    let head = parsed(&with(&[("expect", b"100-Continue")])).expect("it is well-formed");
    assert!(head.awaits_continue);
}

#[test]
fn trailers() {
    assert_eq!(check_trailers(&section(&[("checksum", b"abc")])), Ok(()));
    for bad in [(":path", "/"), ("connection", "close"), ("te", "trailers"), ("Upper", "x"), ("a", "\n")] {
        let section = section(&[(bad.0, bad.1.as_bytes())]);
        assert!(matches!(check_trailers(&section), Err(NoHead::Malformed(_))), "{bad:?}");
    }
    assert_eq!(check_trailers(b"\x02\x00"), Err(NoHead::Undecodable));
}

proptest! {
    #[test]
    fn no_section_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&[&[0, 0], bytes.as_slice()].concat(), &Limits::default());
        let _ = check_trailers(&bytes);
    }

    #[test]
    fn i27_no_value_carries_a_line_break_or_nul(value in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(head) = parsed(&with(&[("a", &value)])) {
            prop_assert!(!value.iter().any(|octet| [b'\r', b'\n', 0].contains(octet)));
            prop_assert_eq!(head.request.headers()["a"].as_bytes(), value);
        }
    }
}
