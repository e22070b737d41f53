//! What the store says of itself: its schema, its secret, and how often it was committed.

use std::path::Path;

use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

use super::engine::{Broken, Engine, Keeping, Site};
use super::error::OpenError;

/// The schema that this version writes. It covers the tables and what is beside them; each record also
/// has a version of its own.
pub(super) const SCHEMA: u32 = 1;

const TABLE: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("meta");
const SCHEMA_NAME: &str = "schema";
const SECRET_NAME: &str = "secret";
const COMMITS_NAME: &str = "commits";

/// Octets of the secret: a key for HMAC-SHA-256.
pub(super) const SECRET_SIZE: usize = 32;

/// See the module's documentation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) schema: u32,
    pub(super) secret: [u8; SECRET_SIZE],
    pub(super) commits: u64,
}

/// Brings a store one schema version forward.
pub(super) type Step = fn(&WriteTransaction) -> Result<(), redb::Error>;

/// The step at index `n` leads from version `n + 1` to `n + 2`. Version 1 is the first.
const STEPS: [Step; SCHEMA as usize - 1] = [];

/// A new secret.
pub(super) fn new_secret() -> Option<[u8; SECRET_SIZE]> {
    let mut secret = [0; SECRET_SIZE];
    getrandom::fill(&mut secret).ok()?;
    Some(secret)
}

/// Writes the settings of a new store.
pub(super) fn create(transaction: &WriteTransaction, secret: [u8; SECRET_SIZE]) -> Result<(), redb::Error> {
    put(transaction, SCHEMA_NAME, &SCHEMA.to_be_bytes())?;
    put(transaction, SECRET_NAME, &secret)?;
    put_commits(transaction, 1)
}

/// Writes how many commits there are with this one.
pub(super) fn put_commits(transaction: &WriteTransaction, commits: u64) -> Result<(), redb::Error> {
    put(transaction, COMMITS_NAME, &commits.to_be_bytes())
}

/// Reads the settings; `None` if one is missing or fails its checksum.
pub(super) fn read(transaction: &ReadTransaction) -> Result<Option<Meta>, redb::Error> {
    let table = transaction.open_table(TABLE)?;
    Ok((|| {
        let schema = u32::from_be_bytes(get(&table, SCHEMA_NAME)?);
        let (secret, commits) = (get(&table, SECRET_NAME)?, get(&table, COMMITS_NAME)?);
        Some(Meta { schema, secret, commits: u64::from_be_bytes(commits) })
    })())
}

/// Refuses a newer schema, and brings an older one forward (G-08).
pub(super) fn upgrade(engine: &Engine, found: Meta, site: &Site) -> Result<Meta, OpenError> {
    upgrade_by(&STEPS, engine, found, &site.directory)
}

/// All steps are one transaction with the new version number: done, or not begun.
pub(super) fn upgrade_by(
    steps: &[Step],
    engine: &Engine,
    found: Meta,
    directory: &Path,
) -> Result<Meta, OpenError> {
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX).saturating_add(1);
    if found.schema > known {
        return Err(OpenError::Newer { path: directory.to_owned(), found: found.schema, known });
    }
    let done = found.schema.checked_sub(1).and_then(|done| steps.get(done as usize..));
    let Some(steps) = done else {
        return Err(OpenError::damaged(directory, "its schema has version 0"));
    };
    if steps.is_empty() {
        return Ok(found);
    }
    let commits = found.commits + 1;
    let upgraded = engine.write(Keeping::Durable, |transaction| {
        steps.iter().try_for_each(|step| step(transaction))?;
        put(transaction, SCHEMA_NAME, &known.to_be_bytes())?;
        put_commits(transaction, commits)
    });
    if upgraded == Err(Broken) || !engine.disk().is_good() {
        let what = std::io::Error::other("its schema could not be brought forward");
        return Err(OpenError::disk(directory, what));
    }
    Ok(Meta { schema: known, commits, ..found })
}

fn put(transaction: &WriteTransaction, name: &'static str, value: &[u8]) -> Result<(), redb::Error> {
    let mut octets = value.to_vec();
    octets.extend(checksum(name, value));
    transaction.open_table(TABLE)?.insert(name, octets.as_slice())?;
    Ok(())
}

fn get<const N: usize>(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    name: &'static str,
) -> Option<[u8; N]> {
    let octets = table.get(name).ok()??;
    let (value, found) = octets.value().split_last_chunk::<4>()?;
    if checksum(name, value) == *found { value.try_into().ok() } else { None }
}

fn checksum(name: &str, value: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(name.as_bytes());
    hasher.update(value);
    hasher.finalize().to_be_bytes()
}
