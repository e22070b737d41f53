//! Calls to HTTP/1.1 origins.

use downstream::RequestBody;
use http_body::Body;
use progress_gateway::config::Scheme;
use progress_gateway::upstream::{Outcome, Patience, UpstreamError};

use super::caller::{
    answer, content, failure, get, interim, nudge, request, response, room, send, sized, stats,
};
use super::script::{OK, Origin};

/// FWD-01, FWD-06: interim heads as they come, in order, then the final response with its trailers.
#[tokio::test]
async fn fwd_01_interim_heads_then_the_response() {
    let origin = Origin::start().await;
    let room = room(Scheme::Http, &[origin.address]);
    let mut call = send(&room, request("POST", sized("four")));
    nudge(&mut call).await;
    let theirs = async {
        let mut wire = origin.accept().await;
        assert_eq!(wire.head().await, "POST /a?b HTTP/1.1\r\nHost: o.example\r\nContent-Length: 4\r\n\r\n");
        wire.expect(b"four").await;
        wire.say("HTTP/1.1 102 \r\nProgress: 1/2\r\nConnection: x\r\nX: y\r\nContent-Length: 3\r\n\r\n")
            .await;
        wire.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nLink: </a>\r\n\r\n").await;
        wire.say("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nKeep-Alive: a\r\n\r\n").await;
        wire.say("5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n").await;
        wire
    };
    let ours = async {
        let (status, fields) = interim(&mut call).await;
        assert_eq!((status, fields.len(), &fields["progress"]), (102, 1, &"1/2".parse().expect("a value")));
        assert_eq!(interim(&mut call).await.0, 103);
        let response = response(&mut call).await;
        assert_eq!((response.status().as_u16(), response.headers().len()), (201, 0));
        content(response).await.expect("content")
    };
    let (_wire, (text, trailers)) = tokio::join!(theirs, ours);
    assert_eq!(text, "hello");
    assert_eq!(trailers.expect("trailers")["x-sum"], "5");
    assert_eq!(stats(&room).ended(Outcome::Success), 1);
}

/// A request of an HTTP/1.0 client that names no host gets the server's own name.
#[tokio::test]
async fn a_request_without_host_gets_the_servers_name() {
    let origin = Origin::start().await;
    let room = room(Scheme::Http, &[origin.address]);
    let mut request = request("GET", RequestBody::empty());
    request.headers_mut().remove("host");
    let mut call = send(&room, request);
    let theirs = async {
        let mut wire = origin.accept().await;
        let head = wire.head().await;
        wire.say(OK).await;
        (head, wire)
    };
    let ((head, _wire), _) = tokio::join!(theirs, answer(&mut call));
    assert!(head.contains(&format!("\r\nHost: {}\r\n", origin.address)), "{head}");
}

/// What the origin says of the size is passed on, and the end is known without asking for it.
#[tokio::test]
async fn the_size_of_the_content_is_passed_on() {
    let origin = Origin::start().await;
    let room = room(Scheme::Http, &[origin.address]);
    let mut call = get(&room);
    let theirs = async {
        let mut wire = origin.accept().await;
        wire.say(OK).await;
        wire
    };
    let (_wire, response) = tokio::join!(theirs, response(&mut call));
    assert_eq!(response.headers()["content-length"], "2");
    assert_eq!(response.body().size_hint().exact(), Some(2));
    assert!(!response.body().is_end_stream());
}

/// Dropping the call, or the content, cancels: the connection closes.
#[tokio::test]
async fn dropping_cancels() {
    let origin = Origin::start().await;
    let room = room(Scheme::Http, &[origin.address]);
    let mut call = get(&room);
    nudge(&mut call).await;
    let mut wire = {
        let (mut wire, ()) = tokio::join!(origin.accept(), async {});
        wire.say("HTTP/1.1 102 \r\n\r\n").await;
        wire
    };
    assert_eq!(interim(&mut call).await.0, 102);
    wire.head().await;
    drop(call);
    wire.closed().await;
    assert_eq!(stats(&room).ended(Outcome::Canceled), 1);

    let mut call = get(&room);
    let theirs = async {
        let mut wire = origin.accept().await;
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await;
        wire
    };
    let (wire, response) = tokio::join!(theirs, response(&mut call));
    drop(response);
    wire.closed().await;
    assert_eq!(stats(&room).connections(), 0);
    assert_eq!((stats(&room).ended(Outcome::Canceled), stats(&room).ended(Outcome::Success)), (1, 1));
}

/// A mistake of the gateway is told as one.
#[tokio::test]
async fn an_upstream_that_does_not_exist_is_an_internal_error() {
    let room = room(Scheme::Http, &[]);
    for index in [0, 1] {
        let mut call = room.call(index, request("GET", RequestBody::empty()), Patience::Unlimited);
        let error = failure(&mut call).await;
        assert!(matches!(error, UpstreamError::Internal(_)), "{error}");
        assert_eq!(error.status(), 500);
        let again = failure(&mut call).await;
        assert!(matches!(again, UpstreamError::Internal(_)), "{again}");
    }
}
