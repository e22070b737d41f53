//! The task that carries an origin's answer into a cell.

mod content;
mod waiting;

use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt;
use http::{HeaderMap, Response, StatusCode};
use jiff::Timestamp;
use progress_core::event::{Heard, Outcome, ProgressEvent};
use progress_core::interim::InterimHead;
use progress_core::operation::{Applied, Phase};
use status_store::clock;
use tokio::time::Sleep;

use super::cell::{Answer, Control, OperationCell, Receipt};
use super::{Fault, Listed, Operations};
use crate::forward;
use crate::metrics::Metrics;
use crate::metrics::labels::{EventKind, OutcomeLabel};
use crate::relay::{Relay, UPLOAD_RESUMPTION};
use crate::upstream::{UpstreamBody, UpstreamCall};
use waiting::Waiting;

/// What a task works on.
pub struct Assignment {
    /// The operation.
    pub cell: Arc<OperationCell>,
    /// Its upstream's place in the configuration.
    pub upstream: usize,
    /// How long it may take from now on (INT-19).
    pub deadline: Duration,
    /// How old it is already: it may have begun under an earlier gateway.
    pub age: Duration,
    /// How long the origin may be silent; `None`: for ever.
    pub stall_timeout: Option<Duration>,
    /// Octets of a result that is kept.
    pub maximum_result: u64,
    /// Which of the origin's heads are relayed.
    pub relay: Relay,
    /// Its place among those that the origin may call back about, if it may.
    pub listed: Option<Listed>,
    /// Where it is registered.
    pub operations: Arc<Operations>,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
}

/// Begins the work in a task of its own: it outlives the connection that asked for it. `call` is
/// the call of the operation's origin; `None`: the origin has been asked before, and will call back.
pub fn begin(assignment: Assignment, call: Option<UpstreamCall>) {
    tokio::spawn(Work::Waiting(Waiting::new(assignment, call)));
}

/// The work of one operation. Written by hand, because each held request has one: the future of an
/// `async fn` keeps whatever it is handed by value twice.
#[expect(clippy::large_enum_variant, reason = "the large one is the usual one: it has the task to itself")]
enum Work {
    /// Until the origin answers it only waits.
    Waiting(Waiting),
    /// Boxed: it happens once.
    Ending(Pin<Box<dyn Future<Output = ()> + Send>>),
    Over,
}

/// Why work ended without the origin's whole response.
enum Cut {
    Control(Control),
    Fault(Fault),
}

// === impl Work ===

impl Future for Work {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Self::Waiting(waiting) = &mut *self {
            let polled = catch_unwind(AssertUnwindSafe(|| waiting.poll(cx)));
            let end = ready!(polled.unwrap_or(Poll::Ready(Err(Cut::Fault(Fault::INTERNAL)))));
            if let Self::Waiting(waiting) = mem::replace(&mut *self, Self::Over) {
                *self = Self::Ending(Box::pin(waiting.end(end)));
            }
        }
        let Self::Ending(ending) = &mut *self else { return Poll::Ready(()) };
        ending.as_mut().poll(cx)
    }
}

impl Waiting {
    async fn end(self, end: Result<Response<UpstreamBody>, Cut>) {
        let Self { assignment, began, deadline, call, receipt, .. } = self;
        // The origin is let go at once, however long the end takes to be stored.
        drop(call);
        let outcome = assignment.guard(assignment.conclude(end, deadline)).await;
        if let Some(receipt) = receipt {
            // Nobody is told that it was taken before it is in the store.
            assignment.cell.over().await;
            // Who brought the response may have left.
            let _ = receipt.send(assignment.receipt(outcome));
        }
        if let Some(outcome) = outcome {
            let operations = &assignment.metrics.route(Some(assignment.cell.route)).operations;
            operations.ended(outcome, began.elapsed());
        }
    }
}

// === impl Assignment ===

impl Assignment {
    /// Should `work` panic, the client is told, and the operation has failed.
    async fn guard(&self, work: impl Future<Output = Option<OutcomeLabel>>) -> Option<OutcomeLabel> {
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(_) => self.cut(Cut::Fault(Fault::INTERNAL)).await,
        }
    }

    /// Does with the origin's final head, or without one, what is to be done.
    async fn conclude(
        &self,
        end: Result<Response<UpstreamBody>, Cut>,
        mut deadline: Pin<Box<Sleep>>,
    ) -> Option<OutcomeLabel> {
        let response = match end {
            Ok(response) => response,
            Err(cut) => return self.cut(cut).await,
        };
        self.hear_last(response.headers());
        // Before anything of it is told.
        self.operations.identify(&self.cell).await;
        if self.cell.is_recorded() {
            return self.record(response, deadline.as_mut()).await;
        }
        let ends = deadline.deadline();
        self.cell.answer(Answer::Direct(Box::new(response.map(|body| self.bounded(body, ends)))));
        None
    }

    /// Content that is passed on as it comes keeps to the operation's deadline, and is not silent for long.
    fn bounded(&self, body: UpstreamBody, ends: tokio::time::Instant) -> UpstreamBody {
        body.ending_by(Some(ends.into_std())).silent_for(self.stall_timeout)
    }

    fn poll_cut(&self, deadline: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<Cut> {
        if let Poll::Ready(control) = self.cell.poll_control(cx) {
            return Poll::Ready(Cut::Control(control));
        }
        deadline.poll(cx).map(|()| Cut::Fault(Fault::DEADLINE))
    }

    /// One interim head of the origin's.
    fn hear(&self, status: StatusCode, fields: HeaderMap) {
        if status.as_u16() == UPLOAD_RESUMPTION {
            self.cell.on_upload();
        }
        if status == StatusCode::PROCESSING {
            self.take_in(Heard::in_processing(&fields));
        } else if self.relay.permits(status) {
            let mut fields = fields;
            forward::clean_interim(status, &mut fields);
            self.metrics.route(Some(self.cell.route)).operations.event(EventKind::Relayed);
            self.cell.relay(InterimHead { status, fields });
        }
    }

    /// The final head may carry a last `Progress` (PRG-16).
    fn hear_last(&self, fields: &HeaderMap) {
        let mut heard = Heard::in_processing(fields);
        heard.events.retain(|event| matches!(event, ProgressEvent::Progress(_)));
        if heard.invalid.is_some() || !heard.events.is_empty() {
            self.take_in(heard);
        }
    }

    fn take_in(&self, heard: Heard) {
        take_in(&self.cell, &self.metrics, heard);
    }

    /// The origin works on and will call back, at the latest at `deadline`: that is what goes on should
    /// the gateway end. Returns the same moment on the wall's clock.
    fn entrust(&self, deadline: tokio::time::Instant) -> Timestamp {
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        let until = clock::now().checked_add(left).unwrap_or(Timestamp::MAX);
        self.cell.entrust(until);
        until
    }

    /// Whether a delivered response has become the outcome, or was passed on without a record.
    fn receipt(&self, outcome: Option<OutcomeLabel>) -> Receipt {
        let snapshot = self.cell.snapshot();
        match (outcome, &snapshot.phase) {
            (None, _) | (_, Phase::Finished(Outcome::Responded(_))) => Receipt::Taken,
            _ => Receipt::Refused,
        }
    }

    /// There is no response to be had.
    async fn cut(&self, cut: Cut) -> Option<OutcomeLabel> {
        match cut {
            Cut::Control(Control::Abandon) => {
                self.operations.abandon(&self.cell).await;
                None
            }
            Cut::Control(Control::Cancel) => {
                self.operations.finish(&self.cell, Outcome::Canceled, None).await;
                self.cell.answer(Answer::Canceled);
                Some(OutcomeLabel::Canceled)
            }
            Cut::Fault(fault) => {
                self.operations.finish(&self.cell, Outcome::Failed(fault.failure()), None).await;
                self.cell.answer(Answer::Failed(fault));
                self.cell.id().map(|_| OutcomeLabel::Failed)
            }
        }
    }
}

/// Applies what one head, or one callback, says, and counts it as one event, whatever it is made of.
/// Refused: the operation is over.
pub fn take_in(cell: &OperationCell, metrics: &Metrics, heard: Heard) -> Applied {
    let mut kind = EventKind::Heartbeat;
    let mut last = Applied::Unchanged;
    if let Some(error) = heard.invalid {
        kind = EventKind::Invalid;
        tracing::debug!(%error, route = %cell.route_name, "an origin's Progress is ignored");
    }
    for event in heard.events {
        let is_report = event != ProgressEvent::Heartbeat;
        last = cell.apply(event, clock::now());
        kind = match (kind, last) {
            (EventKind::Invalid, _) => EventKind::Invalid,
            (EventKind::Regressed, _) | (_, Applied::Regressed) => EventKind::Regressed,
            _ if is_report => EventKind::Progress,
            (kind, _) => kind,
        };
    }
    metrics.route(Some(cell.route)).operations.event(kind);
    last
}

#[cfg(test)]
mod tests;
