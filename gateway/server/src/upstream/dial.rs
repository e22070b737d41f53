//! Opening a connection to a server: name, TCP, TLS, and the version of HTTP that comes out.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::error::UpstreamError;
use super::h2::Http2;
use super::health::Health;
use super::link::Link;
use super::stats::UpstreamStats;
use super::tls;
use crate::config::{Scheme, ServerAddress};

/// How many addresses of one name are tried: a name with many dead addresses must not use up the
/// time of a request.
const MAXIMUM_ADDRESSES: usize = 4;

/// Open connections to one upstream, all cores together. It stays below the usual number of
/// descriptors of a process (20,000), of which clients need theirs.
const MAXIMUM_CONNECTIONS: i64 = 16_384;

/// A connection on which nothing is heard is probed after this long, and given up about half a
/// minute later: a held request must notice an origin that is gone without a word.
const KEEPALIVE_TIME: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// A server as configured, the same for all cores.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) address: ServerAddress,
    /// There for `https` only.
    pub(super) tls: Option<Tls>,
    pub(super) connect_timeout: Duration,
    pub(super) health: Arc<Health>,
    pub(super) stats: Arc<UpstreamStats>,
}

/// How a server proves who it is.
pub(super) struct Tls {
    pub(super) connector: TlsConnector,
    pub(super) name: ServerName<'static>,
}

/// An attempt to connect that several calls may wait for. When the last of them is dropped, so is
/// the attempt.
pub(super) type Dialling = Shared<BoxFuture<'static, Result<Dialled, UpstreamError>>>;

/// A fresh connection.
#[derive(Clone, Debug)]
pub(super) enum Dialled {
    /// HTTP/1.1, for the first that takes it.
    H1(Arc<Mutex<Option<Link>>>),
    /// HTTP/2, for all that wait.
    H2(Arc<Http2>),
}

/// Begins to connect; the server's health learns how it ends.
pub(super) fn dial(target: Arc<Target>) -> Dialling {
    async move {
        let result = connect(&target).await;
        match &result {
            Ok(_) => target.health.succeeded(),
            // The gateway's own limit says nothing about the server.
            Err(UpstreamError::ConnectionLimit) => {}
            Err(error) => {
                tracing::debug!(server = %target.address, %error, "connecting failed");
                let jitter = RandomState::new().hash_one(target.connect_timeout);
                target.health.failed(Instant::now().into_std(), jitter);
            }
        }
        result
    }
    .boxed()
    .shared()
}

async fn connect(target: &Target) -> Result<Dialled, UpstreamError> {
    if target.stats.connections() >= MAXIMUM_CONNECTIONS {
        return Err(UpstreamError::ConnectionLimit);
    }
    let deadline = Instant::now() + target.connect_timeout;
    let addresses = timeout_at(deadline, resolve(target)).await.map_err(|_| UpstreamError::DnsTimeout)??;
    timeout_at(deadline, shake_hands(target, &addresses, deadline))
        .await
        .map_err(|_| UpstreamError::ConnectTimeout)?
}

async fn shake_hands(
    target: &Target,
    addresses: &[SocketAddr],
    deadline: Instant,
) -> Result<Dialled, UpstreamError> {
    let tcp = connect_any(addresses, deadline).await?;
    let open = target.stats.open();
    let Some(tls) = &target.tls else {
        let link = Link::plain(tcp, open);
        return match target.address.scheme {
            Scheme::H2c => Ok(Dialled::H2(Http2::start(link, http::uri::Scheme::HTTP).await?)),
            Scheme::Http | Scheme::Https => Ok(Dialled::h1(link)),
        };
    };
    let stream = tls
        .connector
        .connect(tls.name.clone(), tcp)
        .await
        .map_err(|error| UpstreamError::Tls(tls::fault_of(&error)))?;
    let speaks_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let link = Link::tls(stream, open);
    if speaks_h2 {
        Ok(Dialled::H2(Http2::start(link, http::uri::Scheme::HTTPS).await?))
    } else {
        Ok(Dialled::h1(link))
    }
}

async fn resolve(target: &Target) -> Result<Vec<SocketAddr>, UpstreamError> {
    let ServerAddress { host, port, .. } = &target.address;
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, *port)]);
    }
    let found = tokio::net::lookup_host((host.as_str(), *port)).await.map_err(|_| UpstreamError::DnsError)?;
    let addresses: Vec<_> = found.take(MAXIMUM_ADDRESSES).collect();
    if addresses.is_empty() { Err(UpstreamError::DnsError) } else { Ok(addresses) }
}

/// Tries one address after the other; each gets its share of the time that is left.
async fn connect_any(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, UpstreamError> {
    let mut last = UpstreamError::Unreachable;
    for (index, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let left = u32::try_from(addresses.len() - index).unwrap_or(1);
        let share = deadline.saturating_duration_since(now) / left;
        last = match timeout_at(now + share, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                prepare(&tcp);
                return Ok(tcp);
            }
            Ok(Err(error)) => fault_of(&error),
            Err(_) => UpstreamError::ConnectTimeout,
        };
    }
    Err(last)
}

/// Heads are small and must go out at once; a silent peer must be found out. A socket that refuses
/// either still works.
fn prepare(tcp: &TcpStream) {
    let keepalive = socket2::TcpKeepalive::new()
        .with_time(KEEPALIVE_TIME)
        .with_interval(KEEPALIVE_INTERVAL)
        .with_retries(KEEPALIVE_RETRIES);
    let kept = socket2::SockRef::from(tcp).set_tcp_keepalive(&keepalive);
    if let Err(error) = tcp.set_nodelay(true).and(kept) {
        tracing::debug!(%error, "a socket option towards an origin was refused");
    }
}

fn fault_of(error: &io::Error) -> UpstreamError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => UpstreamError::ConnectionRefused,
        io::ErrorKind::TimedOut => UpstreamError::ConnectTimeout,
        // No local port is left.
        io::ErrorKind::AddrNotAvailable => UpstreamError::ConnectionLimit,
        _ if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) => {
            UpstreamError::ConnectionLimit
        }
        _ => UpstreamError::Unreachable,
    }
}

// === impl Dialled ===

impl Dialled {
    fn h1(link: Link) -> Self {
        Self::H1(Arc::new(Mutex::new(Some(link))))
    }

    /// The HTTP/1.1 connection, once.
    pub(super) fn take(cell: &Mutex<Option<Link>>) -> Option<Link> {
        cell.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// U-01: what the system says about a failed connection, in our words.
    #[test]
    fn u_01_every_refusal_has_its_word() {
        let of = |code| fault_of(&io::Error::from_raw_os_error(code));
        assert_eq!(of(libc::ECONNREFUSED), UpstreamError::ConnectionRefused);
        assert_eq!(of(libc::ECONNRESET), UpstreamError::ConnectionRefused);
        assert_eq!(of(libc::ETIMEDOUT), UpstreamError::ConnectTimeout);
        assert_eq!(of(libc::EHOSTUNREACH), UpstreamError::Unreachable);
        assert_eq!(of(libc::ENETUNREACH), UpstreamError::Unreachable);
        assert_eq!(of(libc::EMFILE), UpstreamError::ConnectionLimit);
        assert_eq!(of(libc::EADDRNOTAVAIL), UpstreamError::ConnectionLimit);
    }
}
