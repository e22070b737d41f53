//! The content of a callback, read up to a bound.

use bytes::{Bytes, BytesMut};
use downstream::RequestBody;
use http_body::Body as _;
use http_body_util::BodyExt;

/// Smaller pieces are copied together: an origin that sends octet by octet must not cost a piece each.
const PIECE: usize = 16 * 1024;

/// Origin: the content of a callback cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unread {
    /// It is longer than is taken.
    #[error("the content is longer than is taken")]
    TooLong,
    /// It broke off, or broke its framing.
    #[error("the content broke off")]
    Broken,
}

/// The next piece of content; `None` at its end.
pub(super) async fn next(body: &mut RequestBody) -> Result<Option<Bytes>, Unread> {
    while let Some(frame) = body.frame().await {
        // Trailers of a request say nothing here.
        if let Ok(piece) = frame.map_err(|_| Unread::Broken)?.into_data() {
            return Ok(Some(piece));
        }
    }
    Ok(None)
}

/// All of a short content.
pub(super) async fn whole(mut body: RequestBody, limit: usize) -> Result<BytesMut, Unread> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Unread::TooLong);
    }
    let mut content = BytesMut::new();
    while let Some(piece) = next(&mut body).await? {
        if content.len() + piece.len() > limit {
            return Err(Unread::TooLong);
        }
        content.extend_from_slice(&piece);
    }
    Ok(content)
}

/// Content in pieces that are worth keeping.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    whole: std::collections::VecDeque<Bytes>,
    last: BytesMut,
    length: u64,
}

impl Pieces {
    /// Adds a piece.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.length += piece.len() as u64;
        self.last.extend_from_slice(piece);
        if self.last.len() >= PIECE {
            self.whole.push_back(self.last.split().freeze());
        }
    }

    /// Octets so far.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The pieces in their order.
    pub(super) fn into_inner(mut self) -> std::collections::VecDeque<Bytes> {
        if !self.last.is_empty() {
            self.whole.push_back(self.last.freeze());
        }
        self.whole
    }
}
