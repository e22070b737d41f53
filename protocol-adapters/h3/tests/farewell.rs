//! How connections end when nobody did anything wrong.

mod support;

use std::time::Duration;

use downstream::{Limits, Phase};
use h3::error::Code;
use support::client::{
    answered, asked, bidi, client, close_code, get, raw, request_with, reset_code, varint,
};
use support::script::{Beat, Event, Step, heartbeat, ok};
use support::{Gateway, within};
use tokio::sync::mpsc;

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

/// The GOAWAY identifiers on the gateway's control stream, as they come, until the connection ends.
fn goaways(connection: quinn::Connection) -> mpsc::UnboundedReceiver<u64> {
    let (told, goaways) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let mut stream = within(connection.accept_uni()).await.expect("three of them");
            let mut kind = [0];
            stream.read_exact(&mut kind).await.expect("a type");
            if kind == [0] {
                return control(stream, told).await;
            }
            // The encoder's and the decoder's streams say nothing.
            tokio::spawn(async move { stream.read_to_end(10).await });
        }
    });
    goaways
}

/// Reads a control stream to its end.
async fn control(mut stream: quinn::RecvStream, told: mpsc::UnboundedSender<u64>) {
    while let Some((kind, length)) = pair(&mut stream).await {
        let mut payload = vec![0; usize::try_from(length).expect("a short frame")];
        stream.read_exact(&mut payload).await.expect("a whole frame");
        if kind == 0x7 {
            // A test that is over does not listen.
            let _ = told.send(varint(&mut &payload[..]));
        }
    }
}

/// The type and the length of the next frame.
async fn pair(stream: &mut quinn::RecvStream) -> Option<(u64, u64)> {
    Some((number(stream).await?, number(stream).await?))
}

async fn number(stream: &mut quinn::RecvStream) -> Option<u64> {
    let mut octets = [0; 8];
    stream.read_exact(&mut octets[..1]).await.ok()?;
    let length = 1 << (octets[0] >> 6);
    stream.read_exact(&mut octets[1..length]).await.ok()?;
    Some(varint(&mut &octets[..length]))
}

#[tokio::test]
async fn h3_5_a_drain_says_goaway_twice_and_held_requests_end_in_peace() {
    let beat = Beat::default();
    let beats = beat.clone();
    let mut gateway = Gateway::start(move |_| held(&beats));
    let (connection, _control) = raw(&gateway).await;
    let mut told = goaways(connection.clone());
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
    let first = within(told.recv()).await.expect("the first");
    assert_eq!(first, (1 << 62) - 4, "it refuses nothing");
    // A request that crosses it is served, unless the second has overtaken it.
    let mut crossing = bidi(&connection, &request_with("GET", "/crossing", &[])).await;
    let second = within(told.recv()).await.expect("the second");
    // Never the identifier of a request that is being served: clients would send it again.
    assert!([12, 16].contains(&second), "{second}");
    if second == 16 {
        streams.push(crossing);
    } else {
        assert_eq!(reset_code(&mut crossing.1).await, Code::H3_REQUEST_REJECTED.value());
    }
    // One that comes too late is rejected, and may be sent elsewhere.
    let (_send, mut late) = bidi(&connection, &request_with("GET", "/late", &[])).await;
    assert!(u64::from(late.id()) >= second);
    assert_eq!(reset_code(&mut late).await, Code::H3_REQUEST_REJECTED.value());
    beat.raise(2);
    for (_, recv) in &mut streams {
        let read = within(recv.read_to_end(1 << 16)).await.expect("a whole response");
        assert!(read.ends_with(b"to the end"));
    }
    assert_eq!(close_code(&connection).await, Code::H3_NO_ERROR.value());
    gateway.end().await.expect("a drain is orderly");
    assert_eq!(within(told.recv()).await, None, "two of them");
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
    let mut told = goaways(connection.clone());
    gateway.drain.advance(Phase::Draining);
    assert_eq!(close_code(&connection).await, Code::H3_NO_ERROR.value());
    gateway.end().await.expect("a drain is orderly");
    // One that refuses everything: a first one that refuses nothing `h3` cannot say here.
    assert_eq!(within(told.recv()).await, Some(0));
    assert_eq!(within(told.recv()).await, None);
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
