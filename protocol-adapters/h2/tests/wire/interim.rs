//! Interim heads on the wire.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use h2::client::ResponseFuture;
use http::{Response, StatusCode};
use http_body::Frame as BodyFrame;

use crate::frames::{
    self, CANCEL, DATA, END_HEADERS, END_STREAM, Frame, HEADERS, INTERNAL_ERROR, PING, RST_STREAM,
};
use crate::script::{Event, Step, answer, head, scripted, silent, whole};
use crate::support::{event, outcome, over_tcp, raw, raw_with, service, soon, to};

const BEAT: Duration = Duration::from_secs(1);

/// The interim heads of a response, in order, and the final one.
async fn heads(mut future: ResponseFuture) -> (Vec<Response<()>>, Response<h2::RecvStream>) {
    let mut heads = Vec::new();
    loop {
        let next = poll_fn(|cx| match future.poll_informational(cx) {
            Poll::Ready(head) => Poll::Ready(head.transpose().expect("a head")),
            Poll::Pending => Poll::Pending,
        });
        match soon(next).await {
            Some(head) => heads.push(head),
            None => return (heads, soon(future).await.expect("a final response")),
        }
    }
}

fn first_progress() -> Step {
    Step::Say(head(102, &[("location", "/ops/7Qf2"), ("progress", "0/3 (queued)")]))
}

#[tokio::test(start_paused = true)]
async fn x06_interim_heads_are_headers_with_end_headers_only() {
    let script = || {
        vec![first_progress(), Step::Say(head(102, &[("progress", "3/10 (message)")])), whole(200, "done")]
    };
    let (mut client, _) = raw(silent(move |_| script())).await;
    client.send(&[frames::get(1, "/")]).await;
    let seen = client.until_end(1).await;

    let shape: Vec<_> = seen.iter().map(|frame| (frame.kind, frame.flags, frame.stream)).collect();
    let interim = (HEADERS, END_HEADERS, 1);
    assert_eq!(shape, [interim, interim, interim, (DATA, END_STREAM, 1)]);
    assert_eq!(frames::status(&seen[0]), 102);
    assert_eq!(frames::status(&seen[2]), 200);
    // The second status is one octet of the dynamic table; behind it stands `progress` as a
    // literal that is never indexed, 0x10 (H2X-06).
    assert_eq!(seen[1].payload[0] & 0x80, 0x80, "{:02x?}", seen[1].payload);
    assert_eq!(seen[1].payload[1], 0x10, "{:02x?}", seen[1].payload);
    assert_eq!(seen[3].payload, b"done");
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_is_ten_octets_once_its_status_is_known() {
    let (mut client, _) = raw(silent(|_| vec![Step::Beat(BEAT)])).await;
    client.send(&[frames::get(1, "/")]).await;
    let first = client.next().await.expect("a heartbeat");
    assert_eq!(frames::status(&first), 102);
    for _ in 0..100 {
        assert_eq!(client.next().await, Some(Frame::new(HEADERS, END_HEADERS, 1, [0xbe])));
    }
}

#[tokio::test]
async fn several_heads_and_then_the_response_over_tcp() {
    let script = || {
        vec![
            first_progress(),
            Step::Wait(Duration::from_millis(20)),
            Step::Say(head(102, &[])),
            Step::Wait(Duration::from_millis(20)),
            Step::Say(head(102, &[("progress", "2/3 (storing)")])),
            whole(201, "all done"),
        ]
    };
    let (mut send, _) = over_tcp(silent(move |_| script()), h2::client::Builder::new()).await;
    let (response, _) = send.send_request(to("POST", "/reports"), true).expect("open");
    let (heads, response) = heads(response).await;

    assert!(heads.iter().all(|head| head.status() == StatusCode::PROCESSING));
    assert_eq!(heads.len(), 3);
    assert_eq!(heads[0].headers()["location"], "/ops/7Qf2");
    assert_eq!(heads[0].headers()["progress"], "0/3 (queued)");
    assert!(heads[1].headers().is_empty());
    assert_eq!(heads[2].headers()["progress"], "2/3 (storing)");
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(soon(response.into_body().data()).await.expect("content").expect("sound"), "all done");
}

#[tokio::test]
async fn haproxy_3209_a_103_before_two_megabytes() {
    const SIZE: usize = 2 * 1024 * 1024;
    let chunk = Bytes::from(vec![b'x'; 10_000]);
    let script = move || {
        let mut frames: Vec<_> = (0..SIZE / 10_000).map(|_| Ok(BodyFrame::data(chunk.clone()))).collect();
        frames.push(Ok(BodyFrame::data(chunk.slice(..SIZE % 10_000))));
        vec![Step::Say(head(103, &[("link", "</a.css>; rel=preload")])), answer(200, frames)]
    };
    let (mut send, _) = over_tcp(silent(move |_| script()), h2::client::Builder::new()).await;
    let (response, _) = send.send_request(to("GET", "/page"), true).expect("open");
    let (heads, response) = heads(response).await;
    assert_eq!(heads.len(), 1);
    assert_eq!(heads[0].headers()["link"], "</a.css>; rel=preload");
    let mut body = response.into_body();
    let mut size = 0;
    while let Some(data) = soon(body.data()).await {
        let data = data.expect("sound");
        size += data.len();
        body.flow_control().release_capacity(data.len()).expect("window");
    }
    assert_eq!(size, SIZE);
}

#[tokio::test(start_paused = true)]
async fn i_22_heads_that_are_due_with_the_final_response_go_before_it() {
    let script =
        || vec![Step::Say(head(103, &[])), first_progress(), Step::Say(head(102, &[])), whole(200, "")];
    let (mut client, _) = raw(silent(move |_| script())).await;
    client.send(&[frames::get(1, "/a"), frames::get(3, "/b")]).await;
    let mut seen = client.until_end(1).await;
    seen.extend(client.until_end(3).await);
    for stream in [1, 3] {
        let own: Vec<_> = seen.iter().filter(|frame| frame.stream == stream).collect();
        assert_eq!(own.len(), 4);
        assert!(own[..3].iter().all(|frame| frame.flags == END_HEADERS));
        assert_eq!(own[3].flags, END_HEADERS | END_STREAM);
    }
    // Nothing comes after the end.
    client.send(&[frames::ping()]).await;
    assert_eq!(client.next().await.map(|frame| frame.kind), Some(PING));
}

#[tokio::test(start_paused = true)]
async fn h2x_07_nothing_is_sent_after_the_clients_reset() {
    let (handler, mut events) = scripted(|_| vec![Step::Beat(BEAT)]);
    let (mut client, _) = raw(handler).await;
    client.send(&[frames::get(1, "/")]).await;
    assert_eq!(client.next().await.map(|frame| frame.kind), Some(HEADERS));
    assert!(matches!(event(&mut events).await, Event::Opened(_)));

    let cancelled = tokio::time::Instant::now();
    client.send(&[frames::reset(1, CANCEL)]).await;
    assert_eq!(event(&mut events).await, Event::Dropped);
    assert_eq!(cancelled.elapsed(), Duration::ZERO, "the cancel was noticed at once");
    tokio::time::sleep(BEAT * 10).await;
    client.send(&[frames::ping()]).await;
    assert_eq!(client.next().await.map(|frame| frame.kind), Some(PING));
}

#[tokio::test(start_paused = true)]
async fn h2x_03_101_is_left_out_and_an_interim_status_is_no_answer() {
    let script = |target: &str| match target {
        "/switch" => vec![Step::Say(head(101, &[])), whole(200, "")],
        _ => vec![whole(102, "")],
    };
    let (mut client, _) = raw(silent(script)).await;
    client.send(&[frames::get(1, "/switch")]).await;
    let seen = client.until_end(1).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(frames::status(&seen[0]), 200);
    client.send(&[frames::get(3, "/interim")]).await;
    assert_eq!(client.until_end(3).await, [Frame::new(RST_STREAM, 0, 3, INTERNAL_ERROR.to_be_bytes())]);
}

#[tokio::test(start_paused = true)]
async fn i_23_head_204_and_304_have_no_content_after_heads() {
    let script = |target: &str| {
        let mut last = match target {
            "/204" => whole(204, "not for you"),
            "/304" => whole(304, "not for you"),
            _ => whole(200, "not for you"),
        };
        if let Step::Answer(response) = &mut last {
            response.headers_mut().insert("content-length", http::HeaderValue::from_static("11"));
        }
        vec![first_progress(), last]
    };
    let (mut send, _) = over_tcp(silent(script), h2::client::Builder::new()).await;
    for (method, path) in [("HEAD", "/"), ("GET", "/204"), ("GET", "/304")] {
        let (response, _) = send.send_request(to(method, path), true).expect("open");
        let (heads, response) = heads(response).await;
        assert_eq!(heads.len(), 1, "{path}");
        assert_eq!(response.headers()["content-length"], "11", "{path}");
        assert!(response.body().is_end_stream(), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn h2x_05_heads_fit_what_the_client_takes() {
    const MAX_HEADER_LIST_SIZE: u16 = 6;
    let script = || {
        vec![
            Step::Say(head(102, &[("progress", "1/3 (a label)")])),
            Step::Say(head(103, &[("link", "</a-long-name-that-does-not-fit.css>; rel=preload")])),
            Step::Say(head(102, &[])),
            whole(200, ""),
        ]
    };
    let (handler, mut events) = scripted(move |_| script());
    let service = service(handler, downstream::Limits::default());
    let (mut client, _) = raw_with(service, &[(MAX_HEADER_LIST_SIZE, 90)]).await;
    client.send(&[frames::get(1, "/")]).await;
    let seen = client.until_end(1).await;
    assert_eq!(seen.len(), 3, "the 103 is left out");
    // The value is `1/3`: three octets of Huffman code.
    let progress = &seen[0].payload;
    assert!(progress.ends_with(&[0x83, 0x0b, 0x0c, 0xff]), "the label is left out: {progress:02x?}");
    assert_eq!(outcome(&mut events).await, Event::Answered);
}
