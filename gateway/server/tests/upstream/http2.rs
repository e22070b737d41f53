//! Calls to HTTP/2 origins by prior knowledge.

use downstream::RequestBody;
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use progress_gateway::config::Scheme;
use progress_gateway::upstream::Outcome;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::caller::{answer, content, get, interim, nudge, request, response, room, send, stats, within};
use super::script::Origin;

type Accepted = (Request<RecvStream>, SendResponse<bytes::Bytes>);

async fn accept(origin: &Origin) -> Connection<TcpStream, bytes::Bytes> {
    let stream = origin.accept().await.0;
    within(h2::server::handshake(stream)).await.expect("a preface")
}

async fn next(wire: &mut Connection<TcpStream, bytes::Bytes>) -> Accepted {
    within(wire.accept()).await.expect("a request").expect("sound")
}

fn head(status: u16, fields: &[(&'static str, &'static str)]) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    for (name, value) in fields {
        response.headers_mut().insert(*name, value.parse().expect("a value"));
    }
    response
}

/// FWD-01: interim heads in order with their fields, then content and trailers.
#[tokio::test]
async fn fwd_01_interim_heads_content_and_trailers() {
    let origin = Origin::start().await;
    let room = room(Scheme::H2c, &[origin.address]);
    let mut call = get(&room);
    let theirs = async {
        let mut wire = accept(&origin).await;
        let (request, mut respond) = next(&mut wire).await;
        assert_eq!(
            (request.method().as_str(), request.uri().to_string()),
            ("GET", "http://o.example/a?b".into())
        );
        assert!(request.headers().is_empty(), "{:?}", request.headers());
        assert!(request.body().is_end_stream());
        for progress in ["1/3", "2/3"] {
            respond.send_informational(head(102, &[("progress", progress)])).expect("open");
        }
        respond.send_informational(head(103, &[("link", "</a>")])).expect("open");
        let mut stream = respond.send_response(head(200, &[("content-length", "5")]), false).expect("open");
        stream.send_data("hello".into(), false).expect("open");
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", "5".parse().expect("a value"));
        stream.send_trailers(trailers).expect("open");
        // Driven to the end of the connection.
        assert!(wire.accept().await.is_none());
    };
    let ours = async {
        for expected in ["1/3", "2/3"] {
            let (status, fields) = interim(&mut call).await;
            assert_eq!((status, &fields["progress"]), (102, &expected.parse().expect("a value")));
        }
        assert_eq!(interim(&mut call).await.0, 103);
        let response = response(&mut call).await;
        assert_eq!(response.body().size_hint().exact(), Some(5));
        let (text, trailers) = content(response).await.expect("content");
        assert_eq!(
            (&text[..], &trailers.expect("trailers")["x-sum"]),
            (&b"hello"[..], &"5".parse().expect("a value"))
        );
        assert_eq!(stats(&room).ended(Outcome::Success), 1);
        drop((call, room));
    };
    tokio::join!(theirs, ours);
}

/// A head as it comes, not only when the next one does.
#[tokio::test]
async fn heads_are_shown_when_they_come() {
    let origin = Origin::start().await;
    let room = room(Scheme::H2c, &[origin.address]);
    let mut call = get(&room);
    let (told, mut tell) = tokio::sync::mpsc::unbounded_channel();
    let theirs = async move {
        let mut wire = accept(&origin).await;
        let (_request, mut respond) = next(&mut wire).await;
        for _ in 0..3 {
            respond.send_informational(head(102, &[])).expect("open");
            tokio::select! {
                _ = wire.accept() => panic!("no other request"),
                heard = tell.recv() => heard.expect("the test goes on"),
            }
        }
    };
    let ours = async {
        for _ in 0..3 {
            assert_eq!(interim(&mut call).await.0, 102);
            told.send(()).expect("the origin goes on");
        }
    };
    tokio::join!(theirs, ours);
}

/// I-23: no content after interim heads, for HEAD whatever the length says.
#[tokio::test]
async fn i_23_responses_without_content() {
    let origin = Origin::start().await;
    let room = room(Scheme::H2c, &[origin.address]);
    let table = [("HEAD", 200, "9"), ("GET", 304, "9"), ("GET", 204, "0")];
    let theirs = async {
        let mut wire = accept(&origin).await;
        for (_, status, length) in table {
            let (_request, mut respond) = next(&mut wire).await;
            respond.send_informational(head(102, &[])).expect("open");
            respond.send_response(head(status, &[("content-length", length)]), true).expect("open");
        }
        wire.accept().await
    };
    let ours = async {
        for (method, status, _) in table {
            let mut call = send(&room, request(method, RequestBody::empty()));
            assert_eq!(interim(&mut call).await.0, 102);
            let response = response(&mut call).await;
            assert_eq!(response.status(), status);
            assert!(response.body().is_end_stream(), "{method} {status}");
            assert_eq!(response.body().size_hint().exact(), Some(0), "{method} {status}");
        }
        drop(room);
    };
    tokio::join!(theirs, ours);
}

/// Accepts a connection and drives it elsewhere: its requests, as they come.
async fn driven(origin: &Origin, streams: u32) -> UnboundedReceiver<Accepted> {
    let stream = origin.accept().await.0;
    let mut builder = h2::server::Builder::new();
    let mut wire =
        within(builder.max_concurrent_streams(streams).handshake(stream)).await.expect("a preface");
    let (pass, passed) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(accepted)) = wire.accept().await {
            // The test may be over.
            let _ = pass.send(accepted);
        }
    });
    passed
}

async fn answer_next(requests: &mut UnboundedReceiver<Accepted>) {
    let (_request, mut respond) = within(requests.recv()).await.expect("a request");
    respond.send_response(head(200, &[]), true).expect("open");
}

/// Calls share a connection, up to what the origin allows; then there is another one.
#[tokio::test]
async fn calls_share_connections_as_far_as_allowed() {
    let origin = Origin::start().await;
    let room = room(Scheme::H2c, &[origin.address]);
    let mut call = get(&room);
    let theirs = async {
        let mut first = driven(&origin, 2).await;
        answer_next(&mut first).await;
        first
    };
    // The first call brings the first connection, and its settings.
    let (mut first, _) = tokio::join!(theirs, answer(&mut call));
    let (mut a, mut b, mut c) = (get(&room), get(&room), get(&room));
    for call in [&mut a, &mut b, &mut c] {
        nudge(call).await;
    }
    let theirs = async {
        let held = [first.recv().await.expect("a request"), first.recv().await.expect("a request")];
        // Both places are taken: the third call has opened another connection.
        let mut second = driven(&origin, 2).await;
        answer_next(&mut second).await;
        for (_request, mut respond) in held {
            respond.send_response(head(200, &[]), true).expect("open");
        }
        second
    };
    let (_second, ..) = tokio::join!(theirs, answer(&mut a), answer(&mut b), answer(&mut c));
    assert_eq!(stats(&room).connections(), 2);
    assert!(first.is_empty());
}

/// D h2-9: dropping a call, or the content, resets the stream; the connection goes on.
#[tokio::test]
async fn dropping_resets_the_stream() {
    let origin = Origin::start().await;
    let room = room(Scheme::H2c, &[origin.address]);
    let theirs = async {
        let mut requests = driven(&origin, 100).await;
        let (_request, mut respond) = within(requests.recv()).await.expect("a request");
        respond.send_informational(head(102, &[])).expect("open");
        let reason = within(std::future::poll_fn(|cx| respond.poll_reset(cx))).await;
        assert_eq!(reason.expect("a reset"), Reason::CANCEL);

        let (_request, mut respond) = within(requests.recv()).await.expect("a request");
        let mut stream = respond.send_response(head(200, &[]), false).expect("open");
        stream.send_data("half".into(), false).expect("open");
        let reason = within(std::future::poll_fn(|cx| stream.poll_reset(cx))).await;
        assert_eq!(reason.expect("a reset"), Reason::CANCEL);
    };
    let ours = async {
        let mut call = get(&room);
        assert_eq!(interim(&mut call).await.0, 102);
        drop(call);
        assert_eq!(stats(&room).ended(Outcome::Canceled), 1);
        drop(response(&mut get(&room)).await);
        assert_eq!(stats(&room).connections(), 1);
    };
    tokio::join!(theirs, ours);
}
