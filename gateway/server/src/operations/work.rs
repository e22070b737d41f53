//! The task that carries an origin's answer into a cell.

mod content;

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use http::{HeaderMap, Response, StatusCode};
use progress_core::event::{Heard, Outcome, ProgressEvent};
use progress_core::interim::InterimHead;
use progress_core::operation::Applied;
use status_store::clock;
use tokio::time::{Instant, Sleep};

use super::cell::{Answer, Control, OperationCell};
use super::{Fault, Operations};
use crate::exchange::Timed;
use crate::forward;
use crate::metrics::Metrics;
use crate::metrics::labels::{EventKind, OutcomeLabel};
use crate::relay::{Relay, UPLOAD_RESUMPTION};
use crate::upstream::{Silence, UpstreamBody, UpstreamCall, UpstreamEvent};

/// Progress is noted in the store at most this often.
const CHECKPOINT: Duration = Duration::from_secs(2);

/// What a task works on.
pub struct Assignment {
    /// The operation.
    pub cell: Arc<OperationCell>,
    /// Its upstream's place in the configuration.
    pub upstream: usize,
    /// How long it may take in all (INT-19).
    pub deadline: Duration,
    /// How long the origin may be silent; `None`: for ever.
    pub stall_timeout: Option<Duration>,
    /// Octets of a result that is kept.
    pub maximum_result: u64,
    /// Which of the origin's heads are relayed.
    pub relay: Relay,
    /// Where it is registered.
    pub operations: Arc<Operations>,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
}

/// Begins the work in a task of its own: it outlives the connection that asked for it. `call` is
/// the call of the operation's origin.
pub fn begin(assignment: Assignment, call: UpstreamCall) {
    // Boxed: a future that is handed on by value takes its room twice, in every held request.
    let call = Box::new(call);
    tokio::spawn(async move { assignment.run(Box::pin(assignment.work(call))).await });
}

/// Why work ended without the origin's whole response.
enum Cut {
    Control(Control),
    Fault(Fault),
}

// === impl Assignment ===

impl Assignment {
    /// Runs the work to its end. Should it panic, the client is told, and the operation has failed.
    async fn run(&self, work: impl Future<Output = Option<OutcomeLabel>>) {
        let began = Instant::now();
        let outcome = match AssertUnwindSafe(work).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(_) => Box::pin(self.cut(Cut::Fault(Fault::INTERNAL))).await,
        };
        if let Some(outcome) = outcome {
            self.metrics.route(Some(self.cell.route)).operations.ended(outcome, began.elapsed());
        }
    }

    /// What it does only once, at the end, is boxed: until then the task only waits.
    async fn work(&self, call: Box<UpstreamCall>) -> Option<OutcomeLabel> {
        let ends = Instant::now() + self.deadline;
        let mut deadline = pin!(tokio::time::sleep_until(ends));
        let response = match self.response(call, deadline.as_mut()).await {
            Ok(response) => response,
            Err(cut) => return Box::pin(self.cut(cut)).await,
        };
        self.hear_last(response.headers());
        if self.cell.is_recorded() {
            return Box::pin(self.record(response, deadline)).await;
        }
        let body = |body: UpstreamBody| body.ending_by(Some(ends.into_std())).silent_for(self.stall_timeout);
        self.cell.answer(Answer::Direct(Box::new(response.map(body))));
        None
    }

    /// Waits for the final head; what comes before it becomes events.
    async fn response(
        &self,
        mut call: Box<UpstreamCall>,
        mut deadline: Pin<&mut Sleep>,
    ) -> Result<Response<UpstreamBody>, Cut> {
        let timed = Timed::new(&self.metrics, self.upstream);
        let mut silence = Silence::new(self.stall_timeout);
        let mut checkpoint = Instant::now() + CHECKPOINT;
        loop {
            let event = poll_fn(|cx| {
                if let Poll::Ready(cut) = self.poll_cut(deadline.as_mut(), cx) {
                    return Poll::Ready(Err(cut));
                }
                self.poll_origin(&mut call, &mut silence, cx)
            })
            .await?;
            match event {
                UpstreamEvent::Response(response) => {
                    timed.took();
                    return Ok(response);
                }
                UpstreamEvent::Informational(status, fields) => self.hear(status, fields),
            }
            if Instant::now() >= checkpoint {
                Box::pin(self.operations.checkpoint(&self.cell)).await;
                checkpoint = Instant::now() + CHECKPOINT;
            }
        }
    }

    fn poll_origin(
        &self,
        call: &mut UpstreamCall,
        silence: &mut Silence,
        cx: &mut Context<'_>,
    ) -> Poll<Result<UpstreamEvent, Cut>> {
        if !self.cell.has_relay_room() {
            silence.broken();
            return Poll::Pending;
        }
        if let Poll::Ready(event) = call.poll_event(cx) {
            silence.broken();
            return Poll::Ready(event.map_err(|error| Cut::Fault(Fault::of(&error))));
        }
        // An origin that has not got the whole request is not silent: it listens.
        if self.cell.received().is_none() || !call.is_connected() {
            silence.broken();
        }
        silence.poll_too_long(cx).map(|()| Err(Cut::Fault(Fault::STALLED)))
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

    /// Applies what one head says, and counts it as one event, whatever it is made of.
    fn take_in(&self, heard: Heard) {
        let mut kind = EventKind::Heartbeat;
        if let Some(error) = heard.invalid {
            kind = EventKind::Invalid;
            tracing::debug!(%error, route = %self.cell.route_name, "an origin's Progress is ignored");
        }
        for event in heard.events {
            let is_report = event != ProgressEvent::Heartbeat;
            let applied = self.cell.apply(event, clock::now());
            kind = match (kind, applied) {
                (EventKind::Invalid, _) => EventKind::Invalid,
                (EventKind::Regressed, _) | (_, Applied::Regressed) => EventKind::Regressed,
                _ if is_report => EventKind::Progress,
                (kind, _) => kind,
            };
        }
        self.metrics.route(Some(self.cell.route)).operations.event(kind);
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
                self.cell.identity().map(|_| OutcomeLabel::Failed)
            }
        }
    }
}

#[cfg(test)]
mod tests;
