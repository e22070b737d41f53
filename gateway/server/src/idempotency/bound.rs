//! A key that is bound to an operation which is about to begin, or runs here.

use std::fmt;
use std::sync::Arc;

use progress_core::operation::OperationId;
use ring::digest;
use tokio::sync::watch;

use super::keys::{Digest, Keys};

/// What contents are told apart by: their SHA-256 (IDK-02).
pub type Fingerprint = [u8; 32];

/// Keeps a key bound until it is dropped: at the end of its operation, once that is in the store, or if the
/// operation does not begin after all.
pub struct Hold {
    keys: Arc<Keys>,
    digest: Digest,
    stage: watch::Sender<Stage>,
}

/// What is known of the operation that a key is bound to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    /// It begins, or it runs.
    Open {
        /// Its id, once it is in the store.
        id: Option<OperationId>,
        /// That of its content, once all of that has come.
        fingerprint: Option<Fingerprint>,
    },
    /// It has ended, or it never began.
    Over,
}

/// Waits to learn more of the operation that a key is bound to.
#[derive(Clone)]
pub struct Bond(watch::Receiver<Stage>);

/// Hashes content while it goes by.
#[derive(Clone)]
pub struct Hasher(digest::Context);

// === impl Hold ===

impl Hold {
    pub(super) fn new(keys: &Arc<Keys>, digest: Digest) -> Self {
        let stage = watch::Sender::new(Stage::Open { id: None, fingerprint: None });
        Self { keys: Arc::clone(keys), digest, stage }
    }

    /// What the key is known by.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// That of the content, once all of it has come.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match *self.stage.borrow() {
            Stage::Open { fingerprint, .. } => fingerprint,
            Stage::Over => None,
        }
    }

    /// The operation is in the store.
    pub fn registered(&self, registered: OperationId) {
        self.stage.send_modify(|stage| {
            if let Stage::Open { id, .. } = stage {
                *id = Some(registered);
            }
        });
    }

    /// All content has come.
    pub fn received(&self, content: Fingerprint) {
        self.stage.send_modify(|stage| {
            if let Stage::Open { fingerprint, .. } = stage {
                *fingerprint = Some(content);
            }
        });
    }

    /// Where more is learnt of its operation.
    pub(super) fn bond(&self) -> Bond {
        Bond(self.stage.subscribe())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.keys.release(&self.digest);
        self.stage.send_replace(Stage::Over);
    }
}

/// The digest is nobody's business.
impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").finish_non_exhaustive()
    }
}

// === impl Bond ===

impl Bond {
    /// The operation, and what its content is known by, once all of that has come. `None`: it is over.
    pub async fn settled(mut self) -> Option<(OperationId, Fingerprint)> {
        let is_settled = |stage: &Stage| {
            !matches!(stage, Stage::Open { id: None, .. } | Stage::Open { fingerprint: None, .. })
        };
        match *self.0.wait_for(is_settled).await.ok()? {
            Stage::Open { id, fingerprint } => id.zip(fingerprint),
            Stage::Over => None,
        }
    }

    /// The operation, if it is in the store.
    pub fn id(&self) -> Option<OperationId> {
        match *self.0.borrow() {
            Stage::Open { id, .. } => id,
            Stage::Over => None,
        }
    }
}

// === impl Hasher ===

impl Hasher {
    /// Of no content yet.
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// The next piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// All of it.
    pub fn finish(self) -> Fingerprint {
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(self.0.finish().as_ref());
        fingerprint
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}
