//! Origins that take every request and never answer.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use tokio::net::{TcpListener, TcpStream};

use super::{Trouble, Wire};

/// Requests at a time on one connection that the HTTP/2 origin allows: what RFC 9113 6.5.2 calls
/// the least that is sensible, and so the most connections that a gateway needs.
const STREAMS: u32 = 100;

/// Starts the origin that goes with `wire` and returns its URL: HTTP/1.1 before clients of HTTP/1.1
/// and 2, HTTP/2 before those of HTTP/3. It serves as long as the runtime.
pub(super) async fn start(wire: Wire) -> Result<String, Trouble> {
    let listener =
        TcpListener::bind(("127.0.0.1", 0)).await.map_err(Trouble::system("binding the origin"))?;
    let address = listener.local_addr().map_err(Trouble::system("binding the origin"))?;
    Ok(match wire {
        Wire::H1 | Wire::H2 => {
            tokio::spawn(keep_connections(listener));
            url("http", address)
        }
        Wire::H3 => {
            tokio::spawn(keep_streams(listener));
            url("h2c", address)
        }
    })
}

fn url(scheme: &str, address: SocketAddr) -> String {
    format!("{scheme}://{address}")
}

/// What is sent stays in the socket: nobody has to read a request to not answer it.
async fn keep_connections(listener: TcpListener) {
    let mut kept: Vec<TcpStream> = Vec::new();
    while let Ok((connection, _)) = listener.accept().await {
        kept.push(connection);
    }
}

async fn keep_streams(listener: TcpListener) {
    while let Ok((connection, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut builder = Builder::new();
            let Ok(mut wire) = builder.max_concurrent_streams(STREAMS).handshake(connection).await else {
                return;
            };
            // Dropping either half of a stream would reset it.
            let mut kept: Vec<(_, SendResponse<Bytes>)> = Vec::new();
            while let Some(Ok(stream)) = wire.accept().await {
                kept.push(stream);
            }
        });
    }
}
