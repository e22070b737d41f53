//! Which heads a client has acknowledged (INT-18).

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2_adapter::serve;
use http_body::Frame as BodyFrame;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::{sleep, timeout};

use crate::books::Books;
use crate::frames::{self, ACK, CANCEL, DATA, END_HEADERS, Frame, HEADERS, PING, PREFACE, RawClient};
use crate::script::{Event, Events, Scripted, Step, answer, head, scripted, silent, whole};
use crate::support::{PIPE, Served, soon, to};

const BEAT: Duration = Duration::from_secs(1);

/// A raw client of a gateway that keeps books.
async fn counted(handler: Scripted) -> (RawClient<DuplexStream>, Served, Books) {
    let books = Books::new();
    let (near, far) = tokio::io::duplex(PIPE);
    let served = tokio::spawn(serve(books.count(far), books.service(handler)));
    (RawClient::connect(near, &[]).await, served, books)
}

fn gets(count: u32, path: &str) -> Vec<Frame> {
    (0..count).map(|index| frames::get(index * 2 + 1, path)).collect()
}

/// Everything up to the end of so many streams. PINGs are answered.
async fn until_all_end(client: &mut RawClient<DuplexStream>, streams: usize) -> Vec<Frame> {
    let (mut seen, mut ended) = (Vec::new(), 0);
    while ended < streams {
        let frame = soon(client.next()).await.expect("a frame");
        ended += usize::from(frame.ends_stream());
        seen.push(frame);
    }
    seen
}

fn of_kind(seen: &[Frame], kind: u8) -> usize {
    seen.iter().filter(|frame| frame.kind == kind).count()
}

#[tokio::test(start_paused = true)]
async fn int18_the_next_head_waits_until_the_last_one_is_acknowledged() {
    let (mut client, served, books) = counted(silent(|_| vec![Step::Beat(BEAT)])).await;
    client.send(&gets(1, "/")).await;
    assert_eq!(client.next().await.map(|frame| frame.kind), Some(HEADERS));
    assert_eq!(client.next().await.map(|frame| frame.kind), Some(PING), "it goes with the first head");
    books.freeze();
    assert_eq!(client.next().await.map(|frame| frame.kind), Some(HEADERS), "the client has answered");
    assert!(timeout(BEAT * 30, client.next()).await.is_err(), "its kernel acknowledges nothing");
    assert_eq!((books.counts.outstanding(), books.counts.written()), (1, 2));
    books.thaw();
    assert_eq!(timeout(BEAT, client.next()).await.unwrap().map(|frame| frame.kind), Some(HEADERS));
    assert_eq!(client.next().await.map(|frame| frame.kind), Some(PING), "the next is due by now");
    sleep(BEAT / 10).await;
    assert_eq!((books.counts.outstanding(), books.counts.acknowledged()), (0, (1, 2)));
    assert!(!served.is_finished());
}

/// Finals and trailers are no interim heads, and every interim head is one.
#[tokio::test(start_paused = true)]
async fn int18_counts_are_exact_with_many_streams() {
    const STREAMS: u32 = 50;
    let script = |_: &str| {
        let trailers = [("sum".parse().unwrap(), "1".parse().unwrap())].into_iter().collect();
        let content =
            vec![Ok(BodyFrame::data(Bytes::from_static(b"done"))), Ok(BodyFrame::trailers(trailers))];
        vec![Step::Flood(20, BEAT), Step::Say(head(103, &[("link", "</a.css>")])), answer(200, content)]
    };
    let (mut client, _, books) = counted(silent(script)).await;
    client.send(&gets(STREAMS, "/")).await;
    let streams = usize::try_from(STREAMS).unwrap();
    let seen = until_all_end(&mut client, streams).await;
    let finals = 2 * streams;
    assert_eq!(of_kind(&seen, HEADERS) - finals, 21 * streams);
    assert_eq!(books.counts.written(), 21 * streams);
    sleep(BEAT).await;
    let (by_kernel, by_client) = books.counts.acknowledged();
    assert_eq!((by_kernel + by_client, books.counts.outstanding()), (21 * streams, 0));
    assert!(by_client >= 4 * streams, "{by_client}");
}

#[tokio::test(start_paused = true)]
async fn a_head_of_several_frames_counts_once() {
    let large: &str = Box::leak("x~".repeat(20_000).into_boxed_str());
    let script =
        move |_: &str| vec![Step::Say(head(103, &[("link", large)])), Step::Wait(BEAT), whole(200, "")];
    let (mut client, _, books) = counted(silent(script)).await;
    client.send(&gets(1, "/")).await;
    let seen = until_all_end(&mut client, 1).await;
    assert_eq!(seen[0].flags & END_HEADERS, 0, "it is continued");
    assert_eq!(books.counts.written(), 1);
    let (by_kernel, by_client) = books.counts.acknowledged();
    assert_eq!((by_kernel + by_client, books.counts.outstanding()), (1, 0));
}

/// What the transport takes at once, and when it takes nothing, is drawn from the seed.
struct Sipping<S> {
    io: S,
    seed: u64,
}

impl<S> Sipping<S> {
    /// How much of `size` octets is taken now.
    fn sip(&mut self, size: usize, cx: &Context<'_>) -> Option<usize> {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = usize::try_from(self.seed >> 40).expect("24 bits");
        if drawn.is_multiple_of(5) {
            cx.waker().wake_by_ref();
            return None;
        }
        let most = if drawn.is_multiple_of(2) { 12 } else { 3_000 };
        Some(size.min(1 + drawn / 10 % most))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sipping<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sipping<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let Some(size) = self.sip(buf.len(), cx) else { return Poll::Pending };
        Pin::new(&mut self.io).poll_write(cx, &buf[..size])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let octets: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        let Some(size) = self.sip(octets.len(), cx) else { return Poll::Pending };
        Pin::new(&mut self.io).poll_write(cx, &octets[..size])
    }

    fn is_write_vectored(&self) -> bool {
        self.seed.is_multiple_of(2)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.sip(1, cx).is_none() {
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn int18_counts_are_the_same_however_writes_are_cut() {
    for seed in 0..40 {
        let script = |_: &str| {
            let content = Bytes::from(vec![b'x'; 20_000]);
            vec![Step::Flood(5, BEAT), whole(200, content)]
        };
        let books = Books::new();
        let (near, far) = tokio::io::duplex(PIPE);
        let io = books.count(Sipping { io: far, seed });
        tokio::spawn(serve(io, books.service(silent(script))));
        let mut client = RawClient::connect(near, &[]).await;
        client.send(&gets(3, "/")).await;
        let seen = until_all_end(&mut client, 3).await;
        sleep(BEAT).await;
        assert_eq!(books.counts.written(), of_kind(&seen, HEADERS) - 3, "seed {seed}");
        let (by_kernel, by_client) = books.counts.acknowledged();
        assert_eq!((by_kernel + by_client, books.counts.outstanding()), (15, 0), "seed {seed}");
    }
}

/// Its kernel takes and acknowledges everything; the process does nothing.
#[tokio::test(start_paused = true)]
async fn int18_a_stopped_client_leaves_one_head_of_each_exchange_unacknowledged() {
    const STREAMS: i64 = 10;
    let books = Books::new();
    let (near, far) = tokio::io::duplex(16 * 1024 * 1024);
    let served = tokio::spawn(serve(books.count(far), books.service(silent(|_| vec![Step::Beat(BEAT)]))));
    let (mut send, connection) = h2::client::handshake(near).await.expect("handshake");
    let mut connection = Box::pin(connection);
    let held: Vec<ResponseFuture> =
        (0..STREAMS).map(|_| send.send_request(to("GET", "/"), true).expect("open").0).collect();
    assert!(timeout(BEAT * 20, &mut connection).await.is_err());
    assert_eq!(books.counts.outstanding(), 0);
    let before = books.counts.written();
    assert!(before >= 190, "{before}");

    sleep(BEAT * 60).await;
    assert_eq!((books.counts.outstanding(), books.counts.most()), (STREAMS, STREAMS));
    let hidden = books.counts.written() - before;
    assert!(hidden <= 60, "{hidden} heads before the first PING that was not answered");

    assert!(timeout(BEAT * 20, &mut connection).await.is_err());
    assert_eq!((books.counts.outstanding(), books.counts.most()), (0, STREAMS));
    assert!(books.counts.written() >= before + hidden + 190);
    assert!(!served.is_finished());
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn int18_a_client_that_answers_no_ping_gets_its_final_responses() {
    let script = |_: &str| vec![Step::Flood(10, BEAT), whole(200, "done")];
    let (mut client, _, books) = counted(silent(script)).await;
    client.send(&gets(3, "/")).await;
    let (mut seen, mut ended) = (Vec::new(), 0);
    while ended < 3 {
        let frame = soon(client.any()).await.expect("a frame");
        ended += usize::from(frame.ends_stream());
        seen.push(frame);
    }
    assert_eq!(of_kind(&seen, DATA), 3);
    assert_eq!(of_kind(&seen, HEADERS), 3 + 3, "one interim head each, and the final one");
    assert_eq!(of_kind(&seen, PING), 1, "no other before the first is answered");
    assert_eq!((books.counts.written(), books.counts.outstanding()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn int18_a_client_that_answers_no_ping_costs_no_more_for_every_request() {
    let script = |_: &str| vec![Step::Say(head(103, &[])), whole(200, "done")];
    let (mut client, _, books) = counted(silent(script)).await;
    for index in 0..2_000_u32 {
        client.send(&[frames::get(index * 2 + 1, "/")]).await;
        while !soon(client.any()).await.expect("a frame").ends_stream() {}
    }
    assert_eq!(books.counts.written(), 2_000);
    assert!(books.counts.most() <= 256, "{}", books.counts.most());
}

#[tokio::test(start_paused = true)]
async fn a_ping_goes_behind_heads_at_most_every_five_seconds() {
    let (mut client, _, books) = counted(silent(|_| vec![Step::Flood(60, BEAT)])).await;
    client.send(&gets(4, "/")).await;
    let start = tokio::time::Instant::now();
    let (mut kinds, mut pings) = (Vec::new(), Vec::new());
    while let Ok(Some(frame)) = timeout(BEAT * 2, client.next()).await {
        if frame.kind == PING && frame.flags & ACK == 0 {
            assert!(kinds.ends_with(&[HEADERS; 4]), "behind all heads of its beat: {kinds:?}");
            pings.push(start.elapsed());
        }
        kinds.push(frame.kind);
    }
    assert!((11..=13).contains(&pings.len()), "{pings:?}");
    assert!(pings.windows(2).all(|pair| pair[1] >= pair[0] + BEAT * 5), "{pings:?}");
    let (by_kernel, by_client) = books.counts.acknowledged();
    assert_eq!((kinds.len() - pings.len(), by_kernel + by_client), (240, 240));
    assert_eq!(by_client, 4 * pings.len());
}

#[tokio::test(start_paused = true)]
async fn without_heads_there_is_no_ping() {
    let script = |_: &str| vec![Step::Wait(BEAT * 10), whole(200, "late")];
    let (mut client, _, books) = counted(silent(script)).await;
    client.send(&gets(3, "/")).await;
    let seen = until_all_end(&mut client, 3).await;
    assert_eq!(of_kind(&seen, PING), 0, "{seen:?}");
    assert_eq!(books.counts.written(), 0);
}

/// A client whose reset comes in after a head was queued and before it is written.
struct Rude {
    pieces: VecDeque<Vec<u8>>,
    events: Events,
    written: Vec<u8>,
}

impl AsyncRead for Rude {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let first = self.pieces.len() == 2;
        let due = first || std::iter::from_fn(|| self.events.try_recv().ok()).any(|e| e == Event::Written);
        let Some(mut piece) = due.then(|| self.pieces.pop_front()).flatten() else { return Poll::Pending };
        let rest = piece.split_off(piece.len().min(buf.remaining()));
        buf.put_slice(&piece);
        if !rest.is_empty() {
            self.pieces.push_front(rest);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rude {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.written.extend_from_slice(buf);
        assert!(!has_frame(&self.written, HEADERS) && !has_frame(&self.written, PING));
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn has_frame(mut octets: &[u8], kind: u8) -> bool {
    while let Some((head, rest)) = octets.split_first_chunk::<9>() {
        if head[3] == kind {
            return true;
        }
        let size = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        octets = &rest[usize::try_from(size).expect("a frame").min(rest.len())..];
    }
    false
}

#[tokio::test(start_paused = true)]
async fn h2x_07_a_head_that_is_queued_when_its_stream_is_reset_is_never_counted() {
    let (handler, events) = scripted(|_| vec![Step::Wait(BEAT), Step::Say(head(102, &[])), Step::Wait(BEAT)]);
    let books = Books::new();
    let start = [PREFACE, &frames::settings(&[]).encode(), &frames::get(1, "/").encode()].concat();
    let pieces = [start, frames::reset(1, CANCEL).encode()].into();
    let io = books.count(Rude { pieces, events, written: Vec::new() });
    let served = tokio::spawn(serve(io, books.service(handler)));
    sleep(BEAT * 10).await;
    assert!(!served.is_finished());
    assert_eq!((books.counts.written(), books.counts.outstanding()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn int18_a_large_download_does_not_hide_the_heads_of_others() {
    const SIZE: usize = 4 * 1024 * 1024;
    let content = Bytes::from(vec![b'x'; SIZE]);
    let script = move |target: &str| match target {
        "/download" => vec![whole(200, content.clone())],
        _ => vec![Step::Flood(15, BEAT), whole(200, "done")],
    };
    let books = Books::new();
    let (near, far) = tokio::io::duplex(PIPE);
    tokio::spawn(serve(books.count(far), books.service(silent(script))));
    let (mut send, connection) = h2::client::handshake(near).await.expect("handshake");
    tokio::spawn(connection);
    let (download, _) = send.send_request(to("GET", "/download"), true).expect("open");
    let (watched, _) = send.send_request(to("GET", "/watched"), true).expect("open");
    let downloaded = tokio::spawn(async move {
        let mut body = download.await.expect("a response").into_body();
        let mut size = 0;
        while let Some(data) = body.data().await {
            let data = data.expect("sound");
            size += data.len();
            sleep(Duration::from_millis(70)).await;
            body.flow_control().release_capacity(data.len()).expect("window");
        }
        size
    });
    assert_eq!(soon(watched).await.expect("a response").status(), 200);
    assert!(!downloaded.is_finished(), "the download took all the while");
    assert_eq!((books.counts.written(), books.counts.most()), (15, 1), "none had to wait");
    assert_eq!(downloaded.await.expect("it ends"), SIZE);
    assert_eq!(books.counts.outstanding(), 0);
}
