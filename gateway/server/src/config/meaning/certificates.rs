//! The PEM files that a configuration names: they must exist, be what they should be, and fit together.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rustls::crypto::ring::default_provider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::reader::{Located, Problems};

/// A bundle of every public root is a fifth of this: what is longer is not meant to be PEM.
const MAXIMUM_PEM_BYTES: u64 = 1 << 20;

/// A certificate chain and its private key: the paths, if both can be used together.
pub(super) fn pair(
    certificate: &Located<PathBuf>,
    private_key: &Located<PathBuf>,
    directory: &Path,
    problems: &mut Problems,
) -> Option<(PathBuf, PathBuf)> {
    let paths = (directory.join(&certificate.value), directory.join(&private_key.value));
    let chain = read_certificates(&paths.0).map_err(|message| problems.wrong(&certificate.place, message));
    let key = read_private_key(&paths.1).map_err(|message| problems.wrong(&private_key.place, message));
    let (chain, key) = (chain.ok()?, key.ok()?);
    match CertifiedKey::from_der(chain, key, &default_provider()) {
        Ok(_) => Some(paths),
        Err(rustls::Error::InconsistentKeys(_)) => {
            let message =
                format!("is not the key of {}, write the file of its private key", paths.0.display());
            problems.wrong(&private_key.place, message);
            None
        }
        Err(rustls::Error::InvalidCertificate(error)) => {
            let message =
                format!("cannot be used: {error:?}, write a PEM file of the listener's certificate");
            problems.wrong(&certificate.place, message);
            None
        }
        Err(_) => {
            let key = paths.1.display();
            let message = format!("{key} cannot be used, write a PEM file of an RSA, ECDSA or Ed25519 key");
            problems.wrong(&private_key.place, message);
            None
        }
    }
}

/// Certificates to trust: the path, if each of them can be a root.
pub(super) fn trusted(ca: &Located<PathBuf>, directory: &Path, problems: &mut Problems) -> Option<PathBuf> {
    let path = directory.join(&ca.value);
    let mut roots = rustls::RootCertStore::empty();
    let checked = read_certificates(&path).and_then(|certificates| {
        let added = certificates.into_iter().try_for_each(|certificate| roots.add(certificate));
        added.map_err(|error| {
            format!(
                "{} has a certificate that cannot be trusted: {error}, write a PEM file of roots",
                path.display()
            )
        })
    });
    checked.map_err(|message| problems.wrong(&ca.place, message)).ok()?;
    Some(path)
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(&read(path)?).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.ok().filter(|certificates| !certificates.is_empty());
    certificates.ok_or_else(|| {
        format!("{} holds no certificate, write a PEM file with BEGIN CERTIFICATE", path.display())
    })
}

fn read_private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|_| {
        format!("{} holds no private key, write a PEM file with BEGIN PRIVATE KEY", path.display())
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let opened = File::open(path).and_then(|file| file.take(MAXIMUM_PEM_BYTES + 1).read_to_end(&mut bytes));
    match opened {
        Ok(_) if bytes.len() as u64 > MAXIMUM_PEM_BYTES => {
            Err(format!("{} is longer than 1MiB, write the name of a PEM file", path.display()))
        }
        Ok(_) => Ok(bytes),
        Err(error) => Err(format!(
            "{} cannot be read: {error}, write a file name relative to the configuration file",
            path.display()
        )),
    }
}
