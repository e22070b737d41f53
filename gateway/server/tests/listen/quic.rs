//! HTTP/3 and the QUIC under it.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use http::{Request, StatusCode};
use progress_gateway::config::{Protocol, Protocols, TlsSettings};
use progress_gateway::listen::Caps;
use progress_gateway::signals::{Ended, run_until_drained};
use progress_gateway::tls::Identity;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint};
use tokio::net::UdpSocket;

use crate::clients::trusting;
use crate::gateway::{Gateway, Setup, door};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn endpoint(gateway: &Gateway, alpn: &str) -> Endpoint {
    let tls = QuicClientConfig::try_from(trusting(gateway, &[alpn])).unwrap();
    let mut endpoint = Endpoint::client(LOOPBACK).unwrap();
    endpoint.set_default_client_config(ClientConfig::new(Arc::new(tls)));
    endpoint
}

async fn connect(endpoint: &Endpoint, address: SocketAddr) -> Result<Connection, String> {
    endpoint.connect(address, "localhost").unwrap().await.map_err(|error| error.to_string())
}

struct Http3(h3_adapter::client::SendRequest);

impl Http3 {
    async fn new(connection: Connection) -> Self {
        let (mut driver, send) = h3_adapter::client::connect(connection).await.unwrap();
        tokio::spawn(async move { std::future::poll_fn(|cx| driver.poll_close(cx)).await });
        Self(send)
    }

    async fn get(&mut self, path: &str) -> (StatusCode, String) {
        let request = Request::get(format!("https://localhost{path}")).body(()).unwrap();
        let mut stream = self.0.send_request(request).await.unwrap();
        stream.finish().await.unwrap();
        let response = stream.recv_response().await.unwrap();
        let mut content = Vec::new();
        while let Some(mut octets) = stream.recv_data().await.unwrap() {
            content.extend_from_slice(&octets.copy_to_bytes(octets.remaining()));
        }
        (response.status(), String::from_utf8(content).unwrap())
    }
}

#[tokio::test]
async fn http3_on_the_same_port_number() {
    let gateway = Gateway::over_tls(Protocols::OVER_TLS);
    let endpoint = endpoint(&gateway, "h3");
    let mut client = Http3::new(connect(&endpoint, gateway.address()).await.unwrap()).await;
    let (status, content) = client.get("/").await;
    assert_eq!(status, 200);
    assert!(content.starts_with("worker 0 h3 Tls alt-svc None"), "{content}");
    gateway.until("connections{protocol=\"h3\"}", 1.0).await;
    gateway.until("tls_handshakes_total{protocol=\"h3\",result=\"success\"}", 1.0).await;
    endpoint.close(0_u32.into(), b"");
    gateway.until("connections{protocol=\"h3\"}", 0.0).await;
}

#[tokio::test]
async fn a_listener_without_http3_has_no_datagram_port() {
    let gateway = Gateway::over_tls([Protocol::Http1, Protocol::H2].into_iter().collect());
    UdpSocket::bind(gateway.address()).await.expect("the port is free");
}

#[tokio::test]
async fn t08_an_unknown_protocol_is_refused() {
    let gateway = Gateway::over_tls(Protocols::OVER_TLS);
    let error = connect(&endpoint(&gateway, "hq-interop"), gateway.address()).await.unwrap_err();
    // RFC 9001 8.1: the crypto error of no_application_protocol.
    assert!(error.contains("120"), "{error}");
    gateway.until("tls_handshakes_total{protocol=\"h3\",result=\"no_protocol\"}", 1.0).await;
}

#[tokio::test]
async fn d05_caps_hold_for_quic() {
    let identity =
        Identity::load(&TlsSettings::SelfSigned(vec!["localhost".to_owned()]), status_store::clock::now());
    let caps = Caps { connections: NonZeroU32::new(1), per_address: None };
    let gateway = Gateway::start(
        door(Protocols::OVER_TLS, Some(identity.unwrap())),
        Setup { caps, ..Setup::default() },
    );
    let endpoint = endpoint(&gateway, "h3");
    let mut first = Http3::new(connect(&endpoint, gateway.address()).await.unwrap()).await;
    connect(&endpoint, gateway.address()).await.unwrap_err();
    gateway.until("connections_refused_total{reason=\"maximum\"}", 1.0).await;
    assert_eq!(first.get("/").await.0, 200);
}

#[tokio::test]
async fn g17_a_panic_ends_its_quic_connection_and_nothing_else() {
    let gateway = Gateway::over_tls(Protocols::OVER_TLS);
    let endpoint = endpoint(&gateway, "h3");
    let mut neighbour = Http3::new(connect(&endpoint, gateway.address()).await.unwrap()).await;
    neighbour.get("/").await;
    let unlucky = connect(&endpoint, gateway.address()).await.unwrap();
    let mut requests = Http3::new(unlucky.clone()).await;
    let request = Request::get("https://localhost/panic").body(()).unwrap();
    let mut stream = requests.0.send_request(request).await.unwrap();
    let _ = stream.finish().await;
    unlucky.closed().await;
    gateway.until("connection_panics_total", 1.0).await;
    assert_eq!(neighbour.get("/").await.0, 200);
}

#[tokio::test]
async fn g19_drain_lets_http3_requests_finish() {
    let gateway = Gateway::over_tls(Protocols::OVER_TLS);
    let endpoint = endpoint(&gateway, "h3");
    let address = gateway.address();
    let connection = connect(&endpoint, address).await.unwrap();
    let mut client = Http3::new(connection.clone()).await;
    let held = tokio::spawn(async move { client.get("/wait").await });
    let (opened, gateway) =
        tokio::task::spawn_blocking(move || (gateway.opened.recv(), gateway)).await.unwrap();
    assert_eq!(opened.unwrap(), "/wait");
    gateway.drain.advance(downstream::Phase::Draining);
    let ended = tokio::spawn(run_until_drained(
        gateway.running,
        gateway.drain,
        Duration::from_millis(200),
        futures_util::stream::pending(),
    ));
    let (status, content) = held.await.unwrap();
    assert_eq!((status, content.as_str()), (StatusCode::ACCEPTED, "concluded"));
    connection.closed().await;
    assert_eq!(ended.await.unwrap(), Ended::Drained);
}
