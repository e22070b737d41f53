//! What an exchange was promised, and what its course asks for.

use std::time::{Duration, Instant};

use crate::interim::InterimHead;
use crate::pacing::Cadence;
use crate::prefer::Applied;
use crate::progress::Reader;

/// What an exchange was promised when its request was matched with a route.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The heads it gets; `None`: it gets none.
    pub heads: Option<HeadTerms>,
    /// A response that is ready sooner than this after the complete request is just sent
    /// (LOC-01).
    pub register_after: Duration,
    /// When a 202 takes the place of the final response; `None`: never.
    pub deferral: Option<Deferral>,
}

/// How heads are written.
#[derive(Clone, Debug)]
pub struct HeadTerms {
    /// How labels are read: the form, and the languages (PRG-11, L10-01).
    pub reader: Reader,
    /// How often.
    pub cadence: Cadence,
    /// What `Preference-Applied` says on the first head (PRF-13).
    pub applied: Applied,
}

/// A 202 after a while.
#[derive(Clone, Copy, Debug)]
pub struct Deferral {
    /// How long after the complete request (PRF-06, PRF-07, V10-02).
    pub after: Duration,
    /// Why.
    pub because: Because,
    /// For who asked: at this instant at the latest, just before the operation's deadline (INT-19).
    pub latest: Option<Instant>,
}

/// Why a 202 goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// The client speaks HTTP/1.0.
    Http10,
    /// The client's `wait`, or the route's hold, is over.
    WaitElapsed,
    /// The route answers everybody so, or the budget of heads is spent.
    Policy,
    /// The operation's deadline is near.
    Deadline,
}

/// Why a head that is due does not go out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// The client does not read (INT-13).
    Stalled,
    /// An earlier head is not acknowledged (INT-18).
    Unacknowledged,
}

/// What is to be done.
#[derive(Debug)]
pub enum Step {
    /// Register the operation, then tell by `Course::on_registered`.
    Register,
    /// Send this head.
    Head(DueHead),
    /// Answer 202. The course is over.
    Defer(Because),
}

/// A head that is to go out now.
#[derive(Debug)]
pub struct DueHead {
    /// The head.
    pub head: InterimHead,
    /// Why it goes out.
    pub reason: Reason,
    /// When it was due.
    pub due: Instant,
    /// The time since the exchange's last head.
    pub gap: Option<Duration>,
}

/// Why a head goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The first head: the operation is registered.
    Accepted,
    /// There is news.
    Progress,
    /// There was silence.
    Heartbeat,
}

/// Heads that did not go out, by reason; taken by `Course::take_tally`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Newer news took the place of older.
    pub coalesced: u32,
    /// The client did not read.
    pub stalled: u32,
    /// An earlier head was not acknowledged.
    pub unacknowledged: u32,
    /// The budget was spent.
    pub budget: u32,
}
