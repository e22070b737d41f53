//! The names of an operation.

use std::sync::Arc;

use http::HeaderValue;
use progress_core::operation::OperationId;

/// The names of a registered operation.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its id.
    pub id: OperationId,
    /// Its status URI, absolute.
    pub uri: Arc<str>,
    /// The same as a field value (LOC-02: byte for byte the same everywhere).
    pub location: HeaderValue,
    /// `Link: <…>; rel="status"` (LOC-08).
    pub link: HeaderValue,
}

impl Identity {
    /// The names of `id`, whose document lives at `uri`; `None`: that is no field value.
    pub(super) fn new(id: OperationId, uri: String) -> Option<Self> {
        let location = HeaderValue::try_from(&uri).ok()?;
        let link = HeaderValue::try_from(format!("<{uri}>; rel=\"status\"")).ok()?;
        Some(Self { id, uri: uri.into(), location, link })
    }
}
