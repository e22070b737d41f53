use downstream::{Limits, Refusal};
use http::Method;

use crate::head::{Framing, RequestHead, Version, parse_request};

fn parse(octets: &str) -> Result<RequestHead, Refusal> {
    let (head, size) = parse_request(octets.as_bytes(), &Limits::default())?.expect("a whole head");
    assert_eq!(size, octets.len());
    Ok(head)
}

fn names(head: &RequestHead) -> Vec<&str> {
    head.fields.keys().map(http::HeaderName::as_str).collect()
}

#[test]
fn a_plain_request() {
    let octets = "GET /a/../b?c=%2f&d HTTP/1.1\r\nHost: a.example\r\nX-Y:  z \t\r\nX-Y:\r\n\r\n";
    let head = parse(octets).unwrap();
    assert_eq!((head.method, head.target.to_string()), (Method::GET, "/a/../b?c=%2f&d".to_owned()));
    assert_eq!((head.version, head.framing), (Version::Http11, Framing::None));
    assert!(head.keep_alive && !head.expects_continue && !head.takes_trailers);
    let values: Vec<_> = head.fields.get_all("x-y").iter().collect();
    assert_eq!(values, ["z", ""]);
}

/// H1-33: everything is passed on byte for byte, but for the four octets that RFC 3986 allows
/// nowhere and `http::Uri` cannot hold: `<`, `>`, a backquote in the path, a quote in the query.
#[test]
fn h1_33_targets_are_not_changed() {
    for target in
        ["//", "/%00", "/%2f..", "/a\\b", "/a?b?c", "/\"", "/{}|^~", "/?{}|^`~", "/;,=@:!$&'()*+", "/?[]"]
    {
        let head = parse(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(head.map(|head| head.target.to_string()), Ok(target.to_owned()), "{target}");
    }
    for target in [
        "/a#",
        "#",
        "a",
        "http:/a",
        "http://",
        "http:///a",
        "//a#b",
        "*a",
        "/\u{e4}",
        "/\x7f",
        "ws://a/",
        "/<",
        "/>",
        "/`",
        "/?\"",
    ] {
        let head = parse(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(matches!(head, Err(Refusal::Malformed(_))), "{target}: {head:?}");
    }
}

#[test]
fn h1_22_the_authority_of_the_target_wins_over_host() {
    let rows = [
        ("GET http://b:80/c?d", "/c?d", "b:80"),
        ("GET HTTPS://b", "/", "b"),
        ("GET http://b?d", "/?d", "b"),
        ("OPTIONS http://b", "*", "b"),
        ("OPTIONS http://b/", "/", "b"),
        ("OPTIONS *", "*", "a"),
        ("GET http://[::1]:1/", "/", "[::1]:1"),
    ];
    for (line, target, host) in rows {
        let head = parse(&format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n")).unwrap();
        assert_eq!((&*head.target.to_string(), head.fields["host"].to_str().unwrap()), (target, host));
        assert_eq!(head.fields.get_all("host").iter().count(), 1);
    }
}

#[test]
fn h1_27_h1_35_fields_of_the_connection_are_taken_out() {
    let head = parse(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive, X-Hop,, TE\r\nConnection: Upgrade\r\n\
         Keep-Alive: timeout=5\r\nProxy-Connection: close\r\nX-Hop: 1\r\nX-Hop: 2\r\nX-End: 3\r\n\
         Upgrade: h2c\r\nHTTP2-Settings: AA\r\nTE: trailers, deflate;q=0.5\r\nTrailer: x\r\n\r\n",
    )
    .unwrap();
    assert_eq!(names(&head), ["host", "x-end"]);
    assert!(head.keep_alive && head.takes_trailers);
}

#[test]
fn h1_35_the_number_of_options_is_bounded() {
    let options = |count: usize| vec!["x"; count].join(",");
    let head = |count| parse(&format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: {}\r\n\r\n", options(count)));
    assert!(head(32).is_ok());
    assert!(matches!(head(33), Err(Refusal::Malformed(_))));
    assert!(matches!(
        parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: a b\r\n\r\n"),
        Err(Refusal::Malformed(_))
    ));
}

#[test]
fn h1_35_protected_fields_cannot_be_named() {
    for name in [
        "Authorization",
        "Cookie",
        "Host",
        "Prefer",
        "Content-Length",
        "Transfer-Encoding",
        "Via",
        "Forwarded",
        "X-Forwarded-Proto",
        "Expect",
        "Idempotency-Key",
    ] {
        let head = parse(&format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: {name}\r\n\r\n"));
        assert!(matches!(head, Err(Refusal::Malformed(_))), "{name}");
    }
}

#[test]
fn h1_36_names_with_an_underscore_are_dropped() {
    let head = parse("GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\nX_Y: z\r\n\r\n").unwrap();
    assert_eq!((names(&head), head.framing), (vec!["host"], Framing::None));
}

#[test]
fn the_framing_is_told_and_the_length_kept() {
    let post = |fields: &str| parse(&format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n"));
    let head = post("Content-Length: 0042").unwrap();
    assert_eq!(
        (head.framing, &head.fields["content-length"]),
        (Framing::Length(42), &"0042".parse().unwrap())
    );
    assert_eq!(
        post("Content-Length: 9223372036854775807").unwrap().framing,
        Framing::Length(i64::MAX as u64)
    );
    let head = post("Transfer-Encoding: \tChunked ").unwrap();
    assert_eq!((head.framing, names(&head)), (Framing::Chunked, vec!["host"]));
}

#[test]
fn h1_29_exp_02_expectations() {
    let post = |fields: &str, version: &str| {
        parse(&format!("POST / HTTP/{version}\r\nHost: a\r\n{fields}\r\n\r\n")).map(|head| {
            assert_eq!(head.fields.get("expect"), None);
            head.expects_continue
        })
    };
    assert_eq!(post("Content-Length: 1\r\nExpect: 100-Continue", "1.1"), Ok(true));
    assert_eq!(post("Content-Length: 0\r\nExpect: 100-continue", "1.1"), Ok(false));
    assert_eq!(post("Content-Length: 1\r\nExpect: 100-continue", "1.0"), Ok(false));
    assert_eq!(post("Content-Length: 1\r\nExpect: other", "1.0"), Ok(false));
    for value in ["102-processing", "100-continue;x", "", "100-continue\r\nExpect: 100-continue"] {
        let expectation = post(&format!("Content-Length: 1\r\nExpect: {value}"), "1.1");
        assert_eq!(expectation, Err(Refusal::ExpectationFailed), "{value}");
    }
}

#[test]
fn v10_07_http_10_is_never_kept_alive() {
    let head = parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").unwrap();
    assert_eq!((head.version, head.keep_alive), (Version::Http10, false));
}

#[test]
fn more_fields_than_the_small_table_holds() {
    let lines = (0..90).map(|n| format!("X-{n}: {n}\r\n")).collect::<Vec<_>>().concat();
    let head = parse(&format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n")).unwrap();
    assert_eq!((head.fields.len(), &head.fields["x-89"]), (91, &"89".parse().unwrap()));
}
