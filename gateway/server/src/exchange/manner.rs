//! How the client of one exchange is dealt with.

use std::sync::Arc;

use progress_core::exchange::Because;
use progress_core::prefer::Applied;

use crate::answer::Finishing;
use crate::config::OnDisconnect;
use crate::created::Created;
use crate::metrics::Metrics;
use crate::metrics::labels::Downgrade;
use crate::operations::Operations;
use crate::status::Rendering;

/// How the client of one exchange is dealt with.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Where operations are registered.
    pub operations: Arc<Operations>,
    /// Where things are counted.
    pub metrics: Arc<Metrics>,
    /// How final responses are completed.
    pub finishing: Finishing,
    /// What is honoured by a 202.
    pub accepted_applied: Applied,
    /// How its status documents are written.
    pub rendering: Rendering,
    /// Interim heads that it may get in all.
    pub maximum_heads: Option<u32>,
    /// How the first head names the status document.
    pub naming: Naming,
    /// What the client asked for.
    pub asking: Asking,
    /// Whether it gets heads.
    pub audience: Audience,
    /// What becomes of the operation if it leaves.
    pub on_disconnect: OnDisconnect,
    /// Where a resource is noted that the operation makes; `None`: its origin cannot call back.
    pub creating: Option<Box<Creating>>,
}

/// What is needed to watch a resource that the origin says it has created (CRE-03).
#[derive(Clone, Debug)]
pub struct Creating {
    /// The resources that are watched.
    pub created: Arc<Created>,
    /// The server's name as the request had it.
    pub host: Box<str>,
}

/// How the first head names the status document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// By `Location`.
    Location,
    /// By `Link`: the request is part of a resumable upload (LOC-04).
    Link,
    /// Not at all: the client has asked for nothing.
    Nowhere,
}

/// What a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// `processing` or `progress`.
    ForHeads,
    /// `respond-async` alone.
    ForAsync,
    /// Neither.
    ForNothing,
}

/// Whether an exchange gets heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// It does.
    Heads,
    /// It does not.
    Silence,
}

/// Why a 202 took the place of the final response, for the metric.
pub(super) fn downgrade(because: Because) -> Downgrade {
    match because {
        Because::Http10 => Downgrade::Http10,
        Because::WaitElapsed => Downgrade::WaitElapsed,
        Because::Policy => Downgrade::Policy,
        Because::Deadline => Downgrade::Deadline,
    }
}
