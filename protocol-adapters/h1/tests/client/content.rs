//! Requests as they go out, and their content.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use downstream::{BodyError, RequestBody};
use futures_util::stream;
use h1_adapter::client::{ClientConnection, ClientFault};
use http::HeaderMap;
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;

use super::origin::{Pool, connect, content, failure, get, interim, next, request, response, sized};

/// Content that the test feeds piece by piece; its size is not known.
fn fed() -> (mpsc::UnboundedSender<Result<Frame<Bytes>, BodyError>>, RequestBody) {
    let (feed, mut fed) = mpsc::unbounded_channel();
    let frames = stream::poll_fn(move |cx| fed.poll_recv(cx));
    (feed, RequestBody::new(StreamBody::new(frames)))
}

fn data(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

/// What the origin reads of a request, in full.
async fn sent(request: http::Request<RequestBody>) -> String {
    let (connection, mut origin) = connect().await;
    let mut exchange = connection.send(request, Pool::new());
    let theirs = async {
        let mut text = origin.head().await;
        if text.contains("chunked") {
            while !text.ends_with("0\r\n\r\n") && !text.ends_with("\r\nX-Sum: 1\r\n\r\n") {
                text.push(char::from(origin.0.read_u8().await.expect("more")));
            }
        } else if let Some((_, length)) = text.split_once("Content-Length: ") {
            let length = length.split("\r\n").next().expect("a line").parse().expect("a number");
            let mut content = vec![0; length];
            origin.0.read_exact(&mut content).await.expect("content");
            text.push_str(std::str::from_utf8(&content).expect("text"));
        }
        origin.say("HTTP/1.1 204 \r\n\r\n").await;
        text
    };
    tokio::join!(theirs, response(&mut exchange)).0
}

/// The framing is ours: a length if it is known, chunks if not, nothing where there is nothing to say.
#[tokio::test]
async fn the_framing_is_told_as_it_is_known() {
    let head = "/a?b HTTP/1.1\r\nHost: o.example\r\n";
    assert_eq!(sent(get()).await, format!("GET {head}\r\n"));
    let empty = request("POST", RequestBody::empty());
    assert_eq!(sent(empty).await, format!("POST {head}Content-Length: 0\r\n\r\n"));
    let known = request("PUT", sized("four"));
    assert_eq!(sent(known).await, format!("PUT {head}Content-Length: 4\r\n\r\nfour"));
    let (feed, body) = fed();
    feed.send(Ok(data("0123456789abcdefg"))).expect("open");
    feed.send(Ok(data(""))).expect("open");
    feed.send(Ok(data("x"))).expect("open");
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "1".parse().expect("a value"));
    feed.send(Ok(Frame::trailers(trailers))).expect("open");
    let expected =
        "Transfer-Encoding: chunked\r\n\r\n11\r\n0123456789abcdefg\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n";
    assert_eq!(sent(request("POST", body)).await, format!("POST {head}{expected}"));
}

/// FWH-07: fields of the connection the request came on do not go out, nor does framing that is not ours.
#[tokio::test]
async fn fwh_07_connection_fields_do_not_go_out() {
    let mut request = request("POST", sized("four"));
    let fields = [
        ("connection", "upgrade"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAMAAABk"),
        ("transfer-encoding", "chunked"),
        ("content-length", "99"),
        ("te", "trailers"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "close"),
        ("expect", "100-continue"),
        ("x-kept", "1"),
    ];
    for (name, value) in fields {
        request.headers_mut().insert(name, value.parse().expect("a value"));
    }
    let expected = "POST /a?b HTTP/1.1\r\nHost: o.example\r\nX-Kept: 1\r\nContent-Length: 4\r\n\r\nfour";
    assert_eq!(sent(request).await, expected);
}

/// The server-wide target goes out as it is.
#[tokio::test]
async fn the_asterisk_goes_out_as_it_is() {
    let mut request = request("OPTIONS", RequestBody::empty());
    *request.uri_mut() = "*".parse().expect("a target");
    assert_eq!(sent(request).await, "OPTIONS * HTTP/1.1\r\nHost: o.example\r\n\r\n");
}

/// Head and first content leave in one write; a large piece of content is not copied into another.
#[tokio::test]
async fn head_and_first_content_leave_in_one_write() {
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    let writes = Arc::new(Mutex::new(Vec::new()));
    let connection = ClientConnection::new(Counting { io: ours, writes: Arc::clone(&writes) });
    let (feed, body) = fed();
    feed.send(Ok(data("hello"))).expect("open");
    let mut exchange = connection.send(request("POST", body), Pool::new());
    let event = std::future::poll_fn(|cx| Poll::Ready(exchange.poll_event(cx))).await;
    assert!(event.is_pending());
    let mut text = vec![0; 1024];
    let read = theirs.read(&mut text).await.expect("a request");
    assert!(text[..read].ends_with(b"\r\n\r\n5\r\nhello\r\n"));
    assert_eq!(*writes.lock().expect("no panic"), [read]);
}

/// The content goes on being sent while interim heads come, and after the final head (U-08).
#[tokio::test]
async fn u_08_content_flows_before_and_after_the_response() {
    let (connection, mut origin) = connect().await;
    let pool = Pool::new();
    let (feed, body) = fed();
    let mut exchange = connection.send(request("POST", body), pool.clone());
    feed.send(Ok(data("one"))).expect("open");
    origin.say("HTTP/1.1 102 \r\n\r\n").await;
    assert_eq!(interim(&mut exchange).await.0, 102);
    origin.head().await;
    origin.expect(b"3\r\none\r\n").await;

    feed.send(Ok(data("two"))).expect("open");
    origin.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel").await;
    let response = response(&mut exchange).await;
    let theirs = async {
        origin.expect(b"3\r\ntwo\r\n").await;
        feed.send(Ok(data("three"))).expect("open");
        drop(feed);
        origin.expect(b"5\r\nthree\r\n0\r\n\r\n").await;
        origin.say("lo").await;
    };
    let (read, ()) = tokio::join!(content(response), theirs);
    assert_eq!(read.expect("content").0, "hello");
    assert_eq!(pool.len(), 1);
}

/// U-08: an answer that does not wait for the content is delivered; the connection is not kept.
#[tokio::test]
async fn u_08_an_early_answer_is_delivered_and_the_connection_closed() {
    let (connection, mut origin) = connect().await;
    let pool = Pool::new();
    let (feed, body) = fed();
    let mut exchange = connection.send(request("POST", body), pool.clone());
    feed.send(Ok(data("one"))).expect("open");
    origin.say("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno").await;
    let response = response(&mut exchange).await;
    assert_eq!(response.status(), 413);
    assert_eq!(content(response).await.expect("content").0, "no");
    assert_eq!(pool.len(), 0);
    origin.closed().await;
}

/// U-08: the same with an origin that has stopped reading, so that writing fails.
#[tokio::test]
async fn u_08_an_answer_before_a_reset_is_delivered() {
    let (connection, mut origin) = connect().await;
    let (feed, body) = fed();
    let mut exchange = connection.send(request("POST", body), Pool::new());
    origin.say("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno").await;
    // Closing with unread octets makes a reset, which may overtake nothing that was read.
    feed.send(Ok(data("one"))).expect("open");
    let early = response(&mut exchange).await;
    drop(origin);
    for _ in 0..100 {
        feed.send(Ok(data("more"))).expect("open");
    }
    assert_eq!(content(early).await.expect("content").0, "no");
}

/// A client that breaks its request off is to blame, and the origin is told by the connection's end.
#[tokio::test]
async fn a_broken_request_is_the_clients_fault() {
    for (frames, expected) in [
        (vec![Err(BodyError::Departed)], BodyError::Departed),
        (vec![Ok(data("one")), Err(BodyError::TooLarge)], BodyError::TooLarge),
    ] {
        let (connection, origin) = connect().await;
        let (feed, body) = fed();
        for frame in frames {
            feed.send(frame).expect("open");
        }
        let mut exchange = connection.send(request("POST", body), Pool::new());
        let error = failure(&mut exchange).await;
        assert_eq!(*error.fault(), ClientFault::Request(expected));
        origin.closed().await;
    }
}

/// Content that is not as long as it said never becomes another request (H1-04).
#[tokio::test]
async fn h1_04_content_that_belies_its_length_closes() {
    for pieces in [vec!["abc"], vec!["abcdef"], vec!["abcd", "e"]] {
        let (connection, origin) = connect().await;
        let frames: Vec<_> = pieces.iter().map(|piece| Ok(data(piece))).collect();
        let body = Liar { frames: frames.into_iter(), length: 4 };
        let pool = Pool::new();
        let mut exchange = connection.send(request("POST", RequestBody::new(body)), pool.clone());
        if pieces == ["abcd", "e"] {
            // What comes after the length is not even asked for.
            let mut origin = origin;
            origin.say("HTTP/1.1 204 \r\n\r\n").await;
            assert_eq!(response(&mut exchange).await.status(), 204);
            origin.head().await;
            origin.expect(b"abcd").await;
            continue;
        }
        let error = failure(&mut exchange).await;
        assert!(matches!(error.fault(), ClientFault::Request(BodyError::Malformed(_))), "{pieces:?}");
        origin.closed().await;
    }
}

/// The origin is not waited for while the client is.
#[tokio::test]
async fn waiting_for_the_client_is_told_apart() {
    let (connection, mut origin) = connect().await;
    let (feed, body) = fed();
    let mut exchange = connection.send(request("POST", body), Pool::new());
    assert!(std::future::poll_fn(|cx| Poll::Ready(exchange.poll_event(cx))).await.is_pending());
    assert!(exchange.awaits_client());
    let before = exchange.activity();
    feed.send(Ok(data("one"))).expect("open");
    drop(feed);
    assert!(std::future::poll_fn(|cx| Poll::Ready(exchange.poll_event(cx))).await.is_pending());
    assert!(!exchange.awaits_client());
    assert!(exchange.activity() > before);
    origin.head().await;
    origin.say("HTTP/1.1 204 \r\n\r\n").await;
    next(&mut exchange).await.expect("a response");
}

/// Content with a length that is not true.
struct Liar {
    frames: std::vec::IntoIter<Result<Frame<Bytes>, BodyError>>,
    length: u64,
}

impl http_body::Body for Liar {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(self.frames.next())
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.length)
    }
}

/// Notes the size of every write.
struct Counting<S> {
    io: S,
    writes: Arc<Mutex<Vec<usize>>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counting<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counting<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        if let Poll::Ready(Ok(written)) = written {
            self.writes.lock().expect("no panic").push(written);
        }
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let joined: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        self.poll_write(cx, &joined)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
