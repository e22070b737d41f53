//! A second memory of how many transactions were committed.
//!
//! The database has two roots and falls back to the older one if the newer cannot be read. After a
//! crash that is right for a commit nobody was told of, and wrong for one that was acknowledged: a
//! flipped octet would silently undo it. The number here is written after each commit, without waiting
//! for the disk: it may be behind the database, never before it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// The name of the file.
const FILE: &str = "witness";

/// Octets of the file: the number, and its checksum.
const SIZE: usize = 12;

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Witness {
    file: File,
    seen: u64,
}

// === impl Witness ===

impl Witness {
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(directory.join(FILE))?;
        let mut found = [0; SIZE];
        // What is short or damaged saw nothing: a power cut may tear it.
        let whole = file.read_exact_at(&mut found, 0).is_ok();
        let (number, checksum) = found.split_at(8);
        let number = number.try_into().map_or(0, u64::from_be_bytes);
        let seen = if whole && checksum_of(number) == checksum { number } else { 0 };
        Ok(Self { file, seen })
    }

    /// Commits that were seen.
    pub(super) const fn seen(&self) -> u64 {
        self.seen
    }

    /// Notes that there are so many commits.
    pub(super) fn saw(&mut self, commits: u64) {
        self.seen = commits;
        let mut octets = [0; SIZE];
        octets[..8].copy_from_slice(&commits.to_be_bytes());
        octets[8..].copy_from_slice(&checksum_of(commits));
        // A witness that cannot write knows less; the commit itself is on disk.
        let _ = self.file.write_all_at(&octets, 0);
    }
}

fn checksum_of(number: u64) -> [u8; 4] {
    crc32fast::hash(&number.to_be_bytes()).to_be_bytes()
}
