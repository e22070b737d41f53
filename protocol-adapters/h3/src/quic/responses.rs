//! The responses to a request of this side, as `h3`'s client reads them.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use h3::error::Code;
use h3::quic::StreamErrorIncoming;
use quinn::ConnectionError;

use super::error;
use crate::frames::{Grammar, Piece, Scope, Violation, kind};
use crate::link::Link;
use crate::reader::{Cut, Reader};

/// Reads frames, and writes them again for `h3`: without those that mean nothing, without empty
/// ones, which it takes for the end of the content, and with each piece of content in a frame of
/// its own.
pub(super) struct Responses {
    link: Arc<Link>,
    reader: Reader,
    /// The payload of the frame whose header went out last.
    payload: Option<Bytes>,
}

impl Responses {
    pub(super) fn new(link: Arc<Link>, recv: quinn::RecvStream) -> Self {
        let reader = Reader::new(recv, Grammar::Response, Code::H3_REQUEST_CANCELLED);
        Self { link, reader, payload: None }
    }

    pub(super) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        if let Some(payload) = self.payload.take() {
            return Poll::Ready(Ok(Some(payload)));
        }
        let piece = ready!(self.reader.poll_piece(cx)).map_err(|cut| match cut {
            Cut::Off(error) => error::read(error),
            Cut::Violated(violation) => self.refuse(violation),
        })?;
        let (kind, payload) = match piece {
            None => return Poll::Ready(Ok(None)),
            Some(Piece::Section(section)) => (kind::HEADERS, section),
            Some(Piece::Content(content)) => (kind::DATA, content),
        };
        let header = preface(kind, payload.len());
        self.payload = Some(payload).filter(|payload| !payload.is_empty());
        Poll::Ready(Ok(Some(header)))
    }

    pub(super) fn stop(&mut self, code: Code) {
        self.payload = None;
        self.reader.stop(code);
    }

    fn refuse(&mut self, violation: Violation) -> StreamErrorIncoming {
        match violation.scope {
            Scope::Stream => {
                self.stop(violation.code);
                StreamErrorIncoming::StreamTerminated { error_code: violation.code.value() }
            }
            Scope::Connection => {
                self.link.fail(violation.code, violation.reason);
                error::lost(ConnectionError::LocallyClosed)
            }
        }
    }
}

/// The type and the length of a frame. Types are below 64, lengths below 2^30.
fn preface(kind: u64, length: usize) -> Bytes {
    let mut preface = BytesMut::with_capacity(5);
    preface.put_uint(kind, 1);
    preface.put_uint(0x8000_0000 | length as u64, 4);
    preface.freeze()
}
