//! From a target to a connection: source addresses in turn, TLS with resumption, ALPN.

use std::cell::Cell;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls_pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use super::stream::{Paced, Stream};
use super::{Failure, Reading, Target, TlsTarget};

/// TLS sessions that a pool remembers. They are all with one server, so this is its number of servers.
const SESSIONS: usize = 4;
/// What the kernel holds for a slow reader; on its own it would hold megabytes, and nothing would be slow.
const SLOW_RECEIVE_BUFFER: u32 = 16 * 1024;

/// Makes TCP connections to one target.
#[derive(Debug)]
pub(super) struct Dialer {
    address: SocketAddr,
    alpn: &'static [u8],
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    sources: Sources,
}

/// Source addresses, taken in turn.
#[derive(Debug)]
pub(super) struct Sources {
    addresses: Vec<IpAddr>,
    next: Cell<usize>,
}

/// The configuration for one version of HTTP. The pool that it is for resumes its own sessions only.
pub(super) fn tls_for(target: &TlsTarget, alpn: &[u8]) -> ClientConfig {
    let mut config = (*target.config).clone();
    config.alpn_protocols = vec![alpn.to_vec()];
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    config
}

// === impl Dialer ===

impl Dialer {
    pub(super) fn new(target: &Target, sources: Vec<IpAddr>, alpn: &'static [u8]) -> Self {
        let tls = target.tls.as_ref().map(|tls| (Arc::new(tls_for(tls, alpn)), tls.name.clone()));
        Self { address: target.address, alpn, tls, sources: Sources::new(sources) }
    }

    /// Connects; what comes after the TLS handshake is read as `reading` says.
    pub(super) async fn connect(&self, reading: Reading) -> Result<Stream, Failure> {
        let tcp = self.tcp(reading).await.map_err(cannot)?;
        let mut stream = match &self.tls {
            None => Stream::Plain(Paced::new(tcp)),
            Some((config, name)) => {
                let connector = TlsConnector::from(Arc::clone(config));
                let tls = connector.connect(name.clone(), Paced::new(tcp)).await.map_err(cannot)?;
                let agreed = tls.get_ref().1.alpn_protocol();
                // A server without ALPN speaks HTTP/1.1.
                if agreed.unwrap_or(b"http/1.1") != self.alpn {
                    let wanted = String::from_utf8_lossy(self.alpn);
                    return Err(Failure::Connect(format!("the peer does not speak {wanted}")));
                }
                Stream::Secured(Box::new(tls))
            }
        };
        stream.pace(reading);
        Ok(stream)
    }

    async fn tcp(&self, reading: Reading) -> io::Result<TcpStream> {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        if reading != Reading::Freely {
            socket.set_recv_buffer_size(SLOW_RECEIVE_BUFFER)?;
        }
        if let Some(source) = self.sources.next() {
            socket.bind((source, 0).into())?;
        }
        let tcp = socket.connect(self.address).await?;
        tcp.set_nodelay(true)?;
        Ok(tcp)
    }
}

fn cannot(error: impl std::fmt::Display) -> Failure {
    Failure::Connect(error.to_string())
}

// === impl Sources ===

impl Sources {
    pub(super) fn new(addresses: Vec<IpAddr>) -> Self {
        Self { addresses, next: Cell::new(0) }
    }

    /// The next one; none if it is the system's choice.
    pub(super) fn next(&self) -> Option<IpAddr> {
        let turn = self.next.get();
        self.next.set(turn.wrapping_add(1));
        let count = self.addresses.len();
        (count > 0).then(|| self.addresses[turn % count])
    }
}
