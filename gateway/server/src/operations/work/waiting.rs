//! The long part of an operation's work: waiting for the origin's final head.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Response;
use tokio::time::{Instant, Sleep};

use super::{Assignment, Cut};
use crate::operations::{Fault, OriginTook};
use crate::upstream::{Silence, UpstreamBody, UpstreamCall, UpstreamEvent};

/// Progress is noted in the store at most this often.
const CHECKPOINT: Duration = Duration::from_secs(2);

/// An assignment whose origin has not answered yet. Every held request has one, so what is rarely
/// there is boxed.
pub(super) struct Waiting {
    pub(super) assignment: Assignment,
    pub(super) began: Instant,
    pub(super) deadline: Pin<Box<Sleep>>,
    pub(super) call: UpstreamCall,
    silence: Silence,
    checkpoint: Instant,
    /// Progress on its way into the store. Meanwhile the origin is not read on.
    noting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Waiting {
    /// Begins to wait now.
    pub(super) fn new(assignment: Assignment, call: UpstreamCall) -> Self {
        let began = Instant::now();
        Self {
            deadline: Box::pin(tokio::time::sleep_until(began + assignment.deadline)),
            silence: Silence::new(assignment.stall_timeout),
            checkpoint: began + CHECKPOINT,
            noting: None,
            assignment,
            began,
            call,
        }
    }

    /// Ready with the final head, or with the reason why there will be none; what comes before it
    /// becomes events.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<UpstreamBody>, Cut>> {
        loop {
            if let Some(noting) = &mut self.noting {
                ready!(noting.as_mut().poll(cx));
                self.noting = None;
                self.checkpoint = Instant::now() + CHECKPOINT;
            }
            if let Poll::Ready(cut) = self.assignment.poll_cut(self.deadline.as_mut(), cx) {
                return Poll::Ready(Err(cut));
            }
            match ready!(self.poll_origin(cx))? {
                UpstreamEvent::Response(mut response) => {
                    response.extensions_mut().insert(self.took());
                    return Poll::Ready(Ok(response));
                }
                UpstreamEvent::Informational(status, fields) => self.assignment.hear(status, fields),
            }
            if Instant::now() >= self.checkpoint {
                self.note();
            }
        }
    }

    fn poll_origin(&mut self, cx: &mut Context<'_>) -> Poll<Result<UpstreamEvent, Cut>> {
        let cell = &self.assignment.cell;
        if !cell.has_relay_room() {
            self.silence.broken();
            return Poll::Pending;
        }
        if let Poll::Ready(event) = self.call.poll_event(cx) {
            self.silence.broken();
            return Poll::Ready(event.map_err(|error| Cut::Fault(Fault::of(&error))));
        }
        // An origin that has not got the whole request is not silent: it listens.
        if cell.received().is_none() || !self.call.is_connected() {
            self.silence.broken();
        }
        self.silence.poll_too_long(cx).map(|()| Err(Cut::Fault(Fault::STALLED)))
    }

    fn note(&mut self) {
        let Assignment { operations, cell, .. } = &self.assignment;
        let (operations, cell) = (Arc::clone(operations), Arc::clone(cell));
        self.noting = Some(Box::pin(async move { operations.checkpoint(&cell).await }));
    }

    fn took(&self) -> OriginTook {
        let elapsed = self.began.elapsed();
        let Assignment { metrics, upstream, .. } = &self.assignment;
        if let Some(upstream) = metrics.upstream(*upstream) {
            upstream.took(elapsed);
        }
        OriginTook(elapsed)
    }
}
