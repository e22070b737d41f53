//! A request while it is copied, so that it can be sent again after a restart.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use status_store::StoredRequest;

/// Octets of content that are kept of a request; a longer one is not sent again.
const MAXIMUM: usize = 64 * 1024;

/// See the module's documentation.
pub struct Copy {
    request: StoredRequest,
    content: BytesMut,
}

impl Copy {
    /// Begins with the head that the origin is sent. Only a request of an idempotent method may be sent
    /// twice (RFC 9110 9.2.2).
    pub fn of(parts: &Parts) -> Option<Box<Self>> {
        if !parts.method.is_idempotent() {
            return None;
        }
        let request = StoredRequest {
            method: parts.method.clone(),
            target: parts.uri.to_string(),
            fields: parts.headers.clone(),
            content: Bytes::new(),
        };
        Some(Box::new(Self { request, content: BytesMut::new() }))
    }

    /// Adds a piece. False: it is too much, and the copy is of no use any more.
    pub fn add(&mut self, piece: &[u8]) -> bool {
        let fits = self.content.len() + piece.len() <= MAXIMUM;
        if fits {
            self.content.extend_from_slice(piece);
        }
        fits
    }

    /// The request, complete.
    pub fn whole(self: Box<Self>) -> Arc<StoredRequest> {
        let Self { request, content } = *self;
        Arc::new(StoredRequest { content: content.freeze(), ..request })
    }
}
