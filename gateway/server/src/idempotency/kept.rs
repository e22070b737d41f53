//! What the store says of the operation that a key is bound to.

use std::sync::Arc;

use http::Response;
use progress_core::event::Outcome;
use progress_core::interim::STATUS_URI;
use progress_core::operation::{OperationId, Phase, Snapshot};
use status_store::{Record, StoreError};

use super::{Fingerprint, Keys};
use crate::answer::Finishing;
use crate::content::Content;
use crate::operations::{Fault, Identity, Operations, Seen};
use crate::status::{View, ended};

/// Whether an operation still stands for its key.
pub enum Standing {
    /// It does; its content is known by this, if it is known.
    Bound(Option<Fingerprint>),
    /// Its origin never got the request, or its record is gone: the next request is the first one.
    Void,
}

/// A finished operation, for who repeats its request.
pub struct Replay {
    record: Arc<Record>,
    uri: String,
}

impl Keys {
    /// Whether the operation that the store has bound a key to stands for it.
    ///
    /// # Errors
    /// Nobody can tell at the moment.
    pub async fn standing(&self, id: OperationId) -> Result<Standing, StoreError> {
        let record = match self.operations.find(id).await? {
            Seen::Finished(record) => record,
            // One of an earlier gateway's: only its record has the fingerprint.
            Seen::Running(_) => match self.operations.find_stored(id).await? {
                Seen::Finished(record) => record,
                Seen::Running(_) | Seen::Expired { .. } | Seen::Unknown => return Ok(Standing::Void),
            },
            Seen::Expired { .. } | Seen::Unknown => return Ok(Standing::Void),
        };
        let content = record.key.and_then(|key| key.fingerprint);
        Ok(if is_unforwarded(&record, content) { Standing::Void } else { Standing::Bound(content) })
    }
}

/// Whether no origin can have worked on a request: none was reached, or the client broke off.
fn is_unforwarded(record: &Record, content: Option<Fingerprint>) -> bool {
    let Phase::Finished(Outcome::Failed(failure)) = &record.snapshot.phase else { return false };
    match failure.code {
        Fault::UNREACHABLE => true,
        Fault::REQUEST_CONTENT => content.is_none(),
        _ => false,
    }
}

// === impl Replay ===

impl Replay {
    /// What `record` says.
    pub fn of(record: Arc<Record>, operations: &Operations) -> Self {
        let uri = operations.origin().status_uri(record.id);
        Self { record, uri }
    }

    /// Its operation.
    pub fn id(&self) -> OperationId {
        self.record.id
    }

    /// Its names.
    pub fn identity(&self, operations: &Operations) -> Option<Identity> {
        operations.identity_of(self.record.id)
    }

    /// Its final state.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.record.snapshot)
    }

    /// The recorded response, or the problem in its place.
    pub fn response(&self, finishing: &Finishing) -> Response<Content> {
        match ended(&self.record, &View::of_record(&self.record, &self.uri)) {
            Ok(ended) => finishing.origin(ended.into_response()),
            Err(mut answer) => {
                // That is for who asks for the operation.
                answer.headers_mut().remove(STATUS_URI);
                finishing.own(*answer)
            }
        }
    }
}
