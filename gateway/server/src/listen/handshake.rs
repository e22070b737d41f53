//! TLS over TCP.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use downstream::Protocol;
use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::metrics::ConnectionMetrics;
use crate::metrics::labels::{Handshake, Label};

/// How long a handshake may take, from the accepted connection to its end (T-07, Q-02).
pub(super) const BUDGET: Duration = Duration::from_secs(10);

/// Octets of ciphertext that wait for the client at most: two full records.
const WRITE_BUFFER: usize = 32 * 1024;

/// Secures a connection and says which protocol ALPN chose. A failure is counted and logged; the
/// client has been sent an alert.
pub(super) async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
    io: S,
    tls: &Arc<ServerConfig>,
    metrics: &ConnectionMetrics,
) -> Option<(TlsStream<S>, Protocol)> {
    // Known from the client's first message on; without one it would have been HTTP/1.
    let mut wire = Protocol::Http11;
    let result = match timeout(BUDGET, negotiate(io, tls, &mut wire)).await {
        Ok(Ok(stream)) => {
            metrics.handshake(wire, Handshake::Success);
            return Some((stream, wire));
        }
        Ok(Err(error)) => {
            let result = result_of(&error);
            tracing::debug!(%error, protocol = wire.label(), result = result.text(), "TLS handshake failed");
            result
        }
        Err(_) => {
            tracing::debug!(protocol = wire.label(), "TLS handshake took too long");
            Handshake::Timeout
        }
    };
    metrics.handshake(wire, result);
    None
}

async fn negotiate<S: AsyncRead + AsyncWrite + Unpin>(
    io: S,
    tls: &Arc<ServerConfig>,
    wire: &mut Protocol,
) -> io::Result<TlsStream<S>> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), io).await?;
    let ours = |name: &[u8]| tls.alpn_protocols.iter().any(|protocol| protocol == name);
    let theirs = |name: &[u8]| start.client_hello().alpn().is_some_and(|mut all| all.any(|p| p == name));
    if ours(b"h2") && theirs(b"h2") {
        *wire = Protocol::H2;
    }
    let tls = Arc::clone(tls);
    start.into_stream_with(tls, |connection| connection.set_buffer_limit(Some(WRITE_BUFFER))).await
}

fn result_of(error: &io::Error) -> Handshake {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::NoApplicationProtocol) => Handshake::NoProtocol,
        Some(rustls::Error::InvalidMessage(_)) => Handshake::NotTls,
        Some(_) => Handshake::Failure,
        None => Handshake::Departed,
    }
}

#[cfg(test)]
mod tests;
