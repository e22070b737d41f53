//! HTTP/2 origins that break the rules or break off, frame by frame.

use std::time::Duration;

use downstream::{BodyError, RequestBody};
use progress_gateway::config::Scheme;
use progress_gateway::upstream::{UpstreamError, UpstreamEvent, Upstreams};

use super::caller::{
    answer, content, failure, get, interim, next, nudge, request, response, room, send, stats, within,
};
use super::frames::{END_HEADERS, END_STREAM, Frames, block, head};
use super::script::Origin;

/// A call that an origin has received on stream 1.
async fn received(origin: &Origin) -> (Upstreams, progress_gateway::upstream::UpstreamCall, Frames) {
    let room = room(Scheme::H2c, &[origin.address]);
    let mut call = get(&room);
    let theirs = async {
        let mut frames = Frames::accept(origin).await;
        assert_eq!(frames.request().await, 1);
        frames
    };
    let frames = tokio::select! {
        frames = theirs => frames,
        event = next(&mut call) => panic!("{event:?}"),
    };
    (room, call, frames)
}

/// FWD-10: `END_STREAM` on an interim head is malformed: it is not shown, with or without others before it.
#[tokio::test]
async fn fwd_10_an_interim_head_that_ends_the_stream_is_not_shown() {
    for before in [0, 2] {
        let origin = Origin::start().await;
        let (_room, mut call, mut frames) = received(&origin).await;
        let mut octets = Vec::new();
        for _ in 0..before {
            octets.extend(head(1, END_HEADERS, &block("103", &[])));
        }
        octets.extend(head(1, END_HEADERS | END_STREAM, &block("102", &[("progress", "9/9")])));
        frames.0.say(octets).await;
        for _ in 0..before {
            assert_eq!(interim(&mut call).await.0, 103);
        }
        let error = failure(&mut call).await;
        assert_eq!((error.status().as_u16(), error.proxy_status()), (502, "http_protocol_error"));
    }
}

/// I-11, I-15, I-18, FWD-09, FWD-10: heads that are none.
#[tokio::test]
async fn heads_that_may_not_be_passed_on() {
    let long = "a".repeat(33 * 1024);
    let very_long = "a".repeat(60 * 1024);
    let many: Vec<_> = (0..101).map(|_| ("x", "y")).collect();
    let table: [(Vec<u8>, &str); 9] = [
        (block("101", &[]), "http_protocol_error"),
        (block("600", &[]), "http_protocol_error"),
        (block("099", &[]), "http_protocol_error"),
        (block("2000", &[]), "http_protocol_error"),
        (block("200", &[("connection", "close")]), "http_protocol_error"),
        (block("200", &[("content-length", "1"), ("content-length", "2")]), "http_protocol_error"),
        (block("102", &many), "http_response_header_section_size"),
        (block("200", &many), "http_response_header_section_size"),
        (block("102", &[(":status", "200")]), "http_protocol_error"),
    ];
    for (block, word) in table {
        let origin = Origin::start().await;
        let (_room, mut call, mut frames) = received(&origin).await;
        frames.headers(1, END_HEADERS, &block).await;
        let error = failure(&mut call).await;
        assert_eq!((error.status().as_u16(), error.proxy_status()), (502, word), "{block:?}");
    }
    for (text, word) in [(long, "http_response_header_section_size"), (very_long, "http_protocol_error")] {
        let origin = Origin::start().await;
        let (_room, mut call, mut frames) = received(&origin).await;
        // Larger than a frame: the rest continues it.
        let block = block("103", &[("link", &text)]);
        let mut octets = head(1, 0, &block[..16_000]);
        for part in block[16_000..].chunks(16_000) {
            octets.extend(continuation(1, part));
        }
        octets.extend(continuation_end(1));
        frames.0.say(octets).await;
        let error = failure(&mut call).await;
        assert_eq!((error.status().as_u16(), error.proxy_status()), (502, word));
    }
}

fn continuation(stream: u32, part: &[u8]) -> Vec<u8> {
    let mut frame = head(stream, 0, part);
    frame[3] = 9;
    frame
}

fn continuation_end(stream: u32) -> Vec<u8> {
    let mut frame = head(stream, END_HEADERS, b"");
    frame[3] = 9;
    frame
}

/// I-14: a reset or an end before the final head; what came before is still shown.
#[tokio::test]
async fn i_14_an_end_before_the_final_head() {
    for is_reset in [true, false] {
        let origin = Origin::start().await;
        let (_room, mut call, mut frames) = received(&origin).await;
        let mut octets = head(1, END_HEADERS, &block("102", &[]));
        if is_reset {
            octets.extend([0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 2]);
        }
        frames.0.say(octets).await;
        if !is_reset {
            drop(frames);
            assert_eq!(interim(&mut call).await.0, 102);
            assert_eq!(failure(&mut call).await, UpstreamError::Incomplete);
            continue;
        }
        assert_eq!(interim(&mut call).await.0, 102);
        let error = failure(&mut call).await;
        assert_eq!((error.status().as_u16(), error.proxy_status()), (502, "http_response_incomplete"));
    }
}

/// U-03: content that is reset, or shorter than it said, is no end.
#[tokio::test]
async fn u_03_content_that_breaks_off() {
    let reset = [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 2].as_slice();
    let short = [0, 0, 1, 0, 1, 0, 0, 0, 1, b'x'].as_slice();
    for end in [reset, short] {
        let origin = Origin::start().await;
        let (_room, mut call, mut frames) = received(&origin).await;
        frames.headers(1, END_HEADERS, &block("200", &[("content-length", "9")])).await;
        let response = response(&mut call).await;
        frames.0.say(end).await;
        let error = content(response).await.expect_err("no end");
        assert!(matches!(error, BodyError::Origin(_)), "{error}");
    }
}

/// An origin that speaks no HTTP/2.
#[tokio::test]
async fn an_origin_that_speaks_something_else() {
    let origin = Origin::start().await;
    let room = room(Scheme::H2c, &[origin.address]);
    let mut call = get(&room);
    let theirs = async {
        let mut wire = origin.accept().await;
        wire.say("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        wire
    };
    let (error, _wire) = tokio::join!(failure(&mut call), theirs);
    assert_eq!((error.status().as_u16(), error.proxy_status()), (502, "http_protocol_error"));
}

/// I-10, FWD-08: a burst of 10,000 heads is borne, a flood is reset and its connection left.
#[tokio::test]
async fn i_10_a_flood_of_heads_is_reset() {
    let origin = Origin::start().await;
    let (room, mut call, mut frames) = received(&origin).await;
    let flood = head(1, END_HEADERS, &block("102", &[])).repeat(15_000);
    let ours = async {
        let mut heads = 0;
        loop {
            match next(&mut call).await {
                Ok(UpstreamEvent::Informational(..)) => heads += 1,
                Ok(UpstreamEvent::Response(_)) => panic!("no response was sent"),
                Err(error) => return (heads, error),
            }
        }
    };
    let (_, (heads, error)) = tokio::join!(frames.press(&flood, Duration::from_millis(500)), ours);
    assert_eq!(error, UpstreamError::InterimFlood);
    // The budget fills up a little while the flood is read.
    assert!((9_999..14_999).contains(&heads), "{heads}");
    // The next call does not go to that connection.
    let mut call = get(&room);
    nudge(&mut call).await;
    let fresh = async { Frames::accept(&origin).await.request().await };
    tokio::select! {
        stream = fresh => assert_eq!(stream, 1),
        event = next(&mut call) => panic!("{event:?}"),
    }
}

/// Fact 4, I-10: heads that nobody takes do not pile up: the origin is not read any further. Taken,
/// they all come.
#[tokio::test]
async fn fact_4_heads_that_nobody_takes_do_not_pile_up() {
    const HEADS: usize = 4_000;
    let origin = Origin::start().await;
    let (_room, mut call, mut frames) = received(&origin).await;
    let fat = head(1, END_HEADERS, &block("102", &[("progress", &"x".repeat(15_000))]));
    let mut flood = fat.repeat(HEADS);
    flood.extend(head(1, END_HEADERS | END_STREAM, &block("204", &[])));
    let taken = frames.press(&flood, Duration::from_millis(500)).await;
    // 512 heads, and what the sockets' own buffers hold.
    assert!(taken < flood.len() / 2, "{taken} of {} octets", flood.len());
    let ours = async {
        let mut heads = 0;
        loop {
            match next(&mut call).await.expect("no flood") {
                UpstreamEvent::Informational(_, fields) => {
                    assert_eq!(fields["progress"].len(), 15_000);
                    heads += 1;
                }
                UpstreamEvent::Response(response) => return (heads, response.status()),
            }
        }
    };
    let rest = frames.press(&flood[taken..], Duration::from_secs(5));
    let (_, (heads, status)) = within(async { tokio::join!(rest, ours) }).await;
    assert_eq!((heads, status.as_u16()), (HEADS, 204));
}

/// GOAWAY: what runs goes on, new calls go elsewhere.
#[tokio::test]
async fn after_goaway_calls_go_to_a_new_connection() {
    let origin = Origin::start().await;
    let (room, mut call, mut frames) = received(&origin).await;
    frames.go_away(1).await;
    frames.headers(1, END_HEADERS, &block("102", &[])).await;
    assert_eq!(interim(&mut call).await.0, 102);
    let mut other = get(&room);
    let theirs = async {
        let mut fresh = Frames::accept(&origin).await;
        let stream = fresh.request().await;
        fresh.headers(stream, END_HEADERS | END_STREAM, &block("200", &[])).await;
        fresh
    };
    let (_fresh, _) = tokio::join!(theirs, answer(&mut other));
    frames.headers(1, END_HEADERS | END_STREAM, &block("200", &[])).await;
    answer(&mut call).await;
}

/// U-09, ASY-04: a connection that goes away before it worked on a request costs an idempotent one
/// nothing, and no other is sent twice.
#[tokio::test]
async fn u_09_asy_04_requests_on_a_connection_that_went_away() {
    for (method, is_repeated) in [("GET", true), ("PUT", true), ("POST", false)] {
        let origin = Origin::start().await;
        let (room, mut call, mut frames) = received(&origin).await;
        frames.headers(1, END_HEADERS | END_STREAM, &block("200", &[])).await;
        answer(&mut call).await;
        let mut call = send(&room, request(method, RequestBody::empty()));
        nudge(&mut call).await;
        assert_eq!(frames.request().await, 3);
        frames.go_away(1).await;
        if is_repeated {
            let theirs = async {
                let mut fresh = Frames::accept(&origin).await;
                let stream = fresh.request().await;
                fresh.headers(stream, END_HEADERS | END_STREAM, &block("200", &[])).await;
                fresh
            };
            let (_fresh, _) = tokio::join!(theirs, answer(&mut call));
        } else {
            assert_eq!(failure(&mut call).await, UpstreamError::Incomplete, "{method}");
            assert!(origin.is_alone().await, "{method}");
        }
    }
}

/// An idle connection is closed after a while.
#[tokio::test]
async fn idle_connections_are_closed_after_a_while() {
    let origin = Origin::start().await;
    let (room, mut call, mut frames) = received(&origin).await;
    frames.headers(1, END_HEADERS | END_STREAM, &block("200", &[])).await;
    answer(&mut call).await;
    drop(call);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(stats(&room).connections(), 1);
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(10)).await;
    }
    super::caller::until(|| stats(&room).connections() == 0).await;
}

/// D h2-9, frame by frame: the reset says CANCEL.
#[tokio::test]
async fn a_dropped_call_is_cancelled() {
    let origin = Origin::start().await;
    let (_room, call, mut frames) = received(&origin).await;
    drop(call);
    assert_eq!(frames.reset().await, (1, 8));
}
