//! How connections end when nobody did anything wrong.

mod support;

use std::time::Duration;

use downstream::{Limits, Phase};
use h3::error::Code;
use support::client::{answered, asked, bidi, client, close_code, get, raw, request_with, varint};
use support::script::{Beat, Event, Step, heartbeat, ok};
use support::{Gateway, within};

/// Holds until the beat, says a head, holds until the next, and ends.
fn held(beat: &Beat) -> Vec<Step> {
    vec![
        Step::Until(beat.clone(), 1),
        heartbeat(),
        Step::Until(beat.clone(), 2),
        heartbeat(),
        ok("to the end"),
    ]
}

/// The GOAWAY identifiers on the gateway's control stream, until the connection ends.
async fn goaways(connection: quinn::Connection) -> Vec<u64> {
    loop {
        let mut stream = within(connection.accept_uni()).await.expect("three of them");
        let mut kind = [0];
        stream.read_exact(&mut kind).await.expect("a type");
        if kind != [0] {
            // The encoder's and the decoder's streams say nothing.
            tokio::spawn(async move { stream.read_to_end(10).await });
            continue;
        }
        let mut bytes = Vec::new();
        while let Ok(Some(chunk)) = stream.read_chunk(1_000, true).await {
            bytes.extend(chunk.bytes);
        }
        let frames = support::client::frames(&bytes).into_iter();
        return frames.filter(|(kind, _)| *kind == 0x7).map(|(_, id)| varint(&mut &id[..])).collect();
    }
}

#[tokio::test]
async fn h3_5_a_drain_says_goaway_twice_and_held_requests_end_in_peace() {
    let beat = Beat::default();
    let beats = beat.clone();
    let mut gateway = Gateway::start(move |_| held(&beats));
    let (connection, _control) = raw(&gateway).await;
    let told = tokio::spawn(goaways(connection.clone()));
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(bidi(&connection, &request_with("GET", "/", &[])).await);
        assert!(matches!(gateway.event().await, Event::Opened(_)));
    }
    gateway.drain.advance(Phase::Draining);
    beat.raise(1);
    for _ in 0..3 {
        assert!(matches!(gateway.event().await, Event::Written), "heads go on");
    }
    // A request that comes too late is rejected, and may be sent elsewhere.
    let rejected = within(async {
        loop {
            let (_send, mut recv) = bidi(&connection, &request_with("GET", "/late", &[])).await;
            let code = tokio::time::timeout(Duration::from_millis(50), recv.read(&mut [0])).await;
            if let Ok(Err(quinn::ReadError::Reset(code))) = code {
                return (u64::from(recv.id()), code.into_inner());
            }
            let _ = recv.stop(0x10c_u32.into());
        }
    });
    let (rejected, code) = rejected.await;
    assert_eq!(code, Code::H3_REQUEST_REJECTED.value());
    beat.raise(2);
    for (_, recv) in &mut streams {
        let read = within(recv.read_to_end(1 << 16)).await.expect("a whole response");
        assert!(read.ends_with(b"to the end"));
    }
    assert_eq!(close_code(&connection).await, Code::H3_NO_ERROR.value());
    gateway.end().await.expect("a drain is orderly");
    let told = within(told).await.expect("it does not panic");
    let [first, second] = told[..] else { panic!("two of them: {told:?}") };
    assert_eq!(first, (1 << 62) - 4, "the first refuses nothing");
    // Never the identifier of a request that is being served: clients would send it again.
    assert!(second >= 12, "{second}");
    assert_eq!(second, rejected, "the first that is rejected is the one that was announced");
}

#[tokio::test]
async fn clients_of_h3_understand_the_drain() {
    let beat = Beat::default();
    let beats = beat.clone();
    let mut gateway = Gateway::start(move |_| held(&beats));
    let (connection, mut sender) = client(&gateway).await;
    let mut streams = Vec::new();
    for _ in 0..2 {
        streams.push(asked(&mut sender, get("/")).await);
        assert!(matches!(gateway.event().await, Event::Opened(_)));
    }
    gateway.drain.advance(Phase::Draining);
    beat.raise(2);
    for stream in &mut streams {
        let answer = answered(stream).await.expect("a response");
        assert_eq!(answer.statuses(), [102, 102, 200]);
        assert_eq!(answer.content, b"to the end");
    }
    assert_eq!(close_code(&connection).await, Code::H3_NO_ERROR.value());
}

#[tokio::test]
async fn a_drain_ends_a_connection_without_requests() {
    let mut gateway = Gateway::start(|_| vec![ok("x")]);
    let (connection, _control) = raw(&gateway).await;
    let told = tokio::spawn(goaways(connection.clone()));
    gateway.drain.advance(Phase::Draining);
    assert_eq!(close_code(&connection).await, Code::H3_NO_ERROR.value());
    gateway.end().await.expect("a drain is orderly");
    // One that refuses everything: a first one that refuses nothing `h3` cannot say here.
    assert_eq!(within(told).await.expect("it does not panic"), [0]);
}

#[tokio::test]
async fn q19_silence_ends_a_connection_and_an_open_request_keeps_it() {
    let beat = Beat::default();
    let beats = beat.clone();
    let limits = Limits { idle_timeout: Duration::from_millis(400), ..Limits::default() };
    let mut gateway = Gateway::with_limits(move |_| held(&beats), limits);
    let (silent, _control) = raw(&gateway).await;
    let (busy, mut sender) = client(&gateway).await;
    let mut stream = asked(&mut sender, get("/")).await;
    assert_eq!(close_code(&silent).await, Code::H3_NO_ERROR.value());
    gateway.end().await.expect("silence is orderly");
    assert!(busy.close_reason().is_none(), "its request is open");
    beat.raise(2);
    assert_eq!(answered(&mut stream).await.expect("a response").statuses(), [102, 102, 200]);
    assert_eq!(close_code(&busy).await, Code::H3_NO_ERROR.value());
}

#[tokio::test]
async fn a_client_that_says_goaway_gets_its_responses() {
    let mut gateway = Gateway::start(|_| vec![heartbeat(), ok("to the end")]);
    let (connection, mut control) = raw(&gateway).await;
    let (mut send, mut recv) = bidi(&connection, &request_with("GET", "/", &[])).await;
    send.finish().expect("it is open");
    control.write_all(b"\x07\x01\x00").await.expect("it is sent");
    let read = within(recv.read_to_end(1 << 16)).await.expect("a whole response");
    assert!(read.ends_with(b"to the end"));
    assert_eq!(close_code(&connection).await, Code::H3_NO_ERROR.value());
    gateway.end().await.expect("it is orderly");
}

#[tokio::test]
async fn a_large_response_is_delivered_before_the_connection_closes() {
    let content: &'static str = "x".repeat(2_000_000).leak();
    let mut gateway = Gateway::start(move |_| vec![ok(content)]);
    let (connection, mut sender) = client(&gateway).await;
    let mut stream = asked(&mut sender, get("/")).await;
    assert!(matches!(gateway.event().await, Event::Opened(_)));
    gateway.drain.advance(Phase::Draining);
    assert_eq!(answered(&mut stream).await.expect("a response").content.len(), content.len());
    assert_eq!(close_code(&connection).await, Code::H3_NO_ERROR.value());
}

#[tokio::test]
async fn responses_given_up_in_great_number_renew_the_connection() {
    // Each costs a little memory in quinn until the connection ends.
    let gateway = Gateway::start(|_| {
        let content = support::script::Content::default().then_error(downstream::BodyError::Store);
        vec![heartbeat(), support::script::response(http::StatusCode::OK, content)]
    });
    let (connection, mut sender) = client(&gateway).await;
    let mut given_up = 0;
    while let Ok(mut stream) = within(sender.send_request(get("/"))).await {
        let _ = within(stream.finish()).await;
        let _ = answered(&mut stream).await;
        given_up += 1;
    }
    assert!((1_000..1_100).contains(&given_up), "{given_up} responses");
    assert_eq!(close_code(&connection).await, Code::H3_NO_ERROR.value());
}
