//! A directory for what a visitor may want to use: the certificate and the configuration.

use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::CertificateDer;

/// Characters of a line of PEM (RFC 7468 2).
const PEM_LINE: usize = 64;

/// A directory that goes away with this value.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// An empty directory for this user only, with a name that nobody can have taken before.
    pub(super) fn new() -> io::Result<Self> {
        let name = getrandom::u64().map_err(io::Error::other)?;
        let path = env::temp_dir().join(format!("progress-gateway-demo-{name:016x}"));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    /// Writes a file of this name.
    pub(super) fn write(&self, name: &str, content: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        fs::File::create_new(&path)?.write_all(content.as_bytes())?;
        Ok(path)
    }

    /// Where a file of this name is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans up temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The text form of a certificate, for `curl --cacert`.
pub(super) fn pem(certificate: &CertificateDer<'_>) -> String {
    let encoded = STANDARD.encode(certificate);
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(PEM_LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn a_certificate_can_be_read_back() {
        for length in [0, 1, 47, 48, 49, 1000] {
            let der = CertificateDer::from(vec![7; length]);
            let text = pem(&der);
            assert!(text.lines().all(|line| line.len() <= PEM_LINE), "{text}");
            assert_eq!(CertificateDer::from_pem_slice(text.as_bytes()).expect(&text), der);
        }
    }

    #[test]
    fn the_directory_goes_away_with_its_owner() {
        let folder = Folder::new().expect("there is room for a directory");
        let file = folder.write("a", "b").expect("there is room for a file");
        assert_eq!(fs::read_to_string(&file).expect("it was written"), "b");
        assert!(folder.write("a", "c").is_err(), "nothing is written over");
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists());
    }
}
