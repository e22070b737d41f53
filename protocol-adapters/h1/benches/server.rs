//! What the server half costs for a request that is answered at once: everything but the system
//! calls and the gateway's own work.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use downstream::{
    BodyError, ConnectionInfo, Drain, Emission, Exchange, Handler, Limits, Opening, Protocol, Refusal,
    RequestBody, Security, Window,
};
use h1_adapter::server::{Service, serve};
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full, combinators::MapErr};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const REQUEST: &[u8] = b"GET /small HTTP/1.1\r\nHost: api.example\r\nUser-Agent: h2load\r\n\r\n";

/// Requests on one connection.
const REQUESTS: u32 = 1000;

type Content = MapErr<Full<Bytes>, fn(std::convert::Infallible) -> BodyError>;

#[derive(Clone)]
struct Hello;

impl Handler for Hello {
    type Body = Content;
    type Exchange = Self;

    fn open(&self, _: Request<RequestBody>, _: Opening) -> Self {
        Self
    }

    fn refuse(&self, _: Refusal, _: Protocol, _: &ConnectionInfo) -> Response<Bytes> {
        Response::default()
    }
}

impl Exchange for Hello {
    type Body = Content;

    fn poll_emission(self: Pin<&mut Self>, _: &mut Context<'_>, _: Window) -> Poll<Emission<Content>> {
        let content = Full::new(Bytes::from_static(b"Hello, world!"));
        let mut response = Response::new(content.map_err((|never| match never {}) as fn(_) -> _));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        Poll::Ready(Emission::Final(response))
    }

    fn interim_written(self: Pin<&mut Self>, _: Instant) {}
}

/// Sends the next request once it has the response to the one before.
struct Client {
    requests: u32,
    waiting: bool,
}

impl AsyncRead for Client {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.waiting {
            return Poll::Pending;
        }
        if self.requests > 0 {
            self.requests -= 1;
            self.waiting = true;
            buf.put_slice(REQUEST);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Client {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.waiting = false;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn server(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let connection = ConnectionInfo {
        peer: address,
        local: address,
        security: Security::Cleartext,
        alt_svc: None,
        client_certificate: None,
    };
    let (connection, limits) = (Arc::new(connection), Arc::new(Limits::default()));
    let drain = Drain::new();
    let mut group = c.benchmark_group("serve");
    group.throughput(Throughput::Elements(u64::from(REQUESTS)));
    group.bench_function("keep_alive", |b| {
        b.iter(|| {
            let service = Service {
                handler: Hello,
                connection: Arc::clone(&connection),
                drain: drain.watch(),
                limits: Arc::clone(&limits),
                ledger: None,
            };
            runtime.block_on(serve(Client { requests: REQUESTS, waiting: false }, Bytes::new(), service))
        });
    });
    group.finish();
}

criterion_group!(benches, server);
criterion_main!(benches);
