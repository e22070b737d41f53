//! What is known about a connection, and what it may cost.

use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderValue;

/// The version of HTTP that a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.0: never an interim response (V10-01).
    Http10,
    /// HTTP/1.1.
    Http11,
    /// HTTP/2.
    H2,
    /// HTTP/3.
    H3,
}

impl Protocol {
    /// All of them, oldest first.
    pub const ALL: [Self; 4] = [Self::Http10, Self::Http11, Self::H2, Self::H3];

    /// The value of the metric label `protocol`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Http10 => "http10",
            Self::Http11 => "http11",
            Self::H2 => "h2",
            Self::H3 => "h3",
        }
    }

    /// The received-version of a `Via` element (FWH-01).
    pub const fn via(self) -> &'static str {
        match self {
            Self::Http10 => "1.0",
            Self::Http11 => "1.1",
            Self::H2 => "2",
            Self::H3 => "3",
        }
    }

    /// Whether the version knows interim responses (RFC 9110 15.2).
    pub const fn has_interim(self) -> bool {
        !matches!(self, Self::Http10)
    }
}

/// Whether bytes on the connection are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Plain TCP.
    Cleartext,
    /// TLS over TCP, or QUIC.
    Tls,
}

/// One client connection.
#[derive(Clone, Debug)]
pub struct ConnectionInfo {
    /// The address that the client, or the proxy before us, connects from.
    pub peer: SocketAddr,
    /// Our own address on this connection.
    pub local: SocketAddr,
    /// Cleartext or TLS.
    pub security: Security,
    /// The `Alt-Svc` value that announces HTTP/3 on this listener, for HTTP/1.1 and HTTP/2.
    pub alt_svc: Option<HeaderValue>,
    /// The SHA-256 digest of the certificate that the client has proved to be its own, if it has.
    /// Boxed, because hardly any has.
    pub client_certificate: Option<Box<[u8; 32]>>,
}

/// What one connection may cost. Every wire keeps these bounds.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The whole request head, from its first octet to its last (D-01).
    pub head_timeout: Duration,
    /// How long a connection without a request is kept.
    pub idle_timeout: Duration,
    /// How long a final response may wait for a client that takes nothing (D-03, H2-11).
    pub write_stall: Duration,
    /// Octets of a request head, or of a decoded field section; above: 431 (H1-28).
    pub head_size: usize,
    /// Field lines of a request head; above: 431.
    pub head_fields: usize,
    /// Octets of a request target; above: 414.
    pub target_size: usize,
    /// Octets of request content; above: 413. `u64::MAX` when there is no limit (H1-38).
    pub body_size: u64,
    /// Requests that a client may have open at once on HTTP/2 and HTTP/3.
    pub concurrent_streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            write_stall: Duration::from_secs(60),
            head_size: 32 * 1024,
            head_fields: 100,
            target_size: 8 * 1024,
            body_size: u64::MAX,
            concurrent_streams: 100,
        }
    }
}
