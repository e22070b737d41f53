//! A handler whose exchanges follow a script.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use downstream::{
    BodyError, ConnectionInfo, Emission, Exchange, Handler, Opening, Protocol, Refusal, RequestBody, Window,
};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame};
use progress_core::interim::InterimHead;
use tokio::sync::mpsc;

use super::witness::Witness;

/// One line of a script.
pub enum Step {
    /// Says an interim head, once the window is open.
    Head(InterimHead),
    /// Says heads whenever the window is open, until the beat has come.
    Flood(Beat, u64),
    /// Waits for a beat.
    Until(Beat, u64),
    /// Reads the content to its end and reports it.
    Read,
    /// Drops the content unread.
    Unread,
    /// Hands the content to the test.
    Lend,
    /// Says the final response.
    Final(Response<Content>),
    /// Waits for ever.
    Hold,
    /// Panics.
    Panic,
}

/// What an exchange saw.
#[derive(Debug)]
pub enum Event {
    Opened(Box<Request<()>>),
    Content(Result<Vec<u8>, BodyError>),
    Lent(RequestBody),
    /// A head was handed over.
    Written,
    /// A head was due while the window was not open.
    Withheld(Window),
    Dropped,
}

/// What to do with each request.
pub trait Plan: Fn(&Request<()>) -> Vec<Step> + Send + Sync + 'static {}
impl<T: Fn(&Request<()>) -> Vec<Step> + Send + Sync + 'static> Plan for T {}

#[derive(Clone)]
pub struct Script {
    plan: Arc<dyn Plan>,
    events: mpsc::UnboundedSender<Event>,
    witness: Option<Arc<Witness>>,
}

pub struct Performance {
    steps: VecDeque<Step>,
    content: RequestBody,
    read: Vec<u8>,
    events: mpsc::UnboundedSender<Event>,
}

/// Something that tests count up and exchanges wait for.
#[derive(Clone, Default)]
pub struct Beat(Arc<(AtomicU64, Mutex<Vec<Waker>>)>);

/// The content of a response: what comes, and whether it ends.
#[derive(Default)]
pub struct Content {
    frames: VecDeque<Result<Frame<Bytes>, BodyError>>,
    endless: Option<Waker>,
}

impl Script {
    pub fn new(plan: impl Plan, witness: Option<Arc<Witness>>) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (events, receiver) = mpsc::unbounded_channel();
        (Self { plan: Arc::new(plan), events, witness }, receiver)
    }
}

impl Handler for Script {
    type Body = Content;
    type Exchange = Performance;

    fn open(&self, request: Request<RequestBody>, opening: Opening) -> Performance {
        assert_eq!(opening.protocol, Protocol::H3);
        let (parts, content) = request.into_parts();
        let request = Request::from_parts(parts, ());
        if let Some(witness) = &self.witness {
            witness.opened(request.uri().path(), &opening.page);
        }
        let steps = (self.plan)(&request).into();
        let _ = self.events.send(Event::Opened(Box::new(request)));
        Performance { steps, content, read: Vec::new(), events: self.events.clone() }
    }

    fn refuse(&self, refusal: Refusal, _: Protocol, _: &ConnectionInfo) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(refusal.to_string()));
        *response.status_mut() = refusal.status();
        response
    }
}

impl Performance {
    fn tell(&self, event: Event) {
        // A test that is over does not listen.
        let _ = self.events.send(event);
    }

    /// Reads on; ready at the end of the content.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let end = loop {
            match std::task::ready!(Pin::new(&mut self.content).poll_frame(cx)) {
                None => break Ok(std::mem::take(&mut self.read)),
                Some(Err(error)) => break Err(error),
                Some(Ok(frame)) => self.read.extend(frame.into_data().expect("trailers are dropped")),
            }
        };
        self.tell(Event::Content(end));
        Poll::Ready(())
    }

    fn withhold(&self, window: Window) -> Poll<Emission<Content>> {
        self.tell(Event::Withheld(window));
        Poll::Pending
    }
}

impl Exchange for Performance {
    type Body = Content;

    fn poll_emission(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        window: Window,
    ) -> Poll<Emission<Content>> {
        loop {
            match self.steps.front_mut() {
                None | Some(Step::Hold) => return Poll::Pending,
                Some(Step::Head(_) | Step::Flood(..)) if window != Window::Open => {
                    if let Some(Step::Flood(beat, count)) = self.steps.front_mut()
                        && beat.clone().poll_reached(*count, cx).is_ready()
                    {
                        self.steps.pop_front();
                        continue;
                    }
                    return self.withhold(window);
                }
                Some(Step::Flood(beat, count)) => {
                    if beat.clone().poll_reached(*count, cx).is_pending() {
                        return Poll::Ready(Emission::Interim(InterimHead::heartbeat()));
                    }
                }
                Some(Step::Until(beat, count)) => {
                    std::task::ready!(beat.clone().poll_reached(*count, cx));
                }
                Some(Step::Read) => std::task::ready!(self.poll_read(cx)),
                Some(Step::Unread) => self.content = RequestBody::empty(),
                Some(Step::Lend) => {
                    let content = std::mem::take(&mut self.content);
                    self.tell(Event::Lent(content));
                }
                Some(Step::Panic) => panic!("as the script says"),
                Some(Step::Head(_) | Step::Final(_)) => {
                    return match self.steps.pop_front() {
                        Some(Step::Head(head)) => Poll::Ready(Emission::Interim(head)),
                        Some(Step::Final(response)) => Poll::Ready(Emission::Final(response)),
                        _ => unreachable!("it was looked at"),
                    };
                }
            }
            self.steps.pop_front();
        }
    }

    fn interim_written(self: Pin<&mut Self>, _: Instant) {
        self.tell(Event::Written);
    }
}

impl Drop for Performance {
    fn drop(&mut self) {
        self.tell(Event::Dropped);
    }
}

impl Beat {
    pub fn raise(&self, count: u64) {
        self.0.0.store(count, Ordering::SeqCst);
        self.0.1.lock().expect("nobody panics here").drain(..).for_each(Waker::wake);
    }

    fn poll_reached(&self, count: u64, cx: &Context<'_>) -> Poll<()> {
        if self.0.0.load(Ordering::SeqCst) >= count {
            return Poll::Ready(());
        }
        let mut waiting = self.0.1.lock().expect("nobody panics here");
        if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Content {
    /// Content in pieces.
    pub fn of(pieces: impl IntoIterator<Item = impl Into<Bytes>>) -> Self {
        let frames = pieces.into_iter().map(|piece| Ok(Frame::data(piece.into()))).collect();
        Self { frames, endless: None }
    }

    #[must_use]
    pub fn then_trailers(mut self, trailers: HeaderMap) -> Self {
        self.frames.push_back(Ok(Frame::trailers(trailers)));
        self
    }

    #[must_use]
    pub fn then_error(mut self, error: BodyError) -> Self {
        self.frames.push_back(Err(error));
        self
    }

    /// After its pieces it waits for ever.
    #[must_use]
    pub fn endless(mut self) -> Self {
        self.endless = Some(Waker::noop().clone());
        self
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match (self.frames.pop_front(), &mut self.endless) {
            (Some(frame), _) => Poll::Ready(Some(frame)),
            (None, None) => Poll::Ready(None),
            (None, Some(waker)) => {
                waker.clone_from(cx.waker());
                Poll::Pending
            }
        }
    }
}

/// A final response with content.
pub fn ok(content: &'static str) -> Step {
    response(StatusCode::OK, Content::of((!content.is_empty()).then_some(content)))
}

pub fn response(status: StatusCode, content: Content) -> Step {
    let mut response = Response::new(content);
    *response.status_mut() = status;
    Step::Final(response)
}

pub fn heartbeat() -> Step {
    Step::Head(InterimHead::heartbeat())
}

pub fn head(status: u16, fields: &[(&'static str, &'static str)]) -> Step {
    let mut head = InterimHead::bare(StatusCode::from_u16(status).expect("a status"));
    for (name, value) in fields {
        head.fields.append(*name, value.parse().expect("a value"));
    }
    Step::Head(head)
}
