//! The QUIC transport under HTTP/3.

use std::sync::Arc;
use std::time::Duration;

use downstream::Limits;
use quinn::crypto::rustls::{NoInitialCipherSuite, QuicServerConfig};
use quinn::{Incoming, ServerConfig, TransportConfig, VarInt};

use crate::tap::tapped;

/// How long a client that is not heard of, or that has no request open, is kept.
pub(crate) const IDLE: Duration = Duration::from_secs(30);
/// How often a client is probed while nothing else is said, so that a request may wait for hours
/// and a client that vanished is noticed (H3X-07). A third of [`IDLE`]: two probes may be lost.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Unidirectional streams that a client may have open: three and some grease are needed.
const UNI_STREAMS: u32 = 8;
/// Octets that a client may send ahead on one stream, and on all of them.
const RECEIVE_WINDOWS: (u32, u32) = (256 * 1024, 1024 * 1024);
/// Octets of a connection that are kept until they are acknowledged.
const SEND_WINDOW: u64 = 1024 * 1024;
/// Handshakes that may go on at once before clients have to prove their address.
pub const HALF_OPEN: usize = 1_000;
/// Connection attempts that may wait to be looked at, and the octets that they may bring along:
/// quinn's own limits are 65,536, 10 MiB and 100 MiB.
const WAITING: (usize, u64, u64) = (4_096, 64 * 1024, 16 * 1024 * 1024);

/// A TLS configuration that QUIC cannot use; the operator, or the gateway's setup, is to blame.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It does not speak TLS 1.3 with AES-128-GCM, which every QUIC connection begins with.
    #[error("QUIC needs TLS 1.3 with TLS_AES_128_GCM_SHA256")]
    CipherSuite(#[from] NoInitialCipherSuite),
    /// It would accept requests before the handshake is complete, which can be replayed.
    #[error("early data must be off")]
    EarlyData,
    /// It does not negotiate HTTP/3.
    #[error("ALPN must be h3 and nothing else")]
    Alpn,
}

/// What to do with a connection attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Begin the handshake: [`Incoming::accept`].
    Accept,
    /// Have the client prove its address first: [`Incoming::retry`].
    Retry,
}

/// The transport of connections that are served within `limits`.
pub fn transport_config(limits: &Limits) -> TransportConfig {
    let mut config = TransportConfig::default();
    let (stream, connection) = RECEIVE_WINDOWS;
    config
        .max_concurrent_bidi_streams(VarInt::from_u32(limits.concurrent_streams))
        .max_concurrent_uni_streams(VarInt::from_u32(UNI_STREAMS))
        .stream_receive_window(VarInt::from_u32(stream))
        .receive_window(VarInt::from_u32(connection))
        .send_window(SEND_WINDOW)
        .max_idle_timeout(Some(IDLE.try_into().expect("30 seconds fit into a QUIC idle timeout")))
        .keep_alive_interval(Some(KEEP_ALIVE))
        // HTTP datagrams are not offered.
        .datagram_receive_buffer_size(None);
    config
}

/// The server configuration of a QUIC endpoint. Clients may change their address, and each
/// connection has a [`tap`](crate::tap).
///
/// # Errors
///
/// See [`ConfigError`].
pub fn server_config(tls: Arc<rustls::ServerConfig>, limits: &Limits) -> Result<ServerConfig, ConfigError> {
    if tls.max_early_data_size != 0 {
        return Err(ConfigError::EarlyData);
    }
    if tls.alpn_protocols != [b"h3"] {
        return Err(ConfigError::Alpn);
    }
    let (attempts, octets, octets_in_all) = WAITING;
    let crypto = tapped(Arc::new(QuicServerConfig::try_from(tls)?));
    let mut config = ServerConfig::with_crypto(crypto);
    config
        .transport_config(Arc::new(transport_config(limits)))
        .migration(true)
        .max_incoming(attempts)
        .incoming_buffer_size(octets)
        .incoming_buffer_size_total(octets_in_all);
    Ok(config)
}

/// What to do with `incoming` while `half_open` handshakes go on. The time that a
/// handshake may take is the listener's to limit.
pub fn admission(incoming: &Incoming, half_open: usize) -> Admission {
    if half_open > HALF_OPEN && incoming.may_retry() { Admission::Retry } else { Admission::Accept }
}
