//! Requests that wait for an operation which another request has begun: for a resource whose content is
//! still being made (CRE-03), and repetitions of a request (IDK-03). Their clients follow the operation; then
//! the origin is asked, or they get what it has ended in.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use downstream::{Alarm, DrainWatch, Phase, Pulse, Window};
use http::Response;
use progress_core::exchange::{Course, Step, Terms};
use progress_core::interim::Monitor;
use progress_core::prefer::Applied;

use super::manner::downgrade;
use super::{Plain, Saying, withheld};
use crate::account::Account;
use crate::answer::{Finishing, Told};
use crate::content::Content;
use crate::metrics::labels::{Downgrade, Mode, Via};
use crate::metrics::{Metrics, Watching};
use crate::operations::point::{self, Point};
use crate::operations::{Identity, OperationCell, Watcher};
use crate::status::{Rendering, View};

/// A client that waits for an operation. Like one that follows it by its status URI, but what it gets in the
/// end is no document.
pub struct Awaited {
    course: Course,
    watcher: Watcher,
    alarm: Alarm,
    /// What the connection's beats are counted from.
    grid: Instant,
    stay: Stay,
    drain: DrainWatch,
    watching: Option<Watching>,
    stage: Stage,
}

/// How the client of one exchange is dealt with while it waits.
#[derive(Debug)]
pub struct Stay {
    /// What it was promised.
    pub terms: Terms,
    /// The names of the operation; `None`: they are not for this client.
    pub identity: Option<Identity>,
    /// How responses of ours are completed.
    pub finishing: Finishing,
    /// What is honoured by a 202.
    pub accepted_applied: Applied,
    /// How status documents are written for it.
    pub rendering: Rendering,
    /// Where things are counted.
    pub metrics: Arc<Metrics>,
}

/// Says what is done once the operation is over; it is told how many interim heads the client has got.
pub type PassOn = Box<dyn FnOnce(u32) -> After + Send>;

/// What is done once the operation is over.
pub enum After {
    /// The origin is asked.
    Origin(Box<Plain>),
    /// What it has ended in is looked up.
    Record(Ending),
}

/// Brings what an operation has ended in.
pub type Ending = Pin<Box<dyn Future<Output = Response<Content>> + Send>>;

enum Stage {
    /// The operation runs; then this is to be done.
    Held(Option<PassOn>),
    /// This is being done.
    Passed(After),
}

// === impl Awaited ===

impl Awaited {
    /// Follows the operation of `cell`, then passes the request on.
    pub fn new(
        cell: &Arc<OperationCell>,
        stay: Stay,
        pass_on: PassOn,
        (pulse, drain): (&Pulse, DrainWatch),
    ) -> Self {
        let via = if stay.terms.heads.is_some() { Via::Interim } else { Via::Poll };
        let mut course = Course::new(stay.terms.clone());
        course.on_received(tokio::time::Instant::now().into_std());
        Self {
            course,
            watcher: cell.watch(),
            alarm: pulse.alarm(),
            grid: pulse.grid(),
            watching: Some(stay.metrics.operations.watch(via)),
            stay,
            drain,
            stage: Stage::Held(Some(pass_on)),
        }
    }

    /// What it says next.
    pub fn poll_saying(
        &mut self,
        cx: &mut Context<'_>,
        window: Window,
        account: &mut Account,
    ) -> Poll<Saying> {
        loop {
            match &mut self.stage {
                Stage::Passed(after) => {
                    let saying = match after {
                        After::Origin(plain) => ready!(plain.poll_saying(cx, window, account)),
                        After::Record(ending) => Saying::Final(ready!(ending.as_mut().poll(cx)), Mode::Plain),
                    };
                    return Poll::Ready(self.complete(saying));
                }
                Stage::Held(pass_on) if self.watcher.cell().snapshot().is_finished() => {
                    let Some(pass_on) = pass_on.take() else { return Poll::Pending };
                    self.watching = None;
                    self.alarm.set(None, cx);
                    self.stage = Stage::Passed(pass_on(account.heads()));
                }
                Stage::Held(_) => {
                    // If there is nothing to be said, it has ended since.
                    if let Some(saying) = ready!(self.poll_held(cx, window, account)) {
                        return Poll::Ready(saying);
                    }
                }
            }
        }
    }

    /// Whether it only waits for the operation.
    pub fn is_waiting(&self) -> bool {
        matches!(self.stage, Stage::Held(_))
    }

    /// What a client that is held is told next; `None`: look again, the operation has ended.
    fn poll_held(
        &mut self,
        cx: &mut Context<'_>,
        window: Window,
        account: &mut Account,
    ) -> Poll<Option<Saying>> {
        // Whatever comes next wakes the task from here on, also if a head is returned.
        self.watcher.register(cx);
        let now = tokio::time::Instant::now().into_std();
        let snapshot = self.watcher.cell().snapshot();
        if snapshot.is_finished() {
            return Poll::Ready(None);
        }
        if self.drain.poll_reached(Phase::Concluding, cx).is_ready() {
            return Poll::Ready(Some(self.accepted(Downgrade::Drain).unwrap_or_else(|| self.draining())));
        }
        if self.course.revision() != Some(snapshot.revision) {
            self.course.on_snapshot(&snapshot, now);
        }
        let said = loop {
            match self.course.poll_step(now, withheld(window)) {
                Some(Step::Register) => {
                    let is_upload = self.watcher.cell().is_upload();
                    let monitor = |identity: &Identity| {
                        if is_upload {
                            return Monitor::Link(identity.link());
                        }
                        Monitor::Location(identity.location.clone())
                    };
                    let monitor = self.stay.identity.as_ref().map(monitor);
                    self.course.on_registered(monitor, self.grid, now);
                }
                Some(Step::Head(due)) => break Some(Saying::of_due(due)),
                Some(Step::Defer(because)) => break self.accepted(downgrade(because)),
                None => break None,
            }
        };
        account.tally(self.course.take_tally());
        self.alarm.set(self.course.timeout(), cx);
        said.map_or(Poll::Pending, |said| Poll::Ready(Some(said)))
    }

    /// A 202 with the document of the operation: the resource can be asked for when that is over.
    fn accepted(&self, reason: Downgrade) -> Option<Saying> {
        let Stay { identity, finishing, accepted_applied, rendering, metrics, .. } = &self.stay;
        let identity = identity.as_ref()?;
        let view = View::of_cell(self.watcher.cell(), identity);
        let document = rendering.document(&view);
        let response = finishing.accepted(document, identity, accepted_applied);
        metrics.operations.downgraded(reason);
        point::passed(Point::Announcing);
        let mode = if accepted_applied.respond_async { Mode::Async } else { Mode::Downgraded };
        Some(Saying::Final(response, mode))
    }

    fn draining(&self) -> Saying {
        let mode = if self.course.has_spoken() { Mode::Interim } else { Mode::Plain };
        Saying::Final(self.stay.finishing.draining(), mode)
    }

    /// Adds to the origin's response what a client that was held is told.
    fn complete(&self, saying: Saying) -> Saying {
        let Saying::Final(mut response, mode) = saying else { return saying };
        let has_spoken = self.course.has_spoken();
        let told = Told {
            identity: self.stay.identity.clone(),
            snapshot: has_spoken.then(|| self.watcher.cell().snapshot()),
            reader: self.stay.rendering.reader().clone(),
            applied: self.course.applied(),
        };
        told.complete(response.headers_mut());
        Saying::Final(response, if has_spoken { Mode::Interim } else { mode })
    }
}

impl std::fmt::Debug for Awaited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Awaited").field("course", &self.course).finish_non_exhaustive()
    }
}
