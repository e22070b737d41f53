//! Connections that are kept, used again, and dropped (U-09, U-10, ASY-04).

use std::time::Duration;

use downstream::RequestBody;
use progress_gateway::config::Scheme;
use progress_gateway::upstream::{UpstreamError, Upstreams};

use super::caller::{answer, failure, get, nudge, request, room, send, sized, stats, until, within};
use super::script::{OK, Origin, Wire};

/// A room with one idle connection, and the origin's end of it.
async fn with_idle_connection(origin: &Origin) -> (Upstreams, Wire) {
    let room = room(Scheme::Http, &[origin.address]);
    let mut call = get(&room);
    let theirs = async {
        let mut wire = origin.accept().await;
        wire.head().await;
        wire.say(OK).await;
        wire
    };
    let (wire, _) = tokio::join!(theirs, answer(&mut call));
    (room, wire)
}

/// Requests one after the other share a connection.
#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let origin = Origin::start().await;
    let (room, mut wire) = with_idle_connection(&origin).await;
    for _ in 0..5 {
        let mut call = send(&room, request("POST", sized("x")));
        let theirs = async {
            wire.head().await;
            wire.expect(b"x").await;
            wire.say(OK).await;
        };
        tokio::join!(theirs, answer(&mut call));
    }
    assert!(origin.is_alone().await);
    assert_eq!(stats(&room).connections(), 1);
}

/// Requests at the same time do not share one; both are kept.
#[tokio::test]
async fn requests_at_once_have_connections_of_their_own() {
    let origin = Origin::start().await;
    let (room, mut first) = with_idle_connection(&origin).await;
    let (mut one, mut two) = (get(&room), get(&room));
    let theirs = async {
        let mut second = origin.accept().await;
        second.head().await;
        second.say(OK).await;
        first.head().await;
        first.say(OK).await;
        second
    };
    let (_second, ..) = tokio::join!(theirs, answer(&mut one), answer(&mut two));
    assert_eq!(stats(&room).connections(), 2);
    // The one that was used last is used next.
    let mut call = get(&room);
    nudge(&mut call).await;
    first.head().await;
}

/// Cores have connections of their own; what is counted is counted for all.
#[tokio::test]
async fn another_core_has_its_own_connections() {
    let origin = Origin::start().await;
    let (room, _wire) = with_idle_connection(&origin).await;
    let other = room.for_another_core();
    let mut call = get(&other);
    let theirs = async {
        let mut wire = origin.accept().await;
        wire.say(OK).await;
        wire
    };
    tokio::join!(theirs, answer(&mut call));
    assert_eq!(stats(&room).connections(), 2);
    assert!(std::ptr::eq(stats(&room), stats(&other)));
}

/// Loopback delivers at once; the runtime hears of it when it next looks at its sockets, which it does
/// whenever all tasks have yielded.
async fn hear() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// U-09, U-10: an idle connection that the origin closed or wrote to is never used.
#[tokio::test]
async fn u_09_u_10_spoilt_connections_are_dropped() {
    for poison in [None, Some("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")] {
        let origin = Origin::start().await;
        let (room, mut wire) = with_idle_connection(&origin).await;
        match poison {
            None => drop(wire),
            Some(octets) => {
                wire.say(octets).await;
                // Kept open by a task of its own: only what it said spoils it.
                tokio::spawn(wire.closed());
            }
        }
        hear().await;
        let mut call = send(&room, request("POST", RequestBody::empty()));
        let theirs = async {
            let mut wire = origin.accept().await;
            assert!(wire.head().await.starts_with("POST"));
            wire.say(OK).await;
            wire
        };
        let (_wire, text) = tokio::join!(theirs, answer(&mut call));
        assert_eq!(text, "ok");
        assert_eq!(stats(&room).connections(), 1, "{poison:?}");
    }
}

/// U-09, ASY-04: a stale connection costs an idempotent request nothing: it goes out once more, on a
/// new connection.
#[tokio::test]
async fn u_09_asy_04_an_idempotent_request_is_sent_once_more() {
    let origin = Origin::start().await;
    let (room, mut stale) = with_idle_connection(&origin).await;
    let mut call = send(&room, request("DELETE", RequestBody::empty()));
    let theirs = async {
        let first = stale.head().await;
        drop(stale);
        let mut fresh = origin.accept().await;
        assert_eq!(fresh.head().await, first);
        fresh.say(OK).await;
        fresh
    };
    let (_fresh, text) = tokio::join!(theirs, answer(&mut call));
    assert_eq!(text, "ok");
}

/// ASY-04: once, and not for ever.
#[tokio::test]
async fn asy_04_it_is_sent_no_third_time() {
    let origin = Origin::start().await;
    let (room, mut stale) = with_idle_connection(&origin).await;
    let mut call = get(&room);
    let theirs = async {
        stale.head().await;
        drop(stale);
        origin.accept().await.head().await;
    };
    let (error, ()) = tokio::join!(failure(&mut call), theirs);
    assert_eq!(error, UpstreamError::Incomplete);
    assert!(origin.is_alone().await);
}

/// ASY-04: what is not idempotent, or had content that was read, is never sent twice; nor is anything
/// that failed on a new connection.
#[tokio::test]
async fn asy_04_other_requests_are_never_sent_twice() {
    for (method, body) in [("POST", RequestBody::empty()), ("POST", sized("x")), ("PUT", sized("x"))] {
        let origin = Origin::start().await;
        let (room, mut stale) = with_idle_connection(&origin).await;
        let mut call = send(&room, request(method, body));
        let theirs = async {
            stale.head().await;
            drop(stale);
        };
        let (error, ()) = tokio::join!(failure(&mut call), theirs);
        assert_eq!((error.status().as_u16(), error.proxy_status()), (502, "http_response_incomplete"));
        assert!(origin.is_alone().await, "{method}");
    }
    let origin = Origin::start().await;
    let room = room(Scheme::Http, &[origin.address]);
    let mut call = get(&room);
    let theirs = async {
        origin.accept().await.head().await;
    };
    let (error, ()) = tokio::join!(failure(&mut call), theirs);
    assert_eq!(error, UpstreamError::Incomplete);
    assert!(origin.is_alone().await);
}

/// Idle connections do not stay for ever, used or not.
#[tokio::test]
async fn idle_connections_are_closed_after_a_while() {
    let origin = Origin::start().await;
    let (room, wire) = with_idle_connection(&origin).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(stats(&room).connections(), 1);
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(10)).await;
    }
    until(|| stats(&room).connections() == 0).await;
    tokio::time::resume();
    within(wire.closed()).await;
}
