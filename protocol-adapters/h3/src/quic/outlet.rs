//! The sending side of a stream.
//!
//! `h3` hands over one frame at a time and waits until it is written. A wait that is given up
//! leaves part of a frame behind: with h3-quinn the next frame then ends the whole connection
//! (transports.md D h3-3). Here the frame stays in the outlet, whoever waits for it, and goes on as
//! soon as the client makes room; so a head is handed over without waiting, and the next one is
//! withheld until it is out (H3X-05, I-21).

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use downstream::Page;
use h3::error::Code;
use quinn::{StoppedError, VarInt, WriteError};

use crate::link::varint;
use crate::tap::Pen;

type Stopped = Pin<Box<dyn Future<Output = Result<Option<VarInt>, StoppedError>> + Send>>;

/// A sending side, shared by the `h3` stream that writes frames, the responder that waits for
/// them, and the reader of the request, which may find that there is nothing to answer.
pub(crate) struct Outlet(Mutex<State>);

/// What became of a sending side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is being written.
    Open,
    /// All has been written, the end included.
    Finished,
    /// This side gave it up.
    Abandoned,
    /// This side gave it up because the request breaks the protocol.
    Condemned,
    /// The client no longer wants it.
    Cancelled,
    /// The connection is gone.
    Lost,
}

/// A frame was handed over while another was still being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame is still being written")]
pub(crate) struct Busy;

struct State {
    send: quinn::SendStream,
    /// What remains of the one frame that is being written. Bound: one frame, 16 KiB of content or
    /// a field section.
    pending: Bytes,
    /// Octets that the transport has taken: the mark to compare an acknowledged offset with.
    written: u64,
    fate: Fate,
    /// Takes down the frames that are heads.
    heads: Heads,
    /// Ready once the client has stopped the stream, or has all of it. Made when first polled.
    stopped: Option<Stopped>,
    /// Whoever waits for the client's departure.
    watcher: Option<Waker>,
}

/// Whether heads are taken down. All frames before the final response are, but a `100 (Continue)`.
enum Heads {
    /// Nobody asks.
    Unwatched,
    /// The next frame is one.
    Follow(Pen),
    /// The next frame is a `100 (Continue)`: no sign of progress, and not counted among them.
    Pass(Pen),
    /// The final response is there. The pen is kept until the stream is over: its heads may still be
    /// acknowledged.
    Over(#[expect(dead_code, reason = "its drop is what matters")] Pen),
}

impl Outlet {
    pub(crate) fn new(send: quinn::SendStream) -> Self {
        Self(Mutex::new(State {
            send,
            pending: Bytes::new(),
            written: 0,
            fate: Fate::Open,
            heads: Heads::Unwatched,
            stopped: None,
            watcher: None,
        }))
    }

    /// The identifier of its stream.
    pub(crate) fn stream(&self) -> u64 {
        self.lock().send.id().into()
    }

    /// From now on every frame is a head, until [`Outlet::conclude`].
    pub(crate) fn take_down(&self, pen: Pen) {
        self.lock().heads = Heads::Follow(pen);
    }

    /// The next frame is of the final response.
    pub(crate) fn conclude(&self) {
        self.lock().heads.turn(Heads::Over);
    }

    /// The next frame is a `100 (Continue)`.
    pub(crate) fn pass(&self) {
        self.lock().heads.turn(Heads::Pass);
    }

    /// Where heads are entered.
    pub(crate) fn page(&self) -> Page {
        match &self.lock().heads {
            Heads::Follow(pen) | Heads::Pass(pen) => pen.page().clone(),
            Heads::Unwatched | Heads::Over(_) => Page::blank(),
        }
    }

    /// Takes a frame over.
    ///
    /// # Errors
    ///
    /// The frame before it has not been written yet.
    pub(crate) fn queue(&self, frame: Bytes) -> Result<(), Busy> {
        let mut state = self.lock();
        if !state.pending.is_empty() {
            return Err(Busy);
        }
        match &state.heads {
            Heads::Follow(pen) => {
                let end = state.written + frame.len() as u64;
                pen.head(state.written..end, tokio::time::Instant::now().into_std());
            }
            Heads::Pass(_) => state.heads.turn(Heads::Follow),
            Heads::Unwatched | Heads::Over(_) => {}
        }
        state.pending = frame;
        Ok(())
    }

    /// Writes what is pending; ready when nothing is.
    pub(crate) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        self.lock().poll_flush(cx)
    }

    /// Writes what is pending and then the end.
    pub(crate) fn poll_finish(&self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let mut state = self.lock();
        std::task::ready!(state.poll_flush(cx))?;
        // An error means that it has ended before.
        if state.send.finish().is_ok() && state.fate == Fate::Open {
            state.fate = Fate::Finished;
        }
        Poll::Ready(Ok(()))
    }

    /// Gives the stream up, unless all of it is written. The client reads `code`.
    pub(crate) fn abandon(&self, code: Code) {
        self.lock().end(Fate::Abandoned, code);
    }

    /// Gives the stream up because of the request.
    pub(crate) fn condemn(&self, code: Code) {
        self.lock().end(Fate::Condemned, code);
    }

    /// The client gave its request up.
    pub(crate) fn cancel(&self) {
        self.lock().end(Fate::Cancelled, Code::H3_REQUEST_CANCELLED);
    }

    /// Ready once nobody waits for this stream any more: the client stopped it (at once, not at
    /// the next write; transports.md D h3-4), the connection broke, or it was given up.
    pub(crate) fn poll_departed(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        match state.fate {
            Fate::Open => {}
            Fate::Finished => return Poll::Pending,
            Fate::Abandoned | Fate::Condemned | Fate::Cancelled | Fate::Lost => return Poll::Ready(()),
        }
        state.poll_stopped(cx).map(drop)
    }

    /// Ready once the client's transport has acknowledged all of a finished stream, or there is
    /// nothing to wait for.
    pub(crate) fn poll_delivered(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.fate == Fate::Finished { state.poll_stopped(cx) } else { Poll::Ready(()) }
    }

    /// Whether nothing is pending.
    pub(crate) fn is_clear(&self) -> bool {
        self.lock().pending.is_empty()
    }

    /// What became of the stream.
    pub(crate) fn fate(&self) -> Fate {
        self.lock().fate
    }

    /// How many octets the transport has taken.
    pub(crate) fn written(&self) -> u64 {
        self.lock().written
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave the state half changed: quinn's own lock guards its part.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heads {
    /// What becomes of the pen, unless the final response is there.
    fn turn(&mut self, next: impl FnOnce(Pen) -> Self) {
        *self = match std::mem::replace(self, Self::Unwatched) {
            Self::Follow(pen) | Self::Pass(pen) => next(pen),
            heads => heads,
        };
    }
}

impl State {
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        while !self.pending.is_empty() {
            let before = self.pending.len();
            let mut frame = [std::mem::take(&mut self.pending)];
            let polled = pin!(self.send.write_chunks(&mut frame)).poll(cx);
            let [rest] = frame;
            match polled {
                Poll::Pending => {
                    self.pending = rest;
                    return Poll::Pending;
                }
                Poll::Ready(Ok(_)) => {
                    self.written += (before - rest.len()) as u64;
                    self.pending = rest;
                }
                Poll::Ready(Err(error)) => {
                    match error {
                        WriteError::Stopped(_) => self.settle(Fate::Cancelled),
                        WriteError::ConnectionLost(_) => self.settle(Fate::Lost),
                        _ => {}
                    }
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_stopped(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let stopped = self.stopped.get_or_insert_with(|| Box::pin(self.send.stopped()));
        let Poll::Ready(outcome) = stopped.as_mut().poll(cx) else {
            if !self.watcher.as_ref().is_some_and(|watcher| watcher.will_wake(cx.waker())) {
                self.watcher = Some(cx.waker().clone());
            }
            return Poll::Pending;
        };
        self.stopped = None;
        match outcome {
            Ok(Some(_)) => self.fate = Fate::Cancelled,
            // The client has all of it.
            Ok(None) => {}
            Err(_) => self.fate = Fate::Lost,
        }
        Poll::Ready(())
    }

    /// Ends the stream without its end. What has been finished stays so.
    fn end(&mut self, fate: Fate, code: Code) {
        if self.fate == Fate::Finished {
            return;
        }
        // An error means that it has ended before.
        let _ = self.send.reset(varint(code));
        self.pending = Bytes::new();
        self.settle(fate);
        if let Some(watcher) = self.watcher.take() {
            watcher.wake();
        }
    }

    /// The first thing that becomes of a stream is what became of it.
    fn settle(&mut self, fate: Fate) {
        if self.fate == Fate::Open {
            self.fate = fate;
        }
    }
}
