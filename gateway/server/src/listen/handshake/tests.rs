use jiff::Timestamp;
use rustls::crypto::ring::default_provider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsConnector;

use super::*;
use crate::config::{Protocols, TlsSettings};
use crate::metrics::Metrics;
use crate::tls::Identity;

struct Server {
    identity: Identity,
    tls: Arc<ServerConfig>,
    metrics: Metrics,
}

impl Server {
    fn new() -> Self {
        let now = status_store::clock::now();
        let identity = Identity::load(&TlsSettings::SelfSigned(vec!["localhost".to_owned()]), now).unwrap();
        let tls = identity.for_tcp(Protocols::OVER_TLS).unwrap();
        Self { identity, tls, metrics: Metrics::new(&[], &[], Timestamp::UNIX_EPOCH).unwrap() }
    }

    async fn secure(&self, io: DuplexStream) -> Option<Protocol> {
        secure(io, &self.tls, &self.metrics.connections).await.map(|(_, wire)| wire)
    }

    /// The handshakes that were counted, as `protocol result`.
    fn counted(&self) -> Vec<String> {
        let text = self.metrics.text().unwrap();
        let lines =
            text.lines().filter(|line| line.contains("tls_handshakes_total{") && line.ends_with(" 1"));
        lines.map(|line| line.split('"').skip(1).step_by(2).collect::<Vec<_>>().join(" ")).collect()
    }

    fn client(&self, versions: &[&'static SupportedProtocolVersion], alpn: &[&str]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.identity.certificate().clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }
}

fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

#[tokio::test]
async fn alpn_decides_in_both_versions_of_tls() {
    for versions in [[&TLS13], [&TLS12]] {
        for (alpn, wire, counted) in [
            (&["h2", "http/1.1"][..], Protocol::H2, "h2 success"),
            (&["http/1.1"], Protocol::Http11, "http11 success"),
            (&["http/1.1", "h2"], Protocol::H2, "h2 success"),
            (&[], Protocol::Http11, "http11 success"),
        ] {
            let server = Server::new();
            let (client, io) = duplex(4096);
            let connector = server.client(&versions, alpn);
            let (secured, connected) = tokio::join!(server.secure(io), connector.connect(name(), client));
            assert_eq!(secured, Some(wire), "{alpn:?}");
            assert!(connected.is_ok(), "{alpn:?}");
            assert_eq!(server.counted(), [counted]);
        }
    }
}

#[tokio::test]
async fn t08_an_unknown_protocol_is_refused_with_its_own_alert() {
    let server = Server::new();
    let (client, io) = duplex(4096);
    let connector = server.client(&[&TLS13], &["spdy/3"]);
    let (secured, connected) = tokio::join!(server.secure(io), connector.connect(name(), client));
    assert_eq!(secured, None);
    let error = connected.unwrap_err().to_string();
    assert!(error.contains("NoApplicationProtocol"), "{error}");
    assert_eq!(server.counted(), ["http11 no_protocol"]);
}

#[tokio::test]
async fn what_is_not_tls_gets_an_alert() {
    let server = Server::new();
    let (mut client, io) = duplex(4096);
    client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert_eq!(server.secure(io).await, None);
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer.first(), Some(&21), "an alert record: {answer:?}");
    assert_eq!(server.counted(), ["http11 not_tls"]);
}

#[tokio::test]
async fn a_client_that_leaves_or_refuses_the_certificate_is_counted_as_such() {
    let server = Server::new();
    let (client, io) = duplex(4096);
    drop(client);
    assert_eq!(server.secure(io).await, None);
    assert_eq!(server.counted(), ["http11 departed"]);

    let (server, stranger) = (Server::new(), Server::new());
    let (client, io) = duplex(4096);
    let connector = stranger.client(&[&TLS13], &["h2"]);
    let (secured, _) = tokio::join!(server.secure(io), connector.connect(name(), client));
    assert_eq!(secured, None);
    assert_eq!(server.counted(), ["h2 failure"]);
}

#[tokio::test(start_paused = true)]
async fn t07_the_budget_is_for_the_whole_handshake_however_it_is_spent() {
    let server = Server::new();
    let (client, io) = duplex(4096);
    let start = Instant::now();
    assert_eq!(server.secure(io).await, None);
    assert_eq!(start.elapsed(), BUDGET, "silence");
    drop(client);

    let server = Server::new();
    let (mut client, io) = duplex(4096);
    // The beginning of a handshake record that promises 512 octets, one octet a second.
    let trickle = async {
        for octet in [22, 3, 1, 2, 0, 1, 0, 1, 252].into_iter().chain(std::iter::repeat(3)) {
            if client.write_all(&[octet]).await.is_err() {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    };
    let start = Instant::now();
    tokio::select! {
        secured = server.secure(io) => assert_eq!(secured, None),
        () = trickle => panic!("the connection was closed early"),
    }
    assert_eq!(start.elapsed(), BUDGET, "slow octets");
    assert_eq!(server.counted(), ["http11 timeout"]);
}
