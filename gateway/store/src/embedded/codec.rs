//! A record as octets: written by hand, so that what is on disk is what this page says.
//!
//! ```text
//! version (1)  kind (1)  summary (35 to 99)  body ...  CRC-32 of the key and all before it (4)
//! ```
//!
//! The key is part of the checksum, so a record that turns up below another's key is found out too.
//! The summary is in front: opening a store reads it without the body.

mod body;
mod message;
mod wire;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use progress_core::document::Status;
use progress_core::operation::OperationId;

use self::wire::{Eye, Pen};
use super::spool::SpoolName;
use crate::Record;

/// The version of this encoding. It is part of every record, beside the store's schema version.
const VERSION: u8 = 1;

const RECORD: u8 = 1;
const TOMBSTONE: u8 = 2;

/// Octets of the checksum at the end.
const CHECKSUM: usize = 4;

/// Octets of a key.
pub(super) const KEY_SIZE: usize = 8 + OperationId::SIZE;

/// Where a record lies: its place in the order of acceptance, and its id. New records are neighbours,
/// so a group of them touches few pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) sequence: u64,
    pub(super) id: OperationId,
}

/// What is known of a row without its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) stage: Stage,
    /// Whose the operation is, or was.
    pub(super) owner: Option<[u8; 32]>,
    /// The digest of its key. A tombstone has none.
    pub(super) digest: Option<[u8; 32]>,
}

/// How far a row has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// An operation that has not ended.
    Running {
        /// Octets that its stored request takes.
        octets: u64,
    },
    /// One that has.
    Finished {
        /// How it ended.
        status: Status,
        /// When it expires, in milliseconds since 1970.
        expire: i64,
        /// Octets that its result takes.
        octets: u64,
        /// The file that holds its result.
        file: Option<SpoolName>,
    },
    /// What is left of an expired operation.
    Tombstone {
        /// Until then, in milliseconds since 1970.
        until: i64,
    },
}

/// The octets fail their checksum, or mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

// === impl Key ===

impl Key {
    pub(super) fn to_bytes(self) -> [u8; KEY_SIZE] {
        let mut bytes = [0; KEY_SIZE];
        bytes[..8].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[8..].copy_from_slice(self.id.as_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: [u8; KEY_SIZE]) -> Self {
        let (mut sequence, mut id) = ([0; 8], [0; OperationId::SIZE]);
        sequence.copy_from_slice(&bytes[..8]);
        id.copy_from_slice(&bytes[8..]);
        Self { sequence: u64::from_be_bytes(sequence), id: OperationId::from_random(id) }
    }
}

/// The octets of a record, and its summary.
pub(super) fn encode_record(key: Key, record: &Record) -> (Vec<u8>, Summary) {
    let summary = Summary::of(record);
    let mut pen = Pen::default();
    pen.byte(VERSION);
    pen.byte(RECORD);
    summary.write(&mut pen);
    body::write(&mut pen, record);
    (sealed(key, pen.0), summary)
}

/// The octets of a tombstone.
pub(super) fn encode_tombstone(key: Key, until: i64, owner: Option<[u8; 32]>) -> Vec<u8> {
    let mut pen = Pen::default();
    pen.byte(VERSION);
    pen.byte(TOMBSTONE);
    Summary { stage: Stage::Tombstone { until }, owner, digest: None }.write(&mut pen);
    sealed(key, pen.0)
}

/// Checks a row and reads its summary.
pub(super) fn summary(key: Key, row: &[u8]) -> Result<Summary, Unreadable> {
    // Only the front is copied: the scan of a large store reads every row.
    let checked = unsealed(key, row)?;
    let front = &checked[..checked.len().min(SUMMARY_END)];
    read_summary(&mut Eye(Bytes::copy_from_slice(front))).ok_or(Unreadable)
}

/// Checks a row and reads its record; `None` for a tombstone.
///
/// `results` is the directory of spooled results.
pub(super) fn decode_record(
    key: Key,
    row: &[u8],
    results: &Arc<Path>,
) -> Result<Option<(Record, Summary)>, Unreadable> {
    let mut eye = Eye(Bytes::copy_from_slice(unsealed(key, row)?));
    let summary = read_summary(&mut eye).ok_or(Unreadable)?;
    if matches!(summary.stage, Stage::Tombstone { .. }) {
        return Ok(None);
    }
    let record = body::read(&mut eye, (key.id, summary), results);
    let record = record.filter(|_| eye.0.is_empty()).ok_or(Unreadable)?;
    Ok(Some((record, summary)))
}

fn sealed(key: Key, mut octets: Vec<u8>) -> Vec<u8> {
    let checksum = checksum(key, &octets);
    octets.extend(checksum);
    octets
}

fn unsealed(key: Key, row: &[u8]) -> Result<&[u8], Unreadable> {
    let (octets, found) = row.split_last_chunk::<CHECKSUM>().ok_or(Unreadable)?;
    if checksum(key, octets) == *found { Ok(octets) } else { Err(Unreadable) }
}

fn checksum(key: Key, octets: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&key.to_bytes());
    hasher.update(octets);
    hasher.finalize().to_be_bytes()
}

// === impl Summary ===

/// Octets of a summary at most: status, time, octets, the name of a file, an owner and a digest, each of
/// the last two with a mark whether it is there.
const SUMMARY_SIZE: usize = 1 + 8 + 8 + SpoolName::SIZE + 2 * (1 + 32);

/// Where the summary ends at the latest.
const SUMMARY_END: usize = 2 + SUMMARY_SIZE;

/// In place of a status: the operation runs.
const RUNS: u8 = 0;

impl Summary {
    fn of(record: &Record) -> Self {
        let digest = record.key.map(|key| key.digest);
        Self { stage: Stage::of(record), owner: record.owner, digest }
    }

    fn write(self, pen: &mut Pen) {
        self.stage.write(pen);
        pen.maybe(self.owner, |pen, owner| pen.0.extend(owner));
        pen.maybe(self.digest, |pen, digest| pen.0.extend(digest));
    }
}

fn read_summary(eye: &mut Eye) -> Option<Summary> {
    Some(Summary { stage: read_stage(eye)?, owner: eye.maybe(Eye::array)?, digest: eye.maybe(Eye::array)? })
}

// === impl Stage ===

impl Stage {
    fn of(record: &Record) -> Self {
        let Some(expire) = record.times.expire else {
            return Self::Running { octets: record.sequel.room() };
        };
        let content = record.response.as_ref().map(|response| &response.content);
        Self::Finished {
            status: Status::of(&record.snapshot.phase),
            expire: milliseconds(expire),
            octets: content.map_or(0, crate::Content::room),
            file: content.and_then(crate::Content::file),
        }
    }

    /// The file that it names.
    pub(super) const fn file(self) -> Option<SpoolName> {
        match self {
            Self::Finished { file, .. } => file,
            Self::Running { .. } | Self::Tombstone { .. } => None,
        }
    }

    fn write(self, pen: &mut Pen) {
        let (status, time, octets, file) = match self {
            Self::Running { octets } => (RUNS, 0, octets, None),
            Self::Tombstone { until } => (RUNS, until, 0, None),
            Self::Finished { status, expire, octets, file } => (status_byte(status), expire, octets, file),
        };
        pen.byte(status);
        pen.long(time.cast_unsigned());
        pen.long(octets);
        pen.0.extend(file.map_or([0; SpoolName::SIZE], SpoolName::to_bytes));
    }
}

fn read_stage(eye: &mut Eye) -> Option<Stage> {
    let (version, kind) = (eye.byte()?, eye.byte()?);
    let (status, time, octets) = (eye.byte()?, eye.long()?.cast_signed(), eye.long()?);
    let file = SpoolName::from_bytes(eye.array()?);
    match (version, kind, status) {
        (VERSION, TOMBSTONE, RUNS) => Some(Stage::Tombstone { until: time }),
        (VERSION, RECORD, RUNS) => Some(Stage::Running { octets }),
        (VERSION, RECORD, status) => {
            let status = Status::ALL.into_iter().find(|word| status_byte(*word) == status)?;
            Some(Stage::Finished { status, expire: time, octets, file })
        }
        _ => None,
    }
}

/// Fixed for ever: these numbers are on disk.
const fn status_byte(status: Status) -> u8 {
    match status {
        Status::NotStarted => 1,
        Status::Running => 2,
        Status::Canceling => 3,
        Status::Succeeded => 4,
        Status::Failed => 5,
        Status::Canceled => 6,
    }
}

/// Whole milliseconds, rounded up: nothing expires before its time.
pub(super) fn milliseconds(time: Timestamp) -> i64 {
    let whole = time.as_millisecond();
    let rest = i64::from(time.subsec_nanosecond().rem_euclid(1_000_000) != 0);
    whole.saturating_add(rest)
}

#[cfg(test)]
mod tests;
