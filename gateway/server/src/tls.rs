//! What the gateway proves itself with: certificates, and the TLS settings around them.
//!
//! TLS 1.2 and 1.3 by ring, no early data (EDT-03), session tickets under keys that live in memory
//! and change every six hours (T-06).

mod clients;
mod files;
mod self_signed;
mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustls::crypto::ring::default_provider;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsSettings;

/// Why a certificate cannot be used. Each blames the operator.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path}: cannot be read: {reason}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A file has no certificate.
    #[error("{path}: has no certificate; a PEM file with \"-----BEGIN CERTIFICATE-----\" is wanted", path = .0.display())]
    NoCertificate(PathBuf),
    /// A file has no private key.
    #[error("{path}: has no private key; a PEM file with PKCS#8, SEC1 or PKCS#1 and no password is wanted", path = .0.display())]
    NoKey(PathBuf),
    /// The first certificate of a chain is not that of the key (T-09).
    #[error("{certificate}: is not the certificate of {key}; put the key's own certificate first", certificate = certificate.display(), key = key.display())]
    Mismatch {
        /// The file with the chain.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
    },
    /// A certificate or key is there, but of a kind that is not supported, or damaged.
    #[error("{path}: cannot be used: {reason}", path = path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No certificate can be made for these names.
    #[error("no certificate for {names:?}: {reason}", names = names)]
    SelfSigned {
        /// The names.
        names: Vec<String>,
        /// What is wrong with them.
        reason: String,
    },
    /// The TLS library refuses its settings.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct Identity {
    key: Arc<CertifiedKey>,
    name: String,
    expiry: i64,
    /// Whose certificates are taken; `None`: clients are not asked for one.
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

/// What an identity is made of, and where it came from.
struct Material {
    /// Never empty; the identity's own certificate first.
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads the files, or makes a certificate that is valid from today on.
    pub fn load(settings: &TlsSettings, now: Timestamp) -> Result<Self, TlsError> {
        match settings {
            TlsSettings::Files { certificate, private_key } => files::load(certificate, private_key),
            TlsSettings::SelfSigned(names) => self_signed::make(names, now),
        }
    }

    /// Asks clients for certificates of the authorities in this PEM file, and goes on without.
    pub fn asking_clients(mut self, authorities: &Path) -> Result<Self, TlsError> {
        self.clients = Some(clients::verifier(authorities)?);
        Ok(self)
    }

    /// The value of the metric label `certificate`: the file, or `self-signed`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When the certificate stops to be valid, in seconds since 1970.
    pub fn expiry(&self) -> i64 {
        self.expiry
    }

    /// The certificate itself, for clients that are to trust it.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.key.cert[0]
    }
}

impl Material {
    fn certified(self) -> Result<Arc<CertifiedKey>, rustls::Error> {
        CertifiedKey::from_der(self.chain, self.key, &default_provider()).map(Arc::new)
    }
}

/// What a client's certificate is known by: the whole of it, so that a renewed one is another.
pub fn digest(certificate: &CertificateDer<'_>) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
    digest.as_ref().try_into().expect("SHA-256 has 32 octets")
}

/// When a certificate stops to be valid, in seconds since 1970.
fn expiry_of(certificate: &CertificateDer<'_>) -> Result<i64, String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).map_err(|error| error.to_string())?;
    Ok(parsed.validity().not_after.timestamp())
}

#[cfg(test)]
mod tests;
