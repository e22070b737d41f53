//! Clients of each wire, as plain as can be.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::gateway::Gateway;

/// A client's TLS settings that trust the gateway.
pub(crate) fn trusting(gateway: &Gateway, alpn: &[&str]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(gateway.certificate().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

pub(crate) async fn tls(gateway: &Gateway, alpn: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    secure(tcp(gateway.address()).await, gateway, alpn).await
}

pub(crate) async fn secure(
    tcp: TcpStream,
    gateway: &Gateway,
    alpn: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let connector = TlsConnector::from(Arc::new(trusting(gateway, alpn)));
    connector.connect(ServerName::try_from("localhost").unwrap(), tcp).await
}

pub(crate) async fn tcp(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Sends a GET over HTTP/1.1 and reads until the gateway closes.
pub(crate) async fn http1<S: AsyncRead + AsyncWrite + Unpin>(mut io: S, path: &str) -> String {
    send(&mut io, path, "Connection: close\r\n").await;
    let mut response = String::new();
    io.read_to_string(&mut response).await.unwrap();
    response
}

/// Sends a GET over HTTP/1.1.
pub(crate) async fn send<S: AsyncWrite + Unpin>(io: &mut S, path: &str, fields: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    io.write_all(request.as_bytes()).await.unwrap();
    io.flush().await.unwrap();
}

/// Reads until `end` has come.
pub(crate) async fn read_until<S: AsyncRead + Unpin>(io: &mut S, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        text.push(io.read_u8().await.unwrap());
    }
    String::from_utf8(text).unwrap()
}

/// An HTTP/2 connection; its task ends with it.
pub(crate) struct Http2 {
    pub(crate) send: h2::client::SendRequest<Bytes>,
    pub(crate) connection: tokio::task::JoinHandle<Result<(), h2::Error>>,
}

impl Http2 {
    pub(crate) async fn new<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(io: S) -> Self {
        let (send, connection) = h2::client::handshake(io).await.unwrap();
        Self { send, connection: tokio::spawn(connection) }
    }

    /// Sends a GET; the response is waited for by whoever wants it.
    pub(crate) async fn request(&mut self, path: &str) -> h2::client::ResponseFuture {
        let request = Request::get(format!("https://localhost{path}")).body(()).unwrap();
        std::future::poll_fn(|cx| self.send.poll_ready(cx)).await.unwrap();
        self.send.send_request(request, true).unwrap().0
    }

    pub(crate) async fn get(&mut self, path: &str) -> (StatusCode, String) {
        read(self.request(path).await).await
    }
}

/// Reads a whole response.
pub(crate) async fn read(response: h2::client::ResponseFuture) -> (StatusCode, String) {
    let (head, mut body) = response.await.unwrap().into_parts();
    let mut content = Vec::new();
    while let Some(octets) = body.data().await {
        let octets = octets.unwrap();
        body.flow_control().release_capacity(octets.len()).unwrap();
        content.extend_from_slice(&octets);
    }
    (head.status, String::from_utf8(content).unwrap())
}
