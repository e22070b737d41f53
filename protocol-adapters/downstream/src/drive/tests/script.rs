//! An exchange that follows a script, and a wire that writes down what happens to it.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use progress_core::interim::{InterimHead, PROGRESS};
use tokio::time::Sleep;

use crate::{BodyError, Departed, Emission, Exchange, Expectation, RequestBody, Responder, Window};

/// What both ends share: what happened, and what the client is doing.
#[derive(Clone)]
pub(super) struct Wire(Arc<Mutex<State>>);

struct State {
    start: tokio::time::Instant,
    log: Vec<String>,
    departed: bool,
    window: Window,
    windows_seen: Vec<Window>,
    broken: bool,
    write_time: Duration,
    content: VecDeque<&'static str>,
    content_ended: bool,
    expectation: Option<Expectation>,
    wakers: Vec<Waker>,
}

impl Wire {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            start: tokio::time::Instant::now(),
            log: Vec::new(),
            departed: false,
            window: Window::Open,
            windows_seen: Vec::new(),
            broken: false,
            write_time: Duration::ZERO,
            content: VecDeque::new(),
            content_ended: false,
            expectation: None,
            wakers: Vec::new(),
        })))
    }

    pub(super) fn responder(&self) -> Recorder {
        Recorder(self.clone())
    }

    /// What happened, each line with the milliseconds since the start.
    pub(super) fn log(&self) -> Vec<String> {
        self.state().log.clone()
    }

    /// The windows that the exchange was polled with.
    pub(super) fn windows_seen(&self) -> Vec<Window> {
        self.state().windows_seen.clone()
    }

    pub(super) fn depart(&self) {
        self.change(|state| state.departed = true);
    }

    pub(super) fn set_window(&self, window: Window) {
        self.change(|state| state.window = window);
    }

    /// Every write fails from now on.
    pub(super) fn break_writes(&self) {
        self.change(|state| state.broken = true);
    }

    /// Every interim head takes this long to be written.
    pub(super) fn write_slowly(&self, time: Duration) {
        self.change(|state| state.write_time = time);
    }

    /// The client waits for a 100 before it sends its content.
    pub(super) fn expect_continue(&self) -> Expectation {
        let expectation = Expectation::new();
        self.state().expectation = Some(expectation.clone());
        expectation
    }

    pub(super) fn send_content(&self, part: &'static str) {
        self.change(|state| state.content.push_back(part));
    }

    pub(super) fn end_content(&self) {
        self.change(|state| state.content_ended = true);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        state.wakers.drain(..).for_each(Waker::wake);
    }

    fn note(&self, what: &str) {
        let mut state = self.state();
        let at = (tokio::time::Instant::now() - state.start).as_millis();
        state.log.push(format!("{at} {what}"));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no panic while it is held")
    }
}

/// Runs `driven` while `client` does its part; what `driven` returns.
pub(super) async fn act<T>(driven: impl Future<Output = T>, client: impl Future<Output = ()>) -> T {
    tokio::join!(driven, client).0
}

/// One thing that an exchange does.
pub(super) enum Step {
    /// Says a 102 with this `Progress`, if the window lets it.
    Head(&'static str),
    /// Says the final response with this status.
    Final(u16),
    /// Reads the request's content to its end.
    Read,
}

/// Steps, each not before so many milliseconds after the start.
pub(super) struct Script {
    steps: VecDeque<(u64, Step)>,
    withheld: Option<InterimHead>,
    body: Option<RequestBody>,
    sleep: Pin<Box<Sleep>>,
    answered: bool,
    /// Whether it says when it need not be asked again; and whether it need not.
    foresees: bool,
    waiting: bool,
    wire: Wire,
}

impl Script {
    pub(super) fn new(wire: &Wire, steps: impl IntoIterator<Item = (u64, Step)>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            withheld: None,
            body: None,
            sleep: Box::pin(tokio::time::sleep(Duration::ZERO)),
            answered: false,
            foresees: false,
            waiting: false,
            wire: wire.clone(),
        }
    }

    /// Has itself woken for the next step when it says a head, and says so.
    pub(super) fn foreseeing(mut self) -> Self {
        self.foresees = true;
        self
    }

    /// Ready when the next step is due; pending for ever after the last.
    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((due, _)) = self.steps.front() else { return Poll::Pending };
        let due = self.wire.state().start + Duration::from_millis(*due);
        if self.sleep.deadline() != due {
            self.sleep.as_mut().reset(due);
        }
        self.sleep.as_mut().poll(cx)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let wire = self.wire.clone();
        let body = self.body.get_or_insert_with(|| {
            let body = RequestBody::new(Content(wire.clone()));
            match wire.state().expectation.take() {
                Some(expectation) => body.expecting(expectation),
                None => body,
            }
        });
        while let Some(frame) = std::task::ready!(Pin::new(&mut *body).poll_frame(cx)) {
            let data = frame.expect("the content is whole").into_data().expect("it has no trailers");
            wire.note(&format!("read {}", String::from_utf8_lossy(&data)));
        }
        Poll::Ready(())
    }
}

impl Exchange for Script {
    type Body = RequestBody;

    fn poll_emission(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        window: Window,
    ) -> Poll<Emission<RequestBody>> {
        let this = self.get_mut();
        assert!(!this.answered, "polled after its final response");
        this.wire.state().windows_seen.push(window);
        loop {
            if window == Window::Open
                && let Some(head) = this.withheld.take()
            {
                this.waiting = this.foresees && this.poll_due(cx).is_pending();
                return Poll::Ready(Emission::Interim(head));
            }
            std::task::ready!(this.poll_due(cx));
            match this.steps[0].1 {
                Step::Head(progress) => {
                    let mut head = InterimHead::heartbeat();
                    head.fields.insert(PROGRESS, progress.parse().expect("a field value"));
                    this.withheld = Some(head);
                }
                Step::Final(status) => {
                    this.answered = true;
                    let content = Full::new(Bytes::from_static(b"content")).map_err(|never| match never {});
                    let mut response = Response::new(RequestBody::new(content));
                    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
                    return Poll::Ready(Emission::Final(response));
                }
                Step::Read => std::task::ready!(this.poll_read(cx)),
            }
            this.steps.pop_front();
        }
    }

    fn interim_written(self: Pin<&mut Self>, now: Instant) {
        assert_eq!(now, tokio::time::Instant::now().into_std());
        self.wire.note("written");
    }

    fn is_waiting(&self) -> bool {
        self.waiting
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.wire.note("exchange dropped");
    }
}

/// The content that the client has sent so far.
struct Content(Wire);

impl Body for Content {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut state = self.0.state();
        if let Some(part) = state.content.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(part.as_bytes())))));
        }
        if state.content_ended {
            return Poll::Ready(None);
        }
        state.wakers.push(cx.waker().clone());
        Poll::Pending
    }
}

/// Writes down what it is given.
pub(super) struct Recorder(Wire);

impl Recorder {
    fn outcome(&self) -> Result<(), Departed> {
        if self.0.state().broken { Err(Departed) } else { Ok(()) }
    }
}

impl Responder for Recorder {
    fn poll_departed(&mut self, cx: &mut Context<'_>) -> Poll<Departed> {
        let mut state = self.0.state();
        if state.departed {
            return Poll::Ready(Departed);
        }
        state.wakers.push(cx.waker().clone());
        Poll::Pending
    }

    fn poll_window(&mut self, cx: &mut Context<'_>) -> Window {
        let mut state = self.0.state();
        state.wakers.push(cx.waker().clone());
        state.window
    }

    async fn interim(&mut self, head: InterimHead) -> Result<(), Departed> {
        let progress = head.fields.get(PROGRESS).map_or("", |v| v.to_str().expect("it is text"));
        self.0.note(&format!("interim {} {progress}", head.status.as_u16()));
        let write_time = self.0.state().write_time;
        if !write_time.is_zero() {
            tokio::time::sleep(write_time).await;
        }
        self.outcome()
    }

    async fn finish<B>(self, response: Response<B>) -> Result<(), Departed>
    where
        B: Body<Data = Bytes, Error = BodyError> + Send + Unpin,
    {
        let status = response.status().as_u16();
        let content = response.into_body().collect().await.expect("it is whole").to_bytes();
        self.0.note(&format!("final {status} {}", String::from_utf8_lossy(&content)));
        self.outcome()
    }
}
