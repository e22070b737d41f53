//! From a fresh TCP connection to the future that serves it.

use std::fmt::Display;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use downstream::{ConnectionInfo, Handler, Phase, Protocol, Security};
use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};

use super::counted::{Counted, Wire};
use super::door::Door;
use super::handshake;
use super::rewind::Rewind;
use super::sniff::{Spoken, sniff};
use crate::config::Protocol as Spoke;
use crate::tls;

/// Serves a connection to its end. Boxed on its own, so that a connection keeps neither the memory
/// of its handshake nor that of the wires it does not speak. (Mapped and not wrapped in an `async`
/// block, which would keep the future twice: as captured and as awaited.)
pub(super) type Conversation = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Who is at the other end of a TCP connection.
struct Caller {
    info: ConnectionInfo,
    wire: Arc<Wire>,
}

/// Finds out what a connection speaks. `None`: it ended before that was known.
pub(super) async fn establish<H: Handler>(
    door: Arc<Door<H>>,
    io: Counted,
    peer: SocketAddr,
) -> Option<Conversation> {
    // A connection without an address is gone.
    let local = io.stream().local_addr().ok()?;
    let info = ConnectionInfo {
        peer,
        local,
        security: Security::Cleartext,
        alt_svc: None,
        client_certificate: None,
    };
    let mut caller = Caller { info, wire: io.wire() };
    let Some(tls) = &door.entrance.tls else { return cleartext(&door, io, caller).await };
    let (mut io, wire) = handshake::secure(io, tls, &door.entrance.metrics.connections).await?;
    caller.info.security = Security::Tls;
    caller.info.client_certificate = io.client_certificate().map(tls::digest).map(Box::new);
    caller.info.alt_svc = door.entrance.alt_svc.clone();
    match wire {
        Protocol::H2 => Some(h2(&door, io, caller)),
        // A client without ALPN: HTTP/1, if the listener has it (T-08).
        _ if !door.entrance.protocols.contains(Spoke::Http1) => None,
        // A wire that drains takes a connection without a request for an idle one. This one is
        // fresh, and its request is on its way (G-19).
        _ if door.entrance.drain.reached(Phase::Draining) => {
            let (Spoken::Http1(first) | Spoken::H2c(first)) = spoken(&door, &mut io, peer).await?;
            Some(http1(&door, io, first, caller))
        }
        _ => Some(http1(&door, io, Bytes::new(), caller)),
    }
}

async fn cleartext<H: Handler>(door: &Door<H>, mut io: Counted, caller: Caller) -> Option<Conversation> {
    match spoken(door, &mut io, caller.info.peer).await? {
        Spoken::Http1(first) => Some(http1(door, io, first, caller)),
        Spoken::H2c(ahead) => Some(h2(door, Rewind::new(ahead, io), caller)),
    }
}

/// What the first octets announce.
async fn spoken<H, S>(door: &Door<H>, io: &mut S, peer: SocketAddr) -> Option<Spoken>
where
    S: AsyncRead + Unpin,
{
    let entrance = &door.entrance;
    let spoken = sniff(io, entrance.protocols, &entrance.limits, entrance.drain.watch()).await;
    spoken.inspect_err(|silence| tracing::debug!(%peer, ?silence, "connection without a request")).ok()
}

fn http1<H, S>(door: &Door<H>, io: S, first: Bytes, caller: Caller) -> Conversation
where
    H: Handler,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let open = door.entrance.metrics.connections.open(Protocol::Http11);
    let Caller { info, wire } = caller;
    let peer = info.peer;
    let service = h1_adapter::server::Service {
        handler: door.handler.clone(),
        connection: Arc::new(info),
        drain: door.entrance.drain.watch(),
        limits: Arc::clone(&door.entrance.limits),
        ledger: wire.ledger(door.entrance.metrics.audit(Protocol::Http11)),
    };
    Box::pin(h1_adapter::server::serve(io, first, service).map(move |result| {
        note(peer, result);
        drop(open);
    }))
}

fn h2<H, S>(door: &Door<H>, io: S, caller: Caller) -> Conversation
where
    H: Handler,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let open = door.entrance.metrics.connections.open(Protocol::H2);
    let Caller { info, wire } = caller;
    let peer = info.peer;
    let service = h2_adapter::Service {
        handler: door.handler.clone(),
        connection: Arc::new(info),
        drain: door.entrance.drain.watch(),
        limits: Arc::clone(&door.entrance.limits),
        ledger: wire.ledger(door.entrance.metrics.audit(Protocol::H2)),
    };
    Box::pin(h2_adapter::serve(io, service).map(move |result| {
        note(peer, result);
        drop(open);
    }))
}

/// The client is to blame for most ends of connections: nothing an operator has to see.
pub(super) fn note<T, E: Display>(peer: SocketAddr, result: Result<T, E>) {
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "connection ended");
    }
}
