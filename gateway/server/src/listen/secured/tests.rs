use std::future::Future;
use std::io::Write as _;

use rustls::crypto::ring::default_provider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::config::{Protocols, TlsSettings};
use crate::tls::Identity;

type Ends = (TlsStream<DuplexStream>, Secured<Counted>);

/// Both ends of a connection.
async fn pair() -> Ends {
    let (client, server) = ends(&[&TLS13], 4096);
    tokio::join!(client, server)
}

/// Both ends, still to shake hands, of a connection whose transport holds `capacity` octets each
/// way.
fn ends(
    versions: &[&'static SupportedProtocolVersion],
    capacity: usize,
) -> (impl Future<Output = TlsStream<DuplexStream>> + use<>, impl Future<Output = Secured<Counted>> + use<>) {
    let now = status_store::clock::now();
    let identity = Identity::load(&TlsSettings::SelfSigned(vec!["localhost".to_owned()]), now).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(identity.certificate().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let (client, server) = duplex(capacity);
    let server = Counted { io: server, writes: 0 };
    let tls = identity.for_tcp(Protocols::OVER_TLS).unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let client = async move { connector.connect(name, client).await.unwrap() };
    let server = async move { Secured::accept(server, tls, |_| {}).await.unwrap() };
    (client, server)
}

/// Counts the writes that the transport took.
struct Counted {
    io: DuplexStream,
    writes: usize,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        self.writes += 1;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
}

/// Large and small, through transports that are smaller than a record.
#[tokio::test]
async fn content_arrives_whole_in_both_directions_and_versions() {
    for versions in [[&TLS13], [&TLS12]] {
        for (size, capacity, step) in [(300_000, 1000, 70_000), (100_000, 100_000, 333), (10_000, 64, 1)] {
            let (client, server) = ends(&versions, capacity);
            let sent = content(size);
            let client = async {
                let (mut input, mut output) = tokio::io::split(client.await);
                let send = async {
                    output.write_all(&sent).await.unwrap();
                    output.shutdown().await.unwrap();
                };
                let mut received = Vec::new();
                let (read, ()) = tokio::join!(input.read_to_end(&mut received), send);
                read.unwrap();
                received
            };
            let echo = async {
                let mut server = server.await;
                let mut buffer = vec![0; step];
                loop {
                    match server.read(&mut buffer).await.unwrap() {
                        0 => return server.shutdown().await.unwrap(),
                        count => server.write_all(&buffer[..count]).await.unwrap(),
                    }
                }
            };
            let (received, ()) = tokio::join!(client, echo);
            assert!(received == sent, "{size} octets by {step} through {capacity}");
        }
    }
}

#[tokio::test]
async fn an_end_without_close_notify_is_no_clean_end() {
    let (client, mut server) = pair().await;
    drop(client.into_inner().0);
    assert_eq!(server.read(&mut [0; 8]).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);

    let (mut client, mut server) = pair().await;
    client.shutdown().await.unwrap();
    assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0, "with close_notify it is");
}

#[tokio::test]
async fn what_cannot_be_opened_is_an_error_and_the_client_is_told() {
    let (client, mut server) = pair().await;
    let (mut transport, mut session) = client.into_inner();
    transport
        .write_all(&[23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0])
        .await
        .unwrap();
    let error = server.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.get_ref().unwrap().downcast_ref(), Some(&rustls::Error::DecryptError));
    let mut answer = [0; 512];
    let size = transport.read(&mut answer).await.unwrap();
    let mut answer = &answer[..size];
    while !answer.is_empty() {
        session.read_tls(&mut answer).unwrap();
        match session.process_new_packets() {
            Ok(_) => {}
            Err(error) => {
                let alert = rustls::AlertDescription::BadRecordMac;
                return assert_eq!(error, rustls::Error::AlertReceived(alert));
            }
        }
    }
    panic!("no alert");
}

#[tokio::test]
async fn a_client_may_change_its_keys() {
    let (mut client, mut server) = pair().await;
    for turn in 0..3 {
        client.get_mut().1.refresh_traffic_keys().unwrap();
        client.write_all(b"ping").await.unwrap();
        let mut ping = [0; 4];
        server.read_exact(&mut ping).await.unwrap();
        server.write_all(b"pong").await.unwrap();
        let mut pong = [0; 4];
        client.read_exact(&mut pong).await.unwrap();
        assert_eq!((&ping, &pong), (b"ping", b"pong"), "turn {turn}");
    }
}

/// Architecture 7: one write for each write, head and content together, and no memory while waiting.
#[tokio::test]
async fn a_write_is_one_record_and_one_write_and_nothing_is_kept() {
    let (mut client, mut server) = pair().await;
    client.write_all(b"request").await.unwrap();
    let mut request = [0; 7];
    server.read_exact(&mut request).await.unwrap();

    let before = server.io.writes;
    server.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await.unwrap();
    let parts = [IoSlice::new(b"head "), IoSlice::new(b""), IoSlice::new(b"content")];
    assert_eq!(server.write_vectored(&parts).await.unwrap(), 12);
    server.flush().await.unwrap();
    assert_eq!(server.io.writes, before + 2);
    let mut response = [0; 39];
    client.read_exact(&mut response).await.unwrap();
    assert!(response.ends_with(b"head content"));

    let mut buffer = [0; 8];
    let mut buffer = ReadBuf::new(&mut buffer);
    assert!(poll_fn(|cx| Poll::Ready(Pin::new(&mut server).poll_read(cx, &mut buffer))).await.is_pending());
    assert_eq!(server.session.memory(), 0);
}

/// I-20: what a client that does not read leaves behind is one write at most.
#[tokio::test]
async fn a_client_that_does_not_read_is_waited_for() {
    let (mut client, mut server) = pair().await;
    let sent = content(100_000);
    let first = server.write(&sent).await.unwrap();
    assert_eq!(first, scratch::WRITE_SIZE);
    let second = poll_fn(|cx| Poll::Ready(Pin::new(&mut server).poll_write(cx, &sent[first..]))).await;
    assert!(second.is_pending());
    assert!(poll_fn(|cx| Poll::Ready(Pin::new(&mut server).poll_flush(cx))).await.is_pending());
    let mut received = vec![0; first];
    let (flushed, read) = tokio::join!(server.flush(), client.read_exact(&mut received));
    assert!(flushed.is_ok() && read.is_ok());
    assert!(received == sent[..first]);
    assert_eq!(server.session.memory(), 0);
}

/// What came behind it could have been put there by whoever broke it.
#[tokio::test]
async fn nothing_is_opened_nor_sealed_after_a_record_that_cannot_be_opened() {
    let (client, mut server) = pair().await;
    let (mut transport, mut session) = client.into_inner();
    transport.write_all(&[23, 3, 3, 0, 17, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6]).await.unwrap();
    session.writer().write_all(b"behind it").unwrap();
    let mut sealed = Vec::new();
    session.write_tls(&mut sealed).unwrap();
    transport.write_all(&sealed).await.unwrap();
    let kind = |result: io::Result<usize>| result.unwrap_err().kind();
    assert_eq!(kind(server.read(&mut [0; 16]).await), io::ErrorKind::InvalidData);
    transport.write_all(&sealed).await.unwrap();
    assert_eq!(kind(server.read(&mut [0; 16]).await), io::ErrorKind::ConnectionAborted);
    assert_eq!(kind(server.write(b"answer").await), io::ErrorKind::BrokenPipe);
    assert_eq!(server.session.memory(), 0);
}

#[tokio::test]
async fn content_is_read_though_the_client_takes_nothing_any_more() {
    let (mut client, mut server) = pair().await;
    client.write_all(b"request").await.unwrap();
    // More than the transport takes: the rest waits, and fails when the client is gone.
    server.write_all(&content(10_000)).await.unwrap();
    drop(client.into_inner());
    let mut request = [0; 7];
    server.read_exact(&mut request).await.unwrap();
    assert_eq!(&request, b"request");
    assert_eq!(server.flush().await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

/// A handshake that fails is told apart by what the client did, even where its alert is not taken.
#[tokio::test]
async fn a_client_that_is_gone_is_still_told_apart() {
    let (mut client, server) = duplex(4096);
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    drop(client);
    let identity =
        Identity::load(&TlsSettings::SelfSigned(vec!["localhost".to_owned()]), status_store::clock::now());
    let tls = identity.unwrap().for_tcp(Protocols::OVER_TLS).unwrap();
    let error = Secured::accept(server, tls, |_| {}).await.err().unwrap();
    assert!(matches!(error.get_ref().unwrap().downcast_ref(), Some(rustls::Error::InvalidMessage(_))));
}
