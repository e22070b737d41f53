//! Requests for a running operation's document that are held until something happens.

use std::sync::Arc;
use std::task::{Context, Poll};

use downstream::{Alarm, Phase, Window};
use progress_core::exchange::{Course, Step, Terms};
use progress_core::prefer::Applied;

use super::Lookup;
use super::lookup::Asked;
use crate::account::Account;
use crate::exchange::{Saying, withheld};
use crate::metrics::Watching;
use crate::metrics::labels::Via;
use crate::operations::{OperationCell, Watcher};

/// A client that follows an operation by its status URI. The same course as that of the client
/// that began it, over a cell that exists already (DOC-06).
pub struct Held {
    course: Course,
    watcher: Watcher,
    alarm: Alarm,
    asked: Asked,
    until: Until,
    first_revision: u64,
    _watching: Watching,
}

/// How a request is held.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) terms: Terms,
    pub(super) until: Until,
    /// What is honoured by it (PRF-13).
    pub(super) applied: Applied,
}

/// What a held request waits for, besides its time being up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// The end of the operation.
    Finished,
    /// Any change (DOC-08).
    Changed,
}

impl Held {
    pub(super) fn new(cell: &Arc<OperationCell>, hold: Hold, mut asked: Asked) -> Self {
        asked.applied = hold.applied;
        let pulse = &asked.opening.pulse;
        let now = tokio::time::Instant::now().into_std();
        let via = if hold.terms.heads.is_some() { Via::Interim } else { Via::Poll };
        Self {
            course: Course::resubscribed(hold.terms, pulse.grid(), now),
            watcher: cell.watch(),
            alarm: pulse.alarm(),
            until: hold.until,
            first_revision: cell.snapshot().revision,
            _watching: asked.room.metrics.operations.watch(via),
            asked,
        }
    }

    /// What it says next; `None`: it is to be answered now.
    pub fn poll_saying(
        &mut self,
        cx: &mut Context<'_>,
        window: Window,
        account: &mut Account,
    ) -> Poll<Option<Saying>> {
        // Whatever comes next wakes the task from here on, also if a head is returned.
        self.watcher.register(cx);
        let now = tokio::time::Instant::now().into_std();
        let snapshot = self.watcher.cell().snapshot();
        let changed = self.until == Until::Changed && snapshot.revision != self.first_revision;
        let over = snapshot.is_finished() || changed;
        if over || self.asked.drain.poll_reached(Phase::Concluding, cx).is_ready() {
            return Poll::Ready(None);
        }
        if self.course.revision() != Some(snapshot.revision) {
            self.course.on_snapshot(&snapshot, now);
        }
        let step = self.course.poll_step(now, withheld(window));
        account.tally(self.course.take_tally());
        self.alarm.set(self.course.timeout(), cx);
        match step {
            Some(Step::Head(due)) => Poll::Ready(Some(Saying::of_due(due))),
            // A resubscribed course is registered: the other step is its time being up.
            Some(Step::Defer(_) | Step::Register) => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// The lookup that gives the answer.
    pub fn look_again(&self) -> Lookup {
        self.asked.clone().look_again()
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("course", &self.course).finish_non_exhaustive()
    }
}
