//! Whom clients trust: TLS configurations from given roots, from the system's, or without verification.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// Why nobody can be trusted. The operator is to blame: the file, or the system's store.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The text is not PEM, or has no certificate.
    #[error("no certificate in the PEM file of roots{0}")]
    Pem(String),
    /// A certificate cannot be a root.
    #[error("a root certificate cannot be used: {0}")]
    Root(rustls::Error),
    /// The system has no roots.
    #[error("the system has no root certificates{0}: name some by --cacert")]
    System(String),
    /// TLS itself cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(rustls::Error),
}

/// Trusts the certificates in `pem`, be they authorities or servers' own.
///
/// # Errors
///
/// [`TrustError::Pem`] and [`TrustError::Root`].
pub fn given(pem: &[u8]) -> Result<Arc<ClientConfig>, TrustError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| TrustError::Pem(format!(": {error}")))?;
        roots.add(certificate).map_err(TrustError::Root)?;
    }
    if roots.is_empty() {
        return Err(TrustError::Pem(String::new()));
    }
    verified(roots)
}

/// Trusts whom the system trusts.
///
/// # Errors
///
/// [`TrustError::System`] if it trusts nobody.
pub fn system() -> Result<Arc<ClientConfig>, TrustError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let reason = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(TrustError::System(reason));
    }
    verified(roots)
}

/// Trusts anybody (`--insecure`): whoever holds the key of the certificate that is shown will do.
///
/// # Errors
///
/// [`TrustError::Tls`].
pub fn anybody() -> Result<Arc<ClientConfig>, TrustError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(AcceptsAnybody(Arc::clone(&provider)));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TrustError::Tls)?;
    let config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    Ok(Arc::new(config))
}

fn verified(roots: RootCertStore) -> Result<Arc<ClientConfig>, TrustError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TrustError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Accepts every certificate under every name. The handshake's signatures are still checked.
#[derive(Debug)]
struct AcceptsAnybody(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptsAnybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
