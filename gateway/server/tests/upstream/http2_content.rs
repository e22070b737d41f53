//! Content on HTTP/2, in both directions.

use bytes::Bytes;
use downstream::{BodyError, Expectation, RequestBody};
use h2::RecvStream;
use http::{HeaderMap, Response, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use progress_gateway::config::Scheme;

use super::caller::{answer, content, interim, request, response, room, send, sized, within};
use super::script::Origin;

/// Reads a request's content to its end.
async fn read(content: &mut RecvStream) -> (Vec<u8>, Option<HeaderMap>) {
    let mut octets = Vec::new();
    while let Some(data) = within(content.data()).await {
        let data = data.expect("content");
        content.flow_control().release_capacity(data.len()).expect("open");
        octets.extend_from_slice(&data);
    }
    (octets, within(content.trailers()).await.expect("an end"))
}

/// More than any window, both ways at once; the length is told where it is known.
#[tokio::test]
async fn much_content_flows_both_ways() {
    let origin = Origin::start().await;
    let room = room(Scheme::H2c, &[origin.address]);
    let text: Bytes = (0..3_000_000_u32).map(|n| u8::try_from(n % 251).expect("small")).collect();
    let mut call = send(&room, request("POST", sized(text.clone())));
    let echo = async {
        let mut wire = h2::server::handshake(origin.accept().await.0).await.expect("a preface");
        let (request, mut respond) = within(wire.accept()).await.expect("a request").expect("sound");
        assert_eq!(request.headers()["content-length"], "3000000");
        let echoing = async move {
            let mut content = request.into_body();
            let mut stream = respond.send_response(Response::new(()), false).expect("open");
            while let Some(data) = content.data().await {
                let mut data = data.expect("content");
                let length = data.len();
                while !data.is_empty() {
                    stream.reserve_capacity(data.len());
                    let capacity = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await;
                    let capacity = capacity.expect("open").expect("open");
                    let part = data.split_to(capacity.min(data.len()));
                    stream.send_data(part, false).expect("open");
                }
                content.flow_control().release_capacity(length).expect("open");
            }
            stream.send_data(Bytes::new(), true).expect("open");
        };
        tokio::spawn(echoing);
        wire.accept().await
    };
    let ours = async {
        let back = answer(&mut call).await;
        assert!(back == text, "{} octets", back.len());
        drop((call, room));
    };
    tokio::join!(echo, ours);
}

/// Trailers of a request of unknown length arrive.
#[tokio::test]
async fn request_trailers_are_sent() {
    let origin = Origin::start().await;
    let room = room(Scheme::H2c, &[origin.address]);
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "3".parse().expect("a value"));
    let frames = [Ok(Frame::data(Bytes::from("one"))), Ok(Frame::trailers(trailers))];
    let body = RequestBody::new(StreamBody::new(futures_util::stream::iter(frames)));
    let mut call = send(&room, request("POST", body));
    let theirs = async {
        let mut wire = h2::server::handshake(origin.accept().await.0).await.expect("a preface");
        let (request, mut respond) = within(wire.accept()).await.expect("a request").expect("sound");
        assert!(!request.headers().contains_key("content-length"));
        let mut content = request.into_body();
        let reading = tokio::spawn(async move { read(&mut content).await });
        let (octets, trailers) = tokio::select! {
            read = reading => read.expect("no panic"),
            _ = wire.accept() => panic!("no other request"),
        };
        assert_eq!(
            (&octets[..], &trailers.expect("trailers")["x-sum"]),
            (&b"one"[..], &"3".parse().expect("a value"))
        );
        respond.send_response(Response::new(()), true).expect("open");
        wire.accept().await
    };
    let ours = async {
        answer(&mut call).await;
        drop((call, room));
    };
    tokio::join!(theirs, ours);
}

/// EXP-01: with an expectation the content follows the origin's 100, which is not shown.
#[tokio::test]
async fn exp_01_content_follows_the_origins_100() {
    let origin = Origin::start().await;
    let room = room(Scheme::H2c, &[origin.address]);
    let body = sized("four").expecting(Expectation::new());
    let mut call = send(&room, request("POST", body));
    let theirs = async {
        let mut wire = h2::server::handshake(origin.accept().await.0).await.expect("a preface");
        let (request, mut respond) = within(wire.accept()).await.expect("a request").expect("sound");
        assert_eq!(request.headers()["expect"], "100-continue");
        let mut content = request.into_body();
        for status in [StatusCode::PROCESSING, StatusCode::CONTINUE] {
            let mut interim = Response::new(());
            *interim.status_mut() = status;
            respond.send_informational(interim).expect("open");
        }
        let reading = tokio::spawn(async move { read(&mut content).await.0 });
        let octets = tokio::select! {
            octets = reading => octets.expect("no panic"),
            _ = wire.accept() => panic!("no other request"),
        };
        assert_eq!(octets, b"four");
        respond.send_response(Response::new(()), true).expect("open");
        wire.accept().await
    };
    let ours = async {
        assert_eq!(interim(&mut call).await.0, 102);
        answer(&mut call).await;
        drop((call, room));
    };
    tokio::join!(theirs, ours);
}

/// U-08: an answer that does not wait for the content is delivered, also if the origin then wants no
/// more of it.
#[tokio::test]
async fn u_08_an_early_answer_is_delivered() {
    let origin = Origin::start().await;
    let room = room(Scheme::H2c, &[origin.address]);
    let (feed, mut fed) = tokio::sync::mpsc::unbounded_channel();
    feed.send(Ok(Frame::data(Bytes::from("one")))).expect("open");
    let body = RequestBody::new(StreamBody::new(futures_util::stream::poll_fn(move |cx| fed.poll_recv(cx))));
    let mut call = send(&room, request("POST", body));
    let theirs = async {
        let mut wire = h2::server::handshake(origin.accept().await.0).await.expect("a preface");
        let (request, mut respond) = within(wire.accept()).await.expect("a request").expect("sound");
        let mut stream = respond.send_response(Response::new(()), false).expect("open");
        stream.send_data("no".into(), true).expect("open");
        // Dropping the content unread is a reset without error.
        drop((request, stream, respond));
        wire.accept().await
    };
    let ours = async {
        let response = response(&mut call).await;
        assert_eq!(content(response).await.expect("content").0, "no");
        drop((call, room));
    };
    tokio::join!(theirs, ours);
    assert!(feed.is_closed());
}

/// A client that breaks off is to blame itself, and the origin is told by a reset.
#[tokio::test]
async fn a_broken_request_resets_the_stream() {
    let origin = Origin::start().await;
    let room = room(Scheme::H2c, &[origin.address]);
    let frames = [Ok(Frame::data(Bytes::from("one"))), Err(BodyError::TooSlow)];
    let body = RequestBody::new(StreamBody::new(futures_util::stream::iter(frames)));
    let mut call = send(&room, request("POST", body));
    let theirs = async {
        let mut wire = h2::server::handshake(origin.accept().await.0).await.expect("a preface");
        let (request, _respond) = within(wire.accept()).await.expect("a request").expect("sound");
        let mut content = request.into_body();
        let reading = tokio::spawn(async move {
            loop {
                match content.data().await {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return error.reason(),
                    None => panic!("a clean end"),
                }
            }
        });
        tokio::select! {
            reason = reading => assert_eq!(reason.expect("no panic"), Some(h2::Reason::CANCEL)),
            _ = wire.accept() => panic!("no other request"),
        }
    };
    let ours = async {
        let error = super::caller::failure(&mut call).await;
        assert_eq!((error.status().as_u16(), error.blame().as_str()), (408, "client"));
    };
    tokio::join!(theirs, ours);
}
