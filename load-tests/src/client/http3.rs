//! HTTP/3 over `quinn`.
//!
//! Frames and field sections are read here, not by the `h3` crate: a stream that ends without a response is
//! one failure to it and costs all others their connection, an empty DATA frame is the end of the content,
//! and a status among the trailers goes unseen. This client is there to see such things.

mod control;
mod exchange;
mod frames;
mod qpack;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use h3::error::Code;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, ConnectionError, Endpoint, SendStream, TransportConfig, VarInt};

use super::dial::{Sources, tls_for};
use super::mux::Link;
use super::stream::BUFFER;
use super::{Ask, Ended, Failure, PoolLimits, Reading, Target, Witness};
use control::Talk;
use exchange::Exchange;

/// A control stream, and empty SETTINGS on it: no dynamic table, no pushes (RFC 9114 6.2.1, RFC 9204 5).
const CONTROL: &[u8] = &[0x00, 0x04, 0x00];
/// Streams that a server may open to a client: three are needed, and some grease is usual.
const UNI_STREAMS: u32 = 16;
/// Held requests may be silent for longer than a connection may: this keeps it.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// What a slow reader's stream has room for.
const SLOW_WINDOW: u32 = 16 * 1024;

/// A connection. It is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Http3 {
    connection: Connection,
    authority: Rc<str>,
    reading: Reading,
    talk: Rc<Talk>,
    /// To end it would end the connection.
    _control: SendStream,
}

/// Makes connections.
#[derive(Debug)]
pub(super) struct Http3Dialer {
    address: SocketAddr,
    authority: Rc<str>,
    /// The name in the certificate, and configurations for those who read freely and those who do not.
    tls: Result<(String, ClientConfig, ClientConfig), Failure>,
    sources: Sources,
}

impl Link for Http3 {
    type Dialer = Http3Dialer;

    fn dialer(target: &Target, limits: &PoolLimits) -> Http3Dialer {
        Http3Dialer {
            address: target.address,
            authority: target.authority.as_str().into(),
            tls: configurations(target),
            sources: Sources::new(limits.sources.clone()),
        }
    }

    async fn connect(dialer: &Http3Dialer, reading: Reading) -> Result<Self, Failure> {
        let (name, freely, slowly) = dialer.tls.as_ref().map_err(Clone::clone)?;
        let config = if reading == Reading::Freely { freely } else { slowly };
        let any = match dialer.address {
            SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
        };
        // Clients have sockets of their own; in one for all, what some receive would crowd out the rest.
        let endpoint = Endpoint::client((dialer.sources.next().unwrap_or(any), 0).into()).map_err(cannot)?;
        let connecting = endpoint.connect_with(config.clone(), dialer.address, name).map_err(cannot)?;
        let connection = connecting.await.map_err(cannot)?;
        let mut control = connection.open_uni().await.map_err(cannot)?;
        control.write_all(CONTROL).await.map_err(cannot)?;
        let talk = Talk::listen(&connection);
        Ok(Self { connection, authority: Rc::clone(&dialer.authority), reading, talk, _control: control })
    }

    fn allowed(&self) -> usize {
        // Who finds none waits for the peer's MAX_STREAMS.
        usize::MAX
    }

    fn is_open(&self) -> bool {
        !self.talk.is_over() && self.connection.close_reason().is_none()
    }

    async fn exchange(&self, ask: &Ask, witness: &mut dyn Witness) -> Result<(), Ended> {
        let (send, recv) = match self.connection.open_bi().await {
            Ok(stream) => stream,
            Err(error) => return Err(Ended::Unserved(lost(&error, &self.talk))),
        };
        let said = qpack::Said {
            method: &ask.method,
            authority: &self.authority,
            path: &ask.path,
            fields: &ask.fields,
        };
        let mut exchange = Exchange::begin((send, recv), &said, ask);
        let ended = exchange.run(self.reading, witness).await;
        ended.map_err(|trouble| trouble.blame(&self.talk))
    }
}

impl Drop for Http3 {
    fn drop(&mut self) {
        self.connection.close(varint(Code::H3_NO_ERROR), b"");
    }
}

fn configurations(target: &Target) -> Result<(String, ClientConfig, ClientConfig), Failure> {
    let tls = target.tls.as_ref().ok_or_else(|| cannot("HTTP/3 is never in clear"))?;
    let config = tls_for(tls, b"h3");
    let crypto = Arc::new(QuicClientConfig::try_from(config).map_err(cannot)?);
    let [freely, slowly] = [Reading::Freely, Reading::Never].map(|reading| {
        let mut config = ClientConfig::new(Arc::clone(&crypto) as Arc<_>);
        config.transport_config(Arc::new(transport(reading)));
        config
    });
    Ok((tls.name.to_str().into_owned(), freely, slowly))
}

fn transport(reading: Reading) -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(UNI_STREAMS))
        .max_idle_timeout(None)
        .keep_alive_interval(Some(KEEP_ALIVE));
    if reading != Reading::Freely {
        transport.stream_receive_window(VarInt::from_u32(SLOW_WINDOW));
    }
    transport
}

/// What is taken off a stream at a time.
fn chunk(reading: Reading) -> usize {
    if reading == Reading::Freely { usize::MAX } else { BUFFER }
}

/// Why the connection is gone.
fn lost(error: &ConnectionError, talk: &Talk) -> Failure {
    if let Some(reason) = talk.broken() {
        return Failure::Protocol(reason.to_owned());
    }
    match error {
        ConnectionError::ApplicationClosed(close) if close.error_code == varint(Code::H3_NO_ERROR) => {
            Failure::Closed
        }
        ConnectionError::ApplicationClosed(close) => {
            Failure::Reset(format!("the connection, {}", Code::from(close.error_code.into_inner())))
        }
        ConnectionError::TransportError(error) => Failure::Protocol(error.to_string()),
        ConnectionError::LocallyClosed => Failure::Closed,
        other => Failure::Reset(other.to_string()),
    }
}

fn varint(code: Code) -> VarInt {
    VarInt::from_u64(code.value()).unwrap_or(VarInt::MAX)
}

fn cannot(error: impl std::fmt::Display) -> Failure {
    Failure::Connect(error.to_string())
}
