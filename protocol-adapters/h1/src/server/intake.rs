//! The connection's end of a request's content.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::BytesMut;
use downstream::{BodyError, RequestBody};
use tokio::time::Instant;

use super::pace::Pace;
use super::scratch::READ_SIZE;
use super::slot::{Content, Decoder, Slot, State, Step, Whole, lock, wake};
use super::timer::Timer;
use crate::chunk::ChunkDecoder;
use crate::head::Framing;

/// Octets of unwanted content that are read so that the connection can go on, or so that the
/// client sees its response before the connection is reset (H1-30, H1-31).
pub(super) const DRAINED_SIZE: usize = 64 * 1024;

/// Content that has not arrived whole yet.
#[derive(Debug)]
pub(super) struct Intake {
    slot: Arc<Mutex<Slot>>,
    /// Octets that the socket still owes, where that is known.
    owed: Option<u64>,
    /// Octets read for nobody; at most [`DRAINED_SIZE`].
    drained: usize,
    /// The client waits for a `100 (Continue)` that it has not got.
    uninvited: bool,
    pace: Pace,
    timer: Timer,
}

/// What the content asks of the connection.
#[derive(Debug)]
pub(super) enum Appetite {
    /// All of it has been read from the socket; this lies behind it.
    Sated(BytesMut),
    /// At most so many octets may be read now.
    Octets(usize),
    /// Nothing may be read now; the waker is called when that changes.
    Nothing,
    /// It will never be read to its end.
    Lost,
}

/// Who reads the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readership {
    /// The request's handler, or whom it gave the content to.
    Somebody,
    /// Only the connection, to get behind it.
    Nobody,
    /// It will never be read to its end.
    Lost,
}

/// Takes a request's content as far as it has arrived in `inbox`. Without an [`Intake`] all of it
/// has.
pub(super) fn begin(framing: Framing, inbox: &mut BytesMut, limit: u64) -> (RequestBody, Option<Intake>) {
    let (decoder, raw, owed) = match framing {
        Framing::None | Framing::Length(0) => return (RequestBody::empty(), None),
        Framing::Length(length) => {
            let here = usize::try_from(length).unwrap_or(usize::MAX).min(inbox.len());
            let raw = inbox.split_to(here);
            if inbox.is_empty() {
                // It would keep the memory of what was split from it for as long as the request is held.
                *inbox = BytesMut::new();
            }
            let owed = length - here as u64;
            if owed == 0 {
                return (RequestBody::new(Whole(Some(raw.freeze()))), None);
            }
            (Decoder::Length(length), raw, Some(owed))
        }
        Framing::Chunked => (Decoder::Chunked(ChunkDecoder::new()), std::mem::take(inbox), None),
    };
    let slot = Arc::new(Mutex::new(Slot::new(raw, decoder, limit)));
    let body = RequestBody::new(Content::new(Arc::clone(&slot)));
    let intake =
        Intake { slot, owed, drained: 0, uninvited: false, pace: Pace::new(), timer: Timer::default() };
    (body, Some(intake))
}

// === impl Intake ===

impl Intake {
    /// The client waits for a `100 (Continue)`.
    pub(super) fn await_invitation(&mut self) {
        self.uninvited = true;
    }

    /// A `100 (Continue)` was written.
    pub(super) fn invite(&mut self) {
        self.uninvited = false;
    }

    /// What may be read from the socket now.
    pub(super) fn poll_appetite(&mut self, cx: &Context<'_>) -> Appetite {
        let mut slot = lock(&self.slot);
        if let State::Dropped = slot.state {
            self.drained += discard(&mut slot);
        }
        match &slot.state {
            State::Done => return Appetite::Sated(std::mem::take(&mut slot.raw)),
            State::Failed(_) => return Appetite::Lost,
            _ if self.owed == Some(0) => return Appetite::Sated(BytesMut::new()),
            State::Dropped if self.drained >= DRAINED_SIZE => return Appetite::Lost,
            State::Dropped => return Appetite::Octets(READ_SIZE),
            State::Open if slot.wanted => {
                return Appetite::Octets(READ_SIZE.saturating_sub(slot.raw.len()).max(1));
            }
            State::Open => {}
        }
        match &mut slot.pump {
            Some(pump) => pump.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Appetite::Nothing
    }

    /// Octets from the socket. What lies behind the content is returned.
    pub(super) fn feed<'b>(&mut self, octets: &'b [u8], now: Instant) -> &'b [u8] {
        let (own, beyond) = match &mut self.owed {
            None => (octets, &[][..]),
            Some(owed) => {
                let size = usize::try_from(*owed).unwrap_or(usize::MAX).min(octets.len());
                *owed -= size as u64;
                octets.split_at(size)
            }
        };
        self.pace.receive(own.len(), now);
        // Whoever sends without having been invited no longer waits.
        self.uninvited = false;
        let mut slot = lock(&self.slot);
        slot.raw.extend_from_slice(own);
        slot.wanted = false;
        let reader = slot.take_reader();
        drop(slot);
        wake(reader);
        beyond
    }

    /// Ready once content that somebody waits for came too slowly (D-02); the reader is told then.
    /// To be called when the socket has nothing.
    pub(super) fn poll_too_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !lock(&self.slot).wanted {
            return Poll::Pending;
        }
        let deadline = self.pace.wait(Instant::now());
        if self.timer.poll_until(deadline, cx).is_pending() {
            return Poll::Pending;
        }
        let mut slot = lock(&self.slot);
        slot.state = State::Failed(BodyError::TooSlow);
        let reader = slot.take_reader();
        drop(slot);
        wake(reader);
        Poll::Ready(())
    }

    /// Whether the rest, if nobody reads it, is little enough to be read for the sake of the next
    /// request, and sure to come.
    pub(super) fn is_nearly_over(&self) -> bool {
        let affordable = (DRAINED_SIZE - self.drained.min(DRAINED_SIZE)) as u64;
        !self.uninvited && self.owed.is_some_and(|owed| owed <= affordable)
    }

    /// Who reads, if anybody does.
    pub(super) fn readership(&self) -> Readership {
        match lock(&self.slot).state {
            State::Failed(_) => Readership::Lost,
            State::Dropped if self.drained >= DRAINED_SIZE => Readership::Lost,
            State::Dropped => Readership::Nobody,
            State::Open | State::Done => Readership::Somebody,
        }
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        let mut slot = lock(&self.slot);
        if self.owed != Some(0) && slot.cut.is_none() {
            slot.cut = Some(BodyError::Departed);
            let reader = slot.take_reader();
            drop(slot);
            wake(reader);
        }
    }
}

/// Decodes for nobody; returns how many octets of content that were.
fn discard(slot: &mut Slot) -> usize {
    let mut octets = 0;
    loop {
        match slot.step() {
            Step::Data(data) => octets += data.len(),
            Step::End => {
                slot.state = State::Done;
                return octets;
            }
            Step::NeedMore | Step::Failed => return octets,
        }
    }
}

#[cfg(test)]
mod tests;
