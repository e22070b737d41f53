//! HTTP/3 connections.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use downstream::{ConnectionInfo, Handler, Phase, Protocol, Security};
use futures_util::FutureExt;
use h3_adapter::{Admission, admission};
use quinn::{Connecting, Connection, Endpoint, EndpointConfig, Incoming, TokioRuntime};
use rustls_pki_types::CertificateDer;
use tokio::time::timeout;

use super::door::{Door, Entrance};
use super::establish::{Conversation, note};
use super::handshake::BUDGET;
use super::occupancy::OpenDoor;
use super::{DoorPlan, ListenError};
use crate::metrics::ConnectionMetrics;
use crate::metrics::labels::{Handshake, Label};
use crate::tls::{self, TlsError};

/// One QUIC endpoint.
pub(super) struct QuicDoor<H> {
    door: Arc<Door<H>>,
    endpoint: Endpoint,
    /// Handshakes that are open.
    half_open: Arc<AtomicUsize>,
    address: SocketAddr,
}

/// A handshake while it is open.
struct HalfOpen(Arc<AtomicUsize>);

/// The settings of a listener's endpoint.
pub(super) fn config(door: &DoorPlan, entrance: &Entrance) -> Result<quinn::ServerConfig, ListenError> {
    let address = door.address;
    let refused = |reason: String| ListenError::Quic { address, reason };
    let identity = door.identity.as_ref().ok_or_else(|| refused("there is no certificate".to_owned()))?;
    let tls = identity.for_quic().map_err(|source: TlsError| ListenError::Tls { address, source })?;
    h3_adapter::server_config(tls, &entrance.limits).map_err(|error| refused(error.to_string()))
}

impl<H: Handler> QuicDoor<H> {
    /// Hands the socket to the runtime. Datagrams are answered as soon as `serve` runs.
    pub(super) fn new(door: Arc<Door<H>>, udp: UdpSocket, config: quinn::ServerConfig) -> io::Result<Self> {
        let address = udp.local_addr()?;
        let runtime = Arc::new(TokioRuntime);
        let endpoint = Endpoint::new(EndpointConfig::default(), Some(config), udp, runtime)?;
        Ok(Self { door, endpoint, half_open: Arc::default(), address })
    }

    /// Lets clients in until the gateway drains. The socket stays open for those that are in.
    pub(super) async fn serve(self, open: OpenDoor) {
        let mut drain = self.door.entrance.drain.watch();
        loop {
            tokio::select! {
                biased;
                () = poll_fn(|cx| drain.poll_reached(Phase::Draining, cx)) => break,
                incoming = self.endpoint.accept() => match incoming {
                    Some(incoming) => self.admit(incoming),
                    None => break,
                },
            }
        }
        self.endpoint.set_server_config(None);
        drop(open);
    }

    fn admit(&self, incoming: Incoming) {
        if self.must_prove_its_address(&incoming) {
            // Whoever made it up never sees the retry; nothing is kept of it.
            return drop(incoming.retry());
        }
        let Some(seat) = self.door.entrance.seat(incoming.remote_address()) else {
            return incoming.refuse();
        };
        let local = SocketAddr::new(incoming.local_ip().unwrap_or(self.address.ip()), self.address.port());
        // The first flight is read here: a client that speaks something else fails already.
        let connecting = match incoming.accept() {
            Ok(connecting) => connecting,
            Err(error) => return failed(&self.door.entrance.metrics.connections, result_of(&error)),
        };
        let half_open = HalfOpen::new(&self.half_open);
        let door = Arc::clone(&self.door);
        tokio::spawn(self.door.entrance.contain(seat, async move {
            let conversation = Box::pin(establish(door, connecting, half_open, local)).await;
            if let Some(conversation) = conversation {
                conversation.await;
            }
        }));
    }

    /// In a flood of half-open handshakes, and always where seats are counted by address:
    /// else somebody could take the seats of an address that is not its own.
    fn must_prove_its_address(&self, incoming: &Incoming) -> bool {
        let half_open = self.half_open.load(Ordering::Relaxed);
        let counted = self.door.entrance.occupancy.counts_addresses();
        admission(incoming, half_open) == Admission::Retry
            || (counted && !incoming.remote_address_validated() && incoming.may_retry())
    }
}

/// Ends the handshake. `None`: it failed, which is counted.
async fn establish<H: Handler>(
    door: Arc<Door<H>>,
    connecting: Connecting,
    half_open: HalfOpen,
    local: SocketAddr,
) -> Option<Conversation> {
    let result = timeout(BUDGET, connecting).await;
    drop(half_open);
    let metrics = &door.entrance.metrics.connections;
    match result {
        Ok(Ok(connection)) => {
            metrics.handshake(Protocol::H3, Handshake::Success);
            return Some(h3(&door, connection, local));
        }
        Ok(Err(error)) => failed(metrics, result_of(&error)),
        Err(_) => failed(metrics, Handshake::Timeout),
    }
    None
}

fn failed(metrics: &ConnectionMetrics, result: Handshake) {
    metrics.handshake(Protocol::H3, result);
    tracing::debug!(result = result.text(), "QUIC handshake failed");
}

fn h3<H: Handler>(door: &Door<H>, connection: Connection, local: SocketAddr) -> Conversation {
    let open = door.entrance.metrics.connections.open(Protocol::H3);
    let peer = connection.remote_address();
    let client_certificate =
        certificate_of(&connection).map(|certificate| Box::new(tls::digest(&certificate)));
    let info = ConnectionInfo { peer, local, security: Security::Tls, alt_svc: None, client_certificate };
    let service = h3_adapter::Service {
        handler: door.handler.clone(),
        connection: Arc::new(info),
        drain: door.entrance.drain.watch(),
        limits: Arc::clone(&door.entrance.limits),
        audit: Some(door.entrance.metrics.audit(Protocol::H3)),
    };
    Box::pin(h3_adapter::serve(connection, service).map(move |result| {
        note(peer, result);
        drop(open);
    }))
}

/// The certificate that the client has proved to be its own, if it has one.
fn certificate_of(connection: &Connection) -> Option<CertificateDer<'static>> {
    let chain = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    chain.into_iter().next()
}

fn result_of(error: &quinn::ConnectionError) -> Handshake {
    use quinn::ConnectionError::{ApplicationClosed, ConnectionClosed, Reset, TimedOut, TransportError};
    /// `no_application_protocol` (RFC 7301) as a QUIC error code (RFC 9001 4.8).
    const NO_PROTOCOL: u8 = 120;
    match error {
        TransportError(error) if error.code == quinn::TransportErrorCode::crypto(NO_PROTOCOL) => {
            Handshake::NoProtocol
        }
        TimedOut => Handshake::Timeout,
        ApplicationClosed(_) | ConnectionClosed(_) | Reset => Handshake::Departed,
        _ => Handshake::Failure,
    }
}

impl HalfOpen {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for HalfOpen {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
