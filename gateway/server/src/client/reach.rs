//! The way to a server.

use std::future::{Future, pending};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use downstream::Protocol;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::Uri;
use http::uri::Scheme;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{CallError, Client, Speech, Whereabouts};

/// How long a name may take to become a connection.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// The head start of each address over the next one (RFC 8305 5).
const HEAD_START: Duration = Duration::from_millis(250);
/// Addresses of a name that are tried.
const ADDRESSES: usize = 8;

const H2: &[u8] = b"h2";
const HTTP11: &[u8] = b"http/1.1";

/// A server, as a URI names it.
#[derive(Debug)]
pub(super) struct Place {
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    port: u16,
    scheme: Cover,
}

/// Whether there is TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cover {
    Clear,
    Tls,
}

/// A connection, encrypted or not.
pub(super) type Stream = Box<dyn Io>;

/// What HTTP/1 and 2 need of a connection.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Place {
    pub(super) fn of(uri: &Uri) -> Result<Self, CallError> {
        let (scheme, usual) = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => (Cover::Clear, 80),
            Some(scheme) if *scheme == Scheme::HTTPS => (Cover::Tls, 443),
            _ => return Err(CallError::Uri(uri.clone())),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| CallError::Uri(uri.clone()))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { host, port: uri.port_u16().unwrap_or(usual), scheme })
    }

    /// The name that the certificate has to have.
    pub(super) fn demand_tls(&self) -> Result<(), CallError> {
        if self.scheme == Cover::Tls { Ok(()) } else { Err(CallError::Cleartext) }
    }

    /// Connects to the first address that answers: each gets a head start over the next one, which
    /// begins at once when one fails.
    pub(super) async fn first<T, F>(
        &self,
        whereabouts: Whereabouts,
        connect: impl Fn(SocketAddr) -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let racing = async {
            let mut waiting = self.addresses(whereabouts).await?.into_iter();
            let mut running = FuturesUnordered::new();
            let mut last = self.lost(ErrorKind::NotFound.into());
            loop {
                match waiting.next() {
                    Some(address) => running.push(connect(address)),
                    None if running.is_empty() => return Err(last),
                    None => {}
                }
                let others = waiting.len();
                let turn = async { if others > 0 { sleep(HEAD_START).await } else { pending().await } };
                tokio::select! {
                    Some(ended) = running.next() => match ended {
                        Ok(connection) => return Ok(connection),
                        Err(error) => last = error,
                    },
                    () = turn => {}
                }
            }
        };
        timeout(PATIENCE, racing).await.unwrap_or(Err(CallError::Slow))
    }

    async fn addresses(&self, whereabouts: Whereabouts) -> Result<Vec<SocketAddr>, CallError> {
        match whereabouts {
            Whereabouts::At(address) => Ok(vec![address]),
            Whereabouts::ByName => {
                let found = lookup_host((self.host.as_str(), self.port)).await;
                Ok(found.map_err(|error| self.lost(error))?.take(ADDRESSES).collect())
            }
        }
    }

    fn lost(&self, error: io::Error) -> CallError {
        CallError::Lookup { host: self.host.clone(), error }
    }
}

/// A TCP connection, with TLS if the place has it, and what is spoken on it.
pub(super) async fn stream(client: &Client, place: &Place) -> Result<(Stream, Protocol), CallError> {
    let stream = place.first(client.whereabouts, dial).await?;
    if place.scheme == Cover::Clear {
        let protocol = match client.speech {
            Speech::Negotiated => Protocol::Http11,
            Speech::Only(protocol) => protocol,
        };
        return Ok((Box::new(stream), protocol));
    }
    let stream = timeout(PATIENCE, secure(client, place, stream)).await.unwrap_or(Err(CallError::Slow))?;
    let agreed = stream.get_ref().1.alpn_protocol();
    let protocol = match (client.speech, agreed) {
        (Speech::Negotiated | Speech::Only(Protocol::H2), Some(H2)) => Protocol::H2,
        (Speech::Negotiated, Some(HTTP11) | None) => Protocol::Http11,
        (Speech::Only(protocol @ (Protocol::Http10 | Protocol::Http11)), Some(HTTP11) | None) => protocol,
        (Speech::Negotiated, _) => return Err(CallError::Unspoken("HTTP/2 nor HTTP/1.1")),
        (Speech::Only(Protocol::H2), _) => return Err(CallError::Unspoken("HTTP/2")),
        (Speech::Only(_), _) => return Err(CallError::Unspoken("HTTP/1")),
    };
    Ok((Box::new(stream), protocol))
}

async fn dial(address: SocketAddr) -> Result<TcpStream, CallError> {
    let stream = TcpStream::connect(address).await.map_err(|error| CallError::Connect { address, error })?;
    // Only latency is at stake: what cannot be set does no harm.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn secure(
    client: &Client,
    place: &Place,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, CallError> {
    let offer: &[&[u8]] = match client.speech {
        Speech::Negotiated => &[H2, HTTP11],
        Speech::Only(Protocol::H2) => &[H2],
        Speech::Only(_) => &[HTTP11],
    };
    let mut config = (*client.trust).clone();
    config.alpn_protocols = offer.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from(place.host.clone()).map_err(|error| CallError::Tls(error.to_string()))?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| handshake(&error))
}

fn handshake(error: &io::Error) -> CallError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error @ rustls::Error::InvalidCertificate(_)) => CallError::Untrusted(error.to_string()),
        Some(rustls::Error::AlertReceived(rustls::AlertDescription::NoApplicationProtocol)) => {
            CallError::Unspoken("what is asked for (ALPN)")
        }
        _ => CallError::Tls(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
