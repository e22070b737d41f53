//! What a client reads: interim heads, the final response, its content.

mod support;

use bytes::Bytes;
use downstream::BodyError;
use h3::error::Code;
use http::{HeaderMap, Method, Request, StatusCode};
use support::client::{
    answered, asked, bidi, client, connected, fetch, frame, frames, get, raw, request_with, reset_code,
    stop_code, uni,
};
use support::script::{Beat, Content, Event, Step, head, heartbeat, ok, response};
use support::{Gateway, within};

#[tokio::test]
async fn x07_an_http3_request_stream() {
    let gateway = Gateway::start(|_| {
        vec![
            head(102, &[("location", "/ops/7Qf2"), ("progress", "0/3 (queued)")]),
            head(102, &[("progress", "3/10 (message)")]),
            ok("done"),
        ]
    });
    let (_connection, mut sender) = client(&gateway).await;
    let answer = fetch(&mut sender, get("/")).await;
    assert_eq!(answer.statuses(), [102, 102, 200]);
    assert_eq!(answer.heads[0].headers()["location"], "/ops/7Qf2");
    assert_eq!(answer.heads[0].headers()["progress"], "0/3 (queued)");
    assert_eq!(answer.heads[0].headers().len(), 2);
    assert_eq!(answer.heads[1].headers()["progress"], "3/10 (message)");
    assert_eq!(answer.heads[1].headers().len(), 1);
    assert_eq!(answer.content, b"done");
}

#[tokio::test]
async fn h3x_04_heads_need_no_dynamic_table() {
    let gateway = Gateway::start(|_| vec![heartbeat(), head(103, &[("link", "</a>; rel=preload")]), ok("x")]);
    let (connection, _control) = raw(&gateway).await;
    let (mut send, mut recv) = bidi(&connection, &request_with("GET", "/", &[])).await;
    send.finish().expect("it is open");
    let read = frames(&within(recv.read_to_end(1 << 16)).await.expect("a response"));
    let kinds: Vec<_> = read.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [1, 1, 1, 0], "H3X-01: HEADERS, and DATA only after the final one");
    for (_, section) in &read[..3] {
        assert_eq!(section[..2], [0, 0], "no entry is required");
    }
    // `:status` by its name in the static table, or `200`, which is an entry of its own.
    assert_eq!(read[0].1[2..4], [0x5f, 0x09]);
    assert_eq!(read[2].1[2..], [0xd9]);
    assert_eq!(stop_code(&mut send).await, None, "a request that was read is not stopped");
}

#[tokio::test]
async fn int_16_head_has_heads_and_no_content() {
    let gateway = Gateway::start(|_| {
        let Step::Final(mut last) = ok("not sent") else { unreachable!("it is final") };
        last.headers_mut().insert("content-length", "8".parse().expect("a number"));
        vec![heartbeat(), Step::Final(last)]
    });
    let (_connection, mut sender) = client(&gateway).await;
    let mut request = get("/");
    *request.method_mut() = Method::HEAD;
    let answer = fetch(&mut sender, request).await;
    assert_eq!(answer.statuses(), [102, 200]);
    assert_eq!(answer.heads[1].headers()["content-length"], "8");
    assert_eq!(answer.content, b"");
}

#[tokio::test]
async fn i23_statuses_without_content() {
    let gateway = Gateway::start(|request| {
        let status = request.uri().path()[1..].parse().expect("a status");
        vec![response(status, Content::of(["not sent"]))]
    });
    let (_connection, mut sender) = client(&gateway).await;
    for status in ["204", "205", "304"] {
        let answer = fetch(&mut sender, get(&format!("/{status}"))).await;
        assert_eq!(answer.heads[0].status().as_str(), status);
        assert_eq!(answer.content, b"", "{status}");
    }
}

#[tokio::test]
async fn h3x_02_connection_specific_fields_are_not_sent() {
    let gateway = Gateway::start(|_| {
        let Step::Final(mut last) = ok("x") else { unreachable!("it is final") };
        for name in ["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection", "kept"] {
            last.headers_mut().insert(name, "x".parse().expect("a value"));
        }
        vec![Step::Final(last)]
    });
    let (_connection, mut sender) = client(&gateway).await;
    let answer = fetch(&mut sender, get("/")).await;
    let names: Vec<_> = answer.heads[0].headers().keys().map(http::HeaderName::as_str).collect();
    assert_eq!(names, ["kept"]);
}

#[tokio::test]
async fn content_goes_both_ways() {
    let mut gateway = Gateway::start(|_| {
        // An empty piece is not the end of the content.
        let pieces = [Bytes::from_static(b"a"), Bytes::new(), vec![b'b'; 300_000].into(), "c".into()];
        vec![Step::Read, response(StatusCode::CREATED, Content::of(pieces))]
    });
    let (_connection, mut sender) = client(&gateway).await;
    let request = Request::post("https://localhost/upload").body(()).expect("a request");
    let mut stream = within(sender.send_request(request)).await.expect("it is sent");
    let sent = vec![b'x'; 700_000];
    for piece in sent.chunks(50_000) {
        within(stream.send_data(Bytes::copy_from_slice(piece))).await.expect("it is sent");
    }
    within(stream.finish()).await.expect("it is sent");
    let answer = answered(&mut stream).await.expect("a response");
    assert_eq!(answer.statuses(), [201]);
    assert_eq!(answer.content, [&b"a"[..], &vec![b'b'; 300_000], b"c"].concat());
    assert!(matches!(gateway.event().await, Event::Opened(_)));
    let Event::Content(Ok(content)) = gateway.event().await else { panic!("the content was not read") };
    assert!(content == sent);
}

#[tokio::test]
async fn trailers_of_responses_are_sent_and_those_of_requests_dropped() {
    let mut gateway = Gateway::start(|_| {
        let mut trailers = HeaderMap::new();
        trailers.insert("checksum", "abc".parse().expect("a value"));
        vec![Step::Read, response(StatusCode::OK, Content::of(["x"]).then_trailers(trailers))]
    });
    let (_connection, mut sender) = client(&gateway).await;
    let request = Request::post("https://localhost/").body(()).expect("a request");
    let mut stream = within(sender.send_request(request)).await.expect("it is sent");
    within(stream.send_data(Bytes::from_static(b"body"))).await.expect("it is sent");
    let mut trailers = HeaderMap::new();
    trailers.insert("sum", "1".parse().expect("a value"));
    within(stream.send_trailers(trailers)).await.expect("it is sent");
    within(stream.finish()).await.expect("it is sent");
    let answer = answered(&mut stream).await.expect("a response");
    assert_eq!(answer.trailers.expect("there are trailers")["checksum"], "abc");
    assert!(matches!(gateway.event().await, Event::Opened(_)));
    assert!(matches!(gateway.event().await, Event::Content(Ok(content)) if content == b"body"));
}

#[tokio::test]
async fn exp_01_the_first_read_demands_a_100() {
    let mut gateway = Gateway::start(|_| vec![Step::Read, heartbeat(), ok("x")]);
    let (_connection, mut sender) = client(&gateway).await;
    let request =
        Request::post("https://localhost/").header("expect", "100-continue").body(()).expect("a request");
    let mut stream = within(sender.send_request(request)).await.expect("it is sent");
    let first = within(stream.recv_response()).await.expect("a head");
    assert_eq!(first.status(), 100);
    within(stream.send_data(Bytes::from_static(b"content"))).await.expect("it is sent");
    within(stream.finish()).await.expect("it is sent");
    let answer = answered(&mut stream).await.expect("a response");
    assert_eq!(answer.statuses(), [102, 200], "X08: one 100, and no other in its stead");
    assert!(matches!(gateway.event().await, Event::Opened(_)));
    assert!(matches!(gateway.event().await, Event::Content(Ok(content)) if content == b"content"));
}

#[tokio::test]
async fn exp_04_content_that_arrives_needs_no_100() {
    let gateway = Gateway::start(|_| vec![Step::Read, ok("x")]);
    let (connection, _control) = raw(&gateway).await;
    let mut bytes = request_with("POST", "/", &[("expect", "100-continue"), ("content-length", "2")]);
    bytes.extend(frame(0x00, b"hi"));
    let (mut send, mut recv) = bidi(&connection, &bytes).await;
    send.finish().expect("it is open");
    let read = frames(&within(recv.read_to_end(1 << 16)).await.expect("a response"));
    assert_eq!(read.len(), 2, "the final head and its content");
}

#[tokio::test]
async fn exp_05_an_early_final_response_stops_the_request_with_no_error() {
    // D h3-1: never with code 0, over which clients drop the response.
    for step in [(|| Step::Unread) as fn() -> Step, || Step::Until(Beat::default(), 0)] {
        let gateway = Gateway::start(move |_| vec![step(), ok("enough")]);
        let (connection, _control) = raw(&gateway).await;
        let mut bytes = request_with("POST", "/", &[("content-length", "1000")]);
        bytes.extend(frame(0x00, b"the beginning"));
        let (mut send, mut recv) = bidi(&connection, &bytes).await;
        let read = frames(&within(recv.read_to_end(1 << 16)).await.expect("a whole response"));
        assert_eq!(read[1], (0, b"enough".to_vec()));
        assert_eq!(stop_code(&mut send).await, Some(Code::H3_NO_ERROR.value()));
    }
}

#[tokio::test]
async fn u03_a_response_that_breaks_off_is_reset() {
    let gateway = Gateway::start(|_| {
        let content = Content::of(["the beginning"]).then_error(BodyError::Origin("reset"));
        vec![response(StatusCode::OK, content)]
    });
    let (connection, mut sender) = client(&gateway).await;
    for _ in 0..3 {
        let mut stream = asked(&mut sender, get("/")).await;
        let error = answered(&mut stream).await.expect_err("it broke off");
        assert!(
            matches!(error, h3::error::StreamError::RemoteTerminate { code: Code::H3_INTERNAL_ERROR, .. }),
            "{error}"
        );
    }
    assert!(connection.close_reason().is_none());
}

#[tokio::test]
async fn h3_2_no_stream_ends_in_a_bare_fin() {
    let mut gateway = Gateway::start(|_| vec![heartbeat(), Step::Panic]);
    let (connection, _control) = raw(&gateway).await;
    let (_send, mut recv) = bidi(&connection, &request_with("GET", "/", &[])).await;
    // G-17: a panic ends its connection, and with an error.
    match within(recv.read_to_end(1 << 16)).await {
        Err(quinn::ReadToEndError::Read(quinn::ReadError::ConnectionLost(_))) => {
            assert_eq!(support::client::close_code(&connection).await, Code::H3_INTERNAL_ERROR.value());
        }
        Err(quinn::ReadToEndError::Read(quinn::ReadError::Reset(code))) => {
            assert_eq!(code.into_inner(), Code::H3_INTERNAL_ERROR.value());
        }
        other => panic!("the response seems whole: {other:?}"),
    }
    assert!(matches!(gateway.event().await, Event::Opened(_)));
    // The gateway serves other connections.
    let (_other, _control) = raw(&gateway).await;
}

#[tokio::test]
async fn a_request_without_a_head_is_incomplete() {
    let gateway = Gateway::start(|_| vec![ok("x")]);
    let (connection, _control) = raw(&gateway).await;
    let (mut send, mut recv) = bidi(&connection, b"\x21\x00").await;
    send.finish().expect("it is open");
    assert_eq!(reset_code(&mut recv).await, Code::H3_REQUEST_INCOMPLETE.value());
}

#[tokio::test]
async fn h3x_03_heads_that_a_client_does_not_accept_are_not_sent() {
    let mut gateway = Gateway::start(|_| {
        vec![
            head(102, &[("progress", "1/2 (half of it)")]),
            heartbeat(),
            response(StatusCode::NO_CONTENT, Content::default()),
        ]
    });
    let connection = connected(&gateway, quinn::TransportConfig::default()).await;
    // SETTINGS_MAX_FIELD_SECTION_SIZE is 60: room for `:status`, which counts 42.
    let _control = uni(&connection, b"\x00\x04\x02\x06\x3c").await;
    let (mut send, mut recv) = bidi(&connection, &request_with("GET", "/", &[])).await;
    send.finish().expect("it is open");
    let read = frames(&within(recv.read_to_end(1 << 16)).await.expect("a response"));
    let lengths: Vec<_> = read.iter().map(|(_, section)| section.len()).collect();
    assert!(lengths.len() == 2 && lengths.iter().all(|length| *length < 10), "{read:?}");
    assert!(matches!(gateway.event().await, Event::Opened(_)));
}
