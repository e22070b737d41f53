//! Clients that hear the first head of each of their requests, and nothing after that.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, Request, StatusCode};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint, TransportConfig, VarInt};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Requests that follow the operation besides the one that began it: by its status URI.
const FOLLOWERS: usize = 49;
/// What a socket takes without being read: as little as the kernel allows.
const SOCKET_BUFFER: usize = 2048;
/// The largest TCP segment that is taken. The kernel of the sender keeps a multiple of it, which on
/// loopback would be megabytes.
const SEGMENT: u32 = 536;
/// What a QUIC stream takes without being read: a few heads.
const STREAM_WINDOW: u32 = 2048;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Http11,
    H2,
    H3,
}

/// Where to ask, and whom to trust.
pub struct Target {
    address: SocketAddr,
    trusted: Arc<RootCertStore>,
}

/// Requests that are open and not read.
pub struct Audience {
    /// The status URI of the operation.
    pub location: String,
    /// Connections and streams: open for as long as they are kept.
    _kept: Vec<Box<dyn Any + Send>>,
}

impl Target {
    pub fn new(address: SocketAddr, certificate: CertificateDer<'static>) -> Self {
        let mut trusted = RootCertStore::empty();
        trusted.add(certificate).expect("a certificate");
        Self { address, trusted: Arc::new(trusted) }
    }

    fn tls(&self, alpn: &[u8]) -> rustls::ClientConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().expect("ring has them");
        let mut config = builder.with_root_certificates(Arc::clone(&self.trusted)).with_no_client_auth();
        config.alpn_protocols = vec![alpn.to_vec()];
        config
    }

    async fn connect(&self, alpn: &[u8]) -> TlsStream<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("a socket");
        socket.set_recv_buffer_size(SOCKET_BUFFER).expect("a small buffer");
        socket.set_tcp_mss(SEGMENT).expect("small segments");
        socket.set_nonblocking(true).expect("a socket");
        let tcp =
            TcpSocket::from_std_stream(socket.into()).connect(self.address).await.expect("a connection");
        let connector = TlsConnector::from(Arc::new(self.tls(alpn)));
        connector.connect("localhost".try_into().expect("a name"), tcp).await.expect("TLS")
    }
}

impl Audience {
    /// Begins an operation and follows it with many more requests: on HTTP/1.1 each on a connection
    /// of its own, else all on one. When it is gathered, each has had a head.
    pub async fn gather(wire: Wire, target: &Target) -> Self {
        match wire {
            Wire::Http11 => http11(target).await,
            Wire::H2 => h2(target).await,
            Wire::H3 => h3(target).await,
        }
    }
}

fn location(fields: &HeaderMap) -> String {
    fields["location"].to_str().expect("ASCII").to_owned()
}

fn path(location: &str) -> &str {
    location.strip_prefix("https://gateway.example").expect("the public URL")
}

fn request(path: &str) -> Request<()> {
    let request = Request::get(format!("https://localhost{path}")).header("prefer", "processing");
    request.body(()).expect("a request")
}

async fn http11(target: &Target) -> Audience {
    let (head, io) = ask_http11(target, "/job").await;
    let line = head.lines().find_map(|line| line.strip_prefix("location: "));
    let location = line.unwrap_or_else(|| panic!("no Location: {head}")).to_owned();
    let mut kept: Vec<Box<dyn Any + Send>> = vec![Box::new(io)];
    for _ in 0..FOLLOWERS {
        kept.push(Box::new(ask_http11(target, path(&location)).await.1));
    }
    Audience { location, _kept: kept }
}

/// The first head, in lower case, and the connection.
async fn ask_http11(target: &Target, path: &str) -> (String, TlsStream<TcpStream>) {
    let mut io = target.connect(b"http/1.1").await;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nPrefer: processing\r\n\r\n");
    io.write_all(request.as_bytes()).await.expect("a request");
    io.flush().await.expect("a request");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.expect("a head"));
    }
    let head = String::from_utf8(head).expect("ASCII").to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 102 "), "{head}");
    (head, io)
}

async fn h2(target: &Target) -> Audience {
    let io = target.connect(b"h2").await;
    let (mut requests, connection) = h2::client::handshake(io).await.expect("HTTP/2");
    let mut connection = Box::pin(connection);
    let mut kept: Vec<Box<dyn Any + Send>> = Vec::new();
    let mut ask = async |path: String| {
        requests = requests.clone().ready().await.expect("a stream");
        let (mut response, _) = requests.send_request(request(&path), true).expect("a request");
        let head = poll_fn(|cx| response.poll_informational(cx)).await;
        let head = head.expect("an interim head").expect("an interim head");
        assert_eq!(head.status(), StatusCode::PROCESSING);
        kept.push(Box::new(response));
        head.headers().clone()
    };
    let gathering = async {
        let location = location(&ask("/job".to_owned()).await);
        for _ in 0..FOLLOWERS {
            ask(path(&location).to_owned()).await;
        }
        location
    };
    let location = tokio::select! {
        location = gathering => location,
        ended = connection.as_mut() => panic!("the connection ended: {ended:?}"),
    };
    // From here on nobody polls it: nothing is read any more.
    kept.push(Box::new((connection, requests)));
    Audience { location, _kept: kept }
}

async fn h3(target: &Target) -> Audience {
    let mut endpoint = Endpoint::client(([127, 0, 0, 1], 0).into()).expect("a socket");
    let crypto = QuicClientConfig::try_from(target.tls(b"h3")).expect("TLS 1.3");
    let mut config = ClientConfig::new(Arc::new(crypto));
    let mut transport = TransportConfig::default();
    transport.stream_receive_window(VarInt::from_u32(STREAM_WINDOW));
    config.transport_config(Arc::new(transport));
    endpoint.set_default_client_config(config);
    let connecting = endpoint.connect(target.address, "localhost").expect("an address");
    let connection = connecting.await.expect("QUIC");
    let (mut driver, mut requests) = h3_adapter::client::connect(connection).await.expect("HTTP/3");
    let mut kept: Vec<Box<dyn Any + Send>> = Vec::new();
    let gathering = async {
        let mut first = None;
        for _ in 0..=FOLLOWERS {
            let to = first.as_deref().map_or("/job", path);
            let mut stream = requests.send_request(request(to)).await.expect("a request");
            stream.finish().await.expect("a request");
            let head = stream.recv_response().await.expect("an interim head");
            assert_eq!(head.status(), StatusCode::PROCESSING);
            first.get_or_insert_with(|| location(head.headers()));
            kept.push(Box::new(stream));
        }
        first.expect("a first request")
    };
    let location = until_ended(gathering, poll_fn(|cx| driver.poll_close(cx))).await;
    // Acknowledgements go on, of which quinn takes care, but no stream is read any more.
    kept.push(Box::new((endpoint, driver, requests)));
    Audience { location, _kept: kept }
}

async fn until_ended<E: std::fmt::Debug>(
    gathering: impl Future<Output = String>,
    ended: impl Future<Output = E>,
) -> String {
    tokio::select! {
        location = gathering => location,
        ended = ended => panic!("the connection ended: {ended:?}"),
    }
}
