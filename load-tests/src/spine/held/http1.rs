//! HTTP/1.1 clients: one connection for each request.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Target;
use super::tally::{Crowd, Listener};
use crate::spine::Trouble;

/// Connections from one loopback address: well below the kernel's range of ports.
const PER_ADDRESS: u64 = 10_000;

const REQUEST: &[u8] = b"GET /held HTTP/1.1\r\nHost: localhost\r\nPrefer: processing\r\n\r\n";

/// Sends `count` requests, one connection after the other.
pub(super) async fn join(crowd: &mut Crowd, target: &Target, count: u64) -> Result<(), Trouble> {
    let connector = TlsConnector::from(Arc::clone(&target.tls));
    for index in 0..count {
        let tcp = connect(index, target.address).await.map_err(Trouble::system("connecting"))?;
        let name = ServerName::try_from("localhost").map_err(Trouble::unexpected("naming the gateway"))?;
        let mut io =
            connector.connect(name, tcp).await.map_err(Trouble::system("speaking TLS to the gateway"))?;
        io.write_all(REQUEST).await.map_err(Trouble::system("sending a request"))?;
        io.flush().await.map_err(Trouble::system("sending a request"))?;
        let listener = Listener::new(&crowd.tally);
        crowd.keep(tokio::spawn(listen(io, listener)));
    }
    Ok(())
}

async fn connect(index: u64, to: SocketAddr) -> std::io::Result<TcpStream> {
    let host = u8::try_from(index / PER_ADDRESS + 1).unwrap_or(u8::MAX);
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::new(127, 0, 0, host), 0).into())?;
    socket.connect(to).await
}

async fn listen(mut io: TlsStream<TcpStream>, mut listener: Listener) {
    let mut heads = Heads::default();
    let mut octets = [0; 1024];
    loop {
        match io.read(&mut octets).await {
            Ok(count) if count > 0 => match heads.read(&octets[..count]) {
                Some(count) => listener.heard(count),
                None => return listener.lost(),
            },
            _ => return listener.lost(),
        }
    }
}

/// Counts interim heads.
#[derive(Debug, Default)]
struct Heads {
    /// How much of the status line, or of the empty line at the end, has been seen.
    at: Place,
}

#[derive(Debug)]
enum Place {
    /// This many octets of [`START`] were read.
    Start(usize),
    /// This many octets of [`END`] were read.
    Fields(usize),
}

const START: &[u8] = b"HTTP/1.1 102";
const END: &[u8] = b"\r\n\r\n";

impl Default for Place {
    fn default() -> Self {
        Self::Start(0)
    }
}

impl Heads {
    /// Takes in what came; returns how many heads are complete with it, or `None` at anything else
    /// than a 102.
    fn read(&mut self, octets: &[u8]) -> Option<u64> {
        let mut complete = 0;
        for octet in octets {
            self.at = match self.at {
                Place::Start(seen) if START[seen] != *octet => return None,
                Place::Start(seen) if seen + 1 == START.len() => Place::Fields(0),
                Place::Start(seen) => Place::Start(seen + 1),
                Place::Fields(seen) if END[seen] == *octet && seen + 1 == END.len() => {
                    complete += 1;
                    Place::default()
                }
                Place::Fields(seen) if END[seen] == *octet => Place::Fields(seen + 1),
                Place::Fields(_) => Place::Fields(usize::from(*octet == END[0])),
            };
        }
        Some(complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_counted_however_they_are_cut() {
        let text = b"HTTP/1.1 102 Processing\r\nLocation: /x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n";
        for size in 1..text.len() {
            let mut heads = Heads::default();
            let count: u64 = text.chunks(size).map(|piece| heads.read(piece).expect("only 102s")).sum();
            assert_eq!(count, 2, "pieces of {size}");
        }
        assert_eq!(Heads::default().read(b"HTTP/1.1 200 OK\r\n\r\n"), None);
    }
}
