//! What goes out, octet by octet.

use bytes::Bytes;
use downstream::BodyError;
use futures_util::stream;
use h1_adapter::server::ServeError;
use http::StatusCode;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use progress_core::interim::InterimHead;
use tokio::io::AsyncWriteExt;

use crate::script::{Bench, Content, DATE, Scripted, expect, expect_end, last_wire, respond, text, wire};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const GET_10: &[u8] = b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n";
const HEAD: &[u8] = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Content of unknown length.
fn stream(frames: Vec<Frame<Bytes>>) -> Content {
    broken(frames.into_iter().map(Ok).collect())
}

/// … that may break off.
fn broken(frames: Vec<Result<Frame<Bytes>, BodyError>>) -> Content {
    BodyExt::boxed_unsync(StreamBody::new(stream::iter(frames)))
}

fn data(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

fn trailers() -> Frame<Bytes> {
    Frame::trailers([("x-sum".parse().unwrap(), "7".parse().unwrap())].into_iter().collect())
}

#[tokio::test(start_paused = true)]
async fn x05_int_03_h11_01_interim_heads_then_the_final_response() {
    let bench = Bench::new(Scripted::new(|_, say| async move {
        let mut head = InterimHead::heartbeat();
        head.fields.insert("location", "/ops/7Qf2".parse().unwrap());
        head.fields.insert("progress", "0/3 (queued)".parse().unwrap());
        head.fields.insert("content-length", "5".parse().unwrap());
        head.fields.insert("connection", "close".parse().unwrap());
        say.interim(head).await;
        say.interim(InterimHead::heartbeat()).await;
        say.interim(InterimHead::bare(StatusCode::from_u16(104).unwrap())).await;
        say.interim(InterimHead::bare(StatusCode::from_u16(199).unwrap())).await;
        say.finish(text(201, "done"));
    }));
    let (mut client, _server) = bench.connect(1024);
    client.write_all(GET).await.unwrap();
    let first = "HTTP/1.1 102 Processing\r\nLocation: /ops/7Qf2\r\nProgress: 0/3 (queued)\r\n\r\n";
    assert_eq!(first.len(), 72);
    expect(&mut client, first).await;
    expect(&mut client, "HTTP/1.1 102 Processing\r\n\r\n").await;
    expect(&mut client, "HTTP/1.1 104 Upload Resumption Supported\r\n\r\n").await;
    expect(&mut client, "HTTP/1.1 199 \r\n\r\n").await;
    expect(&mut client, &wire("201 Created", "done")).await;
}

#[tokio::test(start_paused = true)]
async fn length_chunks_or_close_as_the_content_and_the_version_demand() {
    let known = || Scripted::new(|_, say| async move { say.finish(text(200, "hello")) });
    let unknown = || {
        Scripted::new(|_, say| async move {
            say.finish(respond(200, stream(vec![data("hel"), data(""), data("lo!"), trailers()])));
        })
    };
    let te = b"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n";
    let head = |fields: &str| format!("HTTP/1.1 200 OK\r\n{DATE}{fields}\r\n");
    let chunked = head("Transfer-Encoding: chunked\r\n");
    let rows: [(Scripted, &[u8], String); 7] = [
        (known(), GET, wire("200 OK", "hello")),
        (known(), GET_10, last_wire("200 OK", "hello")),
        (known(), HEAD, wire("200 OK", "hello").replace("\r\n\r\nhello", "\r\n\r\n")),
        (unknown(), GET, format!("{chunked}3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n")),
        (unknown(), te, format!("{chunked}3\r\nhel\r\n3\r\nlo!\r\n0\r\nX-Sum: 7\r\n\r\n")),
        (unknown(), GET_10, format!("{}hello!", head("Connection: close\r\n"))),
        (unknown(), HEAD, head("")),
    ];
    for (handler, octets, expected) in rows {
        let bench = Bench::new(handler);
        let (mut client, server) = bench.connect(4096);
        client.write_all(octets).await.unwrap();
        expect(&mut client, &expected).await;
        client.shutdown().await.unwrap();
        expect_end(&mut client).await;
        assert_eq!(server.await.unwrap(), Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn i_23_no_content_after_head_204_and_304_whatever_the_handler_says() {
    let bench = Bench::new(Scripted::new(|request, say| async move {
        say.interim(InterimHead::heartbeat()).await;
        let status = request.uri().path()[1..].parse().unwrap();
        let mut response = text(status, "content");
        response.headers_mut().insert("content-length", "1234".parse().unwrap());
        response.headers_mut().insert("connection", "x-hop".parse().unwrap());
        say.finish(response);
    }));
    let (mut client, _server) = bench.connect(4096);
    let interim = "HTTP/1.1 102 Processing\r\n\r\n";
    let rows = [
        ("HEAD /200", format!("HTTP/1.1 200 OK\r\n{DATE}Content-Length: 1234\r\n\r\n")),
        ("GET /204", format!("HTTP/1.1 204 No Content\r\n{DATE}\r\n")),
        ("GET /304", format!("HTTP/1.1 304 Not Modified\r\n{DATE}Content-Length: 1234\r\n\r\n")),
        ("GET /200", format!("HTTP/1.1 200 OK\r\n{DATE}Content-Length: 7\r\n\r\ncontent")),
    ];
    // One connection for all: any octet too many would be seen before the next head.
    for (line, expected) in rows {
        client.write_all(format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await.unwrap();
        expect(&mut client, interim).await;
        expect(&mut client, &expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_is_added_where_there_is_none() {
    let bench = Bench::new(Scripted::new(|_, say| async move {
        let mut response = text(200, "");
        response.headers_mut().remove("date");
        say.finish(response);
    }));
    let answer = bench.talk(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let date = answer.split("\r\n").find_map(|line| line.strip_prefix("Date: "));
    assert!(date.is_some_and(|date| date.len() == 29 && date.ends_with(" GMT")), "{answer}");
}

/// U-03: what the client got must not look whole.
#[tokio::test(start_paused = true)]
async fn u_03_content_that_breaks_off_ends_without_a_good_end() {
    let bench = Bench::new(Scripted::new(move |_, say| async move {
        let frames = vec![Ok(data("hel")), Err(BodyError::Origin("reset"))];
        say.finish(respond(200, broken(frames)));
    }));
    let (mut client, server) = bench.connect(4096);
    client.write_all(GET).await.unwrap();
    let head = format!("HTTP/1.1 200 OK\r\n{DATE}Transfer-Encoding: chunked\r\n\r\n");
    expect(&mut client, &format!("{head}3\r\nhel\r\n")).await;
    expect_end(&mut client).await;
    assert_eq!(server.await.unwrap(), Err(ServeError::Incomplete(BodyError::Origin("reset"))));
}

/// Content that says one length and has another would shift every response behind it.
#[tokio::test(start_paused = true)]
async fn content_that_belies_its_length_ends_the_connection() {
    for (frames, sent) in [(vec![data("hel")], "hel"), (vec![data("hel"), data("lo!")], "hel")] {
        let frames = std::sync::Mutex::new(Some(frames));
        let bench = Bench::new(Scripted::new(move |_, say| {
            let content = Lying(stream(frames.lock().unwrap().take().unwrap()));
            async move { say.finish(respond(200, content.boxed_unsync())) }
        }));
        let (mut client, server) = bench.connect(4096);
        client.write_all(GET).await.unwrap();
        let head = format!("HTTP/1.1 200 OK\r\n{DATE}Content-Length: 5\r\n\r\n");
        expect(&mut client, &format!("{head}{sent}")).await;
        expect_end(&mut client).await;
        assert!(matches!(server.await.unwrap(), Err(ServeError::Incomplete(_))));
    }
}

/// Says 5, whatever it holds.
struct Lying(Content);

impl http_body::Body for Lying {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(cx)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(5)
    }
}

/// Every mixture of small and large pieces comes out whole, chunked and with a length.
#[tokio::test(start_paused = true)]
async fn large_content_goes_out_whole_whatever_its_pieces() {
    let pieces = [1, 8191, 8192, 8193, 100_000, 3, 70_000];
    let total: usize = pieces.iter().sum();
    let bench = Bench::new(Scripted::new(move |_, say| async move {
        let frames = pieces
            .iter()
            .enumerate()
            .map(|(n, size)| Frame::data(Bytes::from(vec![b'a' + u8::try_from(n).unwrap(); *size])));
        say.finish(respond(200, stream(frames.collect())));
    }));
    let answer = bench.talk(GET_10).await;
    let (_, content) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(content.len(), total);
    let expected: String =
        (b'a'..).zip(pieces).map(|(octet, size)| String::from(octet as char).repeat(size)).collect();
    assert!(content == expected, "the pieces are in order");
    let chunked = bench.talk(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let (_, content) = chunked.split_once("\r\n\r\n").unwrap();
    let mut buf = bytes::BytesMut::from(content);
    let mut decoder = h1_adapter::chunk::ChunkDecoder::new();
    let mut decoded = Vec::new();
    while let h1_adapter::chunk::Decoded::Data(data) = decoder.decode(&mut buf).unwrap() {
        decoded.extend_from_slice(&data);
    }
    assert!(decoder.is_done() && buf.is_empty());
    assert!(decoded == expected.as_bytes(), "the chunks are in order");
}
