use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use bytes::Bytes;
use http_body_util::BodyExt;

use super::*;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn start(framing: Framing, inbox: &str, limit: u64) -> (RequestBody, Option<Intake>, BytesMut) {
    let mut inbox = BytesMut::from(inbox);
    let (body, intake) = begin(framing, &mut inbox, limit);
    (body, intake, inbox)
}

fn next(body: &mut RequestBody, waker: &Waker) -> Poll<Option<Result<Bytes, BodyError>>> {
    let frame = std::pin::pin!(body.frame());
    let polled = std::future::Future::poll(frame, &mut Context::from_waker(waker));
    polled.map(|frame| frame.map(|frame| frame.map(|frame| frame.into_data().unwrap())))
}

fn data(text: &'static str) -> Poll<Option<Result<Bytes, BodyError>>> {
    Poll::Ready(Some(Ok(Bytes::from_static(text.as_bytes()))))
}

#[test]
fn content_that_is_there_needs_no_intake() {
    for framing in [Framing::None, Framing::Length(0), Framing::Length(3)] {
        let (_, intake, _) = start(framing, "abcGET", 10);
        assert!(intake.is_none(), "{framing:?}");
    }
    let (_, _, inbox) = start(Framing::Length(3), "abcGET", 10);
    assert_eq!(inbox, "GET");
}

#[tokio::test(start_paused = true)]
async fn the_socket_is_read_only_when_the_slot_is_used_up_and_asked_for() {
    let (mut body, intake, _) = start(Framing::Length(6), "ab", 10);
    let mut intake = intake.unwrap();
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let cx = Context::from_waker(&waker);
    assert!(matches!(intake.poll_appetite(&cx), Appetite::Nothing));
    assert_eq!(next(&mut body, &waker), data("ab"));
    assert!(matches!(intake.poll_appetite(&cx), Appetite::Nothing), "nobody has asked yet");
    assert_eq!(next(&mut body, &waker), Poll::Pending);
    assert_eq!(count.0.load(Ordering::Relaxed), 1, "the connection is told");
    assert!(matches!(intake.poll_appetite(&cx), Appetite::Octets(_)));
    assert_eq!(intake.feed(b"cdefGET", Instant::now()), b"GET");
    assert_eq!(count.0.load(Ordering::Relaxed), 2, "the reader is told");
    assert!(matches!(intake.poll_appetite(&cx), Appetite::Sated(_)), "all has been read");
    drop(intake);
    assert_eq!(next(&mut body, &waker), data("cdef"), "and waits for its reader");
    assert_eq!(next(&mut body, &waker), Poll::Ready(None));
}

#[tokio::test(start_paused = true)]
async fn what_lies_behind_chunks_comes_back_when_they_are_read() {
    let (mut body, intake, inbox) = start(Framing::Chunked, "1\r\na\r\n0\r\n\r\nGET", 10);
    assert!(inbox.is_empty());
    let mut intake = intake.unwrap();
    let waker = Waker::noop();
    assert_eq!(next(&mut body, waker), data("a"));
    assert_eq!(next(&mut body, waker), Poll::Ready(None));
    let Appetite::Sated(beyond) = intake.poll_appetite(&Context::from_waker(waker)) else {
        panic!("the content is over")
    };
    assert_eq!(beyond, "GET");
}

#[tokio::test(start_paused = true)]
async fn h1_31_dropped_content_is_decoded_for_nobody_up_to_a_bound() {
    let (body, intake, _) = start(Framing::Chunked, "1\r\na", u64::MAX);
    let mut intake = intake.unwrap();
    let cx = Context::from_waker(Waker::noop());
    drop(body);
    let mut chunk = b"2710\r\n".to_vec();
    chunk.extend_from_slice(&[b'x'; 10_000]);
    chunk.extend_from_slice(b"\r\n");
    intake.feed(b"\r\n", Instant::now());
    for _ in 0..6 {
        assert!(matches!(intake.poll_appetite(&cx), Appetite::Octets(_)));
        intake.feed(&chunk, Instant::now());
    }
    assert_eq!(intake.readership(), Readership::Nobody);
    intake.feed(&chunk, Instant::now());
    assert!(matches!(intake.poll_appetite(&cx), Appetite::Lost), "70,001 octets are too many");
    assert_eq!(intake.readership(), Readership::Lost);
}

#[tokio::test(start_paused = true)]
async fn h1_38_the_limit_is_that_of_the_content_and_not_of_the_chunks() {
    let chunks = "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n";
    let (body, _intake, _) = start(Framing::Chunked, chunks, 3);
    assert_eq!(body.collect().await.unwrap().to_bytes(), "abc");
    let (body, _intake, _) = start(Framing::Chunked, chunks, 2);
    assert_eq!(body.collect().await.unwrap_err(), BodyError::TooLarge);
}
