//! Content in both directions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use downstream::{BodyError, Limits};
use http::{HeaderMap, Response, StatusCode};
use http_body::Frame as BodyFrame;
use http_body_util::{BodyExt, StreamBody};

use crate::frames::{
    self, CANCEL, DATA, END_HEADERS, END_STREAM, Frame, HEADERS, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR,
    RST_STREAM,
};
use crate::script::{Event, Step, answer, scripted, silent, whole};
use crate::support::{event, outcome, over_tcp, raw, raw_with, service, soon, to};

const MEGABYTE: usize = 1024 * 1024;

/// Content of `size` octets in chunks; `polled` counts what was taken of it.
fn pattern(size: usize, polled: &Arc<AtomicUsize>) -> Step {
    let polled = Arc::clone(polled);
    let chunk = Bytes::from(vec![b'x'; 16 * 1024]);
    let chunks = (0..size / chunk.len()).map(move |_| {
        polled.fetch_add(chunk.len(), Ordering::Relaxed);
        Ok(BodyFrame::data(chunk.clone()))
    });
    Step::Answer(Response::new(StreamBody::new(futures_util::stream::iter(chunks)).boxed_unsync()))
}

#[tokio::test]
async fn an_upload_larger_than_all_windows() {
    let (handler, mut events) = scripted(|_| vec![Step::Read, whole(200, "")]);
    let (mut send, _) = over_tcp(handler, h2::client::Builder::new()).await;
    let (response, mut content) = send.send_request(to("PUT", "/up"), false).expect("open");
    for _ in 0..3 * MEGABYTE / 65_536 {
        content.reserve_capacity(65_536);
        let mut left = 65_536;
        while left > 0 {
            let granted = soon(std::future::poll_fn(|cx| content.poll_capacity(cx)));
            let size = granted.await.expect("open").expect("sound").min(left);
            content.send_data(Bytes::from(vec![0; size]), false).expect("sent");
            left -= size;
        }
    }
    content.send_data(Bytes::new(), true).expect("sent");
    assert_eq!(soon(response).await.expect("response").status(), StatusCode::OK);
    assert_eq!(outcome(&mut events).await, Event::Read(Ok(3 * MEGABYTE)));
}

#[tokio::test]
async fn a_download_larger_than_all_windows_with_trailers() {
    let script = || {
        let chunk = Bytes::from(vec![b'x'; 100_000]);
        let mut frames: Vec<_> = (0..30).map(|_| Ok(BodyFrame::data(chunk.clone()))).collect();
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
        trailers.insert("connection", http::HeaderValue::from_static("close"));
        frames.push(Ok(BodyFrame::trailers(trailers)));
        vec![answer(200, frames)]
    };
    let (mut send, _) = over_tcp(silent(move |_| script()), h2::client::Builder::new()).await;
    let (response, _) = send.send_request(to("GET", "/down"), true).expect("open");
    let mut body = soon(response).await.expect("response").into_body();
    let mut size = 0;
    while let Some(data) = soon(body.data()).await {
        let data = data.expect("sound");
        size += data.len();
        body.flow_control().release_capacity(data.len()).expect("window");
    }
    assert_eq!(size, 3_000_000);
    let trailers = soon(body.trailers()).await.expect("sound").expect("trailers");
    assert_eq!(trailers["grpc-status"], "0");
    assert_eq!(trailers.len(), 1, "connection fields are removed");
}

#[tokio::test(start_paused = true)]
async fn h2_11_a_closed_window_holds_64_kib_and_is_cancelled_in_the_end() {
    let polled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&polled);
    let (mut client, _) = raw(silent(move |_| vec![pattern(10 * MEGABYTE, &counter)])).await;
    let start = tokio::time::Instant::now();
    client.send(&[frames::get(1, "/")]).await;
    let seen = client.until_end(1).await;
    let sent: usize = seen.iter().filter(|frame| frame.kind == DATA).map(|frame| frame.payload.len()).sum();
    assert_eq!(sent, 65_535, "the default window");
    assert!(polled.load(Ordering::Relaxed) <= sent + 64 * 1024, "read ahead: {polled:?}");
    assert_eq!(seen.last(), Some(&Frame::new(RST_STREAM, 0, 1, CANCEL.to_be_bytes())));
    let waited = start.elapsed();
    assert!(waited >= Limits::default().write_stall && waited < Duration::from_secs(61), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn h2_11_a_window_that_trickles_is_as_good_as_closed() {
    let polled = Arc::new(AtomicUsize::new(0));
    let (mut client, _) = raw(silent(move |_| vec![pattern(MEGABYTE, &polled)])).await;
    client.send(&[frames::get(1, "/")]).await;
    let trickle = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            client.send(&[frames::window(1, 1), frames::window(0, 1)]).await;
            while let Ok(Some(frame)) = tokio::time::timeout(Duration::from_millis(10), client.next()).await {
                if frame.kind == RST_STREAM {
                    return frame.code();
                }
            }
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(90), trickle).await, Ok(CANCEL));
}

#[tokio::test(start_paused = true)]
async fn d_03_a_client_that_reads_half_a_kilobyte_a_second_gets_everything() {
    let polled = Arc::new(AtomicUsize::new(0));
    let (mut client, _) = raw(silent(move |_| vec![pattern(MEGABYTE, &polled)])).await;
    client.send(&[frames::get(1, "/")]).await;
    let mut size = 0;
    loop {
        let frame = client.next().await.expect("more");
        assert_eq!((frame.stream, frame.kind != RST_STREAM), (1, true));
        size += if frame.kind == DATA { frame.payload.len() } else { 0 };
        if frame.ends_stream() {
            break;
        }
        if frame.kind == DATA {
            let read = u32::try_from(frame.payload.len()).expect("a frame");
            tokio::time::sleep(Duration::from_millis(2 * u64::from(read))).await;
            // The gateway may have said its last word already.
            let _ = client.try_send(&[frames::window(1, read), frames::window(0, read)]).await;
        }
    }
    assert_eq!(size, MEGABYTE);
}

#[tokio::test(start_paused = true)]
async fn u_03_a_response_that_breaks_off_has_no_end() {
    let script = || {
        let broken = Err(BodyError::Origin("connection lost"));
        vec![answer(200, vec![Ok(BodyFrame::data(Bytes::from_static(b"half"))), broken])]
    };
    let (mut client, _) = raw(silent(move |_| script())).await;
    client.send(&[frames::get(1, "/")]).await;
    let seen = client.until_end(1).await;
    assert!(seen.iter().all(|frame| !frame.ends_stream()), "{seen:?}");
    assert_eq!(seen.last(), Some(&Frame::new(RST_STREAM, 0, 1, INTERNAL_ERROR.to_be_bytes())));
}

#[tokio::test(start_paused = true)]
async fn a_response_without_chunks_ends_with_an_empty_frame() {
    let script = || {
        let nothing = StreamBody::new(futures_util::stream::iter(Vec::new()));
        vec![Step::Answer(Response::new(nothing.boxed_unsync()))]
    };
    let (mut client, _) = raw(silent(move |_| script())).await;
    client.send(&[frames::get(1, "/")]).await;
    let seen = client.until_end(1).await;
    assert_eq!(seen.last(), Some(&Frame::new(DATA, END_STREAM, 1, [])));
}

#[tokio::test(start_paused = true)]
async fn exp_05_an_early_answer_is_followed_by_no_error() {
    let (mut client, _) = raw(silent(|_| vec![whole(403, "no")])).await;
    client
        .send(&[frames::headers(1, 0, &frames::request("POST", "/")), Frame::new(DATA, 0, 1, [7; 100])])
        .await;
    let seen = client.until_end(1).await;
    let kinds: Vec<_> = seen.iter().map(|frame| (frame.kind, frame.flags)).collect();
    assert_eq!(kinds, [(HEADERS, END_HEADERS), (DATA, END_STREAM)]);
    let reset = client.next().await;
    assert_eq!(reset, Some(Frame::new(RST_STREAM, 0, 1, NO_ERROR.to_be_bytes())));
    // What is still on its way is ignored.
    client.send(&[Frame::new(DATA, END_STREAM, 1, [7; 100]), frames::get(3, "/")]).await;
    assert!(client.until_end(3).await.iter().all(|frame| frame.stream == 3));
}

#[tokio::test(start_paused = true)]
async fn h1_38_content_that_is_too_large() {
    let (handler, mut events) = scripted(|_| vec![Step::Read, whole(413, "")]);
    let limits = Limits { body_size: 1_000, ..Limits::default() };
    let (mut client, _) = raw_with(service(handler, limits), &[]).await;

    let mut announced = frames::request("POST", "/announced");
    announced.push(("content-length", "1001"));
    client.send(&[frames::headers(1, 0, &announced)]).await;
    let seen = client.until_end(1).await;
    assert_eq!(frames::status(&seen[0]), 413);
    assert_eq!(client.next().await, Some(Frame::new(RST_STREAM, 0, 1, NO_ERROR.to_be_bytes())));

    client.send(&[frames::headers(3, 0, &frames::request("POST", "/grows"))]).await;
    client.send(&[Frame::new(DATA, 0, 3, [0; 1_000]), Frame::new(DATA, 0, 3, [0])]).await;
    let Event::Opened(parts) = event(&mut events).await else { panic!("not opened") };
    assert_eq!((parts.target.as_str(), parts.size), ("/grows", None), "the first was never opened");
    assert_eq!(event(&mut events).await, Event::Read(Err(BodyError::TooLarge)));
}

#[tokio::test(start_paused = true)]
async fn h2_17_content_that_is_not_as_long_as_it_says() {
    let (handler, mut events) = scripted(|_| vec![Step::Read, whole(200, "")]);
    let (mut client, _) = raw(handler).await;
    let mut fields = frames::request("POST", "/");
    fields.push(("content-length", "5"));
    for (stream, size) in [(1, 4), (3, 6)] {
        client.send(&[frames::headers(stream, 0, &fields)]).await;
        assert!(matches!(event(&mut events).await, Event::Opened(parts) if parts.size == Some(5)));
        client.send(&[Frame::new(DATA, END_STREAM, stream, vec![0; size])]).await;
        let seen = client.until_end(stream).await;
        assert_eq!(seen, [Frame::new(RST_STREAM, 0, stream, PROTOCOL_ERROR.to_be_bytes())]);
        assert_eq!(event(&mut events).await, Event::Dropped);
    }
    // A head that ends its stream has no content, whatever it says.
    client.send(&[frames::headers(5, END_STREAM, &fields)]).await;
    assert_eq!(client.until_end(5).await, [Frame::new(RST_STREAM, 0, 5, PROTOCOL_ERROR.to_be_bytes())]);
}

#[tokio::test(start_paused = true)]
async fn h1_20_request_trailers_are_dropped() {
    let (handler, mut events) = scripted(|_| vec![Step::Read, whole(200, "")]);
    let (mut client, _) = raw(handler).await;
    let trailers = Frame::new(HEADERS, END_STREAM | END_HEADERS, 1, frames::block(&[("authorization", "x")]));
    let head = frames::headers(1, 0, &frames::request("POST", "/"));
    client.send(&[head, Frame::new(DATA, 0, 1, [0; 9]), trailers]).await;
    assert_eq!(frames::status(&client.until_end(1).await[0]), 200);
    assert!(
        matches!(event(&mut events).await, Event::Opened(parts) if !parts.fields.contains_key("authorization"))
    );
    assert_eq!(event(&mut events).await, Event::Read(Ok(9)));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_waits_makes_the_client_wait() {
    let (handler, mut events) =
        scripted(|_| vec![Step::Wait(Duration::from_secs(600)), Step::Read, whole(200, "")]);
    let (mut client, _) = raw(handler).await;
    client.send(&[frames::headers(1, 0, &frames::request("POST", "/")), frames::ping()]).await;
    assert_eq!(client.next().await.map(|frame| frame.kind), Some(frames::PING), "settings are settled");
    // The stream's window is 256 KiB; one octet more is an error of the client's.
    for _ in 0..16 {
        client.send(&[Frame::new(DATA, 0, 1, vec![0; 16_384])]).await;
    }
    client.send(&[frames::ping()]).await;
    assert_eq!(client.next().await.map(|frame| frame.kind), Some(frames::PING));
    client.send(&[Frame::new(DATA, 0, 1, [0])]).await;
    assert_eq!(client.until_end(1).await.last().map(|frame| frame.kind), Some(RST_STREAM));
    assert_eq!(outcome(&mut events).await, Event::Dropped);
}
