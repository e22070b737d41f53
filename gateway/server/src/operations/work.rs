//! The task that carries an origin's answer into a cell.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use downstream::BodyError;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use progress_core::event::{Failure, Heard, Outcome, ProgressEvent, ResponseSummary};
use progress_core::interim::InterimHead;
use progress_core::operation::Applied;
use status_store::{Content, StoredResponse, clock};
use tokio::time::{Instant, Sleep};

use super::cell::{Answer, Control, Fault, OperationCell, recordable};
use super::{Operations, Recording};
use crate::exchange::Timed;
use crate::forward;
use crate::metrics::Metrics;
use crate::metrics::labels::{EventKind, OutcomeLabel};
use crate::relay::Relay;
use crate::upstream::{UpstreamBody, UpstreamCall, UpstreamError, UpstreamEvent};

/// Content up to this length is stored before the final head goes out (interface section 8).
const STORED_FIRST: u64 = 64 * 1024;

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
    tokio::spawn(assignment.work(call));
}

/// Why work ended without the origin's whole response.
enum Cut {
    Control(Control),
    Fault(Fault),
}

// === impl Assignment ===

impl Assignment {
    async fn work(self, call: UpstreamCall) {
        let began = Instant::now();
        let mut deadline = pin!(tokio::time::sleep_until(began + self.deadline));
        let outcome = match self.response(call, deadline.as_mut()).await {
            Ok(response) if self.cell.is_recorded() => self.record(response, deadline).await,
            Ok(response) => {
                self.cell.answer(Answer::Direct(Box::new(response)));
                return;
            }
            Err(cut) => self.cut(cut).await,
        };
        if let Some(outcome) = outcome {
            self.metrics.route(Some(self.cell.route)).operations.ended(outcome, began.elapsed());
        }
    }

    /// Waits for the final head; what comes before it becomes events.
    async fn response(
        &self,
        mut call: UpstreamCall,
        mut deadline: Pin<&mut Sleep>,
    ) -> Result<Response<UpstreamBody>, Cut> {
        let timed = Timed::new(&self.metrics, self.upstream);
        let mut stall = self.stall_timeout.map(|limit| (limit, Box::pin(tokio::time::sleep(limit))));
        let mut checkpoint = Instant::now() + CHECKPOINT;
        loop {
            let event = poll_fn(|cx| {
                if let Poll::Ready(cut) = self.poll_cut(deadline.as_mut(), cx) {
                    return Poll::Ready(Err(cut));
                }
                if !self.cell.has_relay_room() {
                    return Poll::Pending;
                }
                if let Poll::Ready(event) = call.poll_event(cx) {
                    return Poll::Ready(event.map_err(|error| Cut::Fault(Fault::of(&error))));
                }
                let stalled = stall.as_mut().is_some_and(|(_, sleep)| sleep.as_mut().poll(cx).is_ready());
                if stalled { Poll::Ready(Err(Cut::Fault(Fault::STALLED))) } else { Poll::Pending }
            })
            .await?;
            match event {
                UpstreamEvent::Response(response) => {
                    timed.took();
                    return Ok(response);
                }
                UpstreamEvent::Informational(status, fields) => self.hear(status, fields),
            }
            if let Some((limit, sleep)) = &mut stall {
                sleep.as_mut().reset(Instant::now() + *limit);
            }
            if Instant::now() >= checkpoint {
                self.operations.checkpoint(&self.cell).await;
                checkpoint = Instant::now() + CHECKPOINT;
            }
        }
    }

    fn poll_cut(&self, deadline: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<Cut> {
        if let Poll::Ready(control) = self.cell.poll_control(cx) {
            return Poll::Ready(Cut::Control(control));
        }
        deadline.poll(cx).map(|()| Cut::Fault(Fault::DEADLINE))
    }

    /// One interim head of the origin's.
    fn hear(&self, status: StatusCode, fields: HeaderMap) {
        let events = &self.metrics.route(Some(self.cell.route)).operations;
        if status == StatusCode::PROCESSING {
            let heard = Heard::in_processing(&fields);
            if let Some(error) = heard.invalid {
                events.event(EventKind::Invalid);
                tracing::debug!(%error, route = %self.cell.route_name, "an origin's Progress is ignored");
            }
            for event in heard.events {
                let kind = kind_of(&event);
                let regressed = self.cell.apply(event, clock::now()) == Applied::Regressed;
                events.event(if regressed { EventKind::Regressed } else { kind });
            }
        } else if self.relay.permits(status) {
            let mut fields = fields;
            forward::clean_interim(status, &mut fields);
            events.event(EventKind::Relayed);
            self.cell.relay(InterimHead { status, fields });
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
                self.cell.answer(Answer::Canceled);
                self.operations.finish(&self.cell, Outcome::Canceled, None).await;
                Some(OutcomeLabel::Canceled)
            }
            Cut::Fault(fault) => {
                self.operations.finish(&self.cell, Outcome::Failed(fault.failure()), None).await;
                self.cell.answer(Answer::Failed(fault));
                self.cell.identity().map(|_| OutcomeLabel::Failed)
            }
        }
    }

    /// Records the response: short content before its head is passed on, long content meanwhile.
    async fn record(
        &self,
        response: Response<UpstreamBody>,
        mut deadline: Pin<&mut Sleep>,
    ) -> Option<OutcomeLabel> {
        let (parts, mut body) = response.into_parts();
        let recording = Recording::new(self.maximum_result);
        let mut reader = Some(recording.reader(body.size_hint().exact()));
        let mut held: Option<Bytes> = None;
        let end = loop {
            let frame = match self.next_frame(&mut body, &recording, deadline.as_mut()).await {
                Ok(frame) => frame,
                Err(cut) => break Err(cut),
            };
            let Some(frame) = frame else { break Ok(None) };
            match frame.into_data() {
                // The last piece waits for the store: until it comes the response is not complete.
                Ok(piece) => held.replace(piece).into_iter().for_each(|piece| self.push(&recording, piece)),
                Err(frame) => break Ok(frame.into_trailers().ok()),
            }
            if recording.length() > STORED_FIRST
                && let Some(reader) = reader.take()
            {
                self.cell.answer(Answer::Recorded(Response::from_parts(parts.clone(), reader)));
            }
        };
        let trailers = match end {
            Ok(trailers) => trailers,
            Err(cut) => return self.broke_off(cut, &recording, reader.is_some()).await,
        };
        if let Some(piece) = held {
            self.push(&recording, piece);
        }
        let outcome = self.store(&parts, &recording).await;
        recording.end(Ok(trailers));
        if let Some(reader) = reader {
            self.cell.answer(Answer::Recorded(Response::from_parts(parts, reader)));
        }
        Some(outcome)
    }

    fn push(&self, recording: &Recording, piece: Bytes) {
        recording.push(piece, |octets| self.operations.reserve(octets));
    }

    async fn next_frame(
        &self,
        body: &mut UpstreamBody,
        recording: &Recording,
        mut deadline: Pin<&mut Sleep>,
    ) -> Result<Option<http_body::Frame<Bytes>>, Cut> {
        poll_fn(|cx| {
            if let Poll::Ready(cut) = self.poll_cut(deadline.as_mut(), cx) {
                return Poll::Ready(Err(cut));
            }
            match recording.poll_room(cx) {
                Poll::Pending => return Poll::Pending,
                // Too long to keep, and nobody reads: the outcome is known, the rest is not needed.
                Poll::Ready(Err(_)) => return Poll::Ready(Ok(None)),
                Poll::Ready(Ok(())) => {}
            }
            let polled = Pin::new(&mut *body).poll_frame(cx);
            polled.map(|frame| frame.transpose().map_err(|_| Cut::Fault(Fault::BROKE_OFF)))
        })
        .await
    }

    async fn store(&self, parts: &http::response::Parts, recording: &Recording) -> OutcomeLabel {
        let (content, length) = recording.kept();
        let summary = summary_of(parts, length);
        let outcome = Outcome::Responded(summary);
        let label = if outcome.is_success() { OutcomeLabel::Succeeded } else { OutcomeLabel::Failed };
        if matches!(content, Content::NotKept) {
            tracing::warn!(route = %self.cell.route_name, length, "a result is longer than is kept");
        }
        let mut fields = recordable(&parts.headers);
        forward::clean_response(&mut fields);
        let response = StoredResponse { status: parts.status, fields, content };
        self.operations.finish(&self.cell, outcome, Some(response)).await;
        label
    }

    /// The content broke off. `unsent` says whether the head has not gone out: then the client can
    /// still be told properly.
    async fn broke_off(&self, cut: Cut, recording: &Recording, unsent: bool) -> Option<OutcomeLabel> {
        recording.end(Err(BodyError::Origin("the response broke off")));
        let outcome = match (&cut, unsent) {
            (_, true) => return self.cut(cut).await,
            (Cut::Control(_), false) => Outcome::Canceled,
            (Cut::Fault(fault), false) => Outcome::Failed(fault.failure()),
        };
        let label = if outcome == Outcome::Canceled { OutcomeLabel::Canceled } else { OutcomeLabel::Failed };
        self.operations.finish(&self.cell, outcome, None).await;
        Some(label)
    }
}

fn kind_of(event: &ProgressEvent) -> EventKind {
    match event {
        ProgressEvent::Heartbeat => EventKind::Heartbeat,
        ProgressEvent::Progress(_) | ProgressEvent::SubResult(_) => EventKind::Progress,
    }
}

fn summary_of(parts: &http::response::Parts, length: u64) -> ResponseSummary {
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    ResponseSummary {
        status: parts.status,
        location: text(LOCATION),
        content_type: text(CONTENT_TYPE),
        content_length: length,
    }
}

// === impl Fault ===

impl Fault {
    /// The absolute end of an operation came (INT-19).
    pub const DEADLINE: Self = Self {
        status: StatusCode::GATEWAY_TIMEOUT,
        problem: "deadline-exceeded",
        code: "DeadlineExceeded",
        detail: "The operation did not end before its deadline. It may or may not have completed.",
        proxy_error: Some("http_response_timeout"),
    };

    /// The origin said nothing for longer than the route allows.
    pub const STALLED: Self = Self {
        status: StatusCode::GATEWAY_TIMEOUT,
        problem: "stalled",
        code: "Stalled",
        detail: "The origin gave no sign of life for too long. The operation may or may not have completed.",
        proxy_error: Some("http_response_timeout"),
    };

    /// The origin's response broke off after its head (U-03).
    pub const BROKE_OFF: Self = Self {
        status: StatusCode::BAD_GATEWAY,
        problem: "upstream-lost",
        code: "UpstreamConnectionLost",
        detail: "The origin's response broke off. The operation may or may not have completed.",
        proxy_error: Some("http_response_incomplete"),
    };

    /// What an upstream error means for the client.
    pub fn of(error: &UpstreamError) -> Self {
        let (problem, code, detail) = words(error);
        let proxied = error.status().is_server_error();
        Self {
            status: error.status(),
            problem,
            code,
            detail,
            proxy_error: proxied.then(|| error.proxy_status()),
        }
    }

    fn failure(&self) -> Failure {
        Failure { code: self.code, message: self.detail, status: self.status, problem: self.problem }
    }
}

/// Problem, code and detail of an upstream error.
fn words(error: &UpstreamError) -> (&'static str, &'static str, &'static str) {
    match error {
        UpstreamError::Incomplete => (
            "upstream-lost",
            "UpstreamConnectionLost",
            "The origin closed the connection before it answered. The operation may or may not have completed.",
        ),
        UpstreamError::Idle | UpstreamError::HeadTimeout => {
            ("upstream-timeout", "UpstreamTimeout", "The origin did not answer in time.")
        }
        UpstreamError::Protocol(_) | UpstreamError::HeadTooLarge | UpstreamError::InterimFlood => (
            "upstream-protocol-error",
            "UpstreamProtocolError",
            "The origin's response could not be understood. The operation may or may not have completed.",
        ),
        UpstreamError::RequestBody(_) => {
            ("request-content", "RequestContent", "The request's content could not be read to its end.")
        }
        UpstreamError::Internal(_) => ("internal", "Internal", "The gateway failed."),
        _ => ("upstream-unreachable", "UpstreamUnreachable", "The origin cannot be reached."),
    }
}
