//! Request content from a stream of frames.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use downstream::BodyError;
use h2::RecvStream;
use http_body::{Body, Frame, SizeHint};

/// The content of one request.
///
/// Flow control is released frame by frame as the reader takes them, so a reader that waits makes
/// the client wait; at most the windows of the connection are held. Request trailers are dropped
/// (H1-20). That the frames add up to `content-length` is checked by `h2` (H2-17).
pub(crate) struct RequestContent {
    frames: RecvStream,
    /// What `content-length` still promises.
    promised: Option<u64>,
    /// What may still come (H1-38).
    allowed: u64,
}

impl RequestContent {
    /// Content of the length `promised`, if it is known, and of at most `allowed` octets.
    pub(crate) fn new(frames: RecvStream, promised: Option<u64>, allowed: u64) -> Self {
        Self { frames, promised, allowed }
    }

    fn take(&mut self, data: Bytes) -> Result<Frame<Bytes>, BodyError> {
        // The stream may be over by now; then nobody waits for the window.
        let _ = self.frames.flow_control().release_capacity(data.len());
        let size = data.len() as u64;
        self.allowed = self.allowed.checked_sub(size).ok_or(BodyError::TooLarge)?;
        self.promised = self.promised.map(|promised| promised.saturating_sub(size));
        Ok(Frame::data(data))
    }
}

impl Body for RequestContent {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(match ready!(self.frames.poll_data(cx)) {
            Some(Ok(data)) => Some(self.take(data)),
            Some(Err(error)) => Some(Err(blame(&error))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.promised.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// `h2` ends a stream by itself only when the client breaks its framing.
fn blame(error: &h2::Error) -> BodyError {
    if error.is_library() { BodyError::Malformed("its frames do not add up") } else { BodyError::Departed }
}
