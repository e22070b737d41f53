//! The library's server settings for each kind of transport.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::server::NoServerSessionStorage;
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};

use super::{Identity, TlsError};
use crate::config::{Protocol, Protocols};

impl Identity {
    /// Settings for TLS over TCP; ALPN offers those of `protocols` that run there, `h2` first.
    /// Whoever offers none of them is refused with `no_application_protocol` (T-08).
    pub fn for_tcp(&self, protocols: Protocols) -> Result<Arc<ServerConfig>, TlsError> {
        let mut config = self.server_config(&[&TLS13, &TLS12])?;
        // `curl -0` offers `http/1.0` and nothing else.
        let names =
            [(Protocol::H2, &b"h2"[..]), (Protocol::Http1, b"http/1.1"), (Protocol::Http1, b"http/1.0")];
        for (protocol, name) in names {
            if protocols.contains(protocol) {
                config.alpn_protocols.push(name.to_vec());
            }
        }
        Ok(Arc::new(config))
    }

    /// Settings for QUIC, which has TLS 1.3 only; ALPN offers `h3`.
    pub fn for_quic(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let mut config = self.server_config(&[&TLS13])?;
        config.alpn_protocols = vec![b"h3".to_vec()];
        Ok(Arc::new(config))
    }

    fn server_config(
        &self,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Result<ServerConfig, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)?;
        let builder = match &self.clients {
            Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&self.key))));
        // Tickets keep sessions at the client; nothing is kept here (T-06).
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Ticketer::new()?;
        // EDT-01, EDT-03: an early request could be replayed.
        config.max_early_data_size = 0;
        Ok(config)
    }
}
