//! Named points within a write, where a test ends the process (G-01).
//!
//! Each is an event of `tracing` at the level TRACE that nobody listens to in service: then it costs one
//! relaxed load and a comparison.

/// What point events are targeted at; the field `point` has the name.
pub const TARGET: &str = "status_store::point";

/// A result lies in its file, and no record names it.
pub const SPOOLED: &str = "spooled";

/// A group of changes is about to be committed.
pub const COMMITTING: &str = "committing";

/// It is on disk, and nobody has been answered.
pub const COMMITTED: &str = "committed";

/// All points.
pub const ALL: [&str; 3] = [SPOOLED, COMMITTING, COMMITTED];

/// A write has come to the point of this name.
pub(super) fn passed(point: &'static str) {
    tracing::trace!(target: TARGET, point);
}
