//! HTTP/3 over QUIC.

use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use h3_adapter::client::{Driver, SendRequest};
use http::{Request, Response};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint, VarInt};

use super::{CONTENT, Call, CallError, Hear, Target};

/// `H3_NO_ERROR` (RFC 9114 8.1).
const NO_ERROR: VarInt = VarInt::from_u32(0x100);

pub(super) async fn call(target: &Target, call: &Call, hear: Hear<'_>) -> Result<Response<Bytes>, CallError> {
    let mut endpoint = Endpoint::client(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let config = QuicClientConfig::try_from(target.tls(b"h3")?).map_err(quic)?;
    endpoint.set_default_client_config(ClientConfig::new(Arc::new(config)));
    let connection = endpoint.connect(target.address, target.host()).map_err(quic)?.await.map_err(quic)?;
    let answer = converse(connection.clone(), target, call, hear).await;
    // Sent by the endpoint's own task, which outlives this call; nobody waits for it.
    connection.close(NO_ERROR, b"");
    answer
}

async fn converse(
    connection: Connection,
    target: &Target,
    call: &Call,
    hear: Hear<'_>,
) -> Result<Response<Bytes>, CallError> {
    let (mut driver, sender): (Driver, SendRequest) =
        h3_adapter::client::connect(connection).await.map_err(h3)?;
    tokio::select! {
        answer = exchange(sender, target, call, hear) => answer,
        ended = poll_fn(|cx| driver.poll_close(cx)) => Err(h3(ended)),
    }
}

async fn exchange(
    mut sender: SendRequest,
    target: &Target,
    call: &Call,
    hear: Hear<'_>,
) -> Result<Response<Bytes>, CallError> {
    let mut request = Request::builder().method(call.method.clone()).uri(target.uri(&call.path)?).body(())?;
    request.headers_mut().extend(call.fields.iter().cloned());
    let mut stream = sender.send_request(request).await.map_err(h3)?;
    if !call.content.is_empty() {
        stream.send_data(call.content.clone()).await.map_err(h3)?;
    }
    stream.finish().await.map_err(h3)?;
    let head = loop {
        let head = stream.recv_response().await.map_err(h3)?;
        if !head.status().is_informational() {
            break head;
        }
        hear(&head);
    };
    let mut content = Vec::new();
    while let Some(mut data) = stream.recv_data().await.map_err(h3)? {
        if content.len() + data.remaining() > CONTENT {
            return Err(CallError::TooLong);
        }
        content.extend_from_slice(&data.copy_to_bytes(data.remaining()));
    }
    Ok(head.map(|()| content.into()))
}

fn quic(error: impl std::fmt::Display) -> CallError {
    CallError::Quic(error.to_string())
}

fn h3(error: impl std::fmt::Display) -> CallError {
    CallError::H3(error.to_string())
}
