//! `idle-timeout`: how long an origin may say nothing (FWD-07, U-05).

use std::time::{Duration, Instant};

use downstream::{BodyError, RequestBody};
use progress_gateway::config::{Scheme, UpstreamSettings};
use progress_gateway::upstream::{Patience, UpstreamError, Upstreams};

use super::caller::{content, failure, interim, request, response, settings, within};
use super::script::Origin;

/// Long enough for a busy machine, short enough for a test.
const LIMIT: Duration = Duration::from_millis(600);

fn impatient(origin: &Origin) -> Upstreams {
    let settings = UpstreamSettings { idle_timeout: LIMIT, ..settings(Scheme::Http, &[origin.address]) };
    Upstreams::new(&[settings]).expect("an upstream")
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// U-05, PST-02: a silent origin is a 504 on a plain route.
#[tokio::test]
async fn u_05_a_silent_origin_times_out() {
    let origin = Origin::start().await;
    let room = impatient(&origin);
    let begun = now();
    let mut call = room.call(0, request("GET", RequestBody::empty()), Patience::Idle);
    let (error, wire) = tokio::join!(failure(&mut call), origin.accept());
    assert_eq!(error, UpstreamError::Idle);
    assert_eq!((error.status().as_u16(), error.proxy_status()), (504, "http_response_timeout"));
    assert!(begun.elapsed() >= LIMIT);
    wire.closed().await;
}

/// FWD-07: an interim head is a sign of life, and so is part of a head.
#[tokio::test]
async fn fwd_07_signs_of_life_restart_the_silence() {
    let origin = Origin::start().await;
    let room = impatient(&origin);
    let mut call = room.call(0, request("GET", RequestBody::empty()), Patience::Idle);
    let theirs = async {
        let mut wire = origin.accept().await;
        wire.head().await;
        for part in ["HTTP/1.1 102 \r\n\r\n", "HTTP/1.1 1", "03 \r\n\r\n", "HTTP/1.1 100 \r\n\r\n", "HTTP/1."]
        {
            tokio::time::sleep(LIMIT / 2).await;
            wire.say(part).await;
        }
        tokio::time::sleep(LIMIT / 2).await;
        wire.say("1 204 \r\n\r\n").await;
        wire
    };
    let ours = async {
        assert_eq!(interim(&mut call).await.0, 102);
        assert_eq!(interim(&mut call).await.0, 103);
        response(&mut call).await.status()
    };
    let (_wire, status) = tokio::join!(theirs, ours);
    assert_eq!(status, 204);
}

/// On progress routes only the operation's own deadline ends a call.
#[tokio::test]
async fn unlimited_patience_waits() {
    let origin = Origin::start().await;
    let room = impatient(&origin);
    let mut call = room.call(0, request("GET", RequestBody::empty()), Patience::Unlimited);
    let theirs = async {
        let mut wire = origin.accept().await;
        wire.head().await;
        tokio::time::sleep(LIMIT * 3 / 2).await;
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no").await;
        tokio::time::sleep(LIMIT * 3 / 2).await;
        wire.say("k").await;
        wire
    };
    let ours = async { content(response(&mut call).await).await.expect("content").0 };
    let (_wire, text) = tokio::join!(theirs, ours);
    assert_eq!(text, "ok");
}

/// The content of a response is under the same rule; a slow client is not the origin's silence.
#[tokio::test]
async fn silence_within_the_content_breaks_it_off() {
    let origin = Origin::start().await;
    let room = impatient(&origin);
    let mut call = room.call(0, request("GET", RequestBody::empty()), Patience::Idle);
    let theirs = async {
        let mut wire = origin.accept().await;
        wire.head().await;
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await;
        wire
    };
    let (wire, response) = tokio::join!(theirs, response(&mut call));
    // The client takes nothing for a while.
    tokio::time::sleep(LIMIT * 3 / 2).await;
    let begun = now();
    let error = content(response).await.expect_err("half of the content");
    assert!(matches!(error, BodyError::Origin(_)), "{error}");
    assert!(begun.elapsed() >= LIMIT, "{:?}", begun.elapsed());
    wire.closed().await;
}

/// A client that sends its content slowly is not the origin's silence.
#[tokio::test]
async fn a_slow_upload_is_not_the_origins_silence() {
    let origin = Origin::start().await;
    let room = impatient(&origin);
    let (feed, mut fed) = tokio::sync::mpsc::unbounded_channel();
    let frames = futures_util::stream::poll_fn(move |cx| fed.poll_recv(cx));
    let body = RequestBody::new(http_body_util::StreamBody::new(frames));
    let mut call = room.call(0, request("POST", body), Patience::Idle);
    let theirs = async {
        let mut wire = origin.accept().await;
        wire.head().await;
        for _ in 0..2 {
            tokio::time::sleep(LIMIT * 3 / 2).await;
            feed.send(Ok(http_body::Frame::data("x".into()))).expect("open");
            wire.expect(b"1\r\nx\r\n").await;
        }
        drop(feed);
        wire.expect(b"0\r\n\r\n").await;
        wire.say("HTTP/1.1 204 \r\n\r\n").await;
        wire
    };
    let (_wire, response) = within(async { tokio::join!(theirs, response(&mut call)) }).await;
    assert_eq!(response.status(), 204);
}
