//! What a record keeps of its request: how to recognize it, and what becomes of it after a restart.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::Timestamp;

/// What a repetition of a request is recognized by (IDK-02).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// An HMAC of the owner, the route, the method, the target and the `Idempotency-Key`.
    pub digest: [u8; 32],
    /// The SHA-256 of the request's content, once it was received completely.
    pub fingerprint: Option<[u8; 32]>,
}

/// What becomes of an operation if the gateway ends before it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sequel {
    /// It has died with the gateway.
    Interrupted,
    /// It was cancelled.
    Canceled,
    /// Its origin works on, and calls back until then.
    Call {
        /// When nothing is taken from the origin any more.
        until: Timestamp,
    },
    /// It may be sent again.
    Resend(Arc<StoredRequest>),
}

/// A request that can be sent again. It holds credentials: nothing but its method and its size is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredRequest {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub target: String,
    /// Its end-to-end fields.
    pub fields: HeaderMap,
    /// Its content.
    pub content: Bytes,
}

/// A change to the record of a running operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amendment {
    /// The content of the request is complete, and this is its SHA-256. Nothing to a record without a key.
    Fingerprint([u8; 32]),
    /// From now on this becomes of it.
    Sequel(Sequel),
}

// === impl Sequel ===

impl Sequel {
    /// Octets that it takes in the store, beside its record.
    pub(crate) fn room(&self) -> u64 {
        match self {
            Self::Interrupted | Self::Canceled | Self::Call { .. } => 0,
            Self::Resend(request) => request.room(),
        }
    }
}

// === impl StoredRequest ===

impl StoredRequest {
    fn room(&self) -> u64 {
        let fields = self.fields.iter().map(|(name, value)| name.as_str().len() + value.len());
        (self.target.len() + fields.sum::<usize>() + self.content.len()) as u64
    }
}

/// Without the target, the fields and the content.
impl fmt::Debug for StoredRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredRequest")
            .field("method", &self.method)
            .field("octets", &self.room())
            .finish_non_exhaustive()
    }
}

// === impl Amendment ===

impl Amendment {
    /// Octets that it takes in the store.
    pub(crate) fn room(&self) -> u64 {
        match self {
            Self::Fingerprint(_) => 0,
            Self::Sequel(sequel) => sequel.room(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_stored_request_shows_nothing_that_is_secret() {
        let mut fields = HeaderMap::new();
        fields.insert("authorization", HeaderValue::from_static("Bearer hidden"));
        let (target, content) = ("/hidden".to_owned(), Bytes::from_static(b"hidden"));
        let request = StoredRequest { method: Method::PUT, target, fields, content };
        let shown = format!("{:?}", Amendment::Sequel(Sequel::Resend(Arc::new(request))));
        assert!(shown.contains("PUT") && shown.contains("octets: 39"), "{shown}");
        assert!(!shown.contains("hidden") && !shown.contains("104, 105"), "{shown}");
    }
}
