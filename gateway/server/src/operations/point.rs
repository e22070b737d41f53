//! Named points in an operation's life: where a test ends the process, to see what is left of what was
//! promised (G-01).
//!
//! Each is an event of `tracing` at the level TRACE that nobody listens to in service: then it costs one
//! relaxed load and a comparison.

use crate::metrics::labels::StoreOperation;

/// What point events are targeted at.
pub const TARGET: &str = "progress_gateway::point";

/// The field of a point event that names its point.
pub const FIELD: &str = "point";

/// A point: before and after each write, and before and after whatever a client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// A new operation is about to be stored.
    Accepting,
    /// It is stored, and nobody has heard of it.
    Accepted,
    /// The first head, or the 202, is about to be handed to the wire.
    Announcing,
    /// The wire has taken it.
    Announced,
    /// A running operation's state is about to be noted.
    Checkpointing,
    /// It is noted.
    Checkpointed,
    /// What becomes of an operation after a restart, or what it is recognized by, is about to be changed.
    Amending,
    /// It is changed.
    Amended,
    /// Somebody who may is about to cancel an operation.
    Canceling,
    /// It is told to stop, and nobody has been answered.
    Canceled,
    /// An outcome is about to be stored.
    Finishing,
    /// It is stored, and nobody has heard of it.
    Finished,
    /// The final response is about to be handed to the wire.
    Answering,
    /// The wire has taken the last of it.
    Answered,
    /// A finished operation is about to be forgotten.
    Forgetting,
    /// It is forgotten, and nobody has been answered.
    Forgotten,
}

/// A life has come to `point`.
pub fn passed(point: Point) {
    tracing::trace!(target: TARGET, point = point.name());
}

/// The store is about to be asked for something.
pub fn before(operation: StoreOperation) {
    if let Some((point, _)) = Point::around(operation) {
        passed(point);
    }
}

/// The store has answered, and nobody has been told.
pub fn after(operation: StoreOperation) {
    if let Some((_, point)) = Point::around(operation) {
        passed(point);
    }
}

// === impl Point ===

impl Point {
    /// All points, in the order of a life.
    pub const ALL: [Self; 16] = [
        Self::Accepting,
        Self::Accepted,
        Self::Announcing,
        Self::Announced,
        Self::Checkpointing,
        Self::Checkpointed,
        Self::Amending,
        Self::Amended,
        Self::Canceling,
        Self::Canceled,
        Self::Finishing,
        Self::Finished,
        Self::Answering,
        Self::Answered,
        Self::Forgetting,
        Self::Forgotten,
    ];

    /// The points before and after a write to the store.
    const fn around(operation: StoreOperation) -> Option<(Self, Self)> {
        match operation {
            StoreOperation::Accept => Some((Self::Accepting, Self::Accepted)),
            StoreOperation::Checkpoint => Some((Self::Checkpointing, Self::Checkpointed)),
            StoreOperation::Finish => Some((Self::Finishing, Self::Finished)),
            StoreOperation::Forget => Some((Self::Forgetting, Self::Forgotten)),
            StoreOperation::Amend => Some((Self::Amending, Self::Amended)),
            StoreOperation::Find | StoreOperation::Sweep => None,
        }
    }

    /// Its name, as events spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepting => "accepting",
            Self::Accepted => "accepted",
            Self::Announcing => "announcing",
            Self::Announced => "announced",
            Self::Checkpointing => "checkpointing",
            Self::Checkpointed => "checkpointed",
            Self::Amending => "amending",
            Self::Amended => "amended",
            Self::Canceling => "canceling",
            Self::Canceled => "canceled",
            Self::Finishing => "finishing",
            Self::Finished => "finished",
            Self::Answering => "answering",
            Self::Answered => "answered",
            Self::Forgetting => "forgetting",
            Self::Forgotten => "forgotten",
        }
    }
}
