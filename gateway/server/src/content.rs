//! The content of final responses, wherever it comes from.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use downstream::BodyError;
use http_body::{Body, Frame, SizeHint};

use crate::account::Account;
use crate::operations::RecordingReader;
use crate::status::{Events, Reading};
use crate::upstream::UpstreamBody;

/// What a client is sent after the final head. Carries the exchange's account to its end.
#[derive(Debug)]
pub struct GatewayBody {
    content: Content,
    account: Option<Box<Account>>,
}

/// Where content comes from.
#[derive(Debug)]
pub enum Content {
    /// From here, whole.
    Full(Bytes),
    /// From a record, in the pieces that it came in.
    Pieces(VecDeque<Bytes>),
    /// From a file beside the store, as it is read.
    Spooled(Reading),
    /// Some octets, and other content after them.
    Headed(Bytes, Box<GatewayBody>),
    /// From the origin, as it comes.
    Origin(UpstreamBody),
    /// From the origin by way of a recording.
    Recorded(RecordingReader),
    /// From a running operation, event by event.
    Events(Box<Events>),
}

impl GatewayBody {
    /// Content whose octets are counted on `account`.
    pub fn new(content: Content, account: Option<Box<Account>>) -> Self {
        Self { content, account }
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Full(bytes)
    }
}

impl Content {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self {
            Self::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Pieces(pieces) => Poll::Ready(pieces.pop_front().map(|piece| Ok(Frame::data(piece)))),
            Self::Spooled(reading) => reading.poll_frame(cx),
            Self::Headed(head, rest) if head.is_empty() => Pin::new(&mut **rest).poll_frame(cx),
            Self::Headed(head, _) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(head))))),
            Self::Origin(body) => Pin::new(body).poll_frame(cx),
            Self::Recorded(reader) => reader.poll_frame(cx),
            Self::Events(events) => events.poll_frame(cx),
        }
    }
}

impl Body for GatewayBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = self.content.poll(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let (Some(data), Some(account)) = (frame.data_ref(), &mut self.account)
        {
            account.sent(data.len());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Full(bytes) => bytes.is_empty(),
            Content::Pieces(pieces) => pieces.is_empty(),
            Content::Spooled(reading) => reading.left() == 0,
            Content::Headed(head, rest) => head.is_empty() && rest.is_end_stream(),
            Content::Origin(body) => body.is_end_stream(),
            Content::Recorded(reader) => reader.is_end_stream(),
            Content::Events(events) => events.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Pieces(pieces) => {
                SizeHint::with_exact(pieces.iter().map(|piece| piece.len() as u64).sum())
            }
            Content::Spooled(reading) => SizeHint::with_exact(reading.left()),
            Content::Headed(head, rest) => {
                let rest = rest.size_hint().exact();
                rest.map_or_else(SizeHint::default, |rest| SizeHint::with_exact(head.len() as u64 + rest))
            }
            Content::Origin(body) => body.size_hint(),
            Content::Recorded(reader) => reader.size_hint(),
            Content::Events(_) => SizeHint::default(),
        }
    }
}
