//! The exchanges of one connection, in the connection's own task.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream::FuturesUnordered;

use crate::{Bell, Heart, Pulse};

/// How often the exchanges are looked after in one poll of the connection before other connections
/// get their turn: a beat, what it wakes, and one look that finds them quiet need three.
const PASSES: usize = 4;

/// Holds the futures of a connection's exchanges and the timer they share. Its bound is the wire's
/// limit of concurrent streams.
#[derive(Debug)]
pub struct Roster<F> {
    exchanges: FuturesUnordered<F>,
    heart: Heart,
    /// Rung by the exchanges and by the heart.
    bell: Bell,
}

impl<F: Future> Roster<F> {
    /// An empty roster with a timer of its own.
    pub fn new() -> Self {
        Self { exchanges: FuturesUnordered::new(), heart: Heart::new(), bell: Bell::new() }
    }

    /// The handle for new exchanges.
    pub fn pulse(&self) -> Pulse {
        self.heart.pulse()
    }

    /// Adds an exchange; it is first polled by the next [`Roster::poll`].
    pub fn push(&mut self, exchange: F) {
        self.exchanges.push(exchange);
        self.bell.note();
    }

    /// How many exchanges are open.
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    /// Polls everything that can go on: due alarms first, so that all heads of one beat are queued
    /// before the connection flushes once. Calls `ended` for each exchange that is over. Call it
    /// again after a [`Roster::push`]. Where nothing can go on it costs next to nothing.
    pub fn poll(&mut self, cx: &mut Context<'_>, mut ended: impl FnMut(F::Output)) {
        let Self { exchanges, heart, bell } = self;
        bell.attend(cx);
        let mut passes = 0;
        loop {
            if !bell.answer() {
                if bell.leave() {
                    return;
                }
                continue;
            }
            if passes == PASSES {
                bell.note();
                cx.waker().wake_by_ref();
                return;
            }
            passes += 1;
            let mut cx = Context::from_waker(bell.waker());
            if heart.poll_beat(&mut cx).is_ready() {
                heart.ring();
            }
            while let Poll::Ready(Some(output)) = Pin::new(&mut *exchanges).poll_next(&mut cx) {
                ended(output);
            }
            if heart.poll_beat(&mut cx).is_ready() {
                bell.note();
            }
        }
    }
}

impl<F: Future> Default for Roster<F> {
    fn default() -> Self {
        Self::new()
    }
}
