//! Results too long for a record: files beside the store.
//!
//! A file is a row of pieces, each with its length and checksum before it. It is written under a
//! temporary name, synced, renamed, and its directory is synced, before the record that names it is
//! committed. What no record names is removed when the store is opened.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::medium::Medium;
use crate::StoreError;

/// Octets of a piece at most: what a reader has in memory at a time.
const PIECE: usize = 64 * 1024;

/// Octets before each piece: its length and its checksum.
const HEAD: usize = 8;

/// The ending of a file that is not complete.
const UNDER_WAY: &str = "part";

/// A random name, unrelated to the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SpoolName([u8; 16]);

/// A result in a file, to be read in pieces.
#[derive(Debug)]
pub struct Spooled {
    directory: Arc<Path>,
    name: SpoolName,
    length: u64,
}

/// Reads a result from its beginning.
#[derive(Debug)]
pub struct SpoolReader {
    file: File,
    name: SpoolName,
    piece: u32,
    left: u64,
}

// === impl SpoolName ===

impl SpoolName {
    pub(crate) const SIZE: usize = 16;

    pub(super) fn random() -> Option<Self> {
        let mut bytes = [0; Self::SIZE];
        getrandom::fill(&mut bytes).ok()?;
        Self::from_bytes(bytes)
    }

    pub(super) const fn to_bytes(self) -> [u8; Self::SIZE] {
        self.0
    }

    /// All zero names nothing.
    pub(super) fn from_bytes(bytes: [u8; Self::SIZE]) -> Option<Self> {
        (bytes != [0; Self::SIZE]).then_some(Self(bytes))
    }

    fn file(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

// === impl Spooled ===

impl Spooled {
    pub(super) const fn new(directory: Arc<Path>, name: SpoolName, length: u64) -> Self {
        Self { directory, name, length }
    }

    /// Octets of the result.
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// Whether the result is empty.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Opens the file. Fails with [`StoreError::Missing`] if the operation has expired meanwhile.
    /// An open reader reads to the end, even past the operation's retention.
    pub fn open(&self) -> Result<SpoolReader, StoreError> {
        let file = File::open(self.path()).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::Missing,
            _ => StoreError::Unavailable,
        })?;
        Ok(SpoolReader { file, name: self.name, piece: 0, left: self.length })
    }

    pub(crate) const fn name(&self) -> SpoolName {
        self.name
    }

    fn path(&self) -> PathBuf {
        self.directory.join(self.name.file())
    }
}

// === impl SpoolReader ===

impl SpoolReader {
    /// The next piece, of at most 64 KiB, or `None` at the end. Blocks as long as the disk takes.
    ///
    /// Fails with [`StoreError::Corrupt`] at the first piece that is not as it was written, and with
    /// [`StoreError::Unavailable`] if the disk fails; then the rest cannot be had.
    pub fn next_piece(&mut self) -> Result<Option<Bytes>, StoreError> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut head = [0; HEAD];
        self.fill(&mut head)?;
        let [a, b, c, d, checksum @ ..] = head;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length == 0 || length > PIECE || length as u64 > self.left {
            return Err(StoreError::Corrupt);
        }
        let mut piece = BytesMut::zeroed(length);
        self.fill(&mut piece)?;
        if checksum_of(self.name, self.piece, &piece) != checksum {
            return Err(StoreError::Corrupt);
        }
        self.piece += 1;
        self.left -= length as u64;
        Ok(Some(piece.freeze()))
    }

    /// Octets that are still to be read.
    pub const fn left(&self) -> u64 {
        self.left
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), StoreError> {
        self.file.read_exact(out).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => StoreError::Corrupt,
            _ => StoreError::Unavailable,
        })
    }
}

/// Writes a result, durably, under a new name.
pub(super) fn write(directory: &Arc<Path>, pieces: &[Bytes], medium: &Medium) -> io::Result<Spooled> {
    let name = SpoolName::random().ok_or(io::ErrorKind::Other)?;
    let length = pieces.iter().map(|piece| piece.len() as u64).sum();
    let spooled = Spooled::new(Arc::clone(directory), name, length);
    let path = spooled.path();
    let part = path.with_extension(UNDER_WAY);
    let written = write_part(&part, name, pieces, medium)
        .and_then(|()| medium.rename(&part, &path))
        .and_then(|()| medium.sync(&File::open(directory)?));
    if let Err(error) = written {
        // Whatever is there, no record will name it.
        let _ = fs::remove_file(&part);
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok(spooled)
}

fn write_part(part: &Path, name: SpoolName, pieces: &[Bytes], medium: &Medium) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part)?;
    let mut offset = 0;
    let split = pieces.iter().flat_map(|piece| piece.chunks(PIECE));
    for (index, piece) in (0_u32..).zip(split) {
        let mut octets = Vec::with_capacity(HEAD + piece.len());
        let length = u32::try_from(piece.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        octets.extend(length.to_be_bytes());
        octets.extend(checksum_of(name, index, piece));
        octets.extend_from_slice(piece);
        medium.write_at(&file, offset, &octets)?;
        offset += octets.len() as u64;
    }
    medium.sync(&file)
}

fn checksum_of(name: SpoolName, piece: u32, octets: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&name.0);
    hasher.update(&piece.to_be_bytes());
    hasher.update(octets);
    hasher.finalize().to_be_bytes()
}

/// Removes a result whose record is gone. What cannot be removed now is removed at the next start.
pub(super) fn remove(directory: &Path, name: SpoolName) {
    if let Err(error) = fs::remove_file(directory.join(name.file()))
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "an expired result could not be removed");
    }
}

/// Removes the files that no record names. Returns how many there were.
pub(super) fn remove_orphans(directory: &Path, named: &HashSet<SpoolName>) -> io::Result<usize> {
    let named: HashSet<String> = named.iter().map(|name| name.file()).collect();
    let mut orphans = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if !entry.file_type()?.is_file() {
            continue;
        }
        if entry.file_name().to_str().is_none_or(|name| !named.contains(name)) {
            fs::remove_file(entry.path())?;
            orphans += 1;
        }
    }
    Ok(orphans)
}
