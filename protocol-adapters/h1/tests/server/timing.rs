//! Deadlines of heads and of idle connections (D-01).

use std::time::Duration;

use downstream::Refusal;
use h1_adapter::server::ServeError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::script::{Bench, Scripted, expect, expect_end, wire};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn d_01_a_head_that_trickles_in_is_408_ten_seconds_after_its_first_octet() {
    let bench = Bench::new(Scripted::echo());
    let (client, server) = bench.connect(4096);
    let (mut reading, mut writing) = tokio::io::split(client);
    let began = Instant::now();
    let trickle = tokio::spawn(async move {
        for octet in GET {
            if writing.write_all(&[*octet]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let mut answer = [0; 12];
    reading.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert_eq!(began.elapsed(), bench.limits.head_timeout);
    drop(reading);
    trickle.abort();
    assert_eq!(server.await.unwrap(), Err(ServeError::Refused(Refusal::HeadTimeout)));
}

/// Empty lines are no octets of a head.
#[tokio::test(start_paused = true)]
async fn d_01_a_connection_that_says_nothing_is_closed_in_silence() {
    for said in ["", "\r\n", "\r\n\r"] {
        let bench = Bench::new(Scripted::echo());
        let (mut client, _server) = bench.connect(4096);
        client.write_all(said.as_bytes()).await.unwrap();
        let began = Instant::now();
        expect_end(&mut client).await;
        assert_eq!(began.elapsed(), bench.limits.head_timeout);
    }
}

#[tokio::test(start_paused = true)]
async fn between_requests_the_idle_timeout_holds_and_each_request_renews_it() {
    let bench = Bench::new(Scripted::echo());
    assert_eq!(bench.limits.idle_timeout, Duration::from_secs(60));
    let (mut client, _server) = bench.connect(4096);
    for _ in 0..5 {
        client.write_all(GET).await.unwrap();
        expect(&mut client, &wire("200 OK", "GET / ")).await;
        tokio::time::sleep(Duration::from_secs(59)).await;
    }
    let began = Instant::now();
    expect_end(&mut client).await;
    assert_eq!(began.elapsed(), Duration::from_secs(1));
}

/// The next head's first octet ends the idle wait and begins the head's own.
#[tokio::test(start_paused = true)]
async fn d_01_the_head_timeout_holds_for_later_requests_too() {
    let bench = Bench::new(Scripted::echo());
    let (mut client, _server) = bench.connect(4096);
    client.write_all(GET).await.unwrap();
    expect(&mut client, &wire("200 OK", "GET / ")).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    client.write_all(&GET[..5]).await.unwrap();
    let began = Instant::now();
    let mut answer = [0; 12];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert_eq!(began.elapsed(), bench.limits.head_timeout);
}
