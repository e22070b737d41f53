//! `[[listeners]]` as written.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config::grammar;
use crate::config::reader::Located;
use crate::config::rules::{Choice, Least, List, Text};
use crate::config::section::{Optional, Present, Required, section};
use crate::config::settings::Protocol;

const PROTOCOLS: [(&str, Protocol); 4] = [
    (Protocol::Http1.as_str(), Protocol::Http1),
    (Protocol::H2.as_str(), Protocol::H2),
    (Protocol::H2c.as_str(), Protocol::H2c),
    (Protocol::H3.as_str(), Protocol::H3),
];

section! {
    /// Where clients connect.
    struct ListenerFile {
        /// IP address and port; h3 uses the UDP port of the same number.
        address: Option<Located<SocketAddr>> = "address" => Required(Text {
            what: "an address such as \"0.0.0.0:443\"", pattern: "^.+:[0-9]{1,5}$", parse: grammar::socket_address,
        }, "the IP:PORT to listen on such as address = \"0.0.0.0:443\"");

        /// What the listener speaks; http/1.1 includes 1.0, h3 is announced by Alt-Svc. With tls the default is
        /// http/1.1, h2 and h3, without it http/1.1 and h2c; h2 and h3 need tls, h2c must not have it.
        protocols: Option<Located<Vec<Located<Protocol>>>> = "protocols" => Optional(List {
            of: Choice {
                words: &PROTOCOLS,
                later: &[],
            },
            what: "a list such as [\"http/1.1\", \"h2\"]",
            least: Least::One,
        });

        /// The certificate: files, or self-signed; without this table the listener speaks cleartext.
        tls: Option<TlsFile> = "tls" => Present::<TlsFile>::NEW;
    }
}

section! {
    /// The certificate of a listener: either files or a fresh self-signed one.
    struct TlsFile {
        /// PEM file of the certificate chain, the listener's own certificate first.
        certificate: Option<Located<PathBuf>> = "certificate" => Optional(Text {
            what: "a file name such as \"api.pem\"", pattern: "^.+$", parse: grammar::file_path,
        });

        /// PEM file of the private key.
        private_key: Option<Located<PathBuf>> = "private-key" => Optional(Text {
            what: "a file name such as \"api.key\"", pattern: "^.+$", parse: grammar::file_path,
        });

        /// DNS names and IP addresses of a self-signed certificate that is made at the start.
        self_signed: Option<Located<Vec<Located<String>>>> = "self-signed" => Optional(List {
            of: Text { what: "a name such as \"localhost\"", pattern: "^.+$", parse: grammar::host_name },
            what: "a list of names such as [\"localhost\"]",
            least: Least::One,
        });

        /// PEM file of the authorities whose client certificates are taken. A client that proves to have such a
        /// certificate owns its operations by it; nobody has to have one. Without this key none is asked for.
        client_ca: Option<Located<PathBuf>> = "client-ca" => Optional(Text {
            what: "a file name such as \"clients.pem\"", pattern: "^.+$", parse: grammar::file_path,
        });
    }
    one_of {
        ["certificate", "private-key"];
        ["self-signed"];
    }
}
