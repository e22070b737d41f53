//! HTTP/3 over QUIC.

use std::future::poll_fn;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use downstream::Protocol;
use h3_adapter::client::{Driver, SendRequest};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, ConnectionError, Endpoint, TransportConfig, VarInt};
use tokio::time::timeout;

use super::reach::Place;
use super::{Call, CallError, Client, Witness};

/// `H3_NO_ERROR` (RFC 9114 8.1).
const NO_ERROR: VarInt = VarInt::from_u32(0x100);
/// A request may be silent for longer than QUIC's idle timeout of 30 s.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long the farewell may take to go out.
const FAREWELL: Duration = Duration::from_millis(100);
/// TLS alerts 42 to 48 as QUIC tells them (RFC 9001 4.8): all of them speak of the certificate,
/// but for 47.
const CERTIFICATE_ALERTS: [u64; 6] = [0x12a, 0x12b, 0x12c, 0x12d, 0x12e, 0x130];

pub(super) async fn call(
    client: &Client,
    place: &Place,
    call: &Call,
    witness: &mut dyn Witness,
) -> Result<(), CallError> {
    place.demand_tls()?;
    let config = config(client)?;
    let dial = |address| dial(address, place.host.as_str(), config.clone());
    let (endpoint, connection) = place.first(client.whereabouts, dial).await?;
    witness.connected(Protocol::H3);
    let answer = converse(connection.clone(), call, witness).await;
    connection.close(NO_ERROR, b"");
    // Late is as good as never: a server forgets who is silent.
    let _ = timeout(FAREWELL, endpoint.wait_idle()).await;
    answer
}

fn config(client: &Client) -> Result<ClientConfig, CallError> {
    let mut tls = (*client.trust).clone();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).map_err(quic)?));
    let mut transport = TransportConfig::default();
    transport.keep_alive_interval(Some(KEEP_ALIVE));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

async fn dial(
    address: SocketAddr,
    host: &str,
    config: ClientConfig,
) -> Result<(Endpoint, Connection), CallError> {
    let local = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let endpoint = Endpoint::client(local).map_err(CallError::Socket)?;
    let connecting = endpoint.connect_with(config, address, host).map_err(quic)?;
    let connection = connecting.await.map_err(refused)?;
    Ok((endpoint, connection))
}

fn refused(error: ConnectionError) -> CallError {
    match &error {
        ConnectionError::TransportError(told) if CERTIFICATE_ALERTS.contains(&u64::from(told.code)) => {
            CallError::Untrusted(told.reason.clone())
        }
        _ => quic(error),
    }
}

async fn converse(connection: Connection, call: &Call, witness: &mut dyn Witness) -> Result<(), CallError> {
    let (mut driver, sender): (Driver, SendRequest) =
        h3_adapter::client::connect(connection).await.map_err(h3)?;
    tokio::select! {
        biased;
        answer = exchange(sender, call, witness) => answer,
        ended = poll_fn(|cx| driver.poll_close(cx)) => Err(h3(ended)),
    }
}

async fn exchange(mut sender: SendRequest, call: &Call, witness: &mut dyn Witness) -> Result<(), CallError> {
    let mut stream = sender.send_request(call.request()?).await.map_err(h3)?;
    // A server that has answered may want no more of the request: the answer counts.
    let sent = async {
        if !call.content.is_empty() {
            stream.send_data(call.content.clone()).await?;
        }
        stream.finish().await
    };
    let sent = sent.await;
    let head = loop {
        let head = match (stream.recv_response().await, &sent) {
            (Ok(head), _) => head,
            (Err(_), Err(error)) => return Err(h3(error)),
            (Err(error), Ok(())) => return Err(h3(error)),
        };
        if !head.status().is_informational() {
            break head;
        }
        witness.interim(&head).map_err(CallError::Output)?;
    };
    witness.answered(head).map_err(CallError::Output)?;
    while let Some(mut data) = stream.recv_data().await.map_err(h3)? {
        while data.has_remaining() {
            let piece = data.chunk();
            let length = piece.len();
            witness.content(piece).map_err(CallError::Output)?;
            data.advance(length);
        }
    }
    Ok(())
}

fn quic(error: impl std::fmt::Display) -> CallError {
    CallError::Quic(error.to_string())
}

fn h3(error: impl std::fmt::Display) -> CallError {
    CallError::H3(error.to_string())
}
