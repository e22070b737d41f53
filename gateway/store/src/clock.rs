//! The wall clock, which only records carry. Everything that waits uses a monotonic clock.

use jiff::Timestamp;

/// The wall-clock time, in whole milliseconds: documents are not more exact than that.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn now() -> Timestamp {
    let now = Timestamp::try_from(std::time::SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH);
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
