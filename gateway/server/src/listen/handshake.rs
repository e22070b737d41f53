//! TLS over TCP.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use downstream::Protocol;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::secured::Secured;
use crate::metrics::ConnectionMetrics;
use crate::metrics::labels::{Handshake, Label};

/// How long a handshake may take, from the accepted connection to its end (T-07, Q-02).
pub(super) const BUDGET: Duration = Duration::from_secs(10);

/// Secures a connection and says which protocol ALPN chose. A failure is counted and logged; the
/// client has been sent an alert.
pub(super) async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
    io: S,
    tls: &Arc<ServerConfig>,
    metrics: &ConnectionMetrics,
) -> Option<(Secured<S>, Protocol)> {
    // Until ALPN has chosen, and for clients without it: HTTP/1.
    let mut wire = Protocol::Http11;
    let learn = |protocol: &[u8]| {
        if protocol == b"h2" {
            wire = Protocol::H2;
        }
    };
    let result = match timeout(BUDGET, Secured::accept(io, Arc::clone(tls), learn)).await {
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
