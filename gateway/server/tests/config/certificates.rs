//! Certificate files: relative to the configuration file, there, PEM, and belonging together.

use std::path::{Path, PathBuf};

use progress_gateway::config::{self, ConfigErrors, Settings, TlsSettings};
use rcgen::{CertifiedKey, generate_simple_self_signed};

/// A directory with `api.pem` and `api.key`, which belong together, `other.key`, which does not,
/// and `text.pem`, which is not PEM.
fn directory(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&directory).expect("the test directory can be written");
    let pair = || generate_simple_self_signed(vec!["api.example".to_owned()]).expect("a certificate");
    let (CertifiedKey { cert, signing_key }, other) = (pair(), pair());
    let write = |file: &str, text: String| std::fs::write(directory.join(file), text).expect("writable");
    write("api.pem", cert.pem());
    write("api.key", signing_key.serialize_pem());
    write("other.key", other.signing_key.serialize_pem());
    write("text.pem", "not PEM\n".to_owned());
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    write("broken.pem", broken.to_owned());
    write("broken.key", broken.replace("CERTIFICATE", "PRIVATE KEY"));
    write("long.pem", "#".repeat((1 << 20) + 1));
    directory
}

fn with_tls(directory: &Path, tls: &str) -> Result<Settings, ConfigErrors> {
    let text = format!(
        "[[listeners]]\naddress = \"127.0.0.1:8443\"\ntls = {tls}\n[[upstreams]]\nname = \"origin\"\n\
         servers = [\"https://127.0.0.1:3000\"]\n[[routes]]\nname = \"base\"\nupstream = \"origin\"\n"
    );
    config::parse(&text, &directory.join("gateway.toml"))
}

fn printed(directory: &Path, tls: &str) -> String {
    let errors = with_tls(directory, tls).expect_err(tls);
    errors.to_string().replace(&directory.display().to_string(), "DIR")
}

#[test]
fn files_are_relative_to_the_configuration() {
    let directory = directory("certificates-right");
    let settings =
        with_tls(&directory, r#"{ certificate = "api.pem", private-key = "api.key" }"#).expect("right");
    let files =
        TlsSettings::Files { certificate: directory.join("api.pem"), private_key: directory.join("api.key") };
    assert_eq!(settings.listeners[0].tls, Some(files));
    let absolute = format!("{{ certificate = {:?}, private-key = \"api.key\" }}", directory.join("api.pem"));
    assert_eq!(with_tls(&directory, &absolute).expect("right"), settings);
}

#[test]
fn every_way_in_which_files_are_wrong() {
    let directory = directory("certificates-wrong");
    let table = [
        (
            r#"{ certificate = "none.pem", private-key = "none.key" }"#,
            "DIR/gateway.toml:3:23: listeners[0].tls.certificate: DIR/none.pem cannot be read: No such file or directory (os error 2), write a file name relative to the configuration file\n\
             DIR/gateway.toml:3:49: listeners[0].tls.private-key: DIR/none.key cannot be read: No such file or directory (os error 2), write a file name relative to the configuration file",
        ),
        (
            r#"{ certificate = "text.pem", private-key = "text.pem" }"#,
            "DIR/gateway.toml:3:23: listeners[0].tls.certificate: DIR/text.pem holds no certificate, write a PEM file with BEGIN CERTIFICATE\n\
             DIR/gateway.toml:3:49: listeners[0].tls.private-key: DIR/text.pem holds no private key, write a PEM file with BEGIN PRIVATE KEY",
        ),
        (
            r#"{ certificate = "api.key", private-key = "api.pem" }"#,
            "DIR/gateway.toml:3:23: listeners[0].tls.certificate: DIR/api.key holds no certificate, write a PEM file with BEGIN CERTIFICATE\n\
             DIR/gateway.toml:3:48: listeners[0].tls.private-key: DIR/api.pem holds no private key, write a PEM file with BEGIN PRIVATE KEY",
        ),
        (
            r#"{ certificate = "api.pem", private-key = "other.key" }"#,
            "DIR/gateway.toml:3:48: listeners[0].tls.private-key: is not the key of DIR/api.pem, write the file of its private key",
        ),
        (
            r#"{ certificate = "broken.pem", private-key = "api.key" }"#,
            "DIR/gateway.toml:3:23: listeners[0].tls.certificate: cannot be used: BadEncoding, write a PEM file of the listener's certificate",
        ),
        (
            r#"{ certificate = "api.pem", private-key = "broken.key" }"#,
            "DIR/gateway.toml:3:48: listeners[0].tls.private-key: DIR/broken.key cannot be used, write a PEM file of an RSA, ECDSA or Ed25519 key",
        ),
        (
            r#"{ certificate = "long.pem", private-key = "api.key" }"#,
            "DIR/gateway.toml:3:23: listeners[0].tls.certificate: DIR/long.pem is longer than 1MiB, write the name of a PEM file",
        ),
        (
            r#"{ certificate = ".", private-key = "api.key" }"#,
            "DIR/gateway.toml:3:23: listeners[0].tls.certificate: DIR/. cannot be read: Is a directory (os error 21), write a file name relative to the configuration file",
        ),
    ];
    for (tls, lines) in table {
        assert_eq!(printed(&directory, tls), lines);
    }
}

#[test]
fn roots_of_an_upstream_are_checked_alike() {
    let directory = directory("certificates-roots");
    let with_ca = |ca: &str, scheme: &str| {
        let text = format!(
            "[[listeners]]\naddress = \"127.0.0.1:8080\"\n[[upstreams]]\nname = \"origin\"\nservers = [\"{scheme}://127.0.0.1\"]\n\
             tls = {{ ca = \"{ca}\" }}\n[[routes]]\nname = \"base\"\nupstream = \"origin\"\n"
        );
        let read = config::parse(&text, &directory.join("gateway.toml"));
        read.map_err(|errors| errors.to_string().replace(&directory.display().to_string(), "DIR"))
    };
    let settings = with_ca("api.pem", "https").expect("right");
    assert_eq!(settings.upstreams[0].ca, Some(directory.join("api.pem")));
    let table = [
        (
            "none.pem",
            "https",
            "6:14: upstreams[0].tls.ca: DIR/none.pem cannot be read: No such file or directory (os error 2), write a file name relative to the configuration file",
        ),
        (
            "api.key",
            "https",
            "6:14: upstreams[0].tls.ca: DIR/api.key holds no certificate, write a PEM file with BEGIN CERTIFICATE",
        ),
        (
            "broken.pem",
            "https",
            "6:14: upstreams[0].tls.ca: DIR/broken.pem has a certificate that cannot be trusted: invalid peer certificate: BadEncoding, write a PEM file of roots",
        ),
        (
            "api.pem",
            "h2c",
            "6:7: upstreams[0].tls: is without use because no server is https, write https:// servers or remove tls",
        ),
    ];
    for (ca, scheme, line) in table {
        assert_eq!(with_ca(ca, scheme), Err(format!("DIR/gateway.toml:{line}")));
    }
}
