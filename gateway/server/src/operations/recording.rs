//! A response's content while it is recorded, and the one reader that may follow along.
//!
//! The origin is read at its own pace as long as the result is kept: it waits in memory, bounded
//! by the route's `maximum-result`. Once the result is too long to be kept, what the reader has
//! taken is dropped, and the origin waits for the reader.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use downstream::BodyError;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use status_store::{Content, Reservation};

/// Octets that wait for the reader of a result that is not kept.
const UNREAD: usize = 64 * 1024;

/// The recording of one response's content.
#[derive(Debug)]
pub struct Recording {
    maximum: u64,
    state: Mutex<State>,
}

/// Follows a recording from its beginning. At most one exists.
#[derive(Debug)]
pub struct RecordingReader {
    recording: Arc<Recording>,
    expected: Option<u64>,
    done: bool,
}

#[derive(Debug)]
struct State {
    /// All pieces while the result is kept; later only those that the reader has not taken.
    pieces: VecDeque<Bytes>,
    length: u64,
    /// Pieces at the front of `pieces` that the reader has taken.
    taken: usize,
    keeping: Keeping,
    reader: Reader,
    last: Last,
    end: Option<Result<Option<HeaderMap>, BodyError>>,
    writer: Option<Waker>,
}

#[derive(Debug)]
enum Keeping {
    Kept(Option<Reservation>),
    TooLong,
}

#[derive(Debug)]
enum Reader {
    None,
    Following(Option<Waker>),
    Gone,
}

/// Whether the last piece is there, which its reader gets with the end and not before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    ToCome,
    Here,
}

/// Nobody would ever see more of the content: there is no point in reading on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointless;

// === impl Recording ===

impl Recording {
    /// An empty recording that is kept up to `maximum` octets.
    pub fn new(maximum: u64) -> Arc<Self> {
        let state = State {
            pieces: VecDeque::new(),
            length: 0,
            taken: 0,
            keeping: Keeping::Kept(None),
            reader: Reader::None,
            last: Last::ToCome,
            end: None,
            writer: None,
        };
        Arc::new(Self { maximum, state: Mutex::new(state) })
    }

    /// The reader; `expected` is the length of the content, if the origin has said it.
    pub fn reader(self: &Arc<Self>, expected: Option<u64>) -> RecordingReader {
        self.state().reader = Reader::Following(None);
        RecordingReader { recording: Arc::clone(self), expected, done: false }
    }

    /// Whether there is room for more from the origin.
    pub fn poll_room(&self, cx: &Context<'_>) -> Poll<Result<(), Pointless>> {
        let mut state = self.state();
        if matches!(state.keeping, Keeping::Kept(_)) {
            return Poll::Ready(Ok(()));
        }
        match state.reader {
            Reader::None | Reader::Gone => Poll::Ready(Err(Pointless)),
            Reader::Following(_) if state.unread() < UNREAD => Poll::Ready(Ok(())),
            Reader::Following(_) => {
                state.writer = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Adds a piece. `reserve` asks the store for room for so many octets.
    pub fn push(&self, piece: Bytes, reserve: impl FnOnce(u64) -> Option<Reservation>) {
        let mut state = self.state();
        let octets = piece.len() as u64;
        state.length += octets;
        let room = match &mut state.keeping {
            Keeping::Kept(Some(room)) => room.grow(octets),
            Keeping::Kept(none) => {
                *none = reserve(octets);
                none.is_some()
            }
            Keeping::TooLong => false,
        };
        if !room || state.length > self.maximum {
            state.stop_keeping();
        }
        state.pieces.push_back(piece);
        state.wake_reader();
    }

    /// Adds the last piece. It is recorded, but its reader waits for the end: with it a response of known
    /// length is complete, and must not be before it is stored.
    pub fn push_last(&self, piece: Bytes, reserve: impl FnOnce(u64) -> Option<Reservation>) {
        self.state().last = Last::Here;
        self.push(piece, reserve);
    }

    /// Whether the result is kept so far. Once it is not, the origin waits for the reader.
    pub fn is_kept(&self) -> bool {
        matches!(self.state().keeping, Keeping::Kept(_))
    }

    /// The content is complete, or broke off. The first end stands.
    pub fn end(&self, end: Result<Option<HeaderMap>, BodyError>) {
        let mut state = self.state();
        state.end.get_or_insert(end);
        state.wake_reader();
    }

    /// What is kept of it. To be asked once, at the end.
    pub fn kept(&self) -> (Content, u64) {
        let mut state = self.state();
        let length = state.length;
        let content = match &mut state.keeping {
            Keeping::Kept(room) => {
                let room = room.take();
                Content::Kept { pieces: state.pieces.iter().cloned().collect(), room }
            }
            Keeping::TooLong => Content::NotKept,
        };
        (content, length)
    }

    /// Octets so far.
    pub fn length(&self) -> u64 {
        self.state().length
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave the state half changed in a way that a reader would misread.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn unread(&self) -> usize {
        self.pieces.iter().skip(self.taken).map(Bytes::len).sum()
    }

    fn stop_keeping(&mut self) {
        self.keeping = Keeping::TooLong;
        if matches!(self.reader, Reader::Gone) {
            self.pieces.clear();
        } else {
            self.pieces.drain(..self.taken);
        }
        self.taken = 0;
    }

    fn wake_reader(&mut self) {
        if let Reader::Following(waker) = &mut self.reader
            && let Some(waker) = waker.take()
        {
            waker.wake();
        }
    }
}

// === impl RecordingReader ===

impl RecordingReader {
    /// The next piece, the trailers at the end, then nothing.
    pub fn poll_frame(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.done {
            return Poll::Ready(None);
        }
        let mut state = self.recording.state();
        if let Some(piece) = state.next() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match state.end.clone() {
            None => {
                state.reader = Reader::Following(Some(cx.waker().clone()));
                Poll::Pending
            }
            Some(end) => {
                self.done = true;
                Poll::Ready(end.map(|trailers| trailers.map(Frame::trailers)).transpose())
            }
        }
    }

    /// Whether nothing more will come.
    pub fn is_end_stream(&self) -> bool {
        let state = self.recording.state();
        self.done || (state.taken == state.pieces.len() && matches!(state.end, Some(Ok(None))))
    }

    /// What is left.
    pub fn size_hint(&self) -> SizeHint {
        let state = self.recording.state();
        let whole = if matches!(state.end, Some(Ok(None))) { Some(state.unread() as u64) } else { None };
        whole
            .or(self.expected.filter(|_| state.taken == 0))
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl State {
    fn next(&mut self) -> Option<Bytes> {
        if self.last == Last::Here && self.end.is_none() && self.pieces.len() == self.taken + 1 {
            return None;
        }
        let piece = match self.keeping {
            Keeping::Kept(_) => self.pieces.get(self.taken).cloned()?,
            Keeping::TooLong => {
                let piece = self.pieces.pop_front()?;
                if let Some(writer) = self.writer.take() {
                    writer.wake();
                }
                return Some(piece);
            }
        };
        self.taken += 1;
        Some(piece)
    }
}

impl Drop for RecordingReader {
    fn drop(&mut self) {
        let mut state = self.recording.state();
        state.reader = Reader::Gone;
        if matches!(state.keeping, Keeping::TooLong) {
            state.pieces.clear();
        }
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
    }
}

#[cfg(test)]
mod tests;
