//! Requests that are read, and such that are refused.

use downstream::Limits;
use http::HeaderMap;

use crate::frames::{self, END_STREAM, Frame, GOAWAY, PROTOCOL_ERROR, RST_STREAM};
use crate::script::{Event, Parts, scripted, silent, whole};
use crate::support::{event, raw, raw_with, service};

type Field<'a> = (&'a str, &'a str);
type Fields = Vec<Field<'static>>;

fn get(extra: &[(&'static str, &'static str)]) -> Fields {
    [&frames::request("GET", "/")[..], extra].concat()
}

/// What the gateway sees of a request.
async fn seen(fields: Fields) -> Parts {
    let (handler, mut events) = scripted(|_| vec![whole(200, "")]);
    let (mut client, _) = raw(handler).await;
    client.send(&[frames::headers(1, END_STREAM, &fields)]).await;
    match event(&mut events).await {
        Event::Opened(parts) => parts,
        event => panic!("{event:?}"),
    }
}

/// How a request is answered: its status, or nothing if the stream was reset.
async fn answered(fields: &[(&str, &str)], limits: Limits) -> Option<u16> {
    let (mut client, _) = raw_with(service(silent(|_| vec![whole(200, "")]), limits), &[]).await;
    client.send(&[frames::headers(1, END_STREAM, fields)]).await;
    let frame = client.next().await.expect("an answer");
    if frame == Frame::new(RST_STREAM, 0, 1, PROTOCOL_ERROR.to_be_bytes()) {
        return None;
    }
    assert_ne!(frame.kind, GOAWAY, "{frame:?}");
    let status = frames::status(&frame);
    // The connection goes on.
    client.send(&[frames::get(3, "/")]).await;
    assert!(client.until_end(3).await.iter().any(|frame| frame.stream == 3));
    Some(status)
}

#[tokio::test(start_paused = true)]
async fn a_request_is_in_origin_form_with_its_authority_in_host() {
    let parts = seen(vec![
        (":method", "PROPFIND"),
        (":scheme", "https"),
        (":authority", "a.example:8443"),
        (":path", "/a%20b/?q=1&r"),
        ("prefer", "processing"),
        ("te", "trailers"),
    ])
    .await;
    assert_eq!(parts.method, "PROPFIND");
    assert_eq!(parts.target, "/a%20b/?q=1&r");
    assert_eq!(parts.size, Some(0));
    let expected: HeaderMap = [("host", "a.example:8443"), ("prefer", "processing")]
        .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
        .into_iter()
        .collect();
    assert_eq!(parts.fields, expected, "te is removed, host is added");
}

#[tokio::test(start_paused = true)]
async fn a_server_wide_options_has_a_star() {
    let parts = seen(frames::request("OPTIONS", "*")).await;
    assert_eq!(parts.target, "*");
}

#[tokio::test(start_paused = true)]
async fn host_stands_in_for_authority() {
    let parts =
        seen(vec![(":method", "GET"), (":scheme", "https"), (":path", "/"), ("host", "b.example")]).await;
    assert_eq!((parts.target.as_str(), &parts.fields["host"]), ("/", &"b.example".parse().expect("a value")));
}

#[tokio::test(start_paused = true)]
async fn split_cookies_become_one() {
    let parts = seen(get(&[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2"), ("cookie", "c=3")])).await;
    assert_eq!(parts.fields.get_all("cookie").iter().collect::<Vec<_>>(), ["a=1; b=2; c=3"]);
}

#[tokio::test(start_paused = true)]
async fn h1_36_names_with_an_underscore_are_dropped() {
    let parts =
        seen(get(&[("x_forwarded_for", "1.2.3.4"), ("x-ok", "1"), ("content_length", "5"), ("_", "1")]))
            .await;
    assert_eq!(parts.fields.keys().map(http::HeaderName::as_str).collect::<Vec<_>>(), ["host", "x-ok"]);
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_refused_with_a_status() {
    let long = "/".repeat(9_000);
    let method = "M".repeat(33);
    let host = |host| vec![(":method", "GET"), (":scheme", "https"), (":path", "/"), ("host", host)];
    let cases: Vec<(&str, Vec<Field<'_>>, u16)> = vec![
        ("plain", get(&[]), 200),
        ("H2-16 differing authorities", get(&[("host", "b.example")]), 400),
        ("H2-16 equal but for case", get(&[("host", "A.Example")]), 200),
        ("two hosts", get(&[("host", "a.example"), ("host", "a.example")]), 400),
        ("no authority", vec![(":method", "GET"), (":scheme", "https"), (":path", "/")], 400),
        ("a user in the authority", host("me@a.example"), 400),
        ("a port that is none", host("a.example:x"), 400),
        (
            "H1-33 query only",
            vec![(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "?a")],
            400,
        ),
        ("H1-33 star", frames::request("GET", "*"), 400),
        ("H1-33 not ASCII", frames::request("GET", "/\u{e9}"), 400),
        ("H1-28 target", frames::request("GET", &long), 414),
        ("H1-32 method", frames::request(&method, "/"), 400),
        ("H1-32 TRACE", frames::request("TRACE", "/"), 501),
        ("H1-32 CONNECT", vec![(":method", "CONNECT"), (":authority", "a.example:443")], 501),
        ("H1-05 two lengths", get(&[("content-length", "0"), ("content-length", "0")]), 400),
    ];
    for (name, fields, status) in cases {
        assert_eq!(answered(&fields, Limits::default()).await, Some(status), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_h2_resets() {
    let late = vec![
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/"),
        ("a", "b"),
        (":authority", "a.example"),
    ];
    let without = |name| get(&[]).into_iter().filter(|field| field.0 != name).collect::<Vec<_>>();
    let cases: Vec<(&str, Fields)> = vec![
        ("H2-14 connection", get(&[("connection", "close")])),
        ("H2-14 transfer-encoding", get(&[("transfer-encoding", "chunked")])),
        ("H2-14 upgrade", get(&[("upgrade", "h2c")])),
        ("H2-14 keep-alive", get(&[("keep-alive", "timeout=5")])),
        ("H2-14 proxy-connection", get(&[("proxy-connection", "close")])),
        ("H2-14 te", get(&[("te", "gzip")])),
        ("H2-15 doubled", [get(&[]), vec![(":path", "/")]].concat()),
        ("H2-15 late", late),
        ("H2-15 no scheme", without(":scheme")),
        ("H2-15 no path", without(":path")),
        ("H2-15 empty path", frames::request("GET", "")),
        ("H2-15 a response's", get(&[(":status", "200")])),
        (
            "H2-18 extended CONNECT",
            [frames::request("CONNECT", "/"), vec![(":protocol", "websocket")]].concat(),
        ),
        ("H1-08 signed length", get(&[("content-length", "+0")])),
        ("H2-13 blank in path", frames::request("GET", "/ HTTP/1.1")),
        ("H2-13 line end in path", frames::request("GET", "/\r\nhost: b")),
    ];
    for (name, fields) in cases {
        assert_eq!(answered(&fields, Limits::default()).await, None, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn h2_13_names_and_values_that_would_split_a_head() {
    for extra in
        [("a", "b\r\nc: d"), ("a", "b\0"), ("a\r\nb", "c"), ("a:b", "c"), ("A", "b"), ("a b", "c"), ("", "c")]
    {
        let (mut client, _) = raw(silent(|_| vec![whole(200, "")])).await;
        let fields = [&frames::request("GET", "/")[..], &[extra]].concat();
        client.send(&[frames::headers(1, END_STREAM, &fields)]).await;
        let frame = client.next().await.expect("an answer");
        assert!(matches!(frame.kind, RST_STREAM | GOAWAY), "{extra:?}: {frame:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn h1_28_heads_that_are_too_large() {
    let many: Vec<String> = (0..100).map(|index| format!("name-{index}")).collect();
    let fields: Vec<_> = many.iter().map(|name| (name.as_str(), "value")).collect();
    let head = |count: usize| [&frames::request("GET", "/")[..], &fields[..count]].concat();
    assert_eq!(answered(&head(99), Limits::default()).await, Some(200), "with host 100");
    assert_eq!(answered(&head(100), Limits::default()).await, Some(431));
    let value = "v".repeat(3_000);
    let large = [&frames::request("GET", "/")[..], &[("large", value.as_str())]].concat();
    let limits = Limits { head_size: 2_048, ..Limits::default() };
    assert_eq!(answered(&large, limits).await, Some(431), "H2-10: h2 answers itself");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_cookie_crumbs_are_one_field() {
    let crumbs = vec![("cookie", "a=1"); 150];
    assert_eq!(answered(&get(&crumbs), Limits::default()).await, Some(200));
}
