//! TLS towards origins: certificates are verified, always.

use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::error::{TlsFault, UpstreamSetupError};
use crate::config::UpstreamSettings;

/// The protocols offered by ALPN, the preferred one first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The system's trust anchors, read once for all upstreams that need them.
#[derive(Default)]
pub(super) struct SystemRoots(Option<Vec<CertificateDer<'static>>>);

impl SystemRoots {
    /// The configuration of an upstream that has an `https` server: the system's roots and those of
    /// its `ca` file.
    pub(super) fn client_config(
        &mut self,
        settings: &UpstreamSettings,
    ) -> Result<Arc<ClientConfig>, UpstreamSetupError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.load().iter().cloned());
        if let Some(path) = &settings.ca {
            add_file(&mut roots, path).map_err(|reason| UpstreamSetupError::Ca {
                upstream: settings.name.clone(),
                path: path.clone(),
                reason,
            })?;
        }
        if roots.is_empty() {
            return Err(UpstreamSetupError::NoRoots { upstream: settings.name.clone() });
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| UpstreamSetupError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = ALPN.iter().map(|name| name.to_vec()).collect();
        Ok(Arc::new(config))
    }

    fn load(&mut self) -> &[CertificateDer<'static>] {
        self.0.get_or_insert_with(|| {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::warn!(%error, "some of the system's trusted certificates cannot be read");
            }
            found.certs
        })
    }
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let mut count = 0_usize;
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
        count += 1;
    }
    if count == 0 { Err("there is no certificate in it".to_owned()) } else { Ok(()) }
}

/// What kind of failure a handshake ended in.
pub(super) fn fault_of(error: &std::io::Error) -> TlsFault {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_)) => TlsFault::Certificate,
        Some(rustls::Error::AlertReceived(_)) => TlsFault::Alert,
        _ => TlsFault::Handshake,
    }
}
