//! Request content, and when it asks for `100 (Continue)`.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use downstream::{BodyError, Expectation, RequestBody, Witness};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};

/// Content whose frames are given; pending once where `None` stands.
struct Scripted(Vec<Option<Result<Frame<Bytes>, BodyError>>>);

impl Scripted {
    fn new(mut frames: Vec<Option<Result<Frame<Bytes>, BodyError>>>) -> Self {
        frames.reverse();
        Self(frames)
    }
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.0.pop() {
            None => Poll::Ready(None),
            Some(None) => Poll::Pending,
            Some(frame) => Poll::Ready(frame),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(7)
    }
}

fn data(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

fn read(body: &mut RequestBody) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
    Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()))
}

fn demanded(expectation: &Expectation) -> bool {
    expectation.poll_demanded(&Context::from_waker(Waker::noop())).is_ready()
}

fn expecting(frames: Vec<Option<Result<Frame<Bytes>, BodyError>>>) -> (RequestBody, Expectation) {
    let expectation = Expectation::new();
    (RequestBody::new(Scripted::new(frames)).expecting(expectation.clone()), expectation)
}

#[test]
fn exp_01_content_that_is_not_read_demands_nothing() {
    let (body, expectation) = expecting(vec![None, Some(Ok(data("content")))]);
    assert!(body.awaits_continue() && !demanded(&expectation));
    assert_eq!(body.size_hint().exact(), Some(7));
    assert!(!demanded(&expectation), "its size is known without reading");
    drop(body);
    assert!(!demanded(&expectation));
}

#[test]
fn exp_01_the_first_read_that_has_to_wait_demands_it() {
    let (mut body, expectation) = expecting(vec![None, Some(Ok(data("content")))]);
    assert!(read(&mut body).is_pending());
    assert!(demanded(&expectation) && !body.awaits_continue());
    assert!(matches!(read(&mut body), Poll::Ready(Some(Ok(_)))));
}

#[test]
fn exp_04_content_that_already_arrives_needs_no_100() {
    let (mut body, expectation) = expecting(vec![Some(Ok(data("content"))), None, Some(Ok(data("more")))]);
    assert!(matches!(read(&mut body), Poll::Ready(Some(Ok(_)))));
    assert!(read(&mut body).is_pending());
    assert!(!demanded(&expectation), "the client did not wait: it began to send");
}

#[test]
fn a_departed_client_is_asked_for_nothing() {
    let (mut body, expectation) = expecting(vec![Some(Err(BodyError::Departed))]);
    assert!(matches!(read(&mut body), Poll::Ready(Some(Err(BodyError::Departed)))));
    assert!(!demanded(&expectation));
}

/// Whether all of the content was noticed, after as many reads.
fn noticed(frames: Vec<Option<Result<Frame<Bytes>, BodyError>>>) -> Vec<bool> {
    let complete = Arc::new(AtomicBool::new(false));
    let notice = Arc::clone(&complete);
    let reads = frames.len() + 1;
    let mut body = RequestBody::new(Scripted::new(frames))
        .witnessed(move || assert!(!notice.swap(true, Ordering::SeqCst), "noticed twice"));
    let mut seen = vec![complete.load(Ordering::SeqCst)];
    for _ in 0..reads {
        let _ = read(&mut body);
        seen.push(complete.load(Ordering::SeqCst));
    }
    seen
}

#[test]
fn int_10_the_end_of_the_content_is_noticed_once_and_not_before() {
    let frames = vec![Some(Ok(data("one"))), None, Some(Ok(data("two")))];
    assert_eq!(noticed(frames), [false, false, false, false, true]);
}

#[test]
fn int_10_content_that_breaks_off_is_not_complete() {
    let frames = vec![Some(Ok(data("one"))), Some(Err(BodyError::Departed))];
    // The reader stops at the error; nothing before it counts as the end.
    assert_eq!(noticed(frames)[..3], [false, false, false]);
}

#[test]
fn int_10_the_last_octets_of_a_known_length_complete_it() {
    let complete = Arc::new(AtomicBool::new(false));
    let notice = Arc::clone(&complete);
    let content = Full::new(Bytes::from_static(b"content")).map_err(|never| match never {});
    let mut body = RequestBody::new(content).witnessed(move || notice.store(true, Ordering::SeqCst));
    assert!(!complete.load(Ordering::SeqCst));
    assert!(matches!(read(&mut body), Poll::Ready(Some(Ok(_)))));
    assert!(complete.load(Ordering::SeqCst), "no further read is needed");
}

/// Content of a known length, whose end is only told to who asks once more: so does a stream whose
/// end comes in a frame of its own.
struct Counted(&'static [u8]);

impl Body for Counted {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let (piece, rest) = self.0.split_at(self.0.len().min(4));
        self.0 = rest;
        if piece.is_empty() { Poll::Pending } else { Poll::Ready(Some(Ok(Frame::data(piece.into())))) }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

/// Over HTTP/3, clients that announce a length (libcurl does) never heard of their operation: the
/// HTTP/1.1 side upstream reads so many octets and does not ask for the end.
#[test]
fn int_10_a_reader_that_counts_need_not_ask_for_the_end() {
    let complete = Arc::new(AtomicBool::new(false));
    let notice = Arc::clone(&complete);
    let mut body = RequestBody::new(Counted(b"content"))
        .witnessed(move || assert!(!notice.swap(true, Ordering::SeqCst), "noticed twice"));
    assert!(matches!(read(&mut body), Poll::Ready(Some(Ok(_)))));
    assert!(!complete.load(Ordering::SeqCst), "three octets are missing");
    assert!(matches!(read(&mut body), Poll::Ready(Some(Ok(_)))));
    assert!(complete.load(Ordering::SeqCst), "no octet is missing");
    assert!(read(&mut body).is_pending());
}

#[test]
fn int_10_content_of_no_octets_is_complete_though_its_end_is_to_come() {
    let complete = Arc::new(AtomicBool::new(false));
    let notice = Arc::clone(&complete);
    drop(RequestBody::new(Counted(b"")).witnessed(move || notice.store(true, Ordering::SeqCst)));
    assert!(complete.load(Ordering::SeqCst));
}

#[test]
fn int_10_a_request_without_content_is_complete_at_once() {
    let complete = Arc::new(AtomicBool::new(false));
    let notice = Arc::clone(&complete);
    drop(RequestBody::empty().witnessed(move || notice.store(true, Ordering::SeqCst)));
    assert!(complete.load(Ordering::SeqCst));
}

#[test]
fn a_request_without_content_is_over_at_once() {
    let mut body = RequestBody::empty();
    assert!(body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(matches!(read(&mut body), Poll::Ready(None)));
}

#[tokio::test]
async fn content_and_trailers_pass_through_unchanged() {
    let mut trailers = http::HeaderMap::new();
    trailers.insert("digest", "x".parse().expect("a field value"));
    let sent =
        Full::new(Bytes::from_static(b"content")).with_trailers(std::future::ready(Some(Ok(trailers))));
    let body = RequestBody::new(sent.map_err(|never| match never {}));
    assert!(!body.is_end_stream() && !body.awaits_continue());
    let collected = body.collect().await.expect("the content is whole");
    assert_eq!(collected.trailers().expect("there are trailers")["digest"], "x");
    assert_eq!(collected.to_bytes(), "content");
}

/// Each piece is seen once, in order, and before the end that it brings.
#[test]
fn a_witness_sees_the_pieces_and_then_the_end() {
    struct Seen(Arc<Mutex<Vec<String>>>);
    impl Witness for Seen {
        fn piece(&mut self, piece: &Bytes) {
            self.0.lock().unwrap().push(String::from_utf8_lossy(piece).into_owned());
        }
        fn complete(self: Box<Self>) {
            self.0.lock().unwrap().push("the end".to_owned());
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut body = RequestBody::new(Counted(b"content")).witnessed(Seen(Arc::clone(&seen)));
    for _ in 0..2 {
        assert!(matches!(read(&mut body), Poll::Ready(Some(Ok(_)))));
    }
    assert_eq!(*seen.lock().unwrap(), ["cont", "ent", "the end"]);
}
