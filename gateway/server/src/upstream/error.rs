//! What can go wrong between the gateway and an origin, and what the client is told of it.

use std::path::PathBuf;

use downstream::BodyError;
use http::StatusCode;

/// Why an upstream call has no final response.
///
/// Each variant has its status and its `Proxy-Status` error type (RFC 9209 2.3, PST-02).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// The server's name does not resolve.
    #[error("the origin's name does not resolve")]
    DnsError,
    /// The server's name was not resolved within the connect timeout.
    #[error("the origin's name was not resolved in time")]
    DnsTimeout,
    /// The server refuses connections.
    #[error("the origin refuses connections")]
    ConnectionRefused,
    /// There is no way to the server.
    #[error("the origin cannot be reached")]
    Unreachable,
    /// The server did not take the connection, or did not finish the handshake, in time.
    #[error("the origin did not take the connection in time")]
    ConnectTimeout,
    /// The TLS handshake failed.
    #[error("TLS with the origin failed: {0}")]
    Tls(TlsFault),
    /// The connection or stream ended before a final head (U-02, I-14).
    #[error("the origin closed before its final response")]
    Incomplete,
    /// The origin breaks HTTP; the text says how (fact 6, FWD-09, FWD-10, I-05, I-15, I-18, U-06).
    #[error("the origin breaks the protocol: {0}")]
    Protocol(&'static str),
    /// A head of the origin is larger than 32 KiB or has more than 100 fields (I-11).
    #[error("a response head of the origin is too large")]
    HeadTooLarge,
    /// A head of the origin began, but did not end in time (I-12).
    #[error("a response head of the origin did not end in time")]
    HeadTimeout,
    /// The origin sends interim heads faster than anyone could follow (FWD-08, I-10).
    #[error("the origin floods interim responses")]
    InterimFlood,
    /// Nothing came from the origin for the upstream's `idle-timeout`.
    #[error("nothing came from the origin in time")]
    Idle,
    /// This gateway opens no further connection to the origin.
    #[error("the gateway has no connection to the origin left")]
    ConnectionLimit,
    /// Client: the request could not be read to its end.
    #[error("the request could not be read: {0}")]
    RequestBody(BodyError),
    /// Gateway: a fault of its own; the text says where.
    #[error("the gateway failed: {0}")]
    Internal(&'static str),
}

/// What failed in a TLS handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// The handshake is malformed or broke off, or no common version or suite exists.
    #[error("the handshake failed")]
    Handshake,
    /// The origin sent an alert.
    #[error("the origin sent an alert")]
    Alert,
    /// The certificate is not valid for the name, or not trusted.
    #[error("the certificate is not valid")]
    Certificate,
}

/// Who is at fault: the label for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The client that sent the request.
    Client,
    /// The origin, or the way to it.
    Origin,
    /// This gateway.
    Gateway,
}

/// Why the upstream room cannot start. The operator is to blame.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamSetupError {
    /// The file of additional trust anchors cannot be read.
    #[error("upstream {upstream:?}: the certificates in {path:?} cannot be read: {reason}; give a PEM file")]
    Ca {
        /// The upstream's name.
        upstream: String,
        /// The file as configured.
        path: PathBuf,
        /// What the reader says.
        reason: String,
    },
    /// There is nothing to verify the origin's certificate with.
    #[error(
        "upstream {upstream:?}: the system has no trusted certificates; install them or set the upstream's `ca`"
    )]
    NoRoots {
        /// The upstream's name.
        upstream: String,
    },
    /// The host of an `https` server is no name that a certificate could be checked against.
    #[error("upstream {upstream:?}: {host:?} is not a name that a certificate can be checked against")]
    ServerName {
        /// The upstream's name.
        upstream: String,
        /// The server's host as configured.
        host: String,
    },
    /// The TLS library refuses its own defaults.
    #[error("TLS towards the origins cannot be set up: {0}")]
    Tls(String),
}

// === impl UpstreamError ===

impl UpstreamError {
    /// The status of the response that the gateway authors (PST-02).
    pub fn status(&self) -> StatusCode {
        match self {
            Self::DnsTimeout | Self::ConnectTimeout | Self::HeadTimeout | Self::Idle => {
                StatusCode::GATEWAY_TIMEOUT
            }
            Self::DnsError
            | Self::ConnectionRefused
            | Self::Unreachable
            | Self::Tls(_)
            | Self::Incomplete
            | Self::Protocol(_)
            | Self::HeadTooLarge
            | Self::InterimFlood => StatusCode::BAD_GATEWAY,
            Self::ConnectionLimit => StatusCode::SERVICE_UNAVAILABLE,
            Self::RequestBody(error) => match error {
                BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
                BodyError::Departed | BodyError::Malformed(_) => StatusCode::BAD_REQUEST,
                BodyError::Origin(_) | BodyError::Store => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The error type for `Proxy-Status` (RFC 9209 2.3).
    pub fn proxy_status(&self) -> &'static str {
        match self {
            Self::DnsError => "dns_error",
            Self::DnsTimeout => "dns_timeout",
            Self::ConnectionRefused => "connection_refused",
            Self::Unreachable => "destination_ip_unroutable",
            Self::ConnectTimeout => "connection_timeout",
            Self::Tls(TlsFault::Handshake) => "tls_protocol_error",
            Self::Tls(TlsFault::Alert) => "tls_alert_received",
            Self::Tls(TlsFault::Certificate) => "tls_certificate_error",
            Self::Incomplete => "http_response_incomplete",
            Self::Protocol(_) | Self::InterimFlood => "http_protocol_error",
            Self::HeadTooLarge => "http_response_header_section_size",
            Self::HeadTimeout | Self::Idle => "http_response_timeout",
            Self::ConnectionLimit => "connection_limit_reached",
            Self::RequestBody(BodyError::Origin(_) | BodyError::Store) | Self::Internal(_) => {
                "proxy_internal_error"
            }
            Self::RequestBody(_) => "http_request_error",
        }
    }

    /// Who is at fault.
    pub fn blame(&self) -> Blame {
        match self {
            Self::RequestBody(BodyError::Origin(_) | BodyError::Store)
            | Self::ConnectionLimit
            | Self::Internal(_) => Blame::Gateway,
            Self::RequestBody(_) => Blame::Client,
            _ => Blame::Origin,
        }
    }
}

impl Blame {
    /// The word for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Origin => "origin",
            Self::Gateway => "gateway",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PST-02: every cause has the status and the token of the table.
    #[test]
    fn pst_02_status_and_token_of_every_error() {
        let table = [
            (UpstreamError::DnsTimeout, 504, "dns_timeout"),
            (UpstreamError::DnsError, 502, "dns_error"),
            (UpstreamError::ConnectionRefused, 502, "connection_refused"),
            (UpstreamError::Unreachable, 502, "destination_ip_unroutable"),
            (UpstreamError::ConnectTimeout, 504, "connection_timeout"),
            (UpstreamError::Tls(TlsFault::Handshake), 502, "tls_protocol_error"),
            (UpstreamError::Tls(TlsFault::Alert), 502, "tls_alert_received"),
            (UpstreamError::Tls(TlsFault::Certificate), 502, "tls_certificate_error"),
            (UpstreamError::Incomplete, 502, "http_response_incomplete"),
            (UpstreamError::Protocol("x"), 502, "http_protocol_error"),
            (UpstreamError::HeadTooLarge, 502, "http_response_header_section_size"),
            (UpstreamError::HeadTimeout, 504, "http_response_timeout"),
            (UpstreamError::InterimFlood, 502, "http_protocol_error"),
            (UpstreamError::Idle, 504, "http_response_timeout"),
            (UpstreamError::ConnectionLimit, 503, "connection_limit_reached"),
            (UpstreamError::RequestBody(BodyError::TooLarge), 413, "http_request_error"),
            (UpstreamError::RequestBody(BodyError::TooSlow), 408, "http_request_error"),
            (UpstreamError::RequestBody(BodyError::Malformed("x")), 400, "http_request_error"),
            (UpstreamError::RequestBody(BodyError::Store), 500, "proxy_internal_error"),
            (UpstreamError::Internal("x"), 500, "proxy_internal_error"),
        ];
        for (error, status, token) in table {
            assert_eq!(error.status().as_u16(), status, "{error}");
            assert_eq!(error.proxy_status(), token, "{error}");
            let gateways = matches!(error.status().as_u16(), 500 | 503);
            assert_eq!(error.blame() == Blame::Gateway, gateways, "{error}");
        }
    }

    #[test]
    fn only_the_reading_of_a_request_is_the_clients_fault() {
        assert_eq!(UpstreamError::RequestBody(BodyError::Departed).blame().as_str(), "client");
        assert_eq!(UpstreamError::Idle.blame().as_str(), "origin");
    }
}
