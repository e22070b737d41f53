use std::fs;
use std::path::Path;

use rcgen::{CertificateParams, KeyPair};
use x509_parser::extensions::GeneralName;

use super::*;
use crate::config::{Protocol, Protocols};

/// 2026-11-22T15:30:00Z.
const NOW: i64 = 1_795_361_400;

const DAY: i64 = 24 * 60 * 60;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// Files of one test; gone when it is over.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("progress-gateway-tls-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A certificate and its key, as PEM.
fn pair() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["api.example".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn load(certificate: &Path, private_key: &Path) -> Result<Identity, TlsError> {
    let settings =
        TlsSettings::Files { certificate: certificate.to_owned(), private_key: private_key.to_owned() };
    Identity::load(&settings, now())
}

#[test]
fn files_are_loaded_and_the_expiry_is_that_of_the_first_certificate() {
    let directory = Directory::new("good");
    let ((certificate, key), (issuer, _)) = (pair(), pair());
    let chain = directory.write("api.pem", &format!("{certificate}{issuer}"));
    let identity = load(&chain, &directory.write("api.key", &key)).unwrap();
    assert_eq!(identity.name(), chain.display().to_string());
    // The library's default validity ends with the year 4095.
    assert_eq!(identity.expiry(), 67_090_118_400);
    assert_eq!(identity.key.cert.len(), 2);
}

#[test]
fn t09_each_bad_file_is_named_with_what_is_wrong_with_it() {
    let directory = Directory::new("bad");
    let ((certificate, key), (_, other_key)) = (pair(), pair());
    let missing = directory.0.join("missing.pem");
    let good = directory.write("good.pem", &certificate);
    let good_key = directory.write("good.key", &key);
    let foreign_key = directory.write("other.key", &other_key);
    let empty = directory.write("empty.pem", "");
    let broken =
        directory.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    for (certificate, key, culprit, text) in [
        (&missing, &good_key, &missing, "cannot be read: No such file"),
        (&good, &missing, &missing, "cannot be read: No such file"),
        (&empty, &good_key, &empty, "has no certificate"),
        (&good_key, &good_key, &good_key, "has no certificate"),
        (&broken, &good_key, &broken, "cannot be used"),
        (&good, &empty, &empty, "has no private key"),
        (&good, &good, &good, "has no private key"),
        (&good, &foreign_key, &good, "is not the certificate of"),
    ] {
        let error = load(certificate, key).unwrap_err().to_string();
        assert!(error.starts_with(&culprit.display().to_string()), "{error}");
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn self_signed_certificates_live_13_days_and_localhost_includes_the_loopback_addresses() {
    let names = vec!["localhost".to_owned(), "gw.internal".to_owned()];
    let identity = Identity::load(&TlsSettings::SelfSigned(names), now()).unwrap();
    assert_eq!(identity.name(), "self-signed");
    assert_eq!(identity.expiry(), NOW - NOW % DAY + 13 * DAY);
    let (_, parsed) = x509_parser::parse_x509_certificate(identity.certificate()).unwrap();
    assert_eq!(parsed.validity().not_before.timestamp(), NOW - NOW % DAY);
    let alternatives = parsed.subject_alternative_name().unwrap().unwrap();
    let names: Vec<String> = alternatives
        .value
        .general_names
        .iter()
        .map(|name| match name {
            GeneralName::DNSName(name) => (*name).to_owned(),
            GeneralName::IPAddress(octets) => format!("{octets:?}"),
            other => panic!("{other:?}"),
        })
        .collect();
    let six = "[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]";
    assert_eq!(names, ["localhost", "gw.internal", "[127, 0, 0, 1]", six]);
}

#[test]
fn names_that_no_certificate_can_have_are_told() {
    let names = vec!["stra\u{df}e.example".to_owned()];
    let error = Identity::load(&TlsSettings::SelfSigned(names), now()).unwrap_err().to_string();
    assert!(error.starts_with("no certificate for ["), "{error}");
}

#[test]
fn settings_follow_the_listener() {
    let identity = Identity::load(&TlsSettings::SelfSigned(vec!["localhost".to_owned()]), now()).unwrap();
    let tcp = identity.for_tcp(Protocols::OVER_TLS).unwrap();
    assert_eq!(tcp.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec(), b"http/1.0".to_vec()]);
    let h1_only = identity.for_tcp([Protocol::Http1].into_iter().collect()).unwrap();
    assert_eq!(h1_only.alpn_protocols, [b"http/1.1".to_vec(), b"http/1.0".to_vec()]);
    let quic = identity.for_quic().unwrap();
    assert_eq!(quic.alpn_protocols, [b"h3".to_vec()]);
    for config in [&tcp, &h1_only, &quic] {
        // EDT-03: no early data; T-06: tickets, which change their keys by themselves.
        assert_eq!(config.max_early_data_size, 0);
        assert!(config.ticketer.enabled());
    }
}
