//! Interim and final heads: what is shown, what is swallowed.

use http::StatusCode;

use super::origin::{Pool, connect, content, get, in_memory, interim, request, response, sized};
use downstream::RequestBody;

/// Three interim heads and a final one; each of its own.
const SERIES: &[u8] = b"HTTP/1.1 102 Processing\r\nProgress: 1/3\r\n\r\n\
    HTTP/1.1 102 Processing\r\n\r\n\
    HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nLink: </b>; rel=preload\r\n\r\n\
    HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";

/// FWD-01: several heads in one segment, in order, each with its own fields.
#[tokio::test]
async fn fwd_01_several_heads_in_one_segment() {
    let (connection, mut origin) = connect().await;
    let pool = Pool::new();
    origin.say(SERIES).await;
    let mut exchange = connection.send(get(), pool.clone());
    let (status, fields) = interim(&mut exchange).await;
    assert_eq!((status, fields.len(), &fields["progress"]), (102, 1, &"1/3".parse().expect("a value")));
    let (status, fields) = interim(&mut exchange).await;
    assert_eq!((status, fields.len()), (102, 0));
    let (status, fields) = interim(&mut exchange).await;
    assert_eq!((status, fields.get_all("link").iter().count(), fields.len()), (103, 2, 2));
    let response = response(&mut exchange).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers().len(), 2);
    assert_eq!(content(response).await.expect("content").0, "hello");
    assert_eq!(pool.len(), 1);
}

/// The same octets mean the same, however they are cut.
#[tokio::test]
async fn a_series_means_the_same_at_every_cut() {
    for size in 1..SERIES.len() {
        let (connection, mut origin) = in_memory();
        let pool = Pool::new();
        let mut exchange = connection.send(get(), pool.clone());
        let ours = async {
            let mut statuses = Vec::new();
            for _ in 0..3 {
                let (status, fields) = interim(&mut exchange).await;
                statuses.push((status, fields.len()));
            }
            (statuses, content(response(&mut exchange).await).await.expect("content").0)
        };
        let ((statuses, text), ()) = tokio::join!(ours, origin.say_in_parts(SERIES, size));
        assert_eq!(statuses, [(102, 1), (102, 0), (103, 2)], "in parts of {size}");
        assert_eq!(text, "hello", "in parts of {size}");
        assert_eq!(pool.len(), 1, "in parts of {size}");
    }
}

/// I-17: 103, 104 and unknown ones are shown, an unasked 100 is not.
#[tokio::test]
async fn i_17_any_interim_status_but_100_is_shown() {
    let (connection, mut origin) = connect().await;
    let mut exchange = connection.send(get(), Pool::new());
    for status in [100, 104, 199, 100, 103, 110] {
        origin.say(format!("HTTP/1.1 {status} \r\nUpload-Offset: 5\r\n\r\n")).await;
    }
    origin.say("HTTP/1.1 204\r\n\r\n").await;
    for expected in [104, 199, 103, 110] {
        assert_eq!(interim(&mut exchange).await.0, expected);
    }
    assert_eq!(response(&mut exchange).await.status(), 204);
}

/// Fact 6, FWD-06, I-08: framing and connection fields in an interim head neither frame nor show.
#[tokio::test]
async fn fwd_06_framing_fields_of_interim_heads_are_stripped() {
    let (connection, mut origin) = connect().await;
    let mut exchange = connection.send(get(), Pool::new());
    origin
        .say(
            "HTTP/1.1 102 Processing\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\
             Connection: close, x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProgress: 1/2\r\n\r\n\
             HTTP/1.1 204 No Content\r\n\r\n",
        )
        .await;
    let (status, fields) = interim(&mut exchange).await;
    let names: Vec<_> = fields.keys().map(http::HeaderName::as_str).collect();
    assert_eq!((status, names), (102, vec!["progress"]));
    assert_eq!(response(&mut exchange).await.status(), 204);
}

/// I-23: HEAD, 204 and 304 have no content whatever they say, and the connection goes on.
#[tokio::test]
async fn i_23_responses_without_content_after_interim_heads() {
    let table = [
        ("HEAD", "200 OK\r\nContent-Length: 5"),
        ("HEAD", "200 OK\r\nTransfer-Encoding: chunked"),
        ("GET", "204 No Content\r\nContent-Length: 5"),
        ("GET", "304 Not Modified\r\nContent-Length: 5"),
        ("GET", "200 OK\r\nContent-Length: 0"),
    ];
    for (method, head) in table {
        let (connection, mut origin) = connect().await;
        let pool = Pool::new();
        let mut exchange = connection.send(request(method, RequestBody::empty()), pool.clone());
        origin.say("HTTP/1.1 102 Processing\r\n\r\n").await;
        origin.say(format!("HTTP/1.1 {head}\r\n\r\n")).await;
        assert_eq!(interim(&mut exchange).await.0, 102);
        let response = response(&mut exchange).await;
        assert!(http_body::Body::is_end_stream(response.body()), "{method} {head}");
        // Without waiting to be asked for the content that is not there.
        assert_eq!(pool.len(), 1, "{method} {head}");
        assert!(content(response).await.expect("nothing").0.is_empty());
    }
}

/// A request that says so goes out as HTTP/1.0; its content has a length.
#[tokio::test]
async fn a_request_may_be_of_http_1_0() {
    let (connection, mut origin) = connect().await;
    let mut asked = request("POST", sized("ping"));
    *asked.version_mut() = http::Version::HTTP_10;
    let mut exchange = connection.send(asked, Pool::new());
    origin.say("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\npong").await;
    assert_eq!(content(response(&mut exchange).await).await.expect("content").0, "pong");
    assert_eq!(origin.head().await, "POST /a?b HTTP/1.0\r\nHost: o.example\r\nContent-Length: 4\r\n\r\n");
    origin.expect(b"ping").await;
}
