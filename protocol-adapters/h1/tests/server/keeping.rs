//! Keep-alive, pipelining, draining.

use std::sync::Arc;

use downstream::{Phase, Refusal};
use h1_adapter::server::ServeError;
use progress_core::interim::InterimHead;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use crate::script::{Bench, Scripted, expect, expect_end, last_wire, text, wire};

fn get(path: &str) -> String {
    format!("GET /{path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// Answers each request once it is told to; says two signs of life before.
fn patient(go: &Arc<Notify>) -> Scripted {
    let go = Arc::clone(go);
    Scripted::new(move |request, say| {
        let go = Arc::clone(&go);
        async move {
            say.interim(InterimHead::heartbeat()).await;
            go.notified().await;
            say.interim(InterimHead::heartbeat()).await;
            say.finish(text(200, request.uri().path()));
        }
    })
}

const ALIVE: &str = "HTTP/1.1 102 Processing\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn h11_06_the_connection_goes_on_after_any_number_of_interim_heads() {
    let go = Arc::new(Notify::new());
    let bench = Bench::new(patient(&go));
    let (mut client, _server) = bench.connect(4096);
    for round in 0..10 {
        client.write_all(get(&round.to_string()).as_bytes()).await.unwrap();
        expect(&mut client, ALIVE).await;
        go.notify_one();
        expect(&mut client, ALIVE).await;
        expect(&mut client, &wire("200 OK", &format!("/{round}"))).await;
    }
}

/// X09: B's heads come after A's final response, though B arrived while A was held.
#[tokio::test(start_paused = true)]
async fn i_19_h1_21_h11_02_pipelined_requests_are_answered_in_order() {
    let go = Arc::new(Notify::new());
    let bench = Bench::new(patient(&go));
    let (mut client, _server) = bench.connect(4096);
    let post = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
    client.write_all(format!("{post}{}{}", get("b"), &get("c")[..9]).as_bytes()).await.unwrap();
    expect(&mut client, ALIVE).await;
    assert_eq!(bench.handler.log.lock().unwrap().opened.len(), 1, "B waits for A");
    client.write_all(&get("c").as_bytes()[9..]).await.unwrap();
    for path in ["/a", "/b", "/c"] {
        go.notify_one();
        let first = if path == "/a" { "" } else { ALIVE };
        expect(&mut client, &format!("{first}{ALIVE}{}", wire("200 OK", path))).await;
    }
}

/// I-19: parked octets are bounded; the client is stopped by the transport, not by our memory.
#[tokio::test(start_paused = true)]
async fn i_19_a_flood_of_pipelined_requests_is_parked_up_to_a_bound() {
    let go = Arc::new(Notify::new());
    let mut bench = Bench::new(patient(&go));
    bench.limits.head_size = 1000;
    let (mut client, _server) = bench.connect(100);
    client.write_all(get("first").as_bytes()).await.unwrap();
    expect(&mut client, ALIVE).await;
    let flood = get("x").repeat(1000);
    let (mut reading, mut writing) = tokio::io::split(client);
    let mut sent = 0;
    while let Ok(written) =
        tokio::time::timeout(std::time::Duration::from_secs(1), writing.write(&flood.as_bytes()[sent..]))
            .await
    {
        sent += written.unwrap();
    }
    assert_eq!(sent, 1000 + 100, "what may be parked, and what the pipe holds");
    go.notify_one();
    expect(&mut reading, &format!("{ALIVE}{}", wire("200 OK", "/first"))).await;
    // And it goes on where it stopped.
    for _ in 0..20 {
        go.notify_one();
        expect(&mut reading, &format!("{ALIVE}{ALIVE}{}", wire("200 OK", "/x"))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn connection_close_is_obeyed_and_said() {
    let bench = Bench::new(Scripted::echo());
    let requests =
        "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(bench.talk(requests.as_bytes()).await, last_wire("200 OK", "GET /1 "));
    assert_eq!(bench.handler.log.lock().unwrap().opened.len(), 1);
}

/// V10-04, V10-07: never kept alive, never an interim head, the status line says 1.1.
#[tokio::test(start_paused = true)]
async fn v10_07_http_10_ends_with_its_response() {
    let bench = Bench::new(Scripted::echo());
    let request =
        "POST /1 HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}";
    assert_eq!(bench.talk(request.as_bytes()).await, last_wire("200 OK", "POST /1 {}"));
    // EXP-02: and without the content having arrived there is no 100 either.
    let (mut client, _server) = bench.connect(4096);
    let (head, content) = request.split_at(request.len() - 2);
    client.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    client.write_all(content.as_bytes()).await.unwrap();
    expect(&mut client, &last_wire("200 OK", "POST /1 {}")).await;
}

/// What was served before stays served; what follows a malformed request is not looked at.
#[tokio::test(start_paused = true)]
async fn a_refusal_comes_behind_the_responses_before_it() {
    let bench = Bench::new(Scripted::echo());
    let requests = format!("{}GET / HTTP/1.1\r\n\r\n{}", get("1"), get("2"));
    let answer = bench.talk(requests.as_bytes()).await;
    let refused = answer.strip_prefix(&wire("200 OK", "GET /1 ")).unwrap();
    assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
    assert!(refused.ends_with("\r\nConnection: close\r\n\r\nrefused"), "{refused}");
    let log = bench.handler.log.lock().unwrap();
    assert_eq!((log.opened.len(), &log.refused[..]), (1, &[Refusal::Malformed("no Host")][..]));
}

#[tokio::test(start_paused = true)]
async fn serve_tells_that_it_refused() {
    let bench = Bench::new(Scripted::echo());
    let (mut client, server) = bench.connect(4096);
    client.write_all(b"\0").await.unwrap();
    let refused = Refusal::Malformed("a control character");
    assert_eq!(server.await.unwrap(), Err(ServeError::Refused(refused)));
}

/// G-19: a draining gateway answers what it has, says so, and keeps nothing.
#[tokio::test(start_paused = true)]
async fn a_draining_gateway_finishes_what_is_open_and_closes() {
    let go = Arc::new(Notify::new());
    let bench = Bench::new(patient(&go));
    let (mut client, server) = bench.connect(4096);
    client.write_all(get("a").as_bytes()).await.unwrap();
    expect(&mut client, ALIVE).await;
    bench.drain.advance(Phase::Draining);
    go.notify_one();
    // H11-03: not on the interim head.
    expect(&mut client, ALIVE).await;
    expect(&mut client, &last_wire("200 OK", "/a")).await;
    expect_end(&mut client).await;
    drop(client);
    assert_eq!(server.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_draining_gateway_closes_idle_connections_but_answers_a_begun_head() {
    let bench = Bench::new(Scripted::echo());
    let (mut idle, _idle_server) = bench.connect(4096);
    let (mut begun, _begun_server) = bench.connect(4096);
    idle.write_all(get("1").as_bytes()).await.unwrap();
    expect(&mut idle, &wire("200 OK", "GET /1 ")).await;
    begun.write_all(&get("2").as_bytes()[..10]).await.unwrap();
    tokio::task::yield_now().await;
    bench.drain.advance(Phase::Draining);
    expect_end(&mut idle).await;
    begun.write_all(&get("2").as_bytes()[10..]).await.unwrap();
    expect(&mut begun, &last_wire("200 OK", "GET /2 ")).await;
    expect_end(&mut begun).await;
}
