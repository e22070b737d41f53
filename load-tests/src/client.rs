//! Clients of our own for every version of HTTP, which see every head.
//!
//! Each has a pool of connections. An exchange is one future: dropping it aborts the exchange (HTTP/1.x: the connection is reset;
//! HTTP/2: `RST_STREAM`; HTTP/3: `STOP_SENDING` and `RESET_STREAM`).

mod dial;
mod fields;
mod http1;
mod http2;
mod http3;
mod mux;
mod pool;
mod stream;
#[cfg(test)]
mod tests;
pub mod trust;

pub use pool::Pool;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

/// Who is asked.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where it listens, TCP and UDP.
    pub address: SocketAddr,
    /// Host and port as the request names them.
    pub authority: String,
    /// The name in its certificate; `None`: cleartext (HTTP/2 by prior knowledge, no HTTP/3).
    pub tls: Option<TlsTarget>,
}

/// Whom to trust.
#[derive(Clone, Debug)]
pub struct TlsTarget {
    /// The name that the certificate has to have.
    pub name: rustls_pki_types::ServerName<'static>,
    /// Roots and verification. ALPN is set by each client.
    pub config: Arc<rustls::ClientConfig>,
}

/// Bounds and source addresses of a pool.
#[derive(Clone, Debug)]
pub struct PoolLimits {
    /// Connections at one time.
    pub connections: usize,
    /// Requests on one connection of HTTP/2 and 3 at one time. The peer may allow fewer.
    pub streams: usize,
    /// Source addresses, taken in turn; empty: the system's choice.
    pub sources: Vec<IpAddr>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The method.
    pub method: http::Method,
    /// Path and query.
    pub path: String,
    /// Further fields; `Host` or `:authority` come from the target.
    pub fields: HeaderMap,
    /// Octets of content to send (zeros).
    pub content: u64,
    /// How the answer is read.
    pub reading: Reading,
    /// Whether this side ends after the request (HTTP/1.x).
    pub ending: Ending,
}

/// How an answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As it comes.
    Freely,
    /// A buffer, then a rest. Takes a connection of its own.
    Slowly(Duration),
    /// Never: the exchange lasts until it is dropped. Takes a connection of its own.
    Never,
}

/// What becomes of this side of an HTTP/1.x connection after the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It stays.
    Open,
    /// It is shut down; the other is still read.
    HalfClosed,
}

/// Told what an exchange sees, on the thread that runs it, as it happens.
pub trait Witness {
    /// The request has gone out whole. Told again if it has to be sent again, on another connection, because nothing was done for it.
    fn sent(&mut self, at: Instant);
    /// An interim head has come.
    fn interim(&mut self, head: Head<'_>, at: Instant);
    /// The final head has come.
    fn answered(&mut self, head: Head<'_>, at: Instant);
    /// Some of the final response's content has come.
    fn content(&mut self, octets: &[u8], at: Instant);
}

/// A response's head. On HTTP/1.x the fields are those that were sent, trailers excluded.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The status code.
    pub status: u16,
    /// The fields.
    pub fields: &'a HeaderMap,
}

/// Why an exchange did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No connection, or no TLS.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The peer reset the stream or connection.
    #[error("reset by the peer: {0}")]
    Reset(String),
    /// The peer closed before the response was whole.
    #[error("closed before the end")]
    Closed,
    /// The peer broke the protocol; a head after the final one is this, too.
    #[error("protocol broken: {0}")]
    Protocol(String),
}

/// What [`Failure::Protocol`] is counted under.
pub(crate) const PROTOCOL: &str = "protocol";

impl Failure {
    /// A short word that failures are counted under.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::Reset(_) => "reset",
            Self::Closed => "closed",
            Self::Protocol(_) => PROTOCOL,
        }
    }
}

/// What the content of requests is made of.
static ZEROS: [u8; 16 * 1024] = [0; 16 * 1024];

impl Ask {
    /// Whether it says how much content it has: some methods do so even if it is none (RFC 9110 8.6).
    fn announces_content(&self) -> bool {
        use http::Method;
        self.content > 0 || [Method::POST, Method::PUT, Method::PATCH].contains(&self.method)
    }
}

/// Why an exchange did not come to its end, and whether it may be tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ended {
    /// It may not.
    Failed(Failure),
    /// Nothing was done for the request, so it may be sent again on another connection.
    Unserved(Failure),
}

impl Ended {
    fn into_failure(self) -> Failure {
        match self {
            Self::Failed(failure) | Self::Unserved(failure) => failure,
        }
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
