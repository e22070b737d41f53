//! Bad input: what it costs the client, and that it costs nothing else.

mod support;

use std::time::Duration;

use downstream::{BodyError, Limits};
use h3::error::Code;
use quinn::Connection;
use support::client::{
    bidi, close_code, frame, frames, headers, raw, request, request_with, reset_code, stop_code, uni,
};
use support::script::{Event, Step, ok};
use support::{Gateway, within};

/// A length of 2^40.
const HUGE: [u8; 8] = (0xc000_0000_0000_0000_u64 | 1 << 40).to_be_bytes();

/// The connection still serves requests.
async fn still_serves(connection: &Connection) {
    let (mut send, mut recv) = bidi(connection, &request_with("GET", "/fine", &[])).await;
    send.finish().expect("it is open");
    let read = frames(&within(recv.read_to_end(1 << 16)).await.expect("a response"));
    assert_eq!(read.last().expect("there is content"), &(0, b"fine".to_vec()));
}

/// The status and the content of a response that ended well.
async fn refusal(connection: &Connection, bytes: &[u8]) -> (Vec<u8>, String) {
    let (mut send, mut recv) = bidi(connection, bytes).await;
    let read = frames(&within(recv.read_to_end(1 << 16)).await.expect("a response"));
    assert_eq!(stop_code(&mut send).await, Some(Code::H3_NO_ERROR.value()), "the rest is not wanted");
    let [(1, head), (0, content)] = &read[..] else { panic!("a head and its content: {read:?}") };
    (head.clone(), String::from_utf8_lossy(content).into_owned())
}

#[tokio::test]
async fn q15_q16_malformed_requests_cost_their_stream() {
    let gateway = Gateway::start(|_| vec![ok("fine")]);
    let (connection, _control) = raw(&gateway).await;
    let late = [&request("GET", "/")[..3], &[("a", "b"), (":path", "/")]].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a path twice", request_with("GET", "/", &[(":path", "/")])),
        ("a late path", headers(&late)),
        ("transfer-encoding", request_with("POST", "/", &[("transfer-encoding", "chunked")])),
        ("connection", request_with("GET", "/", &[("connection", "close")])),
        ("another TE", request_with("GET", "/", &[("te", "gzip")])),
        ("an upper-case name", request_with("GET", "/", &[("Host", "localhost")])),
        ("CR LF in a value", request_with("GET", "/", &[("a", "b\r\nc: d")])),
        ("NUL in the path", request_with("GET", "/\0", &[])),
        ("no path", headers(&request("GET", "/")[..3])),
        ("no authority", headers(&[(":method", "GET"), (":scheme", "https"), (":path", "/")])),
    ];
    for (name, bytes) in cases {
        let (mut send, mut recv) = bidi(&connection, &bytes).await;
        assert_eq!(reset_code(&mut recv).await, 0x10e, "{name}");
        assert_eq!(stop_code(&mut send).await, Some(0x10e), "{name}");
    }
    still_serves(&connection).await;
}

#[tokio::test]
async fn q15_content_that_is_not_as_long_as_announced() {
    let cases: [(&str, &str, &[&[u8]]); 4] = [
        ("none at all", "5", &[]),
        ("too short", "5", &[b"abc"]),
        ("too long at once", "2", &[b"abc"]),
        ("too long at last", "4", &[b"abc", b"de"]),
    ];
    for (name, length, pieces) in cases {
        let mut gateway = Gateway::start(|_| vec![Step::Read, ok("fine")]);
        let (connection, _control) = raw(&gateway).await;
        let mut bytes = request_with("POST", "/", &[("content-length", length)]);
        for piece in pieces {
            bytes.extend(frame(0, piece));
        }
        let (mut send, mut recv) = bidi(&connection, &bytes).await;
        send.finish().expect("it is open");
        assert_eq!(reset_code(&mut recv).await, 0x10e, "{name}");
        if !pieces.is_empty() {
            assert!(matches!(gateway.event().await, Event::Opened(_)), "{name}");
            let read = gateway.event().await;
            assert!(matches!(read, Event::Content(Err(BodyError::Malformed(_)))), "{name}: {read:?}");
            assert!(matches!(gateway.event().await, Event::Dropped), "{name}");
        }
        still_serves(&connection).await;
    }
}

#[tokio::test]
async fn trailers_of_a_request_are_checked() {
    let gateway = Gateway::start(|_| vec![Step::Read, ok("fine")]);
    let (connection, _control) = raw(&gateway).await;
    let bytes = [request_with("POST", "/", &[]), frame(0, b"content"), headers(&[(":path", "/elsewhere")])];
    let (_send, mut recv) = bidi(&connection, &bytes.concat()).await;
    assert_eq!(reset_code(&mut recv).await, 0x10e);
    still_serves(&connection).await;
}

#[tokio::test]
async fn q09_a_frame_of_2_to_the_40_octets_is_refused_before_it_is_kept() {
    let gateway = Gateway::start(|_| vec![ok("fine")]);
    let (connection, _control) = raw(&gateway).await;
    for kind in [0x01, 0x21] {
        let before = resident();
        let (mut send, mut recv) = bidi(&connection, &[&[kind][..], &HUGE].concat()).await;
        // It goes on until it is told to stop, which is at once.
        let flood = vec![0; 64 * 1024];
        let sent = within(async {
            let mut sent = 0;
            while send.write_all(&flood).await.is_ok() {
                sent += flood.len();
            }
            sent
        });
        assert!(sent.await < 8 << 20, "it was not stopped");
        assert_eq!(reset_code(&mut recv).await, Code::H3_EXCESSIVE_LOAD.value());
        assert!(resident().saturating_sub(before) < 16 << 20, "memory grew");
    }
    still_serves(&connection).await;
}

#[tokio::test]
async fn q09_a_control_frame_of_2_to_the_40_octets_ends_the_connection() {
    let mut gateway = Gateway::start(|_| vec![ok("fine")]);
    let (connection, mut control) = raw(&gateway).await;
    control.write_all(&[&[0x21][..], &HUGE].concat()).await.expect("it is sent");
    assert_eq!(close_code(&connection).await, Code::H3_EXCESSIVE_LOAD.value());
    assert!(gateway.end().await.expect_err("it was cut off").to_string().contains("0x107"));
}

#[tokio::test]
async fn q10_heads_over_the_limits_are_answered() {
    let gateway = Gateway::start(|_| vec![ok("fine")]);
    let (connection, _control) = raw(&gateway).await;
    let long = format!("/{}", "x".repeat(9_000));
    let (_, said) = refusal(&connection, &request_with("GET", &long, &[])).await;
    assert_eq!(said, "the request target is too long");
    let large = "x".repeat(40_000);
    let (_, said) = refusal(&connection, &request_with("GET", "/", &[("a", &large)])).await;
    assert_eq!(said, "the request head is too large");
    let (_, said) = refusal(&connection, &request_with("GET", "/", &[("a", "b"); 150])).await;
    assert_eq!(said, "the request head is too large");
    let (_, said) = refusal(&connection, &request_with("GET", "/", &[("expect", "miracles")])).await;
    assert_eq!(said, "the expectation is not one that can be met");
    let (_, said) = refusal(&connection, &request_with("GET", "/", &[("host", "other")])).await;
    assert_eq!(said, "the authority and the Host field differ");
    let connect = headers(&[(":method", "CONNECT"), (":authority", "localhost:443")]);
    assert_eq!(refusal(&connection, &connect).await.1, "CONNECT is not served here");
    still_serves(&connection).await;
}

#[tokio::test]
async fn q10_a_refusal_of_head_has_no_content() {
    let gateway = Gateway::start(|_| vec![ok("fine")]);
    let (connection, _control) = raw(&gateway).await;
    let (_send, mut recv) = bidi(&connection, &request_with("HEAD", "/", &[("a", "b"); 150])).await;
    let read = frames(&within(recv.read_to_end(1 << 16)).await.expect("a response"));
    assert_eq!(read.len(), 1, "the head only");
}

#[tokio::test]
async fn d01_a_head_that_does_not_arrive_is_answered() {
    let limits = Limits { head_timeout: Duration::from_millis(100), ..Limits::default() };
    let gateway = Gateway::with_limits(|_| vec![ok("fine")], limits);
    let (connection, _control) = raw(&gateway).await;
    let whole = request_with("GET", "/", &[]);
    let (_, said) = refusal(&connection, &whole[..whole.len() - 1]).await;
    assert_eq!(said, "the request head did not arrive in time");
    still_serves(&connection).await;
}

#[tokio::test]
async fn content_over_the_limit() {
    let limits = Limits { body_size: 10, ..Limits::default() };
    let mut gateway = Gateway::with_limits(|_| vec![Step::Read, ok("fine")], limits);
    let (connection, _control) = raw(&gateway).await;
    let announced = request_with("POST", "/", &[("content-length", "11")]);
    assert_eq!(refusal(&connection, &announced).await.1, "the request content is too large");
    let bytes = [request_with("POST", "/", &[]), frame(0, b"123456"), frame(0, b"78901")].concat();
    let (mut send, mut recv) = bidi(&connection, &bytes).await;
    within(recv.read_to_end(1 << 16)).await.expect("the exchange may answer it");
    assert_eq!(stop_code(&mut send).await, Some(Code::H3_NO_ERROR.value()));
    assert!(matches!(gateway.event().await, Event::Opened(_)));
    assert!(matches!(gateway.event().await, Event::Content(Err(BodyError::TooLarge))));
}

#[tokio::test]
async fn q11_q12_what_ends_the_connection() {
    let head = request_with("POST", "/", &[]);
    let cases: Vec<(&str, Vec<u8>, u64)> = vec![
        ("Q-11 a dynamic reference", frame(1, b"\x00\x00\x80"), 0x200),
        ("Q-11 a required insert count", frame(1, b"\x02\x00\xd1"), 0x200),
        ("Q-11 a truncated integer", frame(1, b"\x00\x00\xff"), 0x200),
        ("Q-11 an empty block", frame(1, b""), 0x200),
        ("Q-12 DATA first", frame(0, b"content"), 0x105),
        ("Q-12 SETTINGS", [head.clone(), frame(4, b"")].concat(), 0x105),
        ("Q-12 PUSH_PROMISE", [head.clone(), frame(5, b"\x00\x00\x00")].concat(), 0x105),
        ("Q-12 a frame of HTTP/2", [head.clone(), frame(9, b"")].concat(), 0x105),
        ("Q-12 WebTransport", vec![0x40, 0x41, 0x00], 0x105),
        ("a third field section", [head.clone(), headers(&[]), headers(&[])].concat(), 0x105),
    ];
    for (name, bytes, code) in cases {
        let mut gateway = Gateway::start(|_| vec![Step::Read, ok("fine")]);
        let (connection, _control) = raw(&gateway).await;
        let _stream = bidi(&connection, &bytes).await;
        assert_eq!(close_code(&connection).await, code, "{name}");
        assert!(gateway.end().await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_stream_that_ends_inside_a_frame_ends_the_connection() {
    let gateway = Gateway::start(|_| vec![Step::Read, ok("fine")]);
    let (connection, _control) = raw(&gateway).await;
    let content = frame(0, b"ten octets");
    let bytes = [request_with("POST", "/", &[]), content[..8].to_vec()].concat();
    let (mut send, _recv) = bidi(&connection, &bytes).await;
    send.finish().expect("it is open");
    assert_eq!(close_code(&connection).await, Code::H3_FRAME_ERROR.value());
}

#[tokio::test]
async fn q13_control_streams() {
    let gateway = Gateway::start(|_| vec![ok("fine")]);
    let (connection, _control) = raw(&gateway).await;
    let _second = uni(&connection, b"\x00\x04\x00").await;
    assert_eq!(close_code(&connection).await, 0x103, "a second one");

    let (connection, mut control) = raw(&gateway).await;
    control.finish().expect("it is open");
    assert_eq!(close_code(&connection).await, 0x104, "a closed one");
}

#[tokio::test]
async fn q14_a_flood_of_unidirectional_streams_ends_the_connection() {
    let gateway = Gateway::start(|_| vec![ok("fine")]);
    let (connection, _control) = raw(&gateway).await;
    let flood = async {
        // Of a type that nobody knows: each is stopped, and makes room for the next.
        while let Ok(mut stream) = connection.open_uni().await {
            let _ = stream.write_all(b"\x21").await;
            let _ = stream.reset(0_u32.into());
        }
    };
    within(flood).await;
    assert_eq!(close_code(&connection).await, Code::H3_EXCESSIVE_LOAD.value());
}

/// The memory of this process, which holds the gateway and its client.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").expect("Linux tells");
    let pages: usize = status.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4096
}
