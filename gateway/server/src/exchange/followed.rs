//! Requests behind which stands an operation: their clients hear of it by heads, by a 202, or both.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use downstream::{Alarm, DrainWatch, Phase, Window};
use http::Response;
use progress_core::exchange::{Course, Step};
use progress_core::interim::{InterimHead, Monitor};

use super::manner::{Asking, Audience, Creating, Manner, Naming, downgrade};
use super::{Saying, withheld};
use crate::account::Account;
use crate::answer::{OPERATION_LOCATION, Told};
use crate::config::OnDisconnect;
use crate::content::Content;
use crate::created::{Asked, Place};
use crate::metrics::Watching;
use crate::metrics::labels::{Downgrade, Mode, Suppressed, Via};
use crate::operations::point::{self, Point};
use crate::operations::{Answer, Fault, Identity, News, OperationCell, Watcher};
use crate::status::View;
use crate::upstream::UpstreamBody;

/// A client that waits for an operation.
pub struct Followed {
    course: Course,
    watcher: Watcher,
    alarm: Alarm,
    /// What the connection's beats are counted from.
    grid: Instant,
    manner: Manner,
    registering: Option<Registering>,
    drain: DrainWatch,
    watching: Option<Watching>,
    stage: Stage,
    knowledge: Knowledge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Answered,
}

/// Whether everything that the operation's cell says has been taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knowledge {
    Stale,
    /// It has, and the task is woken at the next change of it, and when the gateway ends.
    Current,
}

type Registering = Pin<Box<dyn Future<Output = Option<Identity>> + Send>>;

// === impl Followed ===

impl Followed {
    /// Follows the operation of `cell` on a connection whose beats `alarm` is part of.
    pub fn new(
        course: Course,
        cell: &Arc<OperationCell>,
        pulse: &downstream::Pulse,
        manner: Manner,
        drain: DrainWatch,
    ) -> Self {
        Self {
            course,
            watcher: cell.watch(),
            alarm: pulse.alarm(),
            grid: pulse.grid(),
            manner,
            registering: None,
            drain,
            watching: None,
            stage: Stage::Waiting,
            knowledge: Knowledge::Stale,
        }
    }

    /// What it says next.
    pub fn poll_saying(
        &mut self,
        cx: &mut Context<'_>,
        window: Window,
        account: &mut Account,
    ) -> Poll<Saying> {
        if self.watcher.register(cx) == News::Perhaps {
            self.knowledge = Knowledge::Stale;
        }
        let now = tokio::time::Instant::now().into_std();
        self.poll_registration(cx, now, account);
        if self.knowledge == Knowledge::Stale {
            if let Some(head) = self.relay(now, window, account) {
                return Poll::Ready(Saying::relayed(head));
            }
            // While it is being registered its answer waits: it is told with its names, and the store's answer
            // is waited for here, where nobody looks again once there is a final response.
            if self.registering.is_none()
                && let Some(answer) = self.cell().take_answer()
            {
                account.origin_took(answer.origin_took());
                return Poll::Ready(self.answer(answer));
            }
        }
        if self.poll_ending(cx).is_ready() {
            return self.poll_conclude(cx, account);
        }
        if self.knowledge == Knowledge::Stale {
            self.take_in(now);
            if window == Window::Open {
                self.knowledge = Knowledge::Current;
            }
        }
        let said = loop {
            match self.course.poll_step(now, withheld(window)) {
                Some(Step::Register) => self.register(cx, now, account),
                Some(Step::Head(due)) => break Some(Saying::of_due(due)),
                Some(Step::Defer(because)) => break self.accepted(downgrade(because)),
                None => break None,
            }
        };
        account.tally(self.course.take_tally());
        self.alarm.set(self.course.timeout(), cx);
        said.map_or(Poll::Pending, Poll::Ready)
    }

    /// Whether the last call of `poll_saying` has left nothing to be asked for before the next wake.
    pub fn is_waiting(&self) -> bool {
        self.knowledge == Knowledge::Current
    }

    fn poll_ending(&mut self, cx: &Context<'_>) -> Poll<()> {
        match self.knowledge {
            Knowledge::Stale => self.drain.poll_reached(Phase::Concluding, cx),
            Knowledge::Current if self.drain.reached(Phase::Concluding) => Poll::Ready(()),
            Knowledge::Current => Poll::Pending,
        }
    }

    fn cell(&self) -> &Arc<OperationCell> {
        self.watcher.cell()
    }

    fn identity(&self) -> Option<Identity> {
        self.manner.operations.identity(self.cell())
    }

    /// Feeds what has happened to the course.
    fn take_in(&mut self, now: Instant) {
        if let Some(received) = self.cell().received() {
            self.course.on_received(received);
        }
        let snapshot = self.cell().snapshot();
        if self.course.revision() != Some(snapshot.revision) {
            self.course.on_snapshot(&snapshot, now);
        }
    }

    /// The next of the origin's heads that may go on (FWD-01).
    fn relay(&mut self, now: Instant, window: Window, account: &mut Account) -> Option<InterimHead> {
        if window != Window::Open {
            return None;
        }
        while let Some(head) = self.cell().next_relay() {
            if self.manner.maximum_heads.is_none_or(|maximum| self.course.heads() < maximum) {
                self.course.on_relayed(now);
                return Some(head);
            }
            account.withheld(Suppressed::Budget);
        }
        None
    }

    /// Registers the operation. If the response came first there is nothing to register: its
    /// answer is on its way.
    fn register(&mut self, cx: &mut Context<'_>, now: Instant, account: &mut Account) {
        if let Some(identity) = self.identity() {
            return self.on_registered(Some(identity), now, account);
        }
        let cell = Arc::clone(self.cell());
        if cell.begin_registration() {
            let operations = Arc::clone(&self.manner.operations);
            self.registering = Some(Box::pin(async move { operations.register(&cell).await }));
            self.poll_registration(cx, now, account);
        }
    }

    fn poll_registration(&mut self, cx: &mut Context<'_>, now: Instant, account: &mut Account) {
        let Some(registering) = &mut self.registering else { return };
        let Poll::Ready(identity) = registering.as_mut().poll(cx) else { return };
        self.registering = None;
        self.knowledge = Knowledge::Stale;
        self.on_registered(identity, now, account);
    }

    fn on_registered(&mut self, identity: Option<Identity>, now: Instant, account: &mut Account) {
        let naming = if self.cell().is_upload() { Naming::Link } else { self.manner.naming };
        let monitor = identity.map(|identity| {
            account.operation(identity.id);
            match naming {
                Naming::Location | Naming::Nowhere => Monitor::Location(identity.location),
                Naming::Link => Monitor::Link(identity.link()),
            }
        });
        if self.manner.audience == Audience::Heads && monitor.is_some() {
            self.watching = Some(self.manner.metrics.operations.watch(Via::Interim));
        }
        self.course.on_registered(monitor, self.grid, now);
    }

    // --- final responses ---

    fn answer(&mut self, answer: Answer) -> Saying {
        let (response, mode) = match answer {
            Answer::Direct(response) => (self.of_origin((*response).map(Content::Origin)), self.mode()),
            Answer::Created(response) => (self.of_created(*response), self.mode()),
            Answer::Recorded(response) => (self.of_origin(response.map(Content::Recorded)), self.mode()),
            Answer::Failed(fault) => (self.of_fault(&fault), self.mode()),
            Answer::Canceled => (self.of_fault(&Fault::CANCELED), self.mode()),
        };
        self.stage = Stage::Answered;
        if self.cell().id().is_some() {
            point::passed(Point::Answering);
        }
        Saying::Final(response, mode)
    }

    fn of_origin(&self, response: Response<Content>) -> Response<Content> {
        let mut response = self.manner.finishing.origin(response);
        self.told().complete(response.headers_mut());
        response
    }

    /// A `201` whose content is still being made: from the moment at which its client hears of it, the
    /// resource is watched.
    fn of_created(&self, response: Response<UpstreamBody>) -> Response<Content> {
        let Manner { operations, creating, .. } = &self.manner;
        if let Some(Creating { created, host }) = creating.as_deref() {
            let asked = Asked { request: &self.cell().request, host, base: operations.origin().base() };
            if let Some(place) = Place::created(response.headers(), asked) {
                created.watch(place, self.cell());
            }
        }
        let mut response = self.of_origin(response.map(Content::Origin));
        if let Some(identity) = self.identity() {
            response.headers_mut().insert(OPERATION_LOCATION, identity.location);
        }
        point::passed(Point::Announcing);
        response
    }

    fn of_fault(&self, fault: &Fault) -> Response<Content> {
        let identity = self.identity();
        let uri = identity.as_ref().map(|identity| identity.uri.as_str());
        let mut response = self.manner.finishing.fault(fault, uri);
        self.told().complete(response.headers_mut());
        response
    }

    /// What its final response is told with: nothing to who has not asked for heads and got none.
    fn told(&self) -> Told {
        let hears = self.manner.asking == Asking::ForHeads || self.course.has_spoken();
        Told {
            identity: self.identity().filter(|_| self.manner.naming != Naming::Nowhere),
            snapshot: hears.then(|| self.cell().snapshot()),
            reader: self.manner.rendering.reader().clone(),
            applied: self.course.applied(),
        }
    }

    fn mode(&self) -> Mode {
        if self.course.has_spoken() { Mode::Interim } else { Mode::Plain }
    }

    /// The gateway ends: a 202 for who asked for heads or a 202, else an honest 503 (interface
    /// section 8). Nobody is cut over to a 202 before its request was received (DOC-13).
    fn poll_conclude(&mut self, cx: &mut Context<'_>, account: &mut Account) -> Poll<Saying> {
        if self.manner.asking != Asking::ForNothing && self.cell().received().is_some() {
            let now = tokio::time::Instant::now().into_std();
            if self.cell().id().is_none() && self.registering.is_none() {
                self.register(cx, now, account);
            }
            if self.registering.is_some() {
                return Poll::Pending;
            }
            if let Some(saying) = self.accepted(Downgrade::Drain) {
                return Poll::Ready(saying);
            }
        }
        self.stage = Stage::Answered;
        if !self.course.has_announced() && !self.cell().is_keyed() {
            self.cell().abandon();
        }
        Poll::Ready(Saying::Final(self.manner.finishing.draining(), self.mode()))
    }

    /// A 202, if the operation is registered.
    fn accepted(&mut self, reason: Downgrade) -> Option<Saying> {
        let identity = self.identity()?;
        let view = View::of_cell(self.cell(), &identity);
        if view.is_finished() {
            // Its answer is on its way.
            return None;
        }
        let document = self.manner.rendering.document(&view);
        let response = self.manner.finishing.accepted(document, &identity, &self.manner.accepted_applied);
        self.stage = Stage::Answered;
        self.manner.metrics.operations.downgraded(reason);
        point::passed(Point::Announcing);
        let asked = self.manner.accepted_applied.respond_async;
        Some(Saying::Final(response, if asked { Mode::Async } else { Mode::Downgraded }))
    }
}

/// The client left, or has its answer. Leaving is what tells the operation that nobody listens
/// any more (architecture section 4.7, DOC-09).
impl Drop for Followed {
    fn drop(&mut self) {
        let cell = self.cell();
        cell.leave();
        // Who has sent a key will come back for it.
        if self.stage == Stage::Answered || cell.is_keyed() {
            return;
        }
        match self.manner.on_disconnect {
            OnDisconnect::Continue if self.course.has_announced() => {}
            OnDisconnect::Cancel if self.course.has_announced() => drop(cell.cancel()),
            _ => cell.abandon(),
        }
    }
}

impl std::fmt::Debug for Followed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Followed").field("course", &self.course).finish_non_exhaustive()
    }
}
