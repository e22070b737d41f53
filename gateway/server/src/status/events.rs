//! A status document as a stream of server-sent events.
//!
//! `event: progress` with the JSON document at each change and `event: done` at the end, both with the
//! sequence of the change as `id`. The stream is pulled: whoever reads slowly gets the latest state when
//! there is room for it, and nothing waits for him.

mod written;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use downstream::{BodyError, DrainWatch, Phase};
use http::header::{CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::Frame;
use tokio::time::Sleep;

use super::View;
use super::rendering::private;
use crate::config::ProgressSettings;
use crate::content::Content;
use crate::metrics::labels::Via;
use crate::metrics::{OperationMetrics, Watching};
use crate::operations::{Identity, OperationCell, Watcher};

pub use written::Written;

/// The media type.
pub(super) const MEDIA_TYPE: &str = "text/event-stream";

/// How soon a client comes back after its connection broke.
const OPENING: &str = "retry: 1000\n";

/// A comment: nothing to a client, but a sign of life to whatever lies between.
const KEEP_ALIVE: &str = ":\n\n";

/// The longest that a change waits for the one before it: ten events a second are a smooth bar.
const MAXIMUM_GAP: Duration = Duration::from_millis(100);

/// The stream, pulled as the content of a response.
#[derive(Debug)]
pub struct Events {
    stage: Stage,
    /// The sequence that the client knows.
    told: Option<u64>,
    opening: &'static str,
    written: Written,
    _watching: Option<Watching>,
}

/// How far it is.
#[derive(Debug)]
enum Stage {
    Following(Box<Following>),
    /// Only the end is left to be told.
    Ended(Box<View>),
    Over,
}

/// A running operation and when to say the next thing.
#[derive(Debug)]
struct Following {
    watcher: Watcher,
    identity: Identity,
    pace: Pace,
    drain: DrainWatch,
    /// When the last event, and the last anything, went out.
    event_at: Option<Instant>,
    spoke_at: Option<Instant>,
    sleep: Pin<Box<Sleep>>,
}

/// How often something is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// At least between events, unless it is the end.
    gap: Duration,
    /// At most between signs of life.
    beat: Duration,
}

/// What is to be done next.
enum Next {
    Say(Bytes),
    /// The same, and nothing after it.
    SayLast(Bytes),
    WaitUntil(Instant),
    End,
}

/// The sequence of the last event that a client has got, from `Last-Event-ID`.
pub(super) fn heard(fields: &HeaderMap) -> Option<u64> {
    const LAST: HeaderName = HeaderName::from_static("last-event-id");
    fields.get(LAST)?.to_str().ok()?.trim().parse().ok()
}

/// The answer to who has got the end: a client that reconnects by itself stops at it.
pub(super) fn nothing_more() -> Response<Content> {
    let mut response = Response::new(Content::Full(Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    private(response.headers_mut());
    response
}

// === impl Pace ===

impl Pace {
    /// The pace of a route: heartbeats as its heads have, events not slower than these.
    pub(super) fn of(settings: &ProgressSettings) -> Self {
        Self { gap: settings.minimum_interval.min(MAXIMUM_GAP), beat: settings.heartbeat_interval }
    }
}

// === impl Events ===

impl Events {
    /// The stream of a running operation.
    pub(super) fn following(
        cell: &Arc<OperationCell>,
        identity: Identity,
        pace: Pace,
        drain: DrainWatch,
    ) -> Self {
        let following = Following {
            watcher: cell.watch(),
            identity,
            pace,
            drain,
            event_at: None,
            spoke_at: None,
            sleep: Box::pin(tokio::time::sleep(pace.beat)),
        };
        Self {
            stage: Stage::Following(Box::new(following)),
            told: None,
            opening: OPENING,
            written: Written::default(),
            _watching: None,
        }
    }

    /// The stream of a finished one: its end.
    pub(super) fn ended(view: View) -> Self {
        Self {
            stage: Stage::Ended(Box::new(view)),
            told: None,
            opening: OPENING,
            written: Written::default(),
            _watching: None,
        }
    }

    /// The same for a client that has got events up to `told`.
    pub(super) fn heard(self, told: Option<u64>) -> Self {
        Self { told, ..self }
    }

    /// The same, with what other streams have encoded.
    pub(super) fn sharing(self, written: &Written) -> Self {
        Self { written: written.clone(), ..self }
    }

    /// The same, counted as a watcher.
    pub(super) fn counted(self, metrics: &OperationMetrics) -> Self {
        Self { _watching: Some(metrics.watch(Via::Events)), ..self }
    }

    /// The response that carries it.
    pub(super) fn response(self) -> Response<Content> {
        const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
        let mut response = Response::new(Content::Events(Box::new(self)));
        let fields = response.headers_mut();
        private(fields);
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        fields.insert(VARY, HeaderValue::from_static("Accept, Accept-Language, Prefer"));
        // nginx in front of us would collect events.
        fields.insert(BUFFERING, HeaderValue::from_static("no"));
        response
    }

    /// The next piece of the stream.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let piece = match &mut self.stage {
            Stage::Over => None,
            Stage::Ended(view) => {
                let piece = self.written.events(view);
                self.stage = Stage::Over;
                Some(piece)
            }
            Stage::Following(following) => {
                match std::task::ready!(following.poll(cx, &mut self.told, &self.written)) {
                    Next::Say(piece) => Some(piece),
                    Next::SayLast(piece) => {
                        self.stage = Stage::Over;
                        Some(piece)
                    }
                    Next::WaitUntil(_) | Next::End => {
                        self.stage = Stage::Over;
                        None
                    }
                }
            }
        };
        Poll::Ready(piece.map(|piece| Ok(Frame::data(self.opened(piece)))))
    }

    /// What goes before the first piece, with it.
    fn opened(&mut self, piece: Bytes) -> Bytes {
        match std::mem::take(&mut self.opening) {
            "" => piece,
            opening => [opening.as_bytes(), &piece].concat().into(),
        }
    }

    /// Whether nothing follows.
    pub fn is_end_stream(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }
}

// === impl Following ===

impl Following {
    /// Anything but a time to wait until.
    fn poll(&mut self, cx: &mut Context<'_>, told: &mut Option<u64>, written: &Written) -> Poll<Next> {
        loop {
            // Whatever comes next wakes the task from here on.
            self.watcher.register(cx);
            let now = tokio::time::Instant::now().into_std();
            let at = match self.next(cx, (now, written), told) {
                Next::WaitUntil(at) => tokio::time::Instant::from_std(at),
                next => return Poll::Ready(next),
            };
            if self.sleep.deadline() != at {
                self.sleep.as_mut().reset(at);
            }
            std::task::ready!(self.sleep.as_mut().poll(cx));
        }
    }

    fn next(&mut self, cx: &mut Context<'_>, at: (Instant, &Written), told: &mut Option<u64>) -> Next {
        let (now, written) = at;
        let snapshot = self.watcher.cell().snapshot();
        if snapshot.is_finished() {
            return Next::SayLast(written.events(&self.view()));
        }
        if self.drain.poll_reached(Phase::Concluding, cx).is_ready() {
            return Next::End;
        }
        let due = self.event_at.map_or(now, |at| at + self.pace.gap);
        let news = *told != Some(snapshot.revision);
        if news && due <= now {
            (self.event_at, self.spoke_at) = (Some(now), Some(now));
            let view = self.view();
            *told = Some(view.revision());
            let events = written.events(&view);
            return if view.is_finished() { Next::SayLast(events) } else { Next::Say(events) };
        }
        let beat = self.spoke_at.map_or(now, |at| at + self.pace.beat);
        if beat <= now {
            self.spoke_at = Some(now);
            return Next::Say(Bytes::from_static(KEEP_ALIVE.as_bytes()));
        }
        Next::WaitUntil(if news { due.min(beat) } else { beat })
    }

    fn view(&self) -> View {
        View::of_cell(self.watcher.cell(), &self.identity)
    }
}

#[cfg(test)]
mod tests;
