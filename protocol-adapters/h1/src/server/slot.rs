//! The one-slot handoff between a connection and the content of its request.
//!
//! The content may be read from any task. It decodes from the slot; the connection fills the slot
//! from the socket, only when the slot is used up and more is asked for: that is the back-pressure.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use downstream::BodyError;
use http_body::{Body, Frame, SizeHint};

use crate::chunk::{ChunkDecoder, ChunkError, Decoded};

/// Both ends of one request's content.
#[derive(Debug)]
pub(super) struct Slot {
    /// Octets as they came. Bound: one read, `scratch::READ_SIZE`, and what was parked before.
    pub(super) raw: BytesMut,
    decoder: Decoder,
    /// Octets of content that may still come before it is too large (H1-38).
    allowance: u64,
    pub(super) state: State,
    /// Whether the reader has used up what there was and asked for more.
    pub(super) wanted: bool,
    /// Why no more will come; the reader learns it behind what has come.
    pub(super) cut: Option<BodyError>,
    reader: Option<Waker>,
    pub(super) pump: Option<Waker>,
}

/// What has become of the content.
#[derive(Debug)]
pub(super) enum State {
    /// It is being read.
    Open,
    /// The reader has lost interest before the end.
    Dropped,
    /// It has been read to its end; what is left in the slot lies behind it.
    Done,
    /// It cannot be read, and the connection with it.
    Failed(BodyError),
}

/// How the content is delimited.
#[derive(Debug)]
pub(super) enum Decoder {
    /// So many octets are to come.
    Length(u64),
    /// Chunks.
    Chunked(ChunkDecoder),
}

/// One step of decoding.
pub(super) enum Step {
    Data(Bytes),
    NeedMore,
    End,
    Failed,
}

/// The reader's end.
#[derive(Debug)]
pub(super) struct Content(Arc<Mutex<Slot>>);

/// Content that has arrived whole: nothing is shared.
#[derive(Debug)]
pub(super) struct Whole(pub(super) Option<Bytes>);

// === impl Slot ===

impl Slot {
    pub(super) fn new(raw: BytesMut, decoder: Decoder, limit: u64) -> Self {
        Self {
            raw,
            decoder,
            allowance: limit,
            state: State::Open,
            wanted: false,
            cut: None,
            reader: None,
            pump: None,
        }
    }

    /// Decodes what comes next in the slot.
    pub(super) fn step(&mut self) -> Step {
        let decoded = match &mut self.decoder {
            Decoder::Length(0) => Ok(Decoded::End(None)),
            Decoder::Length(_) if self.raw.is_empty() => Ok(Decoded::NeedMore),
            Decoder::Length(left) => {
                let size = usize::try_from(*left).unwrap_or(usize::MAX).min(self.raw.len());
                *left -= size as u64;
                Ok(Decoded::Data(self.raw.split_to(size).freeze()))
            }
            Decoder::Chunked(decoder) => decoder.decode(&mut self.raw),
        };
        if self.raw.is_empty() {
            // An empty buffer would keep the memory of what was split from it.
            self.raw = BytesMut::new();
        }
        match decoded {
            Ok(Decoded::Data(data)) if data.len() as u64 > self.allowance => self.fail(BodyError::TooLarge),
            Ok(Decoded::Data(data)) => {
                self.allowance -= data.len() as u64;
                Step::Data(data)
            }
            Ok(Decoded::NeedMore) => Step::NeedMore,
            // Trailers of requests are dropped (H1-20).
            Ok(Decoded::End(_)) => Step::End,
            Err(ChunkError::Malformed(how)) => self.fail(BodyError::Malformed(how)),
            Err(ChunkError::TooLarge) => {
                self.fail(BodyError::Malformed("the chunk extensions or trailers are too large"))
            }
        }
    }

    fn fail(&mut self, error: BodyError) -> Step {
        self.state = State::Failed(error);
        Step::Failed
    }

    /// Whoever reads; to be woken once the slot is unlocked.
    pub(super) fn take_reader(&mut self) -> Option<Waker> {
        self.reader.take()
    }

    /// `pump` is set if the connection is to be woken once the slot is unlocked.
    fn poll_frame(
        &mut self,
        cx: &Context<'_>,
        pump: &mut Option<Waker>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &self.state {
            State::Done | State::Dropped => return Poll::Ready(None),
            State::Failed(error) => return Poll::Ready(Some(Err(error.clone()))),
            State::Open => {}
        }
        match self.step() {
            Step::Data(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Step::End => {
                self.state = State::Done;
                *pump = self.pump.take();
                Poll::Ready(None)
            }
            Step::Failed => {
                *pump = self.pump.take();
                self.poll_frame(cx, pump)
            }
            Step::NeedMore => {
                if let Some(error) = &self.cut {
                    return Poll::Ready(Some(Err(error.clone())));
                }
                match &mut self.reader {
                    Some(reader) => reader.clone_from(cx.waker()),
                    none => *none = Some(cx.waker().clone()),
                }
                if !std::mem::replace(&mut self.wanted, true) {
                    *pump = self.pump.take();
                }
                Poll::Pending
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.decoder {
            Decoder::Length(left) => SizeHint::with_exact(left),
            Decoder::Chunked(_) => SizeHint::default(),
        }
    }
}

pub(super) fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    // A panic while it is locked leaves at worst content that is never completed.
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes whoever there is. Never under the lock: a waker may run or drop what locks it too.
pub(super) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

// === impl Content ===

impl Content {
    pub(super) fn new(slot: Arc<Mutex<Slot>>) -> Self {
        Self(slot)
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut pump = None;
        let polled = lock(&self.0).poll_frame(cx, &mut pump);
        wake(pump);
        polled
    }

    fn is_end_stream(&self) -> bool {
        let slot = lock(&self.0);
        matches!(slot.state, State::Done) || matches!(slot.decoder, Decoder::Length(0))
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.0).size_hint()
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        let mut slot = lock(&self.0);
        if matches!(slot.state, State::Open) {
            slot.state = State::Dropped;
            let pump = slot.pump.take();
            drop(slot);
            wake(pump);
        }
    }
}

// === impl Whole ===

impl Body for Whole {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |data| data.len() as u64))
    }
}
