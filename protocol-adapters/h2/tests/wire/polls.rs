//! How often a connection's task is polled: each poll that finds nothing to do costs as much as a
//! tenth of a request.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use downstream::Limits;
use h2_adapter::serve;
use http::Response;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::frames::{self, RawClient};
use crate::script::{Event, Step, scripted, silent, whole};
use crate::support::{PIPE, service};

#[tokio::test(start_paused = true)]
async fn a_request_and_its_response_take_one_poll_each() {
    const REQUESTS: usize = 20;
    let script = |_: &str| vec![Step::Wait(Duration::from_millis(10)), whole(200, "content")];
    let (near, far) = tokio::io::duplex(PIPE);
    let polls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&polls);
    let mut serving = Box::pin(serve(far, service(silent(script), Limits::default())));
    tokio::spawn(poll_fn(move |cx| {
        counter.fetch_add(1, Ordering::Relaxed);
        serving.as_mut().poll(cx)
    }));
    let mut client = RawClient::connect(near, &[]).await;
    let mut before = 0;
    for index in 0..=REQUESTS {
        let id = 1 + 2 * u32::try_from(index).expect("few");
        client.send(&[frames::get(id, "/")]).await;
        client.until_end(id).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        if index == 0 {
            before = polls.load(Ordering::Relaxed);
        }
    }
    assert_eq!(polls.load(Ordering::Relaxed) - before, 2 * REQUESTS);
}

/// A client whose next request comes in while the gateway looks for the content of the response
/// before.
struct Piecemeal {
    pieces: VecDeque<Vec<u8>>,
    /// Pieces that have begun to come in.
    came: usize,
    due: Arc<AtomicUsize>,
}

impl AsyncRead for Piecemeal {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.came > self.due.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        let Some(mut piece) = self.pieces.pop_front() else { return Poll::Pending };
        let rest = piece.split_off(piece.len().min(buf.remaining()));
        buf.put_slice(&piece);
        if rest.is_empty() {
            self.came += 1;
        } else {
            self.pieces.push_front(rest);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Piecemeal {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A request that comes in the last turn of a poll is opened, though nothing else ever happens.
#[tokio::test(start_paused = true)]
async fn a_request_in_the_last_turn_of_a_poll_is_not_forgotten() {
    for requests in 1..=9_u32 {
        let due = Arc::new(AtomicUsize::new(0));
        let next = Arc::clone(&due);
        let (handler, mut events) = scripted(move |_| {
            let next = Arc::clone(&next);
            let content = futures_util::stream::once(async move {
                next.fetch_add(1, Ordering::Relaxed);
                Ok(Frame::data(Bytes::from_static(b"content")))
            });
            vec![Step::Answer(Response::new(StreamBody::new(content).boxed_unsync()))]
        });
        let mut pieces: VecDeque<Vec<u8>> =
            (0..requests).map(|index| frames::get(1 + 2 * index, "/").encode()).collect();
        pieces[0] = [frames::PREFACE, &frames::settings(&[]).encode(), &pieces[0]].concat();
        let client = Piecemeal { pieces, came: 0, due };
        let serving = tokio::spawn(serve(client, service(handler, Limits::default())));
        tokio::time::sleep(Duration::from_millis(10)).await;
        let mut answered = 0;
        while let Ok(event) = events.try_recv() {
            answered += u32::from(event == Event::Answered);
        }
        assert_eq!(answered, requests, "so many requests are answered");
        serving.abort();
    }
}
