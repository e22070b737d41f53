//! Request content: back-pressure, expectations, what is not read.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use downstream::BodyError;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};

use crate::script::{Bench, Scripted, expect, expect_end, last_wire, text, wire};

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

fn post(fields: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n")
}

/// Answers at once and reads nothing.
fn deaf() -> Scripted {
    Scripted::new(|_, say| async move { say.finish(text(401, "no")) })
}

#[tokio::test(start_paused = true)]
async fn exp_01_h1_29_100_is_said_once_when_the_content_is_wanted() {
    let bench = Bench::new(Scripted::echo());
    let (mut client, _server) = bench.connect(4096);
    client.write_all(post("Content-Length: 5\r\nExpect: 100-Continue").as_bytes()).await.unwrap();
    expect(&mut client, CONTINUE).await;
    for octet in b"hello" {
        client.write_all(&[*octet]).await.unwrap();
        tokio::task::yield_now().await;
    }
    expect(&mut client, &wire("200 OK", "POST / hello")).await;
}

#[tokio::test(start_paused = true)]
async fn exp_04_no_100_for_content_that_is_there() {
    for (fields, content) in
        [("Content-Length: 5", "hello"), ("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n")]
    {
        let bench = Bench::new(Scripted::echo());
        let (mut client, _server) = bench.connect(4096);
        let request = post(&format!("{fields}\r\nExpect: 100-continue")) + content;
        client.write_all(request.as_bytes()).await.unwrap();
        expect(&mut client, &wire("200 OK", "POST / hello")).await;
    }
}

/// EXP-05: a client that was never invited may or may not send; only closing is certain.
#[tokio::test(start_paused = true)]
async fn exp_05_h1_29_an_early_answer_to_an_expectation_closes() {
    let bench = Bench::new(deaf());
    let request = post("Content-Length: 5\r\nExpect: 100-continue");
    assert_eq!(bench.talk(request.as_bytes()).await, last_wire("401 Unauthorized", "no"));
}

/// H1-31: what was not read is read by us, if it is little, before the next request.
#[tokio::test(start_paused = true)]
async fn h1_31_a_little_unread_content_is_drained_and_the_connection_kept() {
    let bench = Bench::new(deaf());
    let (mut client, _server) = bench.connect(1 << 17);
    for round in 0..3 {
        client.write_all(post("Content-Length: 60000").as_bytes()).await.unwrap();
        expect(&mut client, &wire("401 Unauthorized", "no")).await;
        for _ in 0..60 {
            client.write_all(&[b'G'; 1000]).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert_eq!(bench.handler.log.lock().unwrap().opened.len(), round + 1);
    }
    let whole = post("Transfer-Encoding: chunked") + "3\r\nGET\r\n0\r\n\r\n";
    client.write_all(whole.as_bytes()).await.unwrap();
    expect(&mut client, &wire("401 Unauthorized", "no")).await;
}

/// H1-30: more than that is not waited for, but the client can read why.
#[tokio::test(start_paused = true)]
async fn h1_30_a_lot_of_unread_content_ends_the_connection_after_the_response() {
    for fields in ["Content-Length: 70000", "Transfer-Encoding: chunked"] {
        let bench = Bench::new(deaf());
        let (mut client, server) = bench.connect(4096);
        client.write_all(post(fields).as_bytes()).await.unwrap();
        client.write_all(b"5\r\nhello\r\n").await.unwrap();
        expect(&mut client, &last_wire("401 Unauthorized", "no")).await;
        // It goes on sending for a moment; that is read, not reset.
        client.write_all(&[b'x'; 10_000]).await.unwrap();
        expect_end(&mut client).await;
        let began = tokio::time::Instant::now();
        assert_eq!(server.await.unwrap(), Ok(()));
        assert_eq!(began.elapsed(), Duration::from_secs(1), "the linger is over after 1 s");
    }
}

/// A client that promises a little content and does not send it is not waited for for ever.
#[tokio::test(start_paused = true)]
async fn h1_31_draining_has_an_end_in_time() {
    let bench = Bench::new(deaf());
    let (mut client, server) = bench.connect(4096);
    client.write_all(post("Content-Length: 10").as_bytes()).await.unwrap();
    expect(&mut client, &wire("401 Unauthorized", "no")).await;
    let began = tokio::time::Instant::now();
    expect_end(&mut client).await;
    assert_eq!(began.elapsed(), bench.limits.head_timeout);
    drop(client);
    assert_eq!(server.await.unwrap(), Ok(()));
}

/// Nothing is read from the socket before somebody asks, and then one slot at a time.
#[tokio::test(start_paused = true)]
async fn the_content_is_read_as_fast_as_it_is_used() {
    let (ask, asked) = mpsc::channel::<usize>(1);
    let asked = Arc::new(tokio::sync::Mutex::new(asked));
    let bench = Bench::new(Scripted::new(move |request, say| {
        let asked = Arc::clone(&asked);
        async move {
            let mut body = request.into_body();
            while let Some(_frame) = asked.lock().await.recv().await {
                let frame = body.frame().await.unwrap().unwrap();
                assert!(frame.into_data().unwrap().len() <= 64 * 1024);
            }
            let rest = body.collect().await.unwrap().to_bytes();
            assert!(rest.iter().all(|octet| *octet == b'x'));
            say.finish(text(200, "all"));
        }
    }));
    let (client, _server) = bench.connect(1000);
    let (mut reading, mut writing) = tokio::io::split(client);
    let content = vec![b'x'; 500_000];
    writing.write_all(post("Content-Length: 500000").as_bytes()).await.unwrap();
    // The head is read before the content begins, or its read would take some along.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut sent = 0;
    for round in 0..5 {
        let before = sent;
        while let Ok(written) =
            tokio::time::timeout(Duration::from_secs(1), writing.write(&content[sent..])).await
        {
            sent += written.unwrap();
        }
        // The pipe, and the slot from the first request on.
        assert!(sent - before <= 1000, "round {round}: {} octets were taken unasked", sent - before);
        ask.send(1).await.unwrap();
    }
    drop(ask);
    writing.write_all(&content[sent..]).await.unwrap();
    expect(&mut reading, &wire("200 OK", "all")).await;
}

/// The content may be used up in another task than the connection's, while the response goes out.
#[tokio::test(start_paused = true)]
async fn content_and_response_flow_at_the_same_time() {
    let bench = Bench::new(Scripted::new(|request, say| async move {
        let (sender, receiver) = mpsc::channel::<Bytes>(1);
        let mut body = request.into_body();
        tokio::spawn(async move {
            while let Some(Ok(frame)) = body.frame().await {
                if let Ok(data) = frame.into_data() {
                    sender.send(data).await.unwrap();
                }
            }
        });
        let stream = futures_util::stream::unfold(receiver, |mut receiver| async move {
            let data = receiver.recv().await?;
            Some((Ok::<_, BodyError>(http_body::Frame::data(data)), receiver))
        });
        let content = http_body_util::StreamBody::new(stream);
        say.finish(crate::script::respond(200, BodyExt::boxed_unsync(content)));
    }));
    let (mut client, _server) = bench.connect(4096);
    client.write_all(post("Content-Length: 300").as_bytes()).await.unwrap();
    let head = format!("HTTP/1.1 200 OK\r\n{}Transfer-Encoding: chunked\r\n", crate::script::DATE);
    expect(&mut client, &format!("{head}Connection: close\r\n\r\n").replace("Connection: close\r\n", ""))
        .await;
    for round in 0..100 {
        let piece = format!("{round:03}");
        client.write_all(piece.as_bytes()).await.unwrap();
        expect(&mut client, &format!("3\r\n{piece}\r\n")).await;
    }
    expect(&mut client, "0\r\n\r\n").await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    expect(&mut client, &head).await;
}

/// D-02: a slow client is cut off only while somebody waits for it.
#[tokio::test(start_paused = true)]
async fn d_02_content_that_trickles_is_given_up() {
    let bench = Bench::new(Scripted::echo());
    let (mut client, _server) = bench.connect(4096);
    client.write_all(post("Content-Length: 1000").as_bytes()).await.unwrap();
    let began = tokio::time::Instant::now();
    let trickle = async {
        loop {
            client.write_all(b"x").await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
            let mut octets = [0; 1000];
            if let Ok(came) = tokio::time::timeout(Duration::ZERO, client.read(&mut octets)).await {
                return String::from_utf8_lossy(&octets[..came.unwrap()]).into_owned();
            }
        }
    };
    let answer = trickle.await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!((20..25).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn d_02_nobody_is_blamed_while_nobody_asks() {
    let go = Arc::new(Notify::new());
    let waiting = Arc::clone(&go);
    let bench = Bench::new(Scripted::new(move |request, say| {
        let go = Arc::clone(&waiting);
        async move {
            go.notified().await;
            let content = request.into_body().collect().await.unwrap().to_bytes();
            say.finish(text(200, std::str::from_utf8(&content).unwrap()));
        }
    }));
    let (mut client, _server) = bench.connect(4096);
    client.write_all(post("Content-Length: 5").as_bytes()).await.unwrap();
    client.write_all(b"hel").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    go.notify_one();
    tokio::time::sleep(Duration::from_secs(19)).await;
    client.write_all(b"lo").await.unwrap();
    expect(&mut client, &wire("200 OK", "hello")).await;
}

/// The size is known before the content is read, and it is exact.
#[tokio::test(start_paused = true)]
async fn the_size_hint_is_that_of_the_framing() {
    let bench = Bench::new(Scripted::new(|request, say| async move {
        let hint = request.body().size_hint();
        say.finish(text(200, &format!("{:?} {}", hint.exact(), request.body().is_end_stream())));
    }));
    for (request, told) in [
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(), "Some(0) true"),
        (post("Connection: close\r\nContent-Length: 0"), "Some(0) true"),
        (post("Connection: close\r\nContent-Length: 2") + "{}", "Some(2) false"),
        (post("Connection: close\r\nContent-Length: 3") + "{}", "Some(3) false"),
        (post("Connection: close\r\nTransfer-Encoding: chunked") + "0\r\n\r\n", "None false"),
    ] {
        assert_eq!(bench.talk(request.as_bytes()).await, last_wire("200 OK", told));
    }
}
