use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn frame(kind: u8, stream: u32, payload: usize) -> Vec<u8> {
    let length = u32::try_from(payload).expect("short").to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, 0];
    // The reserved bit is to be ignored.
    frame.extend((stream | 0x8000_0000).to_be_bytes());
    frame.resize(frame.len() + payload, HEADERS);
    frame
}

/// Heads are found however the octets are cut.
#[test]
fn heads_are_found_at_every_cut() {
    let octets: Vec<u8> =
        [frame(4, 0, 18), frame(HEADERS, 1, 0), frame(0, 1, 300), frame(9, 1, 20), frame(HEADERS, 7, 12)]
            .concat();
    for step in 1..octets.len() {
        let mut frames = Frames::default();
        let mut found = Vec::new();
        for part in octets.chunks(step) {
            frames.follow(part, |stream| found.push(stream));
        }
        assert_eq!(found, [1, 7], "in parts of {step}");
    }
}

#[test]
fn heads_of_unknown_streams_do_not_count() {
    let untaken = Arc::new(Untaken::default());
    untaken.arrived(3);
    assert_eq!(untaken.lock().total, 0);
    let ticket = untaken.open(3);
    untaken.arrived(3);
    untaken.arrived(3);
    ticket.taken();
    assert_eq!(untaken.lock().total, 1);
    drop(ticket);
    assert_eq!(untaken.lock().total, 0);
    assert!(untaken.lock().streams.is_empty());
}

/// I-10, fact 4: with too many heads untaken the socket is not read; taking one, or giving the
/// stream up, resumes it.
#[tokio::test]
async fn i_10_reading_stops_until_heads_are_taken() {
    let (mut origin, ours) = tokio::io::duplex(1 << 20);
    let untaken = Arc::new(Untaken::default());
    let ticket = untaken.open(1);
    let mut tap = Tap::new(ours, Arc::clone(&untaken));
    let heads = frame(HEADERS, 1, 1).repeat(MAXIMUM_UNTAKEN);
    origin.write_all(&heads).await.expect("buffered");
    let mut sink = vec![0; heads.len()];
    tap.read_exact(&mut sink).await.expect("all are there");

    origin.write_all(&frame(HEADERS, 1, 1)).await.expect("buffered");
    let mut reading = watched(async move {
        let mut octet = [0; 1];
        tap.read_exact(&mut octet).await.expect("there is more");
        tap
    });
    assert!(reading.poll().is_pending());
    ticket.taken();
    assert!(reading.is_woken());
    assert!(reading.poll().is_ready());

    for _ in 0..3 {
        untaken.arrived(1);
    }
    drop(ticket);
    assert_eq!(untaken.lock().total, 0);
}

/// A future with a waker that can be looked at.
struct Watched<F> {
    future: Pin<Box<F>>,
    woken: Arc<Flag>,
}

#[derive(Default)]
struct Flag(std::sync::atomic::AtomicBool);

impl std::task::Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

fn watched<F: Future>(future: F) -> Watched<F> {
    Watched { future: Box::pin(future), woken: Arc::default() }
}

impl<F: Future> Watched<F> {
    fn poll(&mut self) -> Poll<F::Output> {
        self.woken.0.store(false, std::sync::atomic::Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.woken));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(std::sync::atomic::Ordering::SeqCst)
    }
}
