//! `Expect: 100-continue` towards the origin (EXP-01, H1-29).

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use downstream::{Expectation, RequestBody};
use tokio::time::Instant;

use super::origin::{Pool, content, in_memory, interim, request, response, sized};

/// Content whose client waits for a 100, and whether it has been asked for.
fn reluctant() -> (Expectation, RequestBody) {
    let expectation = Expectation::new();
    let body = Reluctant { rest: Some(sized("four")), asked: false };
    (expectation.clone(), RequestBody::new(body).expecting(expectation))
}

fn is_demanded(expectation: &Expectation) -> bool {
    expectation.poll_demanded(&Context::from_waker(Waker::noop())).is_ready()
}

const HEAD: &str =
    "POST /a?b HTTP/1.1\r\nHost: o.example\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";

/// EXP-01: the head goes alone; the client is asked for its content when the origin asks for it.
#[tokio::test(start_paused = true)]
async fn exp_01_content_follows_the_origins_100() {
    let (connection, mut origin) = in_memory();
    let (expectation, body) = reluctant();
    let pool = Pool::new();
    let mut exchange = connection.send(request("POST", body), pool.clone());
    let theirs = async {
        assert_eq!(origin.head().await, HEAD);
        tokio::time::sleep(Duration::from_millis(900)).await;
        assert!(!is_demanded(&expectation));
        // Another interim head is no leave to send (EXP-03).
        origin.say("HTTP/1.1 102 \r\n\r\nHTTP/1.1 100 Continue\r\n\r\n").await;
        origin.expect(b"four").await;
        assert!(is_demanded(&expectation));
        origin.say("HTTP/1.1 204 \r\n\r\n").await;
    };
    let ours = async {
        assert_eq!(interim(&mut exchange).await.0, 102);
        response(&mut exchange).await.status()
    };
    assert_eq!(tokio::join!(ours, theirs).0, 204);
    assert_eq!(pool.len(), 1);
}

/// An origin that knows no expectations sends no 100: after a second the content goes all the same.
#[tokio::test(start_paused = true)]
async fn content_follows_after_a_second_without_100() {
    let (connection, mut origin) = in_memory();
    let (_, body) = reluctant();
    let mut exchange = connection.send(request("POST", body), Pool::new());
    let theirs = async {
        origin.head().await;
        let asked = Instant::now();
        origin.expect(b"four").await;
        origin.say("HTTP/1.1 204 \r\n\r\n").await;
        asked.elapsed()
    };
    let (waited, _) = tokio::join!(theirs, response(&mut exchange));
    assert!((1000..1100).contains(&waited.as_millis()), "{waited:?}");
}

/// EXP-05: a final response comes first: the content is never asked for, and the connection, which
/// waits for it, is not used again.
#[tokio::test(start_paused = true)]
async fn exp_05_a_final_response_first_leaves_the_content_unread() {
    let (connection, mut origin) = in_memory();
    let (expectation, body) = reluctant();
    let pool = Pool::new();
    let mut exchange = connection.send(request("POST", body), pool.clone());
    let theirs = async {
        origin.head().await;
        origin.say("HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno").await;
    };
    let (refusal, ()) = tokio::join!(response(&mut exchange), theirs);
    assert_eq!(refusal.status(), 401);
    assert_eq!(content(refusal).await.expect("content").0, "no");
    assert!(!is_demanded(&expectation));
    assert_eq!(pool.len(), 0);
}

/// Pending when it is first asked, as content is that its client has not sent yet.
struct Reluctant {
    rest: Option<RequestBody>,
    asked: bool,
}

impl http_body::Body for Reluctant {
    type Data = bytes::Bytes;
    type Error = downstream::BodyError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        if !std::mem::replace(&mut self.asked, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match &mut self.rest {
            Some(rest) => std::pin::Pin::new(rest).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(4)
    }
}
