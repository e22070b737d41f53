//! What the server says on streams of its own: SETTINGS, GOAWAY, and nothing for QPACK.

use std::cell::Cell;
use std::rc::Rc;

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use h3::error::Code;
use quinn::{Connection, RecvStream};
use tokio::task::spawn_local;

use super::frames::{DATA, GOAWAY, HEADERS, SETTINGS, Start, varint as read_varint};
use super::varint;

/// Stream types (RFC 9114 6.2, RFC 9204 4.2).
const CONTROL: u64 = 0x00;
const PUSH: u64 = 0x01;
const ENCODER: u64 = 0x02;
const DECODER: u64 = 0x03;

/// What has been said.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// Whether no further request is taken.
    over: Cell<bool>,
    broken: Cell<Option<&'static str>>,
}

/// The server broke the protocol, which ends the connection.
type Violation = (Code, &'static str);

impl Talk {
    /// Listens as long as the connection lasts.
    pub(super) fn listen(connection: &Connection) -> Rc<Self> {
        let talk = Rc::new(Self::default());
        spawn_local(Rc::clone(&talk).follow(connection.clone()));
        talk
    }

    /// Whether the server has said goodbye.
    pub(super) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// What the server did wrong, if this is why the connection ended.
    pub(super) fn broken(&self) -> Option<&'static str> {
        self.broken.get()
    }

    async fn follow(self: Rc<Self>, connection: Connection) {
        // Bound: the transport admits a few at a time.
        let mut streams = FuturesUnordered::new();
        loop {
            let read = tokio::select! {
                accepted = connection.accept_uni() => match accepted {
                    Ok(stream) => {
                        streams.push(self.read(stream));
                        continue;
                    }
                    Err(_) => return self.over.set(true),
                },
                Some(read) = streams.next() => read,
            };
            if let Err((code, reason)) = read {
                self.over.set(true);
                self.broken.set(Some(reason));
                return connection.close(varint(code), reason.as_bytes());
            }
        }
    }

    async fn read(&self, mut stream: RecvStream) -> Result<(), Violation> {
        let mut start = Vec::new();
        let (kind, mut rest) = loop {
            let Ok(Some(chunk)) = stream.read_chunk(usize::MAX, true).await else { return Ok(()) };
            start.extend_from_slice(&chunk.bytes);
            if let Some((kind, rest)) = read_varint(&start) {
                break (kind, Bytes::copy_from_slice(rest));
            }
        };
        match kind {
            CONTROL => self.control(&mut stream, &mut rest).await,
            PUSH => Err((Code::H3_ID_ERROR, "a push that was not allowed")),
            ENCODER | DECODER => {
                while let Ok(Some(_)) = stream.read_chunk(usize::MAX, true).await {}
                Ok(())
            }
            _ => {
                // An error means that it has ended.
                let _ = stream.stop(varint(Code::H3_STREAM_CREATION_ERROR));
                Ok(())
            }
        }
    }

    async fn control(&self, stream: &mut RecvStream, chunk: &mut Bytes) -> Result<(), Violation> {
        let mut settled = false;
        let (mut start, mut left) = (Start::default(), 0_u64);
        loop {
            let skipped = chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            chunk.advance(skipped);
            left -= skipped as u64;
            if left == 0
                && let Some((kind, length)) = start.feed(chunk)
            {
                match kind {
                    SETTINGS if settled => return Err((Code::H3_FRAME_UNEXPECTED, "SETTINGS twice")),
                    SETTINGS => settled = true,
                    _ if !settled => return Err((Code::H3_MISSING_SETTINGS, "no SETTINGS at first")),
                    GOAWAY => self.over.set(true),
                    DATA | HEADERS => {
                        return Err((Code::H3_FRAME_UNEXPECTED, "a request's frame on the control stream"));
                    }
                    _ => {}
                }
                (start, left) = (Start::default(), length);
            } else {
                *chunk = match stream.read_chunk(usize::MAX, true).await {
                    Ok(Some(chunk)) => chunk.bytes,
                    Ok(None) | Err(quinn::ReadError::Reset(_)) => {
                        return Err((Code::H3_CLOSED_CRITICAL_STREAM, "the control stream was closed"));
                    }
                    Err(_) => return Ok(()),
                };
            }
        }
    }
}
