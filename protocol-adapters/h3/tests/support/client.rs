//! Clients: `h3`'s over our own streams, and bare QUIC streams.

use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use h3::error::StreamError;
use h3_adapter::client::{SendRequest, connect};
use h3_adapter::quic::BidiStream;
use http::{HeaderMap, Request, Response};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{RecvStream, SendStream, TransportConfig, VarInt};

use super::{Gateway, within};

pub type Stream = h3::client::RequestStream<BidiStream, Bytes>;

/// All that came back.
#[derive(Debug, Default)]
pub struct Answer {
    /// The interim heads, and the final one.
    pub heads: Vec<Response<()>>,
    pub content: Vec<u8>,
    pub trailers: Option<HeaderMap>,
}

impl Answer {
    pub fn statuses(&self) -> Vec<u16> {
        self.heads.iter().map(|head| head.status().as_u16()).collect()
    }
}

/// A QUIC endpoint for connections to `gateway`.
pub fn endpoint(gateway: &Gateway, transport: TransportConfig) -> quinn::Endpoint {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(gateway.certificate()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let crypto = QuicClientConfig::try_from(tls).expect("a configuration for QUIC");
    let mut config = quinn::ClientConfig::new(Arc::new(crypto));
    config.transport_config(Arc::new(transport));
    let mut endpoint = quinn::Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).expect("a socket");
    endpoint.set_default_client_config(config);
    endpoint
}

/// A QUIC connection to `gateway`.
pub async fn connected(gateway: &Gateway, transport: TransportConfig) -> quinn::Connection {
    connected_from(&endpoint(gateway, transport), gateway).await
}

pub async fn connected_from(endpoint: &quinn::Endpoint, gateway: &Gateway) -> quinn::Connection {
    connected_at(endpoint, gateway.address).await
}

pub async fn connected_at(endpoint: &quinn::Endpoint, address: SocketAddr) -> quinn::Connection {
    let connecting = endpoint.connect(address, "localhost").expect("a name");
    within(connecting).await.expect("a connection")
}

/// An HTTP/3 client. Its connection is kept going until all its senders are gone.
pub async fn client(gateway: &Gateway) -> (quinn::Connection, SendRequest) {
    client_over(connected(gateway, TransportConfig::default()).await).await
}

pub async fn client_over(connection: quinn::Connection) -> (quinn::Connection, SendRequest) {
    let (mut driver, sender) = within(connect(connection.clone())).await.expect("HTTP/3");
    tokio::spawn(async move { poll_fn(|cx| driver.poll_close(cx)).await });
    (connection, sender)
}

/// Windows so small that a few heads fill them.
pub fn narrow(octets: u32) -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport.stream_receive_window(VarInt::from_u32(octets));
    transport
}

pub fn get(path: &str) -> Request<()> {
    Request::get(format!("https://localhost{path}")).body(()).expect("a request")
}

/// Sends a request without content.
pub async fn asked(sender: &mut SendRequest, request: Request<()>) -> Stream {
    let mut stream = within(sender.send_request(request)).await.expect("it is sent");
    within(stream.finish()).await.expect("it is sent");
    stream
}

/// Reads everything that comes back.
pub async fn answered(stream: &mut Stream) -> Result<Answer, StreamError> {
    let mut answer = Answer::default();
    loop {
        let head = within(stream.recv_response()).await?;
        let interim = head.status().is_informational();
        answer.heads.push(head);
        if !interim {
            break;
        }
    }
    while let Some(data) = within(stream.recv_data()).await? {
        answer.content.extend(data.chunk());
    }
    answer.trailers = within(stream.recv_trailers()).await?;
    Ok(answer)
}

pub async fn fetch(sender: &mut SendRequest, request: Request<()>) -> Answer {
    let mut stream = asked(sender, request).await;
    answered(&mut stream).await.expect("a response")
}

/// A QUIC connection with a control stream and nothing else. The stream is to be kept.
pub async fn raw(gateway: &Gateway) -> (quinn::Connection, SendStream) {
    let connection = connected(gateway, TransportConfig::default()).await;
    let control = uni(&connection, b"\x00\x04\x00").await;
    (connection, control)
}

pub async fn uni(connection: &quinn::Connection, bytes: &[u8]) -> SendStream {
    let mut stream = within(connection.open_uni()).await.expect("room for a stream");
    stream.write_all(bytes).await.expect("it is sent");
    stream
}

/// Opens a stream and writes `bytes` to it.
pub async fn bidi(connection: &quinn::Connection, bytes: &[u8]) -> (SendStream, RecvStream) {
    let (mut send, recv) = within(connection.open_bi()).await.expect("room for a stream");
    send.write_all(bytes).await.expect("it is sent");
    (send, recv)
}

/// A HEADERS frame with these lines, all literal.
pub fn headers(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut section = vec![0, 0];
    for (name, value) in fields {
        literal(&mut section, (0x20, 7), name.as_bytes());
        literal(&mut section, (0x00, 127), value.as_bytes());
    }
    frame(0x01, &section)
}

/// The lines that every request has.
pub fn request<'a>(method: &'a str, path: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![(":method", method), (":scheme", "https"), (":authority", "localhost"), (":path", path)]
}

/// A HEADERS frame of a request and some fields.
pub fn request_with<'a>(method: &'a str, path: &'a str, more: &[(&'a str, &'a str)]) -> Vec<u8> {
    headers(&[request(method, path), more.to_vec()].concat())
}

pub fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a test's frame") | 0x8000_0000;
    [&[kind][..], &length.to_be_bytes(), payload].concat()
}

fn literal(section: &mut Vec<u8>, (flags, mask): (u8, usize), text: &[u8]) {
    let small = |number: usize| u8::try_from(number).expect("it is small");
    if text.len() < mask {
        section.push(flags | small(text.len()));
    } else {
        section.push(flags | small(mask));
        let mut left = text.len() - mask;
        while left >= 128 {
            section.push(small(left % 128) | 0x80);
            left /= 128;
        }
        section.push(small(left));
    }
    section.extend(text);
}

/// The frames of `bytes`: type and payload.
pub fn frames(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (kind, length) = (varint(&mut bytes), varint(&mut bytes));
        let length = usize::try_from(length).expect("a test's frame");
        frames.push((kind, bytes.copy_to_bytes(length).to_vec()));
    }
    frames
}

/// A variable-length integer.
pub fn varint(bytes: &mut &[u8]) -> u64 {
    let octets = 1 << (bytes[0] >> 6);
    bytes.get_uint(octets) & (u64::MAX >> (66 - 8 * octets))
}

/// The code that a stream was reset with, whatever came before.
pub async fn reset_code(recv: &mut RecvStream) -> u64 {
    match within(recv.read_to_end(1 << 20)).await {
        Err(quinn::ReadToEndError::Read(quinn::ReadError::Reset(code))) => code.into_inner(),
        other => panic!("it was not reset: {other:?}"),
    }
}

/// The code that the gateway asked to stop with; none if it took all.
pub async fn stop_code(send: &mut SendStream) -> Option<u64> {
    within(send.stopped()).await.expect("the connection lasts").map(VarInt::into_inner)
}

/// The code that the gateway closed the connection with.
pub async fn close_code(connection: &quinn::Connection) -> u64 {
    match within(connection.closed()).await {
        quinn::ConnectionError::ApplicationClosed(close) => close.error_code.into_inner(),
        other => panic!("it was not closed: {other}"),
    }
}
