//! HTTP/3 by the `h3` crate over the adapter's own QUIC traits.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use http::Request;

use super::{Ask, Event, Failure, Head, Report, Target, tls};

/// Asks on a connection of its own.
pub async fn ask(target: &Target, ask: &Ask, report: &Report) -> Result<(Head, Bytes), Failure> {
    let mut endpoint = quinn::Endpoint::client("127.0.0.1:0".parse()?)?;
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls(target, b"h3"))?;
    endpoint.set_default_client_config(quinn::ClientConfig::new(Arc::new(crypto)));
    let connection = endpoint.connect(target.address, "localhost")?.await?;
    let (mut driver, mut requests) = h3_adapter::client::connect(connection).await?;
    let exchange = async {
        let mut stream = requests.send_request(request(ask)?).await?;
        if !ask.body.is_empty() {
            let (first, second) = ask.halves();
            stream.send_data(first).await?;
            if let Some((rest, second)) = second {
                tokio::time::sleep(rest).await;
                stream.send_data(second).await?;
            }
        }
        stream.finish().await?;
        let last = loop {
            let (parts, ()) = stream.recv_response().await?.into_parts();
            let head = Head { status: parts.status.as_u16(), fields: parts.headers };
            if head.status >= 200 {
                break head;
            }
            report.send(Event::Interim(head)).await?;
        };
        let mut whole = BytesMut::new();
        while let Some(mut data) = stream.recv_data().await? {
            whole.extend_from_slice(&data.copy_to_bytes(data.remaining()));
        }
        Ok((last, whole.freeze()))
    };
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        answered = &mut exchange => answered,
        // What came before the end is still to be read; then this ends as well.
        _ended = poll_fn(|cx| driver.poll_close(cx)) => exchange.await,
    }
}

fn request(ask: &Ask) -> Result<Request<()>, Failure> {
    let uri = format!("https://localhost{}", ask.path);
    let mut request = Request::builder().method(&ask.method).uri(uri);
    for (name, value) in &ask.fields {
        request = request.header(*name, value);
    }
    if !ask.body.is_empty() {
        request = request.header("content-length", ask.body.len());
    }
    Ok(request.body(())?)
}
