//! Identities from PEM files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustls::InconsistentKeys;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{Identity, Material, TlsError, expiry_of};

/// Octets that are read of a file: a chain has a few certificates of a few KiB each.
const MAXIMUM_FILE: u64 = 1024 * 1024;

pub(super) fn load(certificate: &Path, private_key: &Path) -> Result<Identity, TlsError> {
    let chain = CertificateDer::pem_slice_iter(&read(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(certificate, &error))?;
    let Some(leaf) = chain.first() else { return Err(TlsError::NoCertificate(certificate.to_owned())) };
    let expiry = expiry_of(leaf).map_err(|error| unusable(certificate, &error))?;
    let key = PrivateKeyDer::from_pem_slice(&read(private_key)?)
        .map_err(|_| TlsError::NoKey(private_key.to_owned()))?;
    let key = Material { chain, key }.certified().map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            TlsError::Mismatch { certificate: certificate.to_owned(), key: private_key.to_owned() }
        }
        error => unusable(private_key, &error),
    })?;
    Ok(Identity { key, name: certificate.display().to_string(), expiry, clients: None })
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut octets = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAXIMUM_FILE).read_to_end(&mut octets));
    match read {
        Ok(_) => Ok(octets),
        Err(error) => Err(TlsError::Unreadable { path: path.to_owned(), reason: error.to_string() }),
    }
}

pub(super) fn unusable(path: &Path, error: &impl ToString) -> TlsError {
    TlsError::Unusable { path: path.to_owned(), reason: error.to_string() }
}
