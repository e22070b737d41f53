//! What is made of a request's content while it goes by: the operation learns of its end.

use std::sync::Arc;

use bytes::Bytes;
use downstream::Witness;

use super::OperationCell;
use super::copy::Copy;
use crate::idempotency::Hasher;

/// See the module's documentation.
pub struct Reception {
    cell: Arc<OperationCell>,
    /// The request, so that it can be sent again.
    copy: Option<Box<Copy>>,
    /// What the content is known by, if repetitions of it are recognized.
    hasher: Option<Box<Hasher>>,
}

impl Reception {
    /// Tells `cell` once all content has come, and hands it the copy, if one is taken.
    pub fn new(cell: &Arc<OperationCell>, copy: Option<Box<Copy>>) -> Self {
        let hasher = cell.is_keyed().then(Box::default);
        Self { cell: Arc::clone(cell), copy, hasher }
    }
}

impl Witness for Reception {
    fn piece(&mut self, piece: &Bytes) {
        if let Some(copy) = &mut self.copy
            && !copy.add(piece)
        {
            self.copy = None;
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.add(piece);
        }
    }

    fn complete(self: Box<Self>) {
        let Self { cell, copy, hasher } = *self;
        if let Some(copy) = copy {
            cell.keep_request(copy.whole());
        }
        if let Some(hasher) = hasher {
            cell.identify(hasher.finish());
        }
        cell.on_received(tokio::time::Instant::now().into_std());
    }
}
