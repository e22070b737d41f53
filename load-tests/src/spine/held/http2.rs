//! HTTP/2 clients: many requests on one connection.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use http::Request;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Target;
use super::tally::{Crowd, Listener};
use crate::spine::Trouble;

/// Sends `count` requests, so many on each connection.
pub(super) async fn join(
    crowd: &mut Crowd,
    target: &Target,
    (count, per_connection): (u64, u64),
) -> Result<(), Trouble> {
    let mut left = count;
    while left > 0 {
        let here = left.min(per_connection);
        left -= here;
        let mut requests = connect(crowd, target).await?;
        for _ in 0..here {
            requests = requests.ready().await.map_err(Trouble::unexpected("opening a stream"))?;
            let (response, _) =
                requests.send_request(request()?, true).map_err(Trouble::unexpected("sending a request"))?;
            let listener = Listener::new(&crowd.tally);
            crowd.keep(tokio::spawn(listen(response, listener)));
        }
    }
    Ok(())
}

pub(in crate::spine) async fn connect(
    crowd: &mut Crowd,
    target: &Target,
) -> Result<SendRequest<Bytes>, Trouble> {
    let tcp = TcpStream::connect(target.address).await.map_err(Trouble::system("connecting"))?;
    // Else a request waits for the acknowledgement of the one before, which the other end's kernel delays by 40 ms.
    tcp.set_nodelay(true).map_err(Trouble::system("connecting"))?;
    let name = ServerName::try_from("localhost").map_err(Trouble::unexpected("naming the gateway"))?;
    let connector = TlsConnector::from(Arc::clone(&target.tls));
    let io = connector.connect(name, tcp).await.map_err(Trouble::system("speaking TLS to the gateway"))?;
    let (requests, connection) =
        h2::client::handshake(io).await.map_err(Trouble::unexpected("speaking HTTP/2 to the gateway"))?;
    // How it ends is seen by its streams.
    crowd.keep(tokio::spawn(async move { drop(connection.await) }));
    Ok(requests)
}

pub(in crate::spine) fn request() -> Result<Request<()>, Trouble> {
    let request = Request::get("https://localhost/held").header("prefer", "processing");
    request.body(()).map_err(Trouble::unexpected("writing a request"))
}

async fn listen(mut response: ResponseFuture, mut listener: Listener) {
    while let Some(Ok(head)) = poll_fn(|cx| response.poll_informational(cx)).await {
        if head.status() != http::StatusCode::PROCESSING {
            break;
        }
        listener.heard(1);
    }
    listener.lost();
}
