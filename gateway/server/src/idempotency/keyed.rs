//! A request with a key, until it is known whether it repeats another one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use downstream::{BodyError, DrainWatch, Phase, RequestBody};
use http::Response;
use http_body_util::BodyExt;
use progress_core::operation::OperationId;

use super::{Fingerprint, Hasher};
use crate::content::Content;
use crate::exchange::Kind;

/// See the module's documentation. Nothing has been forwarded: dropping it leaves nothing of it behind.
pub struct Keyed {
    deciding: Pin<Box<dyn Future<Output = Decided> + Send>>,
    drain: DrainWatch,
    /// What it gets if the gateway ends meanwhile.
    draining: Option<Box<Response<Content>>>,
}

/// What becomes of such a request.
pub struct Decided {
    /// How it is answered.
    pub kind: Kind,
    /// The operation that it belongs to, if it belongs to one.
    pub operation: Option<OperationId>,
}

/// What content is known by. Nothing of it is kept.
///
/// # Errors
/// The client does not send all of it.
pub async fn fingerprint(mut content: RequestBody) -> Result<Fingerprint, BodyError> {
    let mut hasher = Hasher::new();
    while let Some(frame) = content.frame().await {
        if let Some(piece) = frame?.data_ref() {
            hasher.add(piece);
        }
    }
    Ok(hasher.finish())
}

// === impl Keyed ===

impl Keyed {
    /// A request about which `deciding` decides.
    pub fn new(
        deciding: impl Future<Output = Decided> + Send + 'static,
        draining: Response<Content>,
        drain: DrainWatch,
    ) -> Self {
        Self { deciding: Box::pin(deciding), drain, draining: Some(Box::new(draining)) }
    }

    /// What becomes of it, once known.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Decided> {
        if let Poll::Ready(decided) = self.deciding.as_mut().poll(cx) {
            return Poll::Ready(decided);
        }
        if self.drain.poll_reached(Phase::Concluding, cx).is_ready()
            && let Some(draining) = self.draining.take()
        {
            return Poll::Ready(Decided::answer(*draining));
        }
        Poll::Pending
    }
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed").finish_non_exhaustive()
    }
}

// === impl Decided ===

impl Decided {
    /// It belongs to an operation.
    pub fn of(kind: Kind, operation: OperationId) -> Self {
        Self { kind, operation: Some(operation) }
    }

    /// It is answered so, and belongs to none.
    pub fn answer(response: Response<Content>) -> Self {
        Self { kind: Kind::ready(response), operation: None }
    }
}
