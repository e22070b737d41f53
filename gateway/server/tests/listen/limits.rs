//! What one client may take from the others.

use std::num::NonZeroU32;
use std::time::Duration;

use downstream::Limits;
use progress_gateway::config::Protocols;
use progress_gateway::listen::Caps;
use tokio::io::AsyncReadExt;

use crate::clients::{Http2, http1, read_until, send, tcp};
use crate::gateway::{Gateway, Setup, door, eventually};

fn with_caps(connections: u32, per_address: u32) -> Gateway {
    let caps = Caps { connections: NonZeroU32::new(connections), per_address: NonZeroU32::new(per_address) };
    Gateway::start(door(Protocols::CLEARTEXT, None), Setup { caps, ..Setup::default() })
}

async fn a_third_is_closed_at_once(gateway: &Gateway, reason: &str) {
    let mut first = Http2::new(tcp(gateway.address()).await).await;
    let mut second = Http2::new(tcp(gateway.address()).await).await;
    first.get("/").await;
    second.get("/").await;
    let mut third = tcp(gateway.address()).await;
    assert_eq!(third.read(&mut [0]).await.unwrap_or(0), 0, "closed, or reset");
    gateway.until(&format!("connections_refused_total{{reason=\"{reason}\"}}"), 1.0).await;
    assert_eq!(gateway.running.connections(), 2);
    // The others do not notice, and a place that becomes free is given away.
    assert_eq!(first.get("/").await.0, 200);
    drop(second);
    gateway.until("connections{protocol=\"h2\"}", 1.0).await;
    assert!(eventually(|| gateway.running.connections() == 1).await);
    assert!(http1(tcp(gateway.address()).await, "/").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn d05_a_connection_over_the_cap_is_closed_at_once() {
    a_third_is_closed_at_once(&with_caps(2, 0), "maximum").await;
}

#[tokio::test]
async fn d05_a_connection_over_the_cap_of_its_address_is_closed_at_once() {
    a_third_is_closed_at_once(&with_caps(100, 2), "maximum_per_address").await;
}

#[tokio::test]
async fn g17_a_panic_ends_its_connection_and_nothing_else() {
    let gateway = Gateway::cleartext();
    let mut neighbour = Http2::new(tcp(gateway.address()).await).await;
    neighbour.get("/").await;
    // Both workers get some: a worker that died of it would not serve the rest.
    for count in 1..=8 {
        let mut unlucky = tcp(gateway.address()).await;
        send(&mut unlucky, "/panic", "").await;
        assert_eq!(unlucky.read(&mut [0; 64]).await.unwrap_or(0), 0);
        gateway.until("connection_panics_total", f64::from(count)).await;
    }
    assert_eq!(neighbour.get("/").await.0, 200);
    assert!(eventually(|| gateway.running.connections() == 1).await);
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed_after_the_idle_timeout() {
    let limits = Limits { idle_timeout: Duration::from_millis(50), ..Limits::default() };
    let gateway = Gateway::start(door(Protocols::CLEARTEXT, None), Setup { limits, ..Setup::default() });
    let mut silent = tcp(gateway.address()).await;
    assert_eq!(silent.read(&mut [0]).await.unwrap_or(0), 0);
    // One that has had its answer is idle too.
    let mut idle = tcp(gateway.address()).await;
    send(&mut idle, "/", "").await;
    read_until(&mut idle, "alt-svc None").await;
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0);
}
