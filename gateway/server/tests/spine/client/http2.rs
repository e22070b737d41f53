//! HTTP/2 by the `h2` crate.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::Request;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Ask, Event, Failure, Head, Report, Target, tls};

/// Asks on a connection of its own.
pub async fn ask(target: &Target, ask: &Ask, report: &Report) -> Result<(Head, Bytes), Failure> {
    let tcp = TcpStream::connect(target.address).await?;
    let connector = TlsConnector::from(Arc::new(tls(target, b"h2")));
    let io = connector.connect("localhost".try_into()?, tcp).await?;
    let (mut requests, connection) = h2::client::handshake(io).await?;
    let exchange = async {
        let (mut response, mut content) = requests.send_request(request(ask)?, ask.body.is_empty())?;
        if !ask.body.is_empty() {
            let (first, second) = ask.halves();
            content.send_data(first, second.is_none())?;
            if let Some((rest, second)) = second {
                tokio::time::sleep(rest).await;
                content.send_data(second, true)?;
            }
        }
        while let Some(interim) = poll_fn(|cx| response.poll_informational(cx)).await {
            let (parts, ()) = interim?.into_parts();
            let head = Head { status: parts.status.as_u16(), fields: parts.headers };
            report.send(Event::Interim(head)).await?;
        }
        let (parts, mut stream) = response.await?.into_parts();
        let mut whole = BytesMut::new();
        while let Some(data) = stream.data().await {
            let data = data?;
            stream.flow_control().release_capacity(data.len())?;
            whole.extend_from_slice(&data);
        }
        Ok((Head { status: parts.status.as_u16(), fields: parts.headers }, whole.freeze()))
    };
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        answered = &mut exchange => answered,
        // What came before the end is still to be read; then this ends as well.
        _ended = connection => exchange.await,
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
