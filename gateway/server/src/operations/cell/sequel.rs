//! What an operation leaves to the next gateway, and what it takes over from an earlier one.

use std::sync::Arc;

use jiff::Timestamp;
use progress_core::operation::{Operation, Phase};
use status_store::{Record, Sequel, StoredRequest, clock};

use super::{Audience, Control, OperationCell, Registration};
use crate::operations::Beginning;

/// The operation of a record, taken over at a moment. Its revision is the microseconds of its life: fewer
/// changes than that were told of before, however often it has been taken over.
pub(in crate::operations) fn resumed(record: &Record, at: Timestamp) -> Operation {
    let age = at.duration_since(record.times.create);
    Operation::resumed(&record.snapshot, u64::try_from(age.as_micros()).unwrap_or(0))
}

impl OperationCell {
    /// An operation of an earlier gateway's that goes on. Nobody waits for it; what was cancelled is
    /// cancelled now.
    pub fn restored(record: &Record, beginning: Beginning) -> Arc<Self> {
        let cell = Self::new(beginning, record.times.create);
        let mut state = cell.state();
        state.operation = resumed(record, clock::now());
        state.times = record.times;
        state.registration = Registration::Done(record.id);
        state.audience = Audience::Gone;
        state.received = Some(tokio::time::Instant::now().into_std());
        state.control = (record.snapshot.phase == Phase::Canceling).then_some(Control::Cancel);
        drop(state);
        cell
    }

    /// Its request, received completely, may be sent again, unless its origin has said already that it
    /// works on without it.
    pub fn keep_request(&self, request: Arc<StoredRequest>) {
        self.state().sequel.get_or_insert_with(|| Box::new(Sequel::Resend(request)));
    }

    /// Its origin works on with no connection open, and calls back until then.
    pub fn entrust(&self, until: Timestamp) {
        self.state().sequel = Some(Box::new(Sequel::Call { until }));
    }

    /// Its request, if that may be sent again and the store is to be told so.
    pub fn take_request(&self) -> Option<Arc<StoredRequest>> {
        let mut state = self.state();
        match state.sequel.as_deref() {
            Some(Sequel::Resend(request)) => {
                let request = Arc::clone(request);
                state.sequel = None;
                Some(request)
            }
            _ => None,
        }
    }

    /// What becomes of it if the gateway ends now.
    pub fn sequel(&self) -> Sequel {
        self.state().sequel.as_deref().cloned().unwrap_or(Sequel::Interrupted)
    }
}
