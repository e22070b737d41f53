//! Clients that do not read.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use downstream::BodyError;
use h1_adapter::server::ServeError;
use http_body_util::{BodyExt, Full};
use progress_core::interim::InterimHead;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use crate::script::{Bench, Content, Scripted, expect, respond, text, wire};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Says numbered heads as fast as it can, until it is told to finish.
fn talkative(finish: &Arc<Notify>, pad: usize) -> Scripted {
    let finish = Arc::clone(finish);
    Scripted::new(move |_, say| {
        let finish = Arc::clone(&finish);
        async move {
            for number in 0_u64.. {
                let mut head = InterimHead::heartbeat();
                let progress = format!("{number}/0 ({})", "x".repeat(pad));
                head.fields.insert("progress", progress.parse().unwrap());
                tokio::select! {
                    biased;
                    () = finish.notified() => return say.finish(text(200, "done")),
                    () = tokio::time::sleep(Duration::from_secs(1)) => say.interim(head).await,
                }
            }
        }
    })
}

async fn read_to_final(client: &mut (impl AsyncReadExt + Unpin), last: &str) -> String {
    let mut answer = String::new();
    while !answer.ends_with(last) {
        let mut octets = [0; 17];
        let came = client.read(&mut octets).await.unwrap();
        assert!(came > 0, "the end came early: {answer:?}");
        answer.push_str(std::str::from_utf8(&octets[..came]).unwrap());
    }
    answer
}

/// INT-13, I-20, I-22: heads are withheld while nothing is taken, the one that was begun is
/// finished, and nothing comes between.
#[tokio::test(start_paused = true)]
async fn i_20_i_22_a_client_that_stops_reading_misses_heads_but_no_octet() {
    let finish = Arc::new(Notify::new());
    for pad in [0, 100, 10_000] {
        let bench = Bench::new(talkative(&finish, pad));
        let (mut client, server) = bench.connect(64);
        client.write_all(GET).await.unwrap();
        tokio::time::sleep(Duration::from_secs(50)).await;
        let last = wire("200 OK", "done");
        finish.notify_one();
        // Let the final response be ready before anything is read.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let answer = read_to_final(&mut client, &last).await;
        let heads = answer.strip_suffix(&last).unwrap();
        let mut count = 0;
        for head in heads.split_terminator("\r\n\r\n") {
            let said = format!("HTTP/1.1 102 Processing\r\nProgress: {count}/0 ({})", "x".repeat(pad));
            assert_eq!(head, said);
            count += 1;
        }
        assert!(count <= 2, "{count} heads of {pad} octets for a pipe of 64");
        if pad < 10_000 {
            assert!(bench.handler.log.lock().unwrap().withheld >= 40);
        }
        drop(client);
        assert_eq!(server.await.unwrap(), Ok(()));
    }
}

/// The window opens again by itself.
#[tokio::test(start_paused = true)]
async fn i_20_heads_go_on_once_the_client_reads_again() {
    let finish = Arc::new(Notify::new());
    let bench = Bench::new(talkative(&finish, 0));
    let (mut client, _server) = bench.connect(64);
    client.write_all(GET).await.unwrap();
    tokio::time::sleep(Duration::from_secs(100)).await;
    let seen = read_to_final(&mut client, "Progress: 105/0 ()\r\n\r\n").await;
    assert!(!seen.contains(" 50/0"), "{seen}");
}

fn endless() -> Content {
    let frames = futures_util::stream::repeat_with(|| {
        Ok::<_, BodyError>(http_body::Frame::data(Bytes::from_static(&[b'x'; 10_000])))
    });
    BodyExt::boxed_unsync(http_body_util::StreamBody::new(frames))
}

#[tokio::test(start_paused = true)]
async fn d_03_a_client_that_takes_nothing_of_its_response_is_given_up() {
    let large = Full::new(Bytes::from(vec![b'x'; 100_000]));
    let large = large.map_err(|never| match never {}).boxed_unsync();
    for content in [large, endless()] {
        let content = Arc::new(std::sync::Mutex::new(Some(content)));
        let bench = Bench::new(Scripted::new(move |_, say| {
            let content = content.lock().unwrap().take().unwrap();
            async move { say.finish(respond(200, content)) }
        }));
        let (mut client, server) = bench.connect(1000);
        client.write_all(GET).await.unwrap();
        let began = tokio::time::Instant::now();
        assert_eq!(server.await.unwrap(), Err(ServeError::Stalled));
        assert_eq!(began.elapsed(), bench.limits.write_stall);
    }
}

/// Slow is not stalled: each octet that is taken begins the wait anew.
#[tokio::test(start_paused = true)]
async fn d_03_a_slow_client_gets_all_of_it() {
    let bench = Bench::new(Scripted::new(|_, say| async move {
        say.finish(text(200, &"x".repeat(5000)));
    }));
    let (mut client, _server) = bench.connect(1000);
    client.write_all(GET).await.unwrap();
    let expected = wire("200 OK", &"x".repeat(5000));
    for piece in expected.as_bytes().chunks(500) {
        tokio::time::sleep(Duration::from_secs(50)).await;
        expect(&mut client, std::str::from_utf8(piece).unwrap()).await;
    }
}
