//! Buffers of the thread for ciphertext.

use std::cell::Cell;
use std::io::IoSlice;

/// Octets that are read at a time, those of a record under way included. Above the largest record,
/// and the largest client message that makes sense.
const READ_SIZE: usize = 32 * 1024;

/// Octets of content that are sealed and sent at a time: two full records.
pub(super) const WRITE_SIZE: usize = 32 * 1024;

/// What sealing adds: some 30 octets a record, and a change of keys.
const SEALS: usize = 1024;

thread_local! {
    static READING: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
    static SEALED: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
    static GATHERED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Calls `read` with a buffer to read into.
pub(super) fn with_reading<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    with(&READING, READ_SIZE, read)
}

/// Calls `seal` with a buffer for the records of [`WRITE_SIZE`] octets.
pub(super) fn with_sealed<T>(seal: impl FnOnce(&mut [u8]) -> T) -> T {
    with(&SEALED, WRITE_SIZE + SEALS, seal)
}

/// Calls `write` with the first [`WRITE_SIZE`] octets of `parts`, one behind the other.
pub(super) fn with_gathered<T>(parts: &[IoSlice<'_>], write: impl FnOnce(&[u8]) -> T) -> T {
    let mut gathered = GATHERED.take();
    gathered.clear();
    for part in parts {
        let room = WRITE_SIZE - gathered.len();
        gathered.extend_from_slice(&part[..part.len().min(room)]);
    }
    let result = write(&gathered);
    GATHERED.set(gathered);
    result
}

fn with<T>(
    buffer: &'static std::thread::LocalKey<Cell<Option<Box<[u8]>>>>,
    size: usize,
    call: impl FnOnce(&mut [u8]) -> T,
) -> T {
    // Taken out rather than borrowed: TLS within TLS gets one of its own.
    let mut taken = buffer.take().unwrap_or_else(|| vec![0; size].into_boxed_slice());
    let result = call(&mut taken);
    buffer.set(Some(taken));
    result
}
