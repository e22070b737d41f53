//! The end: G-19.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use downstream::Phase;
use futures_util::{Stream, StreamExt, stream};
use progress_gateway::config::Protocols;
use progress_gateway::signals::{Ended, Signal, run_until_drained};
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use crate::clients::{Http2, http1, read, read_until, secure, send, tcp, tls};
use crate::gateway::{Gateway, eventually};

/// Long enough that no test waits for it.
const LONG: Duration = Duration::from_secs(600);

/// These signals and then none.
fn signals(signals: &[Signal]) -> impl Stream<Item = Signal> + Unpin + use<> {
    stream::iter(signals.to_vec()).chain(stream::pending())
}

#[tokio::test]
async fn g19_drain_closes_listeners_ends_idle_connections_and_lets_requests_finish() {
    let gateway = Gateway::over_tls(Protocols::OVER_TLS);
    let address = gateway.address();
    let mut idle = tls(&gateway, &["http/1.1"]).await.unwrap();
    send(&mut idle, "/", "").await;
    read_until(&mut idle, "86400\")").await;
    let mut waiting = tls(&gateway, &["http/1.1"]).await.unwrap();
    send(&mut waiting, "/wait", "").await;
    gateway.opened("/wait").await;
    let mut h2 = Http2::new(tls(&gateway, &["h2"]).await.unwrap()).await;
    let held = h2.request("/wait").await;
    gateway.opened("/wait").await;

    let (metrics, drain) = (gateway.metrics.clone(), gateway.drain.clone());
    let ended = tokio::spawn(run_until_drained(
        gateway.running,
        gateway.drain,
        Duration::from_millis(200),
        signals(&[Signal::Reload, Signal::Stop]),
    ));
    // The idle connection is closed; whoever waits is not.
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0);
    assert!(drain.reached(Phase::Draining));
    // The listener is closed: the next connection is refused.
    assert!(eventually(|| TcpStream::connect(address).is_err()).await);
    // After the drain's time, whoever waits is answered, and told that the connection ends.
    let response = read_until(&mut waiting, "concluded").await;
    assert!(response.starts_with("HTTP/1.1 202 "), "{response}");
    assert!(response.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{response}");
    assert_eq!(read(held).await.0, 202);
    // GOAWAY: the connection takes no further request, and ends in peace.
    drop(h2.send);
    assert!(h2.connection.await.unwrap().is_ok());
    assert_eq!(ended.await.unwrap(), Ended::Drained);
    let text = metrics.text().unwrap();
    assert!(text.contains("progress_gateway_connections{protocol=\"h2\"} 0\n"), "{text}");
}

#[tokio::test]
async fn g19_connections_in_the_accept_queue_are_served() {
    // Many connections at once, some of which are still in the queue when the drain begins.
    let gateway = Gateway::cleartext();
    let mut clients: Vec<TcpStream> =
        (0..50).map(|_| TcpStream::connect(gateway.address()).unwrap()).collect();
    for client in &mut clients {
        client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    }
    gateway.drain.advance(Phase::Draining);
    for mut client in clients {
        let mut response = String::new();
        std::io::Read::read_to_string(&mut client, &mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    }
    gateway.running.emptied().await;
}

#[tokio::test]
async fn g19_connections_in_their_handshake_are_served() {
    for alpn in ["http/1.1", "h2"] {
        let gateway = Gateway::over_tls(Protocols::OVER_TLS);
        let connection = tcp(gateway.address()).await;
        assert!(eventually(|| gateway.running.connections() == 1).await);
        gateway.drain.advance(Phase::Draining);
        let secured = secure(connection, &gateway, &[alpn]).await.unwrap();
        if alpn == "h2" {
            assert_eq!(Http2::new(secured).await.get("/").await.0, 200);
        } else {
            assert!(http1(secured, "/").await.starts_with("HTTP/1.1 200 "));
        }
        gateway.running.emptied().await;
    }
}

#[tokio::test]
async fn a_drain_with_nobody_in_ends_at_once() {
    let gateway = Gateway::cleartext();
    let start = Instant::now();
    let ended = run_until_drained(gateway.running, gateway.drain, LONG, signals(&[Signal::Stop])).await;
    assert_eq!(ended, Ended::Drained);
    assert!(start.elapsed() < LONG);
}

#[tokio::test]
async fn somebody_else_may_begin_the_drain() {
    let gateway = Gateway::cleartext();
    gateway.drain.advance(Phase::Draining);
    let ended = run_until_drained(gateway.running, gateway.drain, LONG, signals(&[])).await;
    assert_eq!(ended, Ended::Drained);
}

#[tokio::test]
async fn g19_a_second_stop_ends_at_once() {
    let gateway = Gateway::cleartext();
    let mut client = tcp(gateway.address()).await;
    send(&mut client, "/hold", "").await;
    gateway.opened("/hold").await;
    let stops = signals(&[Signal::Stop, Signal::Stop]);
    let ended = run_until_drained(gateway.running, gateway.drain, LONG, stops).await;
    assert_eq!(ended, Ended::Hurried);
    assert_eq!(client.read(&mut [0]).await.unwrap_or(0), 0);
}

/// On the paused clock of this test the drain's time and the grace pass at once; the workers have
/// clocks of their own.
#[tokio::test(start_paused = true)]
async fn g19_a_connection_that_never_ends_is_cut_off_after_the_grace() {
    let gateway = Gateway::cleartext();
    let mut client = TcpStream::connect(gateway.address()).unwrap();
    client.write_all(b"GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    gateway.opened("/hold").await;
    let drain = gateway.drain.clone();
    let start = Instant::now();
    let ended = run_until_drained(gateway.running, gateway.drain, LONG, signals(&[Signal::Stop])).await;
    assert_eq!(ended, Ended::GraceOver);
    assert_eq!(start.elapsed(), LONG + Duration::from_secs(5));
    assert!(drain.reached(Phase::Concluding));
}
