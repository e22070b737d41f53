//! Octets of a record: fixed-width integers in network order, texts with their length before them.

use bytes::{BufMut, Bytes};
use jiff::Timestamp;

/// What is written, in order.
#[derive(Debug, Default)]
pub(super) struct Pen(pub(super) Vec<u8>);

/// What is still to be read. Every read is checked: nothing here can panic.
#[derive(Debug)]
pub(super) struct Eye(pub(super) Bytes);

// === impl Pen ===

impl Pen {
    pub(super) fn byte(&mut self, value: u8) {
        self.0.put_u8(value);
    }

    pub(super) fn short(&mut self, value: u16) {
        self.0.put_u16(value);
    }

    pub(super) fn long(&mut self, value: u64) {
        self.0.put_u64(value);
    }

    /// At most 4 GiB, which no caller comes near: longer octets would be cut, and then fail their check.
    pub(super) fn octets(&mut self, value: &[u8]) {
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        self.0.put_u32(length);
        self.0.put_slice(value);
    }

    pub(super) fn time(&mut self, value: Timestamp) {
        self.0.put_i64(value.as_second());
        self.0.put_i32(value.subsec_nanosecond());
    }

    /// A mark whether there is something, and then that.
    pub(super) fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.byte(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }
}

// === impl Eye ===

impl Eye {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = self.take(N)?;
        taken.as_ref().try_into().ok()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn short(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn long(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn octets(&mut self) -> Option<Bytes> {
        let length = self.array().map(u32::from_be_bytes)?;
        self.take(usize::try_from(length).ok()?)
    }

    pub(super) fn text(&mut self) -> Option<String> {
        String::from_utf8(self.octets()?.into()).ok()
    }

    pub(super) fn time(&mut self) -> Option<Timestamp> {
        let second = self.array().map(i64::from_be_bytes)?;
        let nanosecond = self.array().map(i32::from_be_bytes)?;
        Timestamp::new(second, nanosecond).ok()
    }

    /// The outer `None`: it cannot be read.
    #[expect(clippy::option_option, reason = "absent and unreadable are two things")]
    pub(super) fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.byte()? {
            0 => Some(None),
            1 => read(self).map(Some),
            _ => None,
        }
    }

    fn take(&mut self, octets: usize) -> Option<Bytes> {
        (octets <= self.0.len()).then(|| self.0.split_to(octets))
    }
}
