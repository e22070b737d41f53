//! Requests that are just proxied: routes without progress, and clients that asked for nothing.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use downstream::{Alarm, DrainWatch, Phase, Window};
use progress_core::interim::InterimHead;

use super::Saying;
use crate::answer::Finishing;
use crate::content::Content;
use crate::forward;
use crate::metrics::Metrics;
use crate::metrics::labels::Mode;
use crate::operations::Fault;
use crate::relay::Relay;
use crate::upstream::{UpstreamCall, UpstreamEvent};

/// A request on its way to its origin and back.
#[derive(Debug)]
pub struct Plain {
    /// The call.
    pub call: UpstreamCall,
    /// Measures it.
    pub timed: Timed,
    /// Which of the origin's heads are relayed.
    pub relay: Relay,
    /// Interim heads that the client still bears; `None`: any number.
    pub bearable: Option<u32>,
    /// On progress routes: when it must have ended (INT-19).
    pub deadline: Option<(Alarm, Instant)>,
    /// How the origin's response is completed.
    pub finishing: Finishing,
    /// Tells when everybody has to be answered.
    pub drain: DrainWatch,
}

/// Measures a call to its final head.
#[derive(Debug)]
pub struct Timed {
    metrics: Arc<Metrics>,
    upstream: usize,
    began: Instant,
}

impl Timed {
    /// A call that begins now, of an upstream by its place in the configuration.
    pub fn new(metrics: &Arc<Metrics>, upstream: usize) -> Self {
        let began = tokio::time::Instant::now().into_std();
        Self { metrics: Arc::clone(metrics), upstream, began }
    }

    /// The final head is there.
    pub fn took(&self) {
        if let Some(upstream) = self.metrics.upstream(self.upstream) {
            let now = tokio::time::Instant::now().into_std();
            upstream.took(now.saturating_duration_since(self.began));
        }
    }
}

impl Plain {
    /// What it says next.
    pub fn poll_saying(&mut self, cx: &mut Context<'_>, window: Window) -> Poll<Saying> {
        while let Poll::Ready(event) = self.call.poll_event(cx) {
            match event {
                Ok(UpstreamEvent::Response(response)) => {
                    self.timed.took();
                    let response = self.finishing.origin(response.map(Content::Origin));
                    return Poll::Ready(Saying::Final(response, Mode::Plain));
                }
                Ok(UpstreamEvent::Informational(status, mut fields)) => {
                    if window == Window::Open && self.relay.permits(status) && self.bears_another() {
                        forward::clean_interim(status, &mut fields);
                        return Poll::Ready(Saying::relayed(InterimHead { status, fields }));
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, blame = error.blame().as_str(), "a request failed");
                    let response = self.finishing.fault(&Fault::of(&error), None);
                    return Poll::Ready(Saying::Final(response, Mode::Plain));
                }
            }
        }
        if self.drain.poll_reached(Phase::Concluding, cx).is_ready() {
            return Poll::Ready(Saying::Final(self.finishing.draining(), Mode::Plain));
        }
        if let Some((alarm, at)) = &self.deadline {
            if tokio::time::Instant::now().into_std() >= *at {
                let response = self.finishing.fault(&Fault::DEADLINE, None);
                return Poll::Ready(Saying::Final(response, Mode::Plain));
            }
            alarm.set(Some(*at), cx);
        }
        Poll::Pending
    }

    fn bears_another(&mut self) -> bool {
        match &mut self.bearable {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}
