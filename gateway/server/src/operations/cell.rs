//! The latest state of one operation, for everyone who has to do with it.

mod callback;
mod key;
mod registration;
mod sequel;
mod watcher;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use http::Response;
use jiff::Timestamp;
use progress_core::document::{RequestSummary, Times};
use progress_core::event::{Outcome, ProgressEvent};
use progress_core::interim::InterimHead;
use progress_core::operation::{Applied, Operation, OperationId, Snapshot};
use status_store::Sequel;

use super::{Beginning, Fault, RecordingReader};
use crate::owners::{Owner, Place};
use crate::upstream::UpstreamBody;

use callback::Line;
pub use callback::Receipt;
pub(super) use callback::{Called, Delivered};
use key::Key;
pub(super) use key::Unnoted;
pub(super) use sequel::resumed;
use watcher::Watchers;
pub use watcher::{News, Watcher};

/// Interim heads of the origin's that wait to be relayed; then the origin is not read on (FWD-11).
const MAX_RELAYS: usize = 64;

/// One operation. Shared by the exchange that began it, the task that works on it, and watchers.
#[derive(Debug)]
#[repr(C)]
pub struct OperationCell {
    // First, because most who look at a cell look at nothing but the beginning of this.
    state: Mutex<State>,
    /// The route's place in the configuration.
    pub route: usize,
    /// The route's name.
    pub route_name: Arc<str>,
    /// The request.
    pub request: Arc<RequestSummary>,
    /// Whose it is; `None`: its URI is a capability.
    pub owner: Option<Owner>,
}

/// What the client that waits for an operation is to get. Taken once.
#[derive(Debug)]
pub enum Answer {
    /// The origin's response as it comes: the operation was never registered.
    Direct(Box<Response<UpstreamBody>>),
    /// The origin's `201`, as it comes: the operation goes on (CRE-03).
    Created(Box<Response<UpstreamBody>>),
    /// The origin's response, by way of its recording.
    Recorded(Response<RecordingReader>),
    /// There is no final response.
    Failed(Fault),
    /// The operation was cancelled.
    Canceled,
}

/// How long an origin took to its final head: an extension of the response that is handed over, so
/// that an operation that waits has no place for it.
#[derive(Clone, Copy, Debug)]
pub struct OriginTook(pub Duration);

/// What the task that works on an operation is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Somebody who may wants it cancelled.
    Cancel,
    /// Nobody can ever ask for it: its client left before it had heard of the operation.
    Abandon,
}

/// In this order: a heartbeat looks at the watchers, and at nothing else.
#[derive(Debug)]
#[repr(C)]
struct State {
    watchers: Watchers,
    operation: Operation,
    times: Times,
    /// The end while it is being stored: nobody is shown it yet, and nothing changes any more.
    ending: Option<Box<(Operation, Times)>>,
    registration: Registration,
    /// Boxed like the end: until there is one, the operation only waits.
    answer: Option<Box<Answer>>,
    relays: VecDeque<InterimHead>,
    received: Option<Instant>,
    task: Option<Waker>,
    audience: Audience,
    upload: Upload,
    control: Option<Control>,
    /// Given back when it is over.
    place: Option<Box<Place>>,
    /// There if the origin may call back.
    line: Option<Box<Line>>,
    /// What becomes of it if the gateway ends, unless it is interrupted. Boxed, because it is rarely there.
    sequel: Option<Box<Sequel>>,
    /// There if repetitions of its request are recognized, until it is over.
    key: Option<Box<Key>>,
}

/// Whether the client that began the operation still waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    Waiting,
    Gone,
}

/// Whether the origin treats the request as part of a resumable upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upload {
    No,
    Resumable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Registration {
    /// The response may still come soon enough to be just sent.
    Open,
    /// It is being registered: its response is recorded, and its end waits.
    Begun,
    /// It is registered under this id.
    Done(OperationId),
    /// The response came first, or the store has no room.
    Closed,
}

// === impl Answer ===

impl Answer {
    /// How long the origin took; `None`: it has not answered.
    pub fn origin_took(&self) -> Option<Duration> {
        let extensions = match self {
            Self::Direct(response) | Self::Created(response) => response.extensions(),
            Self::Recorded(response) => response.extensions(),
            Self::Failed(_) | Self::Canceled => return None,
        };
        extensions.get().map(|OriginTook(elapsed)| *elapsed)
    }
}

// === impl OperationCell ===

impl OperationCell {
    /// An operation that has just begun.
    pub fn new(beginning: Beginning, now: Timestamp) -> Arc<Self> {
        let Beginning { route, route_name, request, owner, place } = beginning;
        let state = State {
            operation: Operation::new(),
            times: Times { create: now, update: now, end: None, expire: None },
            ending: None,
            registration: Registration::Open,
            answer: None,
            relays: VecDeque::new(),
            audience: Audience::Waiting,
            upload: Upload::No,
            received: None,
            control: None,
            watchers: Watchers::default(),
            task: None,
            place,
            line: None,
            sequel: None,
            key: None,
        };
        Arc::new(Self { route, route_name, request, owner, state: Mutex::new(state) })
    }

    /// Its id, once it is registered.
    pub fn id(&self) -> Option<OperationId> {
        match self.state().registration {
            Registration::Done(id) => Some(id),
            Registration::Open | Registration::Begun | Registration::Closed => None,
        }
    }

    /// The latest state.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(self.state().operation.snapshot())
    }

    /// How many changes there have been.
    pub fn revision(&self) -> u64 {
        self.state().operation.snapshot().revision
    }

    /// The latest state with its times, both of one moment.
    pub fn shown(&self) -> (Arc<Snapshot>, Times) {
        let state = self.state();
        (Arc::clone(state.operation.snapshot()), state.times)
    }

    /// When the request had been received completely, if it has.
    pub fn received(&self) -> Option<Instant> {
        self.state().received
    }

    /// The request has been received completely.
    pub fn on_received(&self, now: Instant) {
        let mut state = self.state();
        if state.received.is_none() {
            state.received = Some(now);
            state.wake_watchers();
        }
    }

    /// Takes the answer for the waiting client, if it is there.
    pub fn take_answer(&self) -> Option<Answer> {
        self.state().answer.take().map(|answer| *answer)
    }

    /// Takes the next head to be relayed.
    pub fn next_relay(&self) -> Option<InterimHead> {
        let mut state = self.state();
        let relay = state.relays.pop_front();
        if relay.is_some() {
            state.wake_task();
        }
        relay
    }

    /// The client that began the operation waits no more: nothing is relayed from now on.
    pub fn leave(&self) {
        let mut state = self.state();
        state.audience = Audience::Gone;
        state.relays.clear();
        state.answer = None;
        state.wake_task();
    }

    /// Nobody can ever ask for the operation: the task stops.
    pub fn abandon(&self) {
        let mut state = self.state();
        state.control.get_or_insert(Control::Abandon);
        state.wake_task();
    }

    /// Somebody who may wants it cancelled. Returns the state at this moment. It is too late once
    /// the end is being stored: a state after it would have the revision of the end.
    pub fn cancel(&self) -> Arc<Snapshot> {
        let mut state = self.state();
        if state.ending.is_some() || state.operation.snapshot().is_finished() {
            return Arc::clone(state.operation.snapshot());
        }
        state.operation.cancel();
        state.control.get_or_insert(Control::Cancel);
        state.wake_watchers();
        state.wake_task();
        Arc::clone(state.operation.snapshot())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave the state half changed: each change is whole before the next.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The side of the task.
impl OperationCell {
    /// Ready once the task has to stop.
    pub fn poll_control(&self, cx: &Context<'_>) -> Poll<Control> {
        let mut state = self.state();
        if let Some(control) = state.control {
            return Poll::Ready(control);
        }
        match &mut state.task {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// The origin sent a `104`: the request is part of a resumable upload (LOC-04).
    pub fn on_upload(&self) {
        self.state().upload = Upload::Resumable;
    }

    /// Whether the origin has sent a `104`.
    pub fn is_upload(&self) -> bool {
        self.state().upload == Upload::Resumable
    }

    /// The origin reported something.
    pub fn apply(&self, event: ProgressEvent, now: Timestamp) -> Applied {
        let mut state = self.state();
        if state.ending.is_some() {
            return Applied::Refused;
        }
        let applied = state.operation.apply(event);
        if applied != Applied::Refused {
            state.times.update = now;
        }
        if matches!(applied, Applied::Changed | Applied::Regressed) {
            state.wake_watchers();
        }
        applied
    }

    /// Whether there is room for another head to relay; the task is woken when there is.
    pub fn has_relay_room(&self) -> bool {
        self.state().relays.len() < MAX_RELAYS
    }

    /// Adds a head to relay. The caller has asked for room.
    pub fn relay(&self, head: InterimHead) {
        let mut state = self.state();
        if state.audience == Audience::Waiting {
            state.relays.push_back(head);
            state.wake_watchers();
        }
    }

    /// The final head is there: is its content to be recorded? If not, it is too late to register.
    pub fn is_recorded(&self) -> bool {
        let mut state = self.state();
        if state.registration == Registration::Open {
            state.registration = Registration::Closed;
        }
        matches!(state.registration, Registration::Begun | Registration::Done(_))
    }

    /// Ready unless registration is under way: an end must know whether it is to be stored.
    pub fn poll_settled(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.registration == Registration::Begun {
            state.task = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// The waiting client can be answered.
    pub fn answer(&self, answer: Answer) {
        let mut state = self.state();
        if state.audience == Audience::Waiting {
            state.answer = Some(Box::new(answer));
            state.wake_watchers();
        }
    }

    /// Fixes the end, for the store: from now on nothing changes. `None`: it is over already.
    pub fn end(&self, outcome: Outcome, at: Timestamp) -> Option<Arc<Snapshot>> {
        let mut state = self.state();
        if state.ending.is_some() {
            return None;
        }
        let mut operation = state.operation.clone();
        if operation.finish(outcome) == Applied::Refused {
            return None;
        }
        let times = Times { update: at, end: Some(at), ..state.times };
        let snapshot = Arc::clone(operation.snapshot());
        state.ending = Some(Box::new((operation, times)));
        Some(snapshot)
    }

    /// The end is stored, until `expire`: now everybody is shown it.
    pub fn finished(&self, expire: Option<Timestamp>) {
        let mut state = self.state();
        let _over = (state.place.take(), state.key.take());
        if let Some(ending) = state.ending.take() {
            let (operation, times) = *ending;
            state.operation = operation;
            state.times = Times { expire, ..times };
            state.wake_watchers();
        }
    }
}

impl State {
    fn wake_watchers(&mut self) {
        self.watchers.wake();
    }

    fn wake_task(&mut self) {
        if let Some(waker) = self.task.take() {
            waker.wake();
        }
    }
}
