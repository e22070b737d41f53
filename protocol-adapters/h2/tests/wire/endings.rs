//! How connections end.

use std::time::Duration;

use downstream::{Drain, Limits, Phase};
use h2_adapter::{ServeError, serve};
use tokio::io::AsyncWriteExt;

use crate::frames::{self, ENHANCE_YOUR_CALM, Frame, GOAWAY, HEADERS, NO_ERROR, PING, PREFACE, RawClient};
use crate::script::{Event, Step, head, scripted, silent, whole};
use crate::support::{event, outcome, over_tcp, raw, raw_with, service, soon, tcp, to};

const BEAT: Duration = Duration::from_secs(1);

/// Says something every second for five seconds, then answers.
fn held() -> Vec<Step> {
    let mut steps: Vec<_> = (0..5).flat_map(|_| [Step::Wait(BEAT), Step::Say(head(102, &[]))]).collect();
    steps.push(whole(200, "done"));
    steps
}

#[tokio::test(start_paused = true)]
async fn g_19_drain_says_goaway_twice_and_serves_what_is_open() {
    let drain = Drain::new();
    let mut service = service(silent(|_| held()), Limits::default());
    service.drain = drain.watch();
    let (mut client, served) = raw_with(service, &[]).await;
    client.send(&[frames::get(1, "/")]).await;
    assert_eq!(client.next().await.map(|frame| frame.kind), Some(HEADERS));

    drain.advance(Phase::Draining);
    let warning = client.next().await.expect("a warning");
    assert_eq!((warning.kind, warning.code(), warning.last_stream()), (GOAWAY, NO_ERROR, 0x7fff_ffff));
    assert_eq!(client.next().await.map(|frame| frame.kind), Some(PING), "answered by the client");
    let last = client.next().await.expect("the last word");
    assert_eq!((last.kind, last.code(), last.last_stream()), (GOAWAY, NO_ERROR, 1));
    let seen = client.until_end(1).await;
    assert_eq!(seen.iter().filter(|frame| frame.kind == HEADERS).count(), 5, "four heads and the response");
    assert_eq!(client.until_closed().await, None);
    assert!(served.await.expect("no panic").is_ok());
}

#[tokio::test(start_paused = true)]
async fn drain_does_not_wait_for_a_client_that_never_answers() {
    let drain = Drain::new();
    let mut service = service(silent(|_| vec![whole(200, "")]), Limits::default());
    service.drain = drain.watch();
    let (near, far) = tokio::io::duplex(1 << 16);
    let served = tokio::spawn(serve(far, service));
    let mut client = RawClient::connect(near, &[]).await;
    client.send(&[frames::get(1, "/")]).await;
    client.until_end(1).await;
    drain.advance(Phase::Draining);
    let start = tokio::time::Instant::now();
    assert!(served.await.expect("no panic").is_ok());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn h2_19_a_client_that_goes_away_is_served_to_the_end() {
    let (mut client, served) = raw(silent(|_| held())).await;
    client.send(&[frames::get(1, "/"), frames::go_away()]).await;
    let seen = client.until_end(1).await;
    assert_eq!(seen.iter().filter(|frame| frame.kind == HEADERS).count(), 6);
    client.until_closed().await;
    assert!(served.await.expect("no panic").is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    let limits = Limits::default();
    let idle = limits.idle_timeout;
    let (mut client, served) = raw_with(service(silent(|_| held()), limits), &[]).await;
    client.send(&[frames::get(1, "/")]).await;
    client.until_end(1).await;
    let start = tokio::time::Instant::now();
    assert_eq!(client.until_closed().await, Some(NO_ERROR));
    assert!(start.elapsed() >= idle && start.elapsed() < idle + BEAT, "{:?}", start.elapsed());
    assert!(served.await.expect("no panic").is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_held_request_is_not_idle() {
    let (mut client, served) =
        raw(silent(|_| vec![Step::Wait(Duration::from_secs(86_400)), whole(200, "")])).await;
    client.send(&[frames::get(1, "/")]).await;
    assert_eq!(frames::status(&client.until_end(1).await[0]), 200);
    assert!(!served.is_finished());
}

#[tokio::test(start_paused = true)]
async fn d_01_a_preface_that_does_not_come() {
    let (mut near, far) = tokio::io::duplex(1024);
    let served = tokio::spawn(serve(far, service(silent(|_| held()), Limits::default())));
    near.write_all(&PREFACE[..23]).await.expect("written");
    let start = tokio::time::Instant::now();
    assert!(matches!(served.await.expect("no panic"), Err(ServeError::PrefaceTimeout)));
    assert_eq!(start.elapsed().as_secs(), Limits::default().head_timeout.as_secs());
}

#[tokio::test(start_paused = true)]
async fn another_protocol_is_an_error() {
    let (mut near, far) = tokio::io::duplex(1024);
    let served = tokio::spawn(serve(far, service(silent(|_| held()), Limits::default())));
    near.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("written");
    assert!(matches!(served.await.expect("no panic"), Err(ServeError::Protocol(_))));
}

#[tokio::test(start_paused = true)]
async fn d_01_a_request_head_that_does_not_end() {
    let (handler, mut events) = scripted(|_| vec![Step::Beat(BEAT)]);
    let (mut client, served) = raw(handler).await;
    client.send(&[frames::get(1, "/"), frames::ping()]).await;
    while client.next().await.map(|frame| frame.kind) != Some(PING) {}
    client.send(&[Frame { flags: 0, ..frames::get(3, "/") }]).await;
    let start = tokio::time::Instant::now();
    assert_eq!(client.until_closed().await, Some(ENHANCE_YOUR_CALM));
    assert_eq!(start.elapsed().as_secs(), Limits::default().head_timeout.as_secs());
    assert!(matches!(served.await.expect("no panic"), Err(ServeError::HeadTimeout)));
    assert_eq!(outcome(&mut events).await, Event::Dropped);
}

#[tokio::test(start_paused = true)]
async fn h2_07_a_client_that_reads_nothing_is_cut() {
    let (handler, mut events) = scripted(|_| vec![Step::Beat(BEAT)]);
    let (near, far) = tokio::io::duplex(128);
    let served = tokio::spawn(serve(far, service(handler, Limits::default())));
    let mut client = RawClient::connect(near, &[]).await;
    client.send(&[frames::get(1, "/")]).await;
    let start = tokio::time::Instant::now();
    assert!(matches!(served.await.expect("no panic"), Err(ServeError::WriteStalled)));
    let limit = Limits::default().write_stall;
    assert!(start.elapsed() > limit && start.elapsed() < limit + 20 * BEAT, "{:?}", start.elapsed());
    assert_eq!(outcome(&mut events).await, Event::Dropped);
}

#[tokio::test]
async fn a_cancel_is_seen_at_once_over_tcp() {
    let (handler, mut events) = scripted(|_| vec![Step::Wait(Duration::from_secs(600))]);
    let (mut send, _) = over_tcp(handler, h2::client::Builder::new()).await;
    let (response, mut stream) = send.send_request(to("GET", "/"), true).expect("open");
    assert!(matches!(event(&mut events).await, Event::Opened(_)));
    stream.send_reset(h2::Reason::CANCEL);
    assert_eq!(event(&mut events).await, Event::Dropped);
    assert!(soon(response).await.is_err());
}

#[tokio::test]
async fn a_lost_connection_drops_all_its_exchanges() {
    let (handler, mut events) = scripted(|_| vec![Step::Wait(Duration::from_secs(600))]);
    let (near, far) = tcp().await;
    let served = tokio::spawn(serve(far, service(handler, Limits::default())));
    let mut client = RawClient::connect(near, &[]).await;
    client
        .send(&[
            frames::get(1, "/"),
            frames::get(3, "/"),
            frames::headers(5, 0, &frames::request("POST", "/")),
        ])
        .await;
    for _ in 0..3 {
        assert!(matches!(event(&mut events).await, Event::Opened(_)));
    }
    drop(client);
    for _ in 0..3 {
        assert_eq!(event(&mut events).await, Event::Dropped);
    }
    let _ = soon(served).await.expect("no panic");
}
