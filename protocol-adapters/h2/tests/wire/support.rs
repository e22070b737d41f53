//! Connections to a scripted gateway.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use downstream::{ConnectionInfo, Drain, Limits, Security};
use h2::client::SendRequest;
use h2_adapter::{ServeError, Service, serve};
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::frames::{self, RawClient};
use crate::script::{Event, Events, Scripted};

pub(crate) type Served = JoinHandle<Result<(), ServeError>>;

/// What the pipe between client and gateway holds in each direction, unless a test says otherwise.
pub(crate) const PIPE: usize = 64 * 1024;

/// A service without drain.
pub(crate) fn service(handler: Scripted, limits: Limits) -> Service<Scripted> {
    let address = ([127, 0, 0, 1], 443).into();
    let connection = ConnectionInfo {
        peer: address,
        local: address,
        security: Security::Tls,
        alt_svc: None,
        client_certificate: None,
    };
    let (drain, limits) = (Drain::new().watch(), Arc::new(limits));
    Service { handler, connection: Arc::new(connection), drain, limits, ledger: None }
}

/// A raw client with default settings, and the gateway's end.
pub(crate) async fn raw(handler: Scripted) -> (RawClient<DuplexStream>, Served) {
    raw_with(service(handler, Limits::default()), &[]).await
}

/// A raw client that sends `settings`.
pub(crate) async fn raw_with(
    service: Service<Scripted>,
    settings: &[(u16, u32)],
) -> (RawClient<DuplexStream>, Served) {
    let (near, far) = tokio::io::duplex(PIPE);
    let served = tokio::spawn(serve(far, service));
    (RawClient::connect(near, settings).await, served)
}

/// A client of the `h2` crate over TCP.
pub(crate) async fn over_tcp(
    handler: Scripted,
    builder: h2::client::Builder,
) -> (SendRequest<Bytes>, Served) {
    let (near, far) = tcp().await;
    let served = tokio::spawn(serve(far, service(handler, Limits::default())));
    let (send, connection) = builder.handshake(near).await.expect("handshake");
    tokio::spawn(connection);
    (send, served)
}

/// Both ends of a TCP connection.
pub(crate) async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("bind");
    let near = TcpStream::connect(listener.local_addr().expect("address")).await.expect("connect");
    let (far, _) = listener.accept().await.expect("accept");
    // As the gateway's listeners do: two ends that wait for each other's acknowledgement take 40 ms.
    for end in [&near, &far] {
        end.set_nodelay(true).expect("an open socket");
    }
    (near, far)
}

/// A request to `path`.
pub(crate) fn to(method: &str, path: &str) -> Request<()> {
    let uri = format!("https://a.example{path}");
    Request::builder().method(method).uri(uri).body(()).expect("a request")
}

/// Fails instead of hanging.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("something happens")
}

/// The next event other than a head.
pub(crate) async fn event(events: &mut Events) -> Event {
    loop {
        match soon(events.recv()).await.expect("an event") {
            Event::Written => {}
            event => return event,
        }
    }
}

/// The next event after the opening of an exchange.
pub(crate) async fn outcome(events: &mut Events) -> Event {
    loop {
        match event(events).await {
            Event::Opened(_) => {}
            event => return event,
        }
    }
}

/// A client that sends what it has to say at once, takes everything without looking at it, and
/// answers PINGs.
pub(crate) struct Sink {
    input: io::Cursor<Vec<u8>>,
    tally: Arc<Tally>,
    reader: Option<Waker>,
}

/// What a [`Sink`] has taken.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) writes: AtomicUsize,
    /// PINGs aside.
    pub(crate) octets: AtomicUsize,
    pub(crate) pings: AtomicUsize,
}

impl Sink {
    pub(crate) fn new(input: Vec<u8>) -> (Self, Arc<Tally>) {
        let tally = Arc::new(Tally::default());
        (Self { input: io::Cursor::new(input), tally: Arc::clone(&tally), reader: None }, tally)
    }

    /// Takes a write of `size` octets that ends with `end`.
    fn take(&mut self, size: usize, end: &[u8]) -> Poll<io::Result<usize>> {
        self.tally.writes.fetch_add(1, Ordering::Relaxed);
        let last = end.last_chunk::<17>().filter(|frame| frame.starts_with(&[0, 0, 8, frames::PING, 0, 0]));
        if let Some(ping) = last {
            self.tally.pings.fetch_add(1, Ordering::Relaxed);
            self.answer(*ping);
        }
        let octets = if last.is_some() { size - 17 } else { size };
        self.tally.octets.fetch_add(octets, Ordering::Relaxed);
        Poll::Ready(Ok(size))
    }

    fn answer(&mut self, mut ping: [u8; 17]) {
        ping[4] = frames::ACK;
        // The room of the requests is large enough.
        self.input.get_mut().clear();
        self.input.get_mut().extend_from_slice(&ping);
        self.input.set_position(0);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl AsyncRead for Sink {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let at = usize::try_from(self.input.position()).unwrap_or(usize::MAX);
        if at >= self.input.get_ref().len() {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Pin::new(&mut self.input).poll_read(cx, buf)
    }
}

impl AsyncWrite for Sink {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.take(buf.len(), buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let end = bufs.iter().rfind(|buf| !buf.is_empty()).map_or(&[][..], |buf| buf);
        self.take(bufs.iter().map(|buf| buf.len()).sum(), end)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
