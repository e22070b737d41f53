//! Why a store cannot be opened.

use std::io;
use std::path::{Path, PathBuf};

/// Why a store cannot be opened. The operator is to blame, or the operator's disk.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A second process (G-07).
    #[error(
        "the store in {path} is in use by another process: stop it, or give this one a store.path of its own"
    )]
    Locked {
        /// The store's directory.
        path: PathBuf,
    },
    /// A store of a later version (G-08).
    #[error(
        "the store in {path} was written by a newer gateway (schema {found}, this one knows up to {known}): \
         run that version, or give this one a store.path of its own"
    )]
    Newer {
        /// The store's directory.
        path: PathBuf,
        /// The schema version found.
        found: u32,
        /// The newest schema version that can be read.
        known: u32,
    },
    /// The store is not as it was left (G-06). Nothing in it was changed.
    #[error(
        "the store in {path} is damaged ({what}): put a backup in its place, \
         or move the directory away to begin with an empty store"
    )]
    Damaged {
        /// The store's directory.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The disk or its permissions.
    #[error("the store in {path} cannot be opened ({source}): check its permissions and its disk")]
    Disk {
        /// The store's directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No secret can be made.
    #[error("the operating system gives no random octets, so the store can keep no secret")]
    NoRandomness,
}

// === impl OpenError ===

impl OpenError {
    pub(super) fn disk(path: &Path, source: io::Error) -> Self {
        Self::Disk { path: path.to_owned(), source }
    }

    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }
}
