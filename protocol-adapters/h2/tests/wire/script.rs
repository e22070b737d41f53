//! A gateway that says what a script tells it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use downstream::{
    Alarm, BodyError, ConnectionInfo, Emission, Exchange, Handler, Opening, Protocol, Pulse, Refusal,
    RequestBody, Window,
};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use progress_core::interim::InterimHead;
use tokio::sync::mpsc;

pub(crate) type Content = UnsyncBoxBody<Bytes, BodyError>;

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Step {
    /// Say nothing for this long.
    Wait(Duration),
    /// Say this once the window is open.
    Say(InterimHead),
    /// Attempt this many bare heads, with this much time between them.
    Flood(u32, Duration),
    /// Send a heartbeat on every one of the connection's beats, for ever.
    Beat(Duration),
    /// Read the content to its end.
    Read,
    /// Take one frame of content and leave the rest unread.
    Sip,
    /// Answer.
    Answer(Response<Content>),
}

/// What has happened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Opened(Parts),
    /// A head was handed to the wire.
    Written,
    /// Content was read: this many octets in all, or not to its end.
    Read(Result<usize, BodyError>),
    /// A flood is over: this many heads were taken, this many withheld.
    Flooded {
        taken: u32,
        withheld: u32,
    },
    /// The final response was handed to the wire.
    Answered,
    /// The exchange was dropped before it answered.
    Dropped,
}

/// The head of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) method: http::Method,
    pub(crate) target: String,
    pub(crate) fields: HeaderMap,
    pub(crate) size: Option<u64>,
    pub(crate) awaits_continue: bool,
}

pub(crate) type Events = mpsc::UnboundedReceiver<Event>;

type Plan = dyn Fn(&str) -> Vec<Step> + Send + Sync;

/// Opens an exchange with the steps that its plan has for the target.
#[derive(Clone)]
pub(crate) struct Scripted {
    plan: Arc<Plan>,
    events: Option<mpsc::UnboundedSender<Event>>,
}

pub(crate) struct ScriptedExchange {
    steps: VecDeque<Step>,
    alarm: Alarm,
    pulse: Pulse,
    until: Option<Instant>,
    body: RequestBody,
    read: usize,
    flood: (u32, u32),
    answered: bool,
    events: Option<mpsc::UnboundedSender<Event>>,
}

/// A gateway that follows `plan`, and what happens in it.
pub(crate) fn scripted(plan: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static) -> (Scripted, Events) {
    let (events, seen) = mpsc::unbounded_channel();
    (Scripted { plan: Arc::new(plan), events: Some(events) }, seen)
}

/// The same, and nobody hears what happens in it.
pub(crate) fn silent(plan: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static) -> Scripted {
    Scripted { plan: Arc::new(plan), events: None }
}

/// A head with fields.
pub(crate) fn head(status: u16, fields: &[(&'static str, &'static str)]) -> InterimHead {
    let mut head = InterimHead::bare(StatusCode::from_u16(status).expect("a status"));
    for (name, value) in fields {
        head.fields.append(*name, value.parse().expect("a value"));
    }
    head
}

/// A final response with these frames.
pub(crate) fn answer(status: u16, frames: Vec<Result<Frame<Bytes>, BodyError>>) -> Step {
    let content = if frames.is_empty() {
        http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync()
    } else {
        StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()
    };
    let mut response = Response::new(content);
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    Step::Answer(response)
}

/// A final response whose content is of known length.
pub(crate) fn whole(status: u16, content: impl Into<Bytes>) -> Step {
    let content = http_body_util::Full::new(content.into());
    let mut response = Response::new(content.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    Step::Answer(response)
}

impl Handler for Scripted {
    type Body = Content;
    type Exchange = ScriptedExchange;

    fn open(&self, request: Request<RequestBody>, opening: Opening) -> ScriptedExchange {
        assert_eq!(opening.protocol, Protocol::H2);
        let (parts, body) = request.into_parts();
        let target = parts.uri.to_string();
        let steps = (self.plan)(&target).into();
        let exchange = ScriptedExchange {
            steps,
            alarm: opening.pulse.alarm(),
            pulse: opening.pulse,
            until: None,
            read: 0,
            flood: (0, 0),
            answered: false,
            events: self.events.clone(),
            body,
        };
        exchange.tell(|exchange| {
            let size = exchange.body.size_hint().exact();
            let awaits_continue = exchange.body.awaits_continue();
            Event::Opened(Parts {
                method: parts.method,
                target,
                fields: parts.headers,
                size,
                awaits_continue,
            })
        });
        exchange
    }

    fn refuse(&self, refusal: Refusal, protocol: Protocol, _: &ConnectionInfo) -> Response<Bytes> {
        assert_eq!(protocol, Protocol::H2);
        let mut response = Response::new(Bytes::from(refusal.to_string()));
        *response.status_mut() = refusal.status();
        response
    }
}

impl ScriptedExchange {
    fn tell(&self, event: impl FnOnce(&Self) -> Event) {
        if let Some(events) = &self.events {
            // A test that no longer listens has seen enough.
            let _ = events.send(event(self));
        }
    }

    /// Ready once `until` has passed.
    fn poll_until(&mut self, until: Instant, cx: &Context<'_>) -> Poll<()> {
        if tokio::time::Instant::now().into_std() >= until {
            self.until = None;
            return Poll::Ready(());
        }
        self.until = Some(until);
        self.alarm.set(Some(until), cx);
        Poll::Pending
    }

    /// The next of the connection's beats.
    fn next_beat(&self, period: Duration) -> Instant {
        let now = tokio::time::Instant::now().into_std();
        let beats = (now - self.pulse.grid()).as_nanos() / period.as_nanos() + 1;
        self.pulse.grid() + period * u32::try_from(beats).expect("few beats")
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, BodyError>> {
        loop {
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => self.read += frame.data_ref().map_or(0, Bytes::len),
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => return Poll::Ready(Ok(self.read)),
            }
        }
    }

    /// Without a pace a head that is withheld waits for the window; with one it is skipped.
    fn poll_flood(&mut self, (count, pace): (u32, Duration), window: Window, cx: &Context<'_>) -> Poll<Flow> {
        let (taken, withheld) = self.flood;
        if taken + withheld == count {
            self.steps.pop_front();
            self.tell(|_| Event::Flooded { taken, withheld });
            return Poll::Ready(Flow::Next);
        }
        if !pace.is_zero() {
            let until = self.until.unwrap_or(tokio::time::Instant::now().into_std() + pace);
            std::task::ready!(self.poll_until(until, cx));
        }
        if window == Window::Open {
            self.flood.0 += 1;
            return Poll::Ready(Flow::Speak);
        }
        if pace.is_zero() {
            return Poll::Pending;
        }
        self.flood.1 += 1;
        Poll::Ready(Flow::Next)
    }
}

enum Flow {
    Speak,
    Next,
}

impl Exchange for ScriptedExchange {
    type Body = Content;

    fn poll_emission(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        window: Window,
    ) -> Poll<Emission<Content>> {
        loop {
            let this = &mut *self;
            let now = tokio::time::Instant::now().into_std();
            match this.steps.front() {
                None => return Poll::Pending,
                Some(Step::Wait(time)) => {
                    let until = this.until.unwrap_or(now + *time);
                    std::task::ready!(this.poll_until(until, cx));
                    this.steps.pop_front();
                }
                Some(Step::Say(_)) if window != Window::Open => return Poll::Pending,
                Some(Step::Flood(count, pace)) => {
                    let flood = (*count, *pace);
                    if let Flow::Speak = std::task::ready!(this.poll_flood(flood, window, cx)) {
                        return Poll::Ready(Emission::Interim(InterimHead::heartbeat()));
                    }
                }
                Some(Step::Beat(period)) => {
                    let until = this.until.unwrap_or_else(|| this.next_beat(*period));
                    std::task::ready!(this.poll_until(until, cx));
                    if window == Window::Open {
                        return Poll::Ready(Emission::Interim(InterimHead::heartbeat()));
                    }
                }
                Some(Step::Read) => {
                    let read = std::task::ready!(this.poll_read(cx));
                    this.steps.pop_front();
                    this.tell(|_| Event::Read(read));
                }
                Some(Step::Sip) => {
                    let frame = std::task::ready!(Pin::new(&mut this.body).poll_frame(cx));
                    let size = frame.transpose().map(|frame| frame.and_then(|frame| frame.into_data().ok()));
                    this.steps.pop_front();
                    this.tell(|_| Event::Read(size.map(|data| data.map_or(0, |data| data.len()))));
                }
                Some(Step::Say(_) | Step::Answer(_)) => {
                    return Poll::Ready(match this.steps.pop_front() {
                        Some(Step::Say(head)) => Emission::Interim(head),
                        Some(Step::Answer(response)) => {
                            this.answered = true;
                            this.tell(|_| Event::Answered);
                            Emission::Final(response)
                        }
                        _ => unreachable!("looked at above"),
                    });
                }
            }
        }
    }

    fn interim_written(self: Pin<&mut Self>, _now: Instant) {
        self.tell(|_| Event::Written);
    }
}

impl Drop for ScriptedExchange {
    fn drop(&mut self) {
        if !self.answered {
            self.tell(|_| Event::Dropped);
        }
    }
}
