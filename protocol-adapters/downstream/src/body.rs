//! Request content, the same for every wire.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::Expectation;

/// Why content ended before its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Client: it left before it had sent all of the request.
    #[error("the client went away before the end of its request")]
    Departed,
    /// Client: the content breaks its framing.
    #[error("the request content is malformed: {0}")]
    Malformed(&'static str),
    /// Client: the content is longer than this gateway takes.
    #[error("the request content is larger than the limit")]
    TooLarge,
    /// Client: the content came too slowly.
    #[error("the request content came too slowly")]
    TooSlow,
    /// Origin: its response broke off, or broke its framing.
    #[error("the origin's response broke off: {0}")]
    Origin(&'static str),
    /// Gateway: a stored result cannot be read.
    #[error("the stored result cannot be read")]
    Store,
}

type Boxed = Pin<Box<dyn Body<Data = Bytes, Error = BodyError> + Send>>;

/// The content of a request. Nothing is allocated where there is none.
#[derive(Default)]
pub struct RequestBody {
    inner: Option<Boxed>,
    expectation: Option<Expectation>,
    witness: Option<Box<dyn Witness>>,
}

/// Sees content go by while it is read.
pub trait Witness: Send {
    /// A piece, in its turn.
    fn piece(&mut self, _piece: &Bytes) {}

    /// All of the content has been received. Never called for content that breaks off.
    fn complete(self: Box<Self>);
}

impl<F: FnOnce() + Send> Witness for F {
    fn complete(self: Box<Self>) {
        self();
    }
}

impl RequestBody {
    /// A request without content.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Content that is there, or on its way.
    pub fn new(body: impl Body<Data = Bytes, Error = BodyError> + Send + 'static) -> Self {
        Self { inner: Some(Box::pin(body)), expectation: None, witness: None }
    }

    /// Shows the content to `witness` as it is read, and tells it once all of it has been received
    /// (INT-10, PRF-06): at once if there is none. A closure is a witness of the end alone. The latest
    /// witness is the only one.
    ///
    /// The last octet of a known length completes it: a reader that counts has no reason to ask
    /// for the end as well, which a wire may tell in a frame of its own.
    #[must_use]
    pub fn witnessed(mut self, witness: impl Witness + 'static) -> Self {
        let witness: Box<dyn Witness> = Box::new(witness);
        if self.inner.as_ref().is_none_or(is_complete) {
            witness.complete();
        } else {
            self.witness = Some(witness);
        }
        self
    }

    /// Content that the client sends after a `100 (Continue)`, which the first read demands.
    #[must_use]
    pub fn expecting(mut self, expectation: Expectation) -> Self {
        self.expectation = Some(expectation);
        self
    }

    /// Whether the client waits for a `100 (Continue)` before it sends this content.
    pub fn awaits_continue(&self) -> bool {
        self.expectation.is_some()
    }
}

impl std::fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBody").field("size", &self.size_hint()).finish_non_exhaustive()
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { inner, expectation, witness } = &mut *self;
        let Some(inner) = inner else { return Poll::Ready(None) };
        let polled = inner.as_mut().poll_frame(cx);
        // EXP-04: content that already arrives needs no 100.
        if let Some(expectation) = expectation.take()
            && polled.is_pending()
        {
            expectation.demand();
        }
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let (Some(piece), Some(witness)) = (frame.data_ref(), witness.as_mut())
        {
            witness.piece(piece);
        }
        let complete = match &polled {
            Poll::Ready(None) => true,
            Poll::Ready(Some(Ok(_))) => is_complete(inner),
            Poll::Ready(Some(Err(_))) | Poll::Pending => false,
        };
        if complete && let Some(witness) = witness.take() {
            witness.complete();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

/// Whether nothing more is to come, be it that the end has been seen or that no octet is missing.
fn is_complete(content: &Boxed) -> bool {
    content.is_end_stream() || content.size_hint().exact() == Some(0)
}
