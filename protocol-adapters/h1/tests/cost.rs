//! What a held request costs: memory while it waits, allocations per sign of life.
#![expect(unsafe_code, reason = "counting allocations needs an allocator of its own")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use downstream::{
    Alarm, Audit, BodyError, ConnectionInfo, Drain, Emission, Exchange, Handler, Limits, OctetLedger,
    Opening, Probe, Protocol, Refusal, RequestBody, Rest, Security, Source, Window,
};
use h1_adapter::server::{Service, serve};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};
use progress_core::interim::InterimHead;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

struct Counting;

thread_local! {
    // Of this thread: the test harness has others.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static OCTETS: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: everything is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        OCTETS.set(OCTETS.get().wrapping_add(layout.size()));
        // SAFETY: the caller keeps the promises of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        OCTETS.set(OCTETS.get().wrapping_sub(layout.size()));
        // SAFETY: the caller keeps the promises of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

const REQUEST: &[u8] =
    b"POST /reports HTTP/1.1\r\nHost: api.example\r\nUser-Agent: curl/8.14.1\r\nAccept: */*\r\n\
    Prefer: processing, progress\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

const BEAT: Duration = Duration::from_secs(1);

/// Beats so often, then answers.
const BEATS: usize = 1000;

/// Of these, the first may set things up.
const WARM: usize = 10;

type Content = UnsyncBoxBody<Bytes, BodyError>;

/// Opens exchanges that beat.
#[derive(Clone)]
struct Beating;

struct Beats {
    /// The handler has read the request and keeps none of it.
    alarm: Alarm,
    next: Instant,
    count: usize,
    allocations: usize,
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Handler for Beating {
    type Body = Content;
    type Exchange = Beats;

    fn open(&self, _: Request<RequestBody>, opening: Opening) -> Beats {
        Beats { alarm: opening.pulse.alarm(), next: now(), count: 0, allocations: 0 }
    }

    fn refuse(&self, refusal: Refusal, _: Protocol, _: &ConnectionInfo) -> Response<Bytes> {
        panic!("{refusal}");
    }
}

impl Exchange for Beats {
    type Body = Content;

    fn poll_emission(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        window: Window,
    ) -> Poll<Emission<Content>> {
        assert_eq!(window, Window::Open);
        if self.next > now() {
            self.alarm.set(Some(self.next), cx);
            return Poll::Pending;
        }
        self.next += BEAT;
        self.count += 1;
        if self.count == WARM {
            self.allocations = ALLOCATIONS.get();
        }
        if self.count > BEATS {
            let allocations = ALLOCATIONS.get() - self.allocations;
            assert_eq!(allocations, 0, "in {} beats", BEATS - WARM);
            let content = Empty::new().map_err(|never| match never {}).boxed_unsync();
            return Poll::Ready(Emission::Final(Response::new(content)));
        }
        Poll::Ready(Emission::Interim(InterimHead::heartbeat()))
    }

    fn interim_written(self: Pin<&mut Self>, _: Instant) {}
}

/// A client that sends one request and takes everything.
struct Client {
    sent: bool,
    written: usize,
    writes: usize,
}

impl AsyncRead for Client {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.sent {
            return Poll::Pending;
        }
        self.sent = true;
        buf.put_slice(REQUEST);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Client {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.written += buf.len();
        self.writes += 1;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// With the drain of the process.
fn service(drain: &Drain) -> Service<Beating> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let connection = ConnectionInfo {
        peer: address,
        local: address,
        security: Security::Cleartext,
        alt_svc: None,
        client_certificate: None,
    };
    Service {
        handler: Beating,
        connection: Arc::new(connection),
        drain: drain.watch(),
        limits: Arc::new(Limits::default()),
        ledger: Some(OctetLedger::new(Arc::new(Nowhere), Arc::new(Prompt))),
    }
}

/// Acknowledgements that nobody counts.
#[derive(Debug)]
struct Nowhere;

impl Audit for Nowhere {
    fn written(&self) {}

    fn acknowledged(&self, _: Source, _: Duration) {}

    fn lost(&self, _: usize) {}
}

/// A peer that acknowledges everything at once.
#[derive(Debug)]
struct Prompt;

impl Probe for Prompt {
    fn taken(&self) -> u64 {
        0
    }

    fn acknowledged(&self) -> Option<u64> {
        Some(0)
    }

    fn summon(&self, ledger: &Arc<OctetLedger>) {
        assert_eq!(ledger.settle(now()), Rest::Nothing);
    }
}

#[test]
fn a_held_request_is_small_and_its_heartbeats_allocate_nothing() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let drain = Drain::new();
        let mut client = Client { sent: false, written: 0, writes: 0 };
        serve(&mut client, Bytes::new(), service(&drain)).await.unwrap();
        let beat = "HTTP/1.1 102 Processing\r\n\r\n";
        assert!(client.written > BEATS * beat.len());
        // H11-01, architecture 7: one write per head, and one for the final response.
        assert_eq!(client.writes, BEATS + 1);

        // The transport, the exchange and the content of the response come on top.
        let future = serve(Client { sent: false, written: 0, writes: 0 }, Bytes::new(), service(&drain));
        let own = size_of_val(&future);
        assert!(own <= 1200, "{own} octets for the future of a connection");
        drop(future);

        let before = OCTETS.get();
        let held =
            tokio::spawn(serve(Client { sent: false, written: 0, writes: 0 }, Bytes::new(), service(&drain)));
        tokio::time::sleep(10 * BEAT).await;
        let held_octets = OCTETS.get().wrapping_sub(before);
        assert!(held_octets <= 2112, "{held_octets} octets held for a request that waits");
        held.abort();
    });
}
