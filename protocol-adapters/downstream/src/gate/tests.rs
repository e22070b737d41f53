use std::task::Waker;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::wakes::Wakes;

/// A transport that takes writes, or has its buffers full.
#[derive(Debug)]
struct Transport {
    writes: Takes,
    flushes: Takes,
}

#[derive(Clone, Copy, Debug)]
enum Takes {
    All,
    Nothing,
    Breaks,
}

impl Takes {
    fn poll<T>(self, taken: T) -> Poll<io::Result<T>> {
        match self {
            Self::All => Poll::Ready(Ok(taken)),
            Self::Nothing => Poll::Pending,
            Self::Breaks => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.writes.poll(buf.len())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writes.poll(bufs.iter().map(|buf| buf.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flushes.poll(())
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn gated() -> (Gate, GatedIo<Transport>) {
    let gate = Gate::new();
    let io = GatedIo::new(Transport { writes: Takes::All, flushes: Takes::All }, gate.clone());
    (gate, io)
}

fn write(io: &mut GatedIo<Transport>) {
    let _ = Pin::new(io).poll_write(&mut Context::from_waker(Waker::noop()), b"head");
}

fn flush(io: &mut GatedIo<Transport>) {
    let _ = Pin::new(io).poll_flush(&mut Context::from_waker(Waker::noop()));
}

fn window(gate: &mut Gate) -> Window {
    gate.poll_window(&Context::from_waker(Waker::noop()))
}

#[test]
fn h2x_04_a_pending_write_closes_the_window_and_the_next_write_opens_it() {
    let (mut gate, mut io) = gated();
    assert_eq!(window(&mut gate), Window::Open);
    write(&mut io);
    assert_eq!(window(&mut gate), Window::Open);
    io.io.writes = Takes::Nothing;
    write(&mut io);
    assert_eq!(window(&mut gate), Window::Stalled);
    io.io.writes = Takes::All;
    assert_eq!(window(&mut gate), Window::Stalled, "nothing has been written yet");
    write(&mut io);
    assert_eq!(window(&mut gate), Window::Open);
}

#[test]
fn a_pending_vectored_write_or_flush_closes_the_window_too() {
    let (mut gate, mut io) = gated();
    assert!(io.is_write_vectored());
    io.io.writes = Takes::Nothing;
    let mut cx = Context::from_waker(Waker::noop());
    let _ = Pin::new(&mut io).poll_write_vectored(&mut cx, &[io::IoSlice::new(b"head")]);
    assert_eq!(window(&mut gate), Window::Stalled);
    flush(&mut io);
    assert_eq!(window(&mut gate), Window::Open);

    // A TLS stream that takes the write into its own buffer and cannot send it.
    io.io = Transport { writes: Takes::All, flushes: Takes::Nothing };
    write(&mut io);
    flush(&mut io);
    assert_eq!(window(&mut gate), Window::Stalled);
}

#[test]
fn everyone_who_waits_is_woken_once_when_the_window_opens() {
    let (gate, mut io) = gated();
    io.io.writes = Takes::Nothing;
    write(&mut io);
    let mut waiting: Vec<_> = (0..3).map(|_| (gate.clone(), Wakes::new())).collect();
    for (gate, (_, waker)) in &mut waiting {
        // Polled twice, as an exchange is when something else wakes it.
        for _ in 0..2 {
            assert_eq!(gate.poll_window(&Context::from_waker(waker)), Window::Stalled);
        }
    }
    write(&mut io);
    assert!(waiting.iter().all(|(_, (wakes, _))| wakes.count() == 0), "it is stalled still");
    io.io.writes = Takes::All;
    write(&mut io);
    write(&mut io);
    flush(&mut io);
    assert!(waiting.iter().all(|(_, (wakes, _))| wakes.count() == 1), "{waiting:?}");

    // Who does not wait any more is not woken when it happens again.
    io.io.writes = Takes::Nothing;
    write(&mut io);
    let (gate, (_, waker)) = &mut waiting[0];
    assert_eq!(gate.poll_window(&Context::from_waker(waker)), Window::Stalled);
    io.io.writes = Takes::All;
    write(&mut io);
    let counts: Vec<_> = waiting.iter().map(|(_, (wakes, _))| wakes.count()).collect();
    assert_eq!(counts, [2, 1, 1]);
}

#[test]
fn a_broken_transport_leaves_nobody_waiting() {
    let (mut gate, mut io) = gated();
    io.io.writes = Takes::Nothing;
    write(&mut io);
    let (wakes, waker) = Wakes::new();
    assert_eq!(gate.poll_window(&Context::from_waker(&waker)), Window::Stalled);
    io.io.writes = Takes::Breaks;
    write(&mut io);
    assert_eq!(wakes.count(), 1);
}

#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_called() {
    let (mut gate, mut io) = gated();
    io.io.writes = Takes::Nothing;
    write(&mut io);
    let ((before, first), (last, second)) = (Wakes::new(), Wakes::new());
    assert_eq!(gate.poll_window(&Context::from_waker(&first)), Window::Stalled);
    assert_eq!(gate.poll_window(&Context::from_waker(&second)), Window::Stalled);
    io.io.writes = Takes::All;
    write(&mut io);
    assert_eq!((before.count(), last.count()), (0, 1));
}

/// I-20: a client that reads nothing opens and cancels request after request.
#[test]
fn i_20_exchanges_that_end_while_it_is_stalled_leave_nothing_behind() {
    let (gate, mut io) = gated();
    io.io.writes = Takes::Nothing;
    write(&mut io);
    let (wakes, waker) = Wakes::new();
    let held_by_the_test = Arc::strong_count(&wakes);
    for _ in 0..1000 {
        let mut exchange = gate.clone();
        assert_eq!(exchange.poll_window(&Context::from_waker(&waker)), Window::Stalled);
    }
    assert_eq!(Arc::strong_count(&wakes), held_by_the_test);
    assert!(lock(&gate.shared.waiting).is_empty());
}

#[tokio::test]
async fn bytes_pass_both_ways_unchanged() {
    let (client, server) = tokio::io::duplex(4);
    let mut gate = Gate::new();
    let mut io = GatedIo::new(server, gate.clone());
    let (mut near, mut far) = tokio::io::split(client);
    let writing = async {
        io.write_all(b"longer than the pipe").await.expect("the pipe is open");
        io.flush().await.expect("the pipe is open");
        let mut word = [0; 4];
        io.read_exact(&mut word).await.expect("four octets come");
        io.shutdown().await.expect("the pipe is open");
        word
    };
    let reading = async {
        let mut text = [0; 20];
        near.read_exact(&mut text).await.expect("twenty octets come");
        far.write_all(b"back").await.expect("the pipe is open");
        let mut rest = Vec::new();
        near.read_to_end(&mut rest).await.expect("it ends");
        (text, rest)
    };
    let (word, (text, rest)) = tokio::join!(writing, reading);
    assert_eq!((&word, &text, rest.len()), (b"back", b"longer than the pipe", 0));
    assert_eq!(window(&mut gate), Window::Open);
}
