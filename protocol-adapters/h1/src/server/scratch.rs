//! Buffers of the thread: a connection that waits owns none (architecture 7).

use std::cell::Cell;

/// What one read may bring: all of the slot between a connection and a request's content.
pub(super) const READ_SIZE: usize = 64 * 1024;

/// A buffer that grew beyond this is not kept.
const KEPT_SIZE: usize = 64 * 1024;

thread_local! {
    static READING: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
    static WRITING: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Calls `read` with a buffer of [`READ_SIZE`] octets.
pub(super) fn with_reading<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    // Taken out rather than borrowed: a transport that reads within a read gets one of its own.
    let mut buffer = READING.take().unwrap_or_else(|| vec![0; READ_SIZE].into_boxed_slice());
    let result = read(&mut buffer);
    READING.set(Some(buffer));
    result
}

/// An empty buffer to write from.
pub(super) fn take_writing() -> Vec<u8> {
    WRITING.take()
}

/// Gives a buffer back once it has been written.
pub(super) fn give_writing(mut buffer: Vec<u8>) {
    if (1..=KEPT_SIZE).contains(&buffer.capacity()) {
        buffer.clear();
        WRITING.set(buffer);
    }
}
