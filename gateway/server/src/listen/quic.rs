//! HTTP/3 connections.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use downstream::{ConnectionInfo, Handler, Phase, Protocol, Security};
use futures_util::FutureExt;
use quinn::{Connecting, Connection, Endpoint, EndpointConfig, Incoming, TokioRuntime};
use tokio::time::timeout;

use super::door::{Door, Entrance};
use super::establish::{Conversation, note};
use super::handshake::BUDGET;
use super::occupancy::OpenDoor;
use super::{DoorPlan, ListenError};
use crate::metrics::labels::{Handshake, Label};
use crate::tls::TlsError;

/// Handshakes that may be open before clients have to prove their address first: each costs
/// about 40 KB, and an unproved address may be made up.
const HALF_OPEN: usize = 1_000;

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
    let _ = &entrance.limits;
    let crypto =
        quinn::crypto::rustls::QuicServerConfig::try_from(tls).map_err(|error| refused(error.to_string()))?;
    Ok(quinn::ServerConfig::with_crypto(Arc::new(crypto)))
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
        if self.half_open.load(Ordering::Relaxed) >= HALF_OPEN && incoming.may_retry() {
            // Whoever made up its address never sees this; it costs us nothing to keep.
            return drop(incoming.retry());
        }
        let Some(seat) = self.door.entrance.seat(incoming.remote_address()) else {
            return incoming.refuse();
        };
        let local = SocketAddr::new(incoming.local_ip().unwrap_or(self.address.ip()), self.address.port());
        let Ok(connecting) = incoming.accept() else {
            return self.door.entrance.metrics.connections.handshake(Protocol::H3, Handshake::Failure);
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
    let failure = match result {
        Ok(Ok(connection)) => {
            metrics.handshake(Protocol::H3, Handshake::Success);
            return Some(h3(&door, connection, local));
        }
        Ok(Err(error)) => {
            let failure = result_of(&error);
            tracing::debug!(%error, result = failure.text(), "QUIC handshake failed");
            failure
        }
        Err(_) => Handshake::Timeout,
    };
    metrics.handshake(Protocol::H3, failure);
    None
}

fn h3<H: Handler>(door: &Door<H>, connection: Connection, local: SocketAddr) -> Conversation {
    let open = door.entrance.metrics.connections.open(Protocol::H3);
    let peer = connection.remote_address();
    let _ = (local, door, ConnectionInfo { peer, local, security: Security::Tls, alt_svc: None });
    Box::pin(async move { connection.closed().await }.map(move |error| {
        note::<(), _>(peer, Err(error));
        drop(open);
    }))
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
