//! The names of an operation.

use http::HeaderValue;
use progress_core::operation::OperationId;

/// The names of a registered operation. They follow from its id, so that nobody needs to keep them.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its id.
    pub id: OperationId,
    /// Its status URI, absolute.
    pub uri: String,
    /// The same as a field value (LOC-02: byte for byte the same everywhere).
    pub location: HeaderValue,
}

impl Identity {
    /// The names of `id`, whose document lives at `uri`; `None`: that is no field value.
    pub(super) fn new(id: OperationId, uri: String) -> Option<Self> {
        let location = HeaderValue::try_from(&uri).ok()?;
        Some(Self { id, uri, location })
    }

    /// The value of `Link: <…>; rel="status"` (LOC-08).
    pub fn link(&self) -> HeaderValue {
        let link = format!("<{}>; rel=\"status\"", self.uri);
        HeaderValue::try_from(link).expect("the status URI is a field value, and so is what is around it")
    }
}
