//! Connections that are used again, and those that must not be.

use h1_adapter::client::{ClientConnection, ClientExchange};
use http_body::Body;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::origin::{Origin, Pool, connect, content, failure, get, request, response, sized};
use downstream::RequestBody;

/// A connection that has carried an exchange.
async fn used() -> (ClientConnection<TcpStream>, Origin<TcpStream>) {
    let (connection, mut origin) = connect().await;
    let pool = Pool::new();
    let mut exchange = connection.send(get(), pool.clone());
    origin.say("HTTP/1.1 204 \r\n\r\n").await;
    response(&mut exchange).await;
    origin.head().await;
    (pool.take().expect("a connection that can be used again"), origin)
}

/// One connection carries any number of exchanges, with content and interim heads between.
#[tokio::test]
async fn a_connection_is_used_again_and_again() {
    let (mut connection, mut origin) = connect().await;
    let pool = Pool::new();
    for n in 0..20 {
        assert!(connection.is_quiet(), "exchange {n}");
        let mut exchange = connection.send(request("POST", sized("ping")), pool.clone());
        let theirs = async {
            origin.head().await;
            origin.expect(b"ping").await;
            origin.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong").await;
        };
        let (answer, ()) = tokio::join!(response(&mut exchange), theirs);
        assert_eq!(content(answer).await.expect("content").0, "pong");
        connection = pool.take().expect("kept alive");
    }
}

/// What the origin says of the connection is heeded.
#[tokio::test]
async fn connections_that_end_are_not_kept() {
    let table = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", 0),
        ("HTTP/1.1 204 \r\nConnection: Close, x\r\n\r\n", 0),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 0),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok", 1),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 1),
        // I-16, U-10: something beyond the response.
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 102 \r\n\r\n", 0),
        ("HTTP/1.1 204 \r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nx", 0),
    ];
    for (octets, kept) in table {
        let (connection, mut origin) = connect().await;
        let pool = Pool::new();
        let mut exchange = connection.send(get(), pool.clone());
        origin.say(octets).await;
        let response = response(&mut exchange).await;
        // The response itself is valid (I-16).
        if !response.body().is_end_stream() {
            assert_eq!(content(response).await.expect("content").0, "ok", "{octets:?}");
        }
        assert_eq!(pool.len(), kept, "{octets:?}");
    }
}

/// U-09, U-10: a connection that the origin closed, reset or wrote to while it was idle is noticed.
#[tokio::test]
async fn u_09_u_10_an_idle_connection_must_be_quiet() {
    let (mut connection, origin) = used().await;
    assert!(connection.is_quiet());
    drop(origin);
    until_noticed(&mut connection).await;

    let (mut connection, mut origin) = used().await;
    origin.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil").await;
    until_noticed(&mut connection).await;

    let (mut connection, origin) = used().await;
    origin.reset();
    until_noticed(&mut connection).await;
}

/// Gives the runtime time to hear of what the other end did.
async fn until_noticed(connection: &mut ClientConnection<TcpStream>) {
    super::origin::within(async {
        while connection.is_quiet() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A request on a used connection that the origin closes without a word.
async fn stale(mut request: http::Request<RequestBody>) -> h1_adapter::client::ClientError {
    let (connection, origin) = used().await;
    request.headers_mut().insert("x-mark", "1".parse().expect("a value"));
    let mut exchange = connection.send(request, Pool::new());
    drop(origin);
    failure(&mut exchange).await
}

/// U-09, ASY-04: only what is idempotent and untouched comes back to be sent again, whole.
#[tokio::test]
async fn u_09_asy_04_what_a_stale_connection_gives_back() {
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        let error = stale(request(method, RequestBody::empty())).await;
        assert!(error.is_stale(), "{method}");
        let again = error.into_request().expect("to be sent again");
        assert_eq!((again.method().as_str(), again.uri().path()), (method, "/a"));
        assert_eq!(again.headers()["x-mark"], "1");
    }
    for method in ["POST", "PATCH", "LOCK"] {
        let error = stale(request(method, RequestBody::empty())).await;
        assert!(error.is_stale() && error.into_request().is_none(), "{method}");
    }
    // Its content is used up.
    let error = stale(request("PUT", sized("four"))).await;
    assert!(error.is_stale() && error.into_request().is_none());
}

/// ASY-04: one octet of a response, and the failure is no longer the connection's.
#[tokio::test]
async fn asy_04_nothing_is_repeated_after_the_first_octet() {
    for begun in ["H", "HTTP/1.1 102 \r\n\r\n"] {
        let (connection, mut origin) = used().await;
        let mut exchange = connection.send(get(), Pool::new());
        origin.say(begun).await;
        origin.0.shutdown().await.expect("open");
        if begun.len() > 1 {
            super::origin::interim(&mut exchange).await;
        }
        let error = failure(&mut exchange).await;
        assert!(!error.is_stale() && error.into_request().is_none(), "{begun:?}");
    }
}

/// Dropping an exchange closes its connection.
#[tokio::test]
async fn a_dropped_exchange_closes() {
    let (connection, mut origin) = connect().await;
    let pool = Pool::new();
    let mut exchange = connection.send(get(), pool.clone());
    origin.say("HTTP/1.1 102 \r\n\r\n").await;
    super::origin::interim(&mut exchange).await;
    drop(exchange);
    assert_eq!(pool.len(), 0);
    origin.closed().await;
}

/// A waiting exchange is held thousands of times: what it takes itself has a bound.
#[test]
fn a_waiting_exchange_is_small() {
    let size = size_of::<ClientExchange<TcpStream, Pool<TcpStream>>>();
    assert!(size <= 512, "{size} octets");
}
