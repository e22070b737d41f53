//! Origins behind TLS.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use downstream::BodyError;
use progress_gateway::config::{Scheme, UpstreamSettings};
use progress_gateway::upstream::{TlsFault, UpstreamError, UpstreamSetupError, Upstreams};
use rustls_pki_types::PrivateKeyDer;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::caller::{answer, content, failure, get, response, settings, stats};
use super::script::{OK, Origin, Wire};

/// A certificate for `name`, and the acceptor of an origin that has it.
struct Identity {
    acceptor: TlsAcceptor,
    /// Removed with the test.
    ca: Ca,
}

struct Ca(PathBuf);

impl Drop for Ca {
    fn drop(&mut self) {
        // What is left behind in the temporary directory does no harm.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Identity {
    fn of(name: &str, alpn: &[&str]) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        let serial = made.cert.der().iter().rev().take(16).fold(String::new(), |mut text, octet| {
            std::fmt::Write::write_fmt(&mut text, format_args!("{octet:02x}")).expect("a string");
            text
        });
        let path = std::env::temp_dir().join(format!("progress-gateway-{serial}.pem"));
        std::fs::write(&path, made.cert.pem()).expect("a file");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a pair");
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self { acceptor: TlsAcceptor::from(Arc::new(config)), ca: Ca(path) }
    }

    async fn accept(&self, origin: &Origin) -> std::io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(origin.accept().await.0).await
    }

    /// A room that trusts this certificate and calls the origin `localhost`.
    fn room(&self, address: SocketAddr) -> Upstreams {
        let mut settings =
            UpstreamSettings { ca: Some(self.ca.0.clone()), ..settings(Scheme::Https, &[address]) };
        "localhost".clone_into(&mut settings.servers[0].host);
        Upstreams::new(&[settings]).expect("an upstream")
    }
}

/// HTTP/1.1 where the origin speaks it, by ALPN or without: and the connection is used again.
#[tokio::test]
async fn http1_over_tls() {
    for alpn in [&["http/1.1"][..], &[]] {
        let origin = Origin::start().await;
        let identity = Identity::of("localhost", alpn);
        let room = identity.room(origin.address);
        let theirs = async {
            let mut wire = Wire(identity.accept(&origin).await.expect("a handshake"));
            for _ in 0..3 {
                wire.head().await;
                wire.say(OK).await;
            }
            wire
        };
        let ours = async {
            for _ in 0..3 {
                assert_eq!(answer(&mut get(&room)).await, "ok");
            }
        };
        let (_wire, ()) = tokio::join!(theirs, ours);
        assert_eq!((stats(&room).connections(), stats(&room).healthy()), (1, 1));
    }
}

/// Calls that come together before the first handshake share what it brings: one HTTP/2 connection.
#[tokio::test]
async fn http2_over_tls_is_shared_from_the_start() {
    let origin = Origin::start().await;
    let identity = Identity::of("localhost", &["h2", "http/1.1"]);
    let room = identity.room(origin.address);
    let theirs = async {
        let stream = identity.accept(&origin).await.expect("a handshake");
        let mut wire = h2::server::handshake(stream).await.expect("a preface");
        for _ in 0..3 {
            let (request, mut respond) = wire.accept().await.expect("a request").expect("sound");
            assert_eq!(request.uri(), "https://o.example/a?b");
            respond.send_response(http::Response::new(()), true).expect("open");
        }
        std::future::poll_fn(|cx| wire.poll_closed(cx)).await.expect("a clean end");
    };
    let ours = async {
        let mut calls = [get(&room), get(&room), get(&room)];
        let [a, b, c] = &mut calls;
        tokio::join!(answer(a), answer(b), answer(c));
        assert_eq!(stats(&room).connections(), 1);
        drop((calls, room));
    };
    tokio::join!(theirs, ours);
}

/// Calls that come together before the first handshake, to an origin that speaks HTTP/1.1, end up with
/// connections of their own.
#[tokio::test]
async fn http1_over_tls_from_the_start() {
    let origin = Origin::start().await;
    let identity = Identity::of("localhost", &["http/1.1"]);
    let room = identity.room(origin.address);
    let theirs = async {
        let mut wires = Vec::new();
        for _ in 0..2 {
            wires.push(Wire(identity.accept(&origin).await.expect("a handshake")));
        }
        for wire in &mut wires {
            wire.head().await;
            wire.say(OK).await;
        }
        wires
    };
    let (mut one, mut two) = (get(&room), get(&room));
    let (_wires, ..) = tokio::join!(theirs, answer(&mut one), answer(&mut two));
    assert_eq!(stats(&room).connections(), 2);
}

/// A certificate for another name, and one that nobody trusts.
#[tokio::test]
async fn certificates_are_verified() {
    let (identity, stranger) = (Identity::of("localhost", &[]), Identity::of("localhost", &[]));
    let elsewhere = Identity::of("elsewhere.example", &[]);
    for (trusted, shown) in [(&identity, &stranger), (&elsewhere, &elsewhere)] {
        let origin = Origin::start().await;
        let room = trusted.room(origin.address);
        let mut call = get(&room);
        let (error, handshake) = tokio::join!(failure(&mut call), shown.accept(&origin));
        assert!(handshake.is_err());
        assert_eq!(error, UpstreamError::Tls(TlsFault::Certificate));
        assert_eq!((error.status().as_u16(), error.proxy_status()), (502, "tls_certificate_error"));
        assert_eq!(stats(&room).healthy(), 0);
    }
}

/// An origin that speaks no TLS, or hangs up.
#[tokio::test]
async fn handshakes_that_fail() {
    for octets in ["HTTP/1.1 400 Bad Request\r\n\r\n", ""] {
        let origin = Origin::start().await;
        let identity = Identity::of("localhost", &[]);
        let room = identity.room(origin.address);
        let mut call = get(&room);
        let theirs = async {
            origin.accept().await.say(octets).await;
        };
        let (error, ()) = tokio::join!(failure(&mut call), theirs);
        assert_eq!(error, UpstreamError::Tls(TlsFault::Handshake), "{octets:?}");
        assert_eq!((error.status().as_u16(), error.proxy_status()), (502, "tls_protocol_error"));
    }
}

/// T-10: content that ends with the connection must end with `close_notify`.
#[tokio::test]
async fn t_10_truncation_is_noticed() {
    for is_clean in [true, false] {
        let origin = Origin::start().await;
        let identity = Identity::of("localhost", &[]);
        let room = identity.room(origin.address);
        let mut call = get(&room);
        let theirs = async {
            let mut wire = Wire(identity.accept(&origin).await.expect("a handshake"));
            wire.head().await;
            wire.say("HTTP/1.1 200 OK\r\n\r\nhello").await;
            if is_clean {
                tokio::io::AsyncWriteExt::shutdown(&mut wire.0).await.expect("open");
            }
            tokio::io::AsyncWriteExt::flush(&mut wire.0).await.expect("open");
        };
        let (response, ()) = tokio::join!(response(&mut call), theirs);
        match content(response).await {
            Ok((text, _)) => assert!(is_clean && text == "hello"),
            Err(error) => assert!(!is_clean && matches!(error, BodyError::Origin(_)), "{error}"),
        }
    }
}

/// The operator is told what is wrong with the certificates.
#[test]
fn setup_errors_name_the_file() {
    let address = ([127, 0, 0, 1], 443).into();
    let ca = std::env::temp_dir().join("progress-gateway-no-such-file.pem");
    let settings = UpstreamSettings { ca: Some(ca), ..settings(Scheme::Https, &[address]) };
    let error = Upstreams::new(std::slice::from_ref(&settings)).expect_err("no such file");
    assert!(matches!(error, UpstreamSetupError::Ca { .. }), "{error}");
    assert!(error.to_string().contains("no-such-file.pem"), "{error}");
    let mut settings = UpstreamSettings { ca: None, ..settings };
    // Without `https` nothing is read.
    settings.servers[0].scheme = Scheme::Http;
    Upstreams::new(&[settings]).expect("an upstream");
}
