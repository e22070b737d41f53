//! A TLS session and the few octets that are ever kept for it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use rustls::ServerConfig;
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, UnbufferedStatus};
use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncWrite, ReadBuf};

/// The largest record that the session says anything with unasked.
const SAID_SIZE: usize = 1024;

/// None of its buffers owns memory while it is empty.
pub(super) struct Session {
    tls: UnbufferedServerConnection,
    /// The beginning of a message that has not arrived whole. Bound: one read.
    incoming: BytesMut,
    /// Content that its reader had no room for. Bound: one read.
    plain: BytesMut,
    /// Records that the transport has not taken. Bound: nothing is written while there are any, so
    /// one write and what the handshake says.
    outgoing: BytesMut,
    theirs: Theirs,
    ours: Ours,
}

/// What may still come from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theirs {
    Open,
    /// It has said that no more follows.
    Closed,
    /// It did something wrong: nothing more is opened, nor sealed.
    Broken,
}

/// Whether we have said that no more follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ours {
    Open,
    Closed,
}

impl Session {
    pub(super) fn new(config: Arc<ServerConfig>) -> io::Result<Self> {
        Ok(Self {
            tls: UnbufferedServerConnection::new(config).map_err(broken)?,
            incoming: BytesMut::new(),
            plain: BytesMut::new(),
            outgoing: BytesMut::new(),
            theirs: Theirs::Open,
            ours: Ours::Open,
        })
    }

    /// What ALPN chose, once it has.
    pub(super) fn protocol(&self) -> Option<&[u8]> {
        self.tls.alpn_protocol()
    }

    /// The certificate that the client has proved to be its own, if it has one.
    pub(super) fn client_certificate(&self) -> Option<&CertificateDer<'static>> {
        self.tls.peer_certificates()?.first()
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    pub(super) fn theirs(&self) -> Theirs {
        self.theirs
    }

    /// Octets of its buffers.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.incoming.capacity() + self.plain.capacity() + self.outgoing.capacity()
    }

    // --- receiving ---

    /// Octets to be left in front of what is read.
    pub(super) fn kept(&self) -> usize {
        self.incoming.len()
    }

    /// Moves content that waits to `plain`.
    pub(super) fn deliver(&mut self, plain: &mut ReadBuf<'_>) {
        if !self.plain.is_empty() {
            let size = self.plain.len().min(plain.remaining());
            plain.put_slice(&self.plain[..size]);
            advance(&mut self.plain, size);
        }
    }

    /// Opens the records in `received`, before which [`Session::kept`] octets of room were left.
    pub(super) fn open(&mut self, received: &mut [u8], plain: &mut ReadBuf<'_>) -> io::Result<()> {
        received[..self.incoming.len()].copy_from_slice(&self.incoming);
        let (done, result) = self.process(received, plain);
        self.incoming.clear();
        if done == received.len() || self.theirs == Theirs::Closed {
            self.incoming = BytesMut::new();
        } else {
            self.incoming.extend_from_slice(&received[done..]);
        }
        result.map_err(|error| {
            // The alert that says so, and what had been said before, is all that is left to be said.
            while let Ok(ConnectionState::EncodeTlsData(said)) =
                self.tls.process_tls_records(&mut self.incoming).state
            {
                encode(said, &mut self.outgoing);
            }
            self.incoming = BytesMut::new();
            self.theirs = Theirs::Broken;
            broken(error)
        })
    }

    /// Runs the session until it wants more than `records`; returns how much of them is done with.
    fn process(&mut self, records: &mut [u8], plain: &mut ReadBuf<'_>) -> (usize, Result<(), rustls::Error>) {
        let mut done = 0;
        loop {
            let UnbufferedStatus { mut discard, state } = self.tls.process_tls_records(&mut records[done..]);
            let result = match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    let mut result = Ok(true);
                    while let Some(record) = traffic.next_record() {
                        match record {
                            Ok(record) => {
                                discard += record.discard;
                                put(record.payload, plain, &mut self.plain);
                            }
                            Err(error) => result = Err(error),
                        }
                    }
                    result
                }
                Ok(ConnectionState::EncodeTlsData(said)) => {
                    encode(said, &mut self.outgoing);
                    Ok(true)
                }
                Ok(ConnectionState::TransmitTlsData(said)) => {
                    said.done();
                    Ok(true)
                }
                Ok(ConnectionState::PeerClosed) => {
                    self.theirs = Theirs::Closed;
                    Ok(true)
                }
                Ok(
                    ConnectionState::Closed
                    | ConnectionState::BlockedHandshake
                    | ConnectionState::WriteTraffic(_),
                ) => Ok(false),
                // EDT-03: early data is never offered.
                Ok(_) => Err(rustls::Error::General("an unexpected state of TLS".to_owned())),
                Err(error) => Err(error),
            };
            done += discard;
            match result {
                Ok(true) => {}
                Ok(false) => return (done, Ok(())),
                Err(error) => return (done, Err(error)),
            }
        }
    }

    // --- sending ---

    /// Seals `octets` into `room`; returns how much of it is filled.
    pub(super) fn seal(&mut self, octets: &[u8], room: &mut [u8]) -> io::Result<usize> {
        if self.theirs == Theirs::Broken || self.ours == Ours::Closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        match self.tls.process_tls_records(&mut self.incoming).state {
            Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                traffic.encrypt(octets, room).map_err(io::Error::other)
            }
            Ok(_) => Err(io::ErrorKind::NotConnected.into()),
            Err(error) => Err(broken(error)),
        }
    }

    /// Queues a `close_notify`, once.
    pub(super) fn close(&mut self) {
        if self.theirs == Theirs::Broken || std::mem::replace(&mut self.ours, Ours::Closed) == Ours::Closed {
            return;
        }
        let mut room = [0; SAID_SIZE];
        let state = self.tls.process_tls_records(&mut self.incoming).state;
        if let Ok(ConnectionState::WriteTraffic(mut traffic)) = state
            && let Ok(size) = traffic.queue_close_notify(&mut room)
        {
            self.outgoing.extend_from_slice(&room[..size]);
        }
    }

    /// Sends `records`; what the transport does not take waits.
    pub(super) fn send<S: AsyncWrite + Unpin>(
        &mut self,
        mut records: &[u8],
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        debug_assert!(self.outgoing.is_empty(), "what was sealed earlier goes first");
        while !records.is_empty() {
            match Pin::new(&mut *io).poll_write(cx, records)? {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(size) => records = &records[size..],
                Poll::Pending => {
                    self.outgoing.extend_from_slice(records);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Sends what waits. Ready when nothing does.
    pub(super) fn poll_send<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            match ready!(Pin::new(&mut *io).poll_write(cx, &self.outgoing))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                size => advance(&mut self.outgoing, size),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Content: as much as fits to who reads, the rest waits.
fn put(content: &[u8], plain: &mut ReadBuf<'_>, later: &mut BytesMut) {
    let (now, rest) = content.split_at(content.len().min(plain.remaining()));
    plain.put_slice(now);
    later.extend_from_slice(rest);
}

/// Adds what the session says to what is to be sent.
fn encode(mut said: EncodeTlsData<'_, ServerConnectionData>, outgoing: &mut BytesMut) {
    let at = outgoing.len();
    outgoing.resize(at + SAID_SIZE, 0);
    let mut encoded = said.encode(&mut outgoing[at..]);
    if let Err(EncodeError::InsufficientSize(size)) = encoded {
        outgoing.resize(at + size.required_size, 0);
        encoded = said.encode(&mut outgoing[at..]);
    }
    outgoing.truncate(at + encoded.unwrap_or(0));
}

/// Goes on by `size` octets; an empty buffer gives its memory back.
fn advance(buffer: &mut BytesMut, size: usize) {
    buffer.advance(size);
    if buffer.is_empty() {
        *buffer = BytesMut::new();
    }
}

fn broken(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
