//! Listeners as meant.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A public listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerSettings {
    /// Where it listens: TCP, and UDP with the same port number if `protocols` contains `H3`.
    pub address: SocketAddr,
    /// What it speaks; never empty. `H2` and `H3` only with TLS, `H2c` only without.
    pub protocols: Protocols,
    /// `None`: cleartext.
    pub tls: Option<TlsSettings>,
    /// PEM file of the authorities whose client certificates are taken; `None`: none is asked for.
    pub client_ca: Option<PathBuf>,
}

/// Where the certificate of a listener comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsSettings {
    /// PEM files that existed and belonged together when the settings were read; absolute or
    /// relative to the working directory.
    Files {
        /// The certificate chain, the listener's own certificate first.
        certificate: PathBuf,
        /// The private key of the first certificate.
        private_key: PathBuf,
    },
    /// A fresh self-signed certificate for these DNS names and IP addresses; at least one.
    SelfSigned(Vec<String>),
}

/// A protocol of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// `http/1.1`: HTTP/1.1 and 1.0, in cleartext or over TLS.
    Http1,
    /// `h2`: HTTP/2 over TLS, chosen by ALPN.
    H2,
    /// `h2c`: HTTP/2 in cleartext by prior knowledge.
    H2c,
    /// `h3`: HTTP/3 over QUIC.
    H3,
}

/// A set of protocols.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Protocols(u8);

impl Protocol {
    /// Every protocol, in the order in which lists name them.
    pub const ALL: [Self; 4] = [Self::Http1, Self::H2, Self::H2c, Self::H3];

    /// As the file writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http1 => "http/1.1",
            Self::H2 => "h2",
            Self::H2c => "h2c",
            Self::H3 => "h3",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Protocols {
    /// What a listener with TLS speaks unless it is told otherwise.
    pub const OVER_TLS: Self =
        Self(1 << Protocol::Http1 as u8 | 1 << Protocol::H2 as u8 | 1 << Protocol::H3 as u8);

    /// What a listener without TLS speaks unless it is told otherwise.
    pub const CLEARTEXT: Self = Self(1 << Protocol::Http1 as u8 | 1 << Protocol::H2c as u8);

    /// Whether the set has `protocol`.
    pub fn contains(self, protocol: Protocol) -> bool {
        self.0 & protocol.bit() != 0
    }

    /// The members, in the order of [`Protocol::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Protocol> {
        Protocol::ALL.into_iter().filter(move |protocol| self.contains(*protocol))
    }
}

impl FromIterator<Protocol> for Protocols {
    fn from_iter<I: IntoIterator<Item = Protocol>>(protocols: I) -> Self {
        Self(protocols.into_iter().fold(0, |bits, protocol| bits | protocol.bit()))
    }
}

impl fmt::Debug for Protocols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Protocol::as_str)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set: Protocols = [Protocol::H3, Protocol::Http1, Protocol::H3].into_iter().collect();
        assert!(set.contains(Protocol::H3) && set.contains(Protocol::Http1));
        assert!(!set.contains(Protocol::H2) && !set.contains(Protocol::H2c));
        assert_eq!(set.iter().collect::<Vec<_>>(), [Protocol::Http1, Protocol::H3]);
        assert_eq!(format!("{set:?}"), r#"{"http/1.1", "h3"}"#);
        assert_eq!(Protocols::OVER_TLS, [Protocol::Http1, Protocol::H2, Protocol::H3].into_iter().collect());
        assert_eq!(Protocols::CLEARTEXT, [Protocol::Http1, Protocol::H2c].into_iter().collect());
    }
}
