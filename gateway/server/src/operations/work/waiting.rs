//! The long part of an operation's work: waiting for the origin's final head.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

use super::{Assignment, Cut};
use crate::operations::cell::{Called, Delivered, Unnoted};
use crate::operations::{Fault, OriginTook, Receipt};
use crate::upstream::{Silence, UpstreamBody, UpstreamCall, UpstreamEvent};

/// The field by which an origin says how its operation ends (interface section 5).
const COMPLETION: HeaderName = HeaderName::from_static("operation-completion");

/// Where the resource is whose content an operation makes: an extension of the response that ends it.
#[derive(Clone, Debug)]
pub(super) struct CreatedAt(pub(super) Arc<str>);

/// How long content that nobody needs is read, so that its connection can be used again.
const DISCARDING: Duration = Duration::from_secs(1);

/// Octets of such content.
const DISCARDED: usize = 64 * 1024;

/// An assignment whose origin has not answered yet. Every held request has one, so what is rarely
/// there is boxed.
pub(super) struct Waiting {
    pub(super) assignment: Assignment,
    pub(super) began: Instant,
    pub(super) deadline: Pin<Box<Sleep>>,
    /// There until the origin has answered, or has said that it will call back. Boxed: then it leaves room.
    pub(super) call: Option<Box<UpstreamCall>>,
    /// Where who delivered the response by callback waits.
    pub(super) receipt: Option<oneshot::Sender<Receipt>>,
    silence: Silence,
    /// The revision that the store has been told of.
    noted: u64,
    /// A `201` whose content is still being made, until it may be passed on (CRE-03).
    created: Option<Box<Response<UpstreamBody>>>,
    created_at: Option<CreatedAt>,
    /// Progress on its way into the store. Meanwhile the origin is not read on.
    noting: Option<Noting>,
}

/// Something on its way into the store.
type Noting = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Waiting {
    /// Begins to wait now: for the answer to `call`, or, without one, for the origin's own.
    pub(super) fn new(assignment: Assignment, call: Option<UpstreamCall>) -> Self {
        let now = Instant::now();
        Self {
            deadline: Box::pin(tokio::time::sleep_until(now + assignment.deadline)),
            silence: Silence::new(assignment.stall_timeout),
            noted: assignment.cell.revision(),
            noting: None,
            created: None,
            created_at: None,
            receipt: None,
            began: now.checked_sub(assignment.age).unwrap_or(now),
            assignment,
            call: call.map(Box::new),
        }
    }

    /// Ready with the final head, or with the reason why there will be none; what comes before it
    /// becomes events.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<UpstreamBody>, Cut>> {
        loop {
            if let Some(noting) = &mut self.noting {
                ready!(noting.as_mut().poll(cx));
                self.noting = None;
                if let Some(created) = self.created.take()
                    && let Some(unannounced) = self.pass_on(created)
                {
                    return Poll::Ready(Ok(*unannounced));
                }
            }
            if let Some(noting) = self.unnoted() {
                self.noting = Some(noting);
                continue;
            }
            if let Poll::Ready(cut) = self.assignment.poll_cut(self.deadline.as_mut(), cx) {
                return Poll::Ready(Err(cut));
            }
            let called = self.assignment.listed.as_ref().and_then(|_| self.assignment.cell.take_called());
            match called {
                Some(Called::Delivered(delivered)) => return Poll::Ready(Ok(self.receive(*delivered))),
                Some(Called::Sign) => self.silence.broken(),
                None => match ready!(self.poll_origin(cx))? {
                    UpstreamEvent::Response(mut response) => {
                        response.extensions_mut().insert(self.took());
                        if !self.is_to_call_back(&response) {
                            return Poll::Ready(Ok(response));
                        }
                        self.await_call(response);
                    }
                    UpstreamEvent::Informational(status, fields) => self.assignment.hear(status, fields),
                },
            }
        }
    }

    /// What the store is to be told next. It writes states when it likes, and the latest of them, so that it
    /// is told of each; what waits here is never overtaken.
    fn unnoted(&mut self) -> Option<Noting> {
        let Assignment { operations, cell, .. } = &self.assignment;
        let unnoted = cell.unnoted(self.noted)?;
        let (operations, cell) = (Arc::clone(operations), Arc::clone(cell));
        Some(match unnoted {
            Unnoted::Fingerprint => Box::pin(async move { operations.identify(&cell).await }),
            Unnoted::State(revision) => {
                self.noted = revision;
                Box::pin(async move { operations.checkpoint(&cell).await })
            }
        })
    }

    fn poll_origin(&mut self, cx: &mut Context<'_>) -> Poll<Result<UpstreamEvent, Cut>> {
        let cell = &self.assignment.cell;
        let Some(call) = &mut self.call else {
            return self.silence.poll_too_long(cx).map(|()| Err(Cut::Fault(Fault::STALLED)));
        };
        if !cell.has_relay_room() {
            self.silence.broken();
            return Poll::Pending;
        }
        if let Poll::Ready(event) = call.poll_event(cx) {
            self.silence.broken();
            return Poll::Ready(event.map_err(|error| Cut::Fault(Fault::of(&error))));
        }
        // An origin that has not got the whole request is not silent: it listens.
        if cell.received().is_none() || !call.is_connected() {
            self.silence.broken();
        }
        self.silence.poll_too_long(cx).map(|()| Err(Cut::Fault(Fault::STALLED)))
    }

    /// Whether a final head says that the final response comes by callback. Only an origin that was
    /// told where to call can say so.
    fn is_to_call_back(&self, response: &Response<UpstreamBody>) -> bool {
        let says_so = |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"callback");
        self.assignment.listed.is_some()
            && matches!(response.status(), StatusCode::ACCEPTED | StatusCode::CREATED)
            && response.headers().get(COMPLETION).is_some_and(says_so)
    }

    /// The origin works on with no connection open: only the deadline, silence, and whoever may cancel
    /// end the wait for its call.
    fn await_call(&mut self, response: Response<UpstreamBody>) {
        self.assignment.hear_last(response.headers());
        self.call = None;
        self.silence.broken();
        let until = self.assignment.entrust(self.deadline.deadline());
        let Assignment { operations, cell, .. } = &self.assignment;
        let (operations, cell) = (Arc::clone(operations), Arc::clone(cell));
        if response.status() == StatusCode::CREATED {
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            self.created_at = location.map(|location| CreatedAt(location.into()));
            self.created = Some(Box::new(response));
            self.noting = Some(Box::pin(async move { operations.announce(&cell, until).await }));
            return;
        }
        self.noting = Some(Box::pin(async move { operations.entrust(&cell, until).await }));
        discard(response);
    }

    /// The `201` goes to its client, and the operation on. Given back if the operation could not be
    /// registered: then it is over, and this is a response like any other.
    fn pass_on(&self, response: Box<Response<UpstreamBody>>) -> Option<Box<Response<UpstreamBody>>> {
        let cell = &self.assignment.cell;
        if cell.id().is_none() {
            return Some(response);
        }
        let ends = self.deadline.deadline();
        let response = response.map(|body| self.assignment.bounded(body, ends));
        if let Some(unwanted) = cell.answer_created(Box::new(response)) {
            discard(*unwanted);
        }
        None
    }

    fn receive(&mut self, delivered: Delivered) -> Response<UpstreamBody> {
        let Delivered { mut response, receipt } = delivered;
        self.receipt = Some(receipt);
        response.extensions_mut().insert(OriginTook(self.began.elapsed()));
        self.created_at.take().map(|at| response.extensions_mut().insert(at));
        response
    }

    fn took(&self) -> OriginTook {
        let Assignment { metrics, upstream, .. } = &self.assignment;
        let elapsed = self.began.elapsed();
        if let Some(upstream) = metrics.upstream(*upstream) {
            upstream.took(elapsed);
        }
        OriginTook(elapsed)
    }
}

/// Reads what an origin says beside its `202`, which is for nobody.
fn discard(response: Response<UpstreamBody>) {
    if !response.body().is_end_stream() {
        tokio::spawn(read_away(response.into_body()));
    }
}

async fn read_away(body: UpstreamBody) {
    let ends = Instant::now() + DISCARDING;
    let mut body = body.ending_by(Some(ends.into_std()));
    let mut left = DISCARDED;
    while let Some(Ok(frame)) = body.frame().await {
        let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return };
        left = rest;
    }
}
