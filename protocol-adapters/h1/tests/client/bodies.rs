//! The content of responses.

use http_body::Body;
use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;

use super::origin::{Pool, connect, content, get, in_memory, response, within};

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
    3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Sum: 13\r\nContent-Length: 9\r\n\r\n";

/// Chunks and their trailers, at every cut; framing fields do not come as trailers.
#[tokio::test]
async fn chunks_and_trailers_at_every_cut() {
    for size in 1..CHUNKED.len() {
        let (connection, mut origin) = in_memory();
        let pool = Pool::new();
        let mut exchange = connection.send(get(), pool.clone());
        let ours = async { content(response(&mut exchange).await).await.expect("content") };
        let ((text, trailers), ()) = tokio::join!(ours, origin.say_in_parts(CHUNKED, size));
        assert_eq!(text, "abc0123456789", "in parts of {size}");
        let trailers = trailers.expect("trailers");
        assert_eq!((trailers.len(), &trailers["x-sum"]), (1, &"13".parse().expect("a value")));
        assert_eq!(pool.len(), 1, "in parts of {size}");
    }
}

/// The last piece says that it is the last one, and the connection is back by then: where the length
/// is known, and where the end of the chunks came along.
#[tokio::test]
async fn the_last_piece_gives_the_connection_back() {
    for head in
        ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
    {
        let (connection, mut origin) = connect().await;
        let pool = Pool::new();
        let mut exchange = connection.send(get(), pool.clone());
        origin.say(format!("HTTP/1.1 200 OK\r\n{head}")).await;
        let mut body = response(&mut exchange).await.into_body();
        assert!(!body.is_end_stream());
        let frame = within(body.frame()).await.expect("a frame").expect("content");
        assert_eq!(frame.into_data().expect("data"), "hello");
        assert!(body.is_end_stream(), "{head:?}");
        assert_eq!(body.size_hint().exact().unwrap_or(0), 0, "{head:?}");
        assert_eq!(pool.len(), 1, "{head:?}");
    }
}

/// The size is known while it is known.
#[tokio::test]
async fn the_size_that_is_left_is_told() {
    let (connection, mut origin) = connect().await;
    let mut exchange = connection.send(get(), Pool::new());
    origin.say("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabc").await;
    let mut body = response(&mut exchange).await.into_body();
    assert_eq!(body.size_hint().exact(), Some(8));
    within(body.frame()).await.expect("a frame").expect("content");
    assert_eq!(body.size_hint().exact(), Some(5));
    origin.say("defgh").await;
    within(body.frame()).await.expect("a frame").expect("content");
    assert!(body.is_end_stream());
}

/// A megabyte of each framing, in writes that fit nothing.
#[tokio::test]
async fn much_content_comes_whole() {
    let text: Vec<u8> = (0..1_000_003_u32).map(|n| u8::try_from(n % 251).expect("small")).collect();
    let mut chunks = Vec::new();
    for chunk in text.chunks(70_001) {
        chunks.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        chunks.extend_from_slice(chunk);
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(b"0\r\n\r\n");
    let table = [
        (format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len()), &text, 1),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(), &chunks, 1),
        ("HTTP/1.1 200 OK\r\n\r\n".to_owned(), &text, 0),
    ];
    for (head, octets, kept) in table {
        let (connection, mut origin) = connect().await;
        let pool = Pool::new();
        let mut exchange = connection.send(get(), pool.clone());
        let theirs = async {
            origin.say(&head).await;
            origin.say_in_parts(octets, 33_333).await;
            // What has no length of its own ends here.
            origin.0.shutdown().await.expect("open");
        };
        let ours = async { content(response(&mut exchange).await).await.expect("content").0 };
        let (read, ()) = tokio::join!(ours, theirs);
        assert!(read == text, "{head:?}");
        assert_eq!(pool.len(), kept, "{head:?}");
    }
}

/// U-03, U-04: content that ends early is an error, never an end.
#[tokio::test]
async fn u_03_u_04_content_that_breaks_off() {
    let table = [
        "Content-Length: 5\r\n\r\nhell",
        "Content-Length: 5\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX",
        "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
    ];
    for head in table {
        let (connection, mut origin) = connect().await;
        let pool = Pool::new();
        let mut exchange = connection.send(get(), pool.clone());
        origin.say(format!("HTTP/1.1 200 OK\r\n{head}")).await;
        origin.0.shutdown().await.expect("open");
        let mut body = response(&mut exchange).await.into_body();
        let error = loop {
            match within(body.frame()).await {
                Some(Ok(_)) => {}
                Some(Err(error)) => break error,
                None => panic!("a clean end of {head:?}"),
            }
        };
        assert!(matches!(error, downstream::BodyError::Origin(_)), "{head:?}");
        // One error, then nothing; the connection is gone.
        assert!(within(body.frame()).await.is_none());
        assert_eq!(pool.len(), 0, "{head:?}");
    }
}

/// U-03: a reset is an error even where the end of the connection would be the end of the content.
#[tokio::test]
async fn u_03_a_reset_is_no_end() {
    let (connection, mut origin) = connect().await;
    let mut exchange = connection.send(get(), Pool::new());
    origin.say("HTTP/1.1 200 OK\r\n\r\nhello").await;
    let mut body = response(&mut exchange).await.into_body();
    within(body.frame()).await.expect("a frame").expect("content");
    origin.reset();
    assert!(within(body.frame()).await.expect("an error").is_err());
}

/// Dropping the content before its end closes the connection.
#[tokio::test]
async fn a_dropped_body_closes() {
    let (connection, mut origin) = connect().await;
    let pool = Pool::new();
    let mut exchange = connection.send(get(), pool.clone());
    origin.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell").await;
    let response = response(&mut exchange).await;
    drop(response);
    assert_eq!(pool.len(), 0);
    origin.closed().await;
}
