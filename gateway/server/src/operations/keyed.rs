//! What the store keeps of requests that may be repeated.

use progress_core::operation::OperationId;
use status_store::{Amendment, Sequel, StatusStore};

use super::{OperationCell, Operations};
use crate::idempotency::Digest;
use crate::metrics::labels::StoreOperation;

impl Operations {
    /// The operation that the store has bound a key to (IDK-04).
    pub fn keyed(&self, digest: &Digest) -> Option<OperationId> {
        self.store.keyed(digest)
    }

    /// Notes what has become known of the request of an operation with a key, which was in the store before
    /// its content had come.
    pub async fn identify(&self, cell: &OperationCell) {
        let Some(id) = cell.id() else { return };
        let Some(fingerprint) = cell.take_fingerprint() else { return };
        let mut amendments = vec![Amendment::Fingerprint(fingerprint)];
        amendments.extend(cell.take_request().map(|request| Amendment::Sequel(Sequel::Resend(request))));
        for amendment in amendments {
            // Without it, whoever asks after a restart is told that it is not known.
            let _ = self.measured(StoreOperation::Amend, self.store.amend(id, amendment)).await;
        }
    }
}
