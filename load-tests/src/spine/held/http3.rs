//! HTTP/3 clients, as little of them as is needed: many requests on one QUIC connection, frames
//! counted by their lengths.

use std::sync::Arc;

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, Endpoint, RecvStream};

use super::Target;
use super::tally::{Crowd, Listener};
use crate::spine::Trouble;

/// The type of a control stream, and empty SETTINGS on it (RFC 9114 6.2.1 and 7.2.4).
const CONTROL: &[u8] = &[0x00, 0x04, 0x00];
/// An indexed field line of the static table, before its index (RFC 9204 4.5.2).
const STATIC: u8 = 0b1100_0000;
/// HEADERS (RFC 9114 7.2.2).
const HEADERS: u64 = 0x01;

/// Sends `count` requests, so many on each connection. Each connection has a socket of its own, as
/// those of different clients have.
pub(super) async fn join(
    crowd: &mut Crowd,
    target: &Target,
    (count, per_connection): (u64, u64),
) -> Result<(), Trouble> {
    let tls =
        QuicClientConfig::try_from((*target.tls).clone()).map_err(Trouble::unexpected("setting up QUIC"))?;
    let config = ClientConfig::new(Arc::new(tls));
    let request = request();
    let mut left = count;
    while left > 0 {
        let here = left.min(per_connection);
        left -= here;
        let connection = connect(crowd, target, &config).await?;
        for _ in 0..here {
            let (mut send, receive) =
                connection.open_bi().await.map_err(Trouble::unexpected("opening a stream"))?;
            send.write_all(&request).await.map_err(Trouble::unexpected("sending a request"))?;
            send.finish().map_err(Trouble::unexpected("sending a request"))?;
            let listener = Listener::new(&crowd.tally);
            crowd.keep(tokio::spawn(listen(receive, listener)));
        }
    }
    Ok(())
}

async fn connect(crowd: &mut Crowd, target: &Target, config: &ClientConfig) -> Result<Connection, Trouble> {
    let local = ([127, 0, 0, 1], 0).into();
    let mut endpoint = Endpoint::client(local).map_err(Trouble::system("binding a socket"))?;
    endpoint.set_default_client_config(config.clone());
    let connecting =
        endpoint.connect(target.address, "localhost").map_err(Trouble::unexpected("connecting"))?;
    let connection = connecting.await.map_err(Trouble::unexpected("speaking QUIC to the gateway"))?;
    let mut control =
        connection.open_uni().await.map_err(Trouble::unexpected("opening the control stream"))?;
    control.write_all(CONTROL).await.map_err(Trouble::unexpected("sending settings"))?;
    crowd.keep_quic(connection.clone());
    let (watched, kept) = (connection.clone(), (endpoint, control));
    crowd.keep(tokio::spawn(async move {
        // A control stream that closes ends the connection.
        let _kept = kept;
        watched.closed().await;
    }));
    Ok(connection)
}

/// A HEADERS frame with a field section of static references and literals (RFC 9204 4.5).
fn request() -> Vec<u8> {
    // No dynamic table; `:method: GET`, `:scheme: https`, `:authority`, `:path`, `prefer`.
    let mut section = vec![0x00, 0x00, STATIC + 17, STATIC + 23];
    for (start, name, value) in [
        (0x50, "", "localhost"),
        (0x51, "", "/held"),
        // A literal name of six octets.
        (0x26, "prefer", "processing"),
    ] {
        section.push(start);
        section.extend_from_slice(name.as_bytes());
        section.push(u8::try_from(value.len()).unwrap_or(0));
        section.extend_from_slice(value.as_bytes());
    }
    let mut frame = vec![0x01, u8::try_from(section.len()).unwrap_or(0)];
    frame.extend_from_slice(&section);
    frame
}

async fn listen(mut receive: RecvStream, mut listener: Listener) {
    let mut frames = Frames::default();
    while let Ok(Some(chunk)) = receive.read_chunk(usize::MAX, true).await {
        listener.heard(frames.read(&chunk.bytes));
    }
    listener.lost();
}

/// Counts HEADERS frames.
#[derive(Debug, Default)]
struct Frames {
    at: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Before an integer, the type or, with the type known, the length.
    Integer { kind: Option<u64> },
    /// In an integer: its value as far as it is known, and octets to come.
    Within { kind: Option<u64>, value: u64, left: u8 },
    /// In a payload of this many more octets.
    Payload { kind: u64, left: u64 },
}

impl Default for Place {
    fn default() -> Self {
        Self::Integer { kind: None }
    }
}

impl Frames {
    /// Takes in what came; returns how many HEADERS frames are complete with it.
    fn read(&mut self, octets: &[u8]) -> u64 {
        let mut complete = 0;
        for octet in octets {
            let next = match self.at {
                // RFC 9000 16.
                Place::Integer { kind } => {
                    Place::Within { kind, value: u64::from(octet & 0x3f), left: (1 << (octet >> 6)) - 1 }
                }
                Place::Within { kind, value, left } => {
                    Place::Within { kind, value: value << 8 | u64::from(*octet), left: left - 1 }
                }
                Place::Payload { kind, left } => Place::Payload { kind, left: left - 1 },
            };
            self.at = match next {
                Place::Within { kind: None, value, left: 0 } => Place::Integer { kind: Some(value) },
                Place::Within { kind: Some(kind), value, left: 0 } => Place::Payload { kind, left: value },
                next => next,
            };
            if let Place::Payload { kind, left: 0 } = self.at {
                complete += u64::from(kind == HEADERS);
                self.at = Place::default();
            }
        }
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_frames_are_counted_however_they_are_cut() {
        // HEADERS of two octets, grease of none with a long type, HEADERS with a length in two.
        let octets = [0x01, 0x02, 9, 9, 0x40, 0x21, 0x00, 0x01, 0x40, 0x03, 1, 1, 1];
        for size in 1..=octets.len() {
            let mut frames = Frames::default();
            let count: u64 = octets.chunks(size).map(|piece| frames.read(piece)).sum();
            assert_eq!(count, 2, "pieces of {size}");
        }
        assert_eq!(Frames::default().read(&octets[..3]), 0);
    }

    #[test]
    fn the_request_is_one_frame() {
        assert_eq!(Frames::default().read(&request()), 1);
    }
}
