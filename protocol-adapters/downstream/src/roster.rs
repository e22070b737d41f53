//! The exchanges of one connection, in the connection's own task.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream::FuturesUnordered;

use crate::{Heart, Pulse};

/// Holds the futures of a connection's exchanges and the timer they share. Its bound is the wire's
/// limit of concurrent streams.
#[derive(Debug)]
pub struct Roster<F> {
    exchanges: FuturesUnordered<F>,
    heart: Heart,
}

impl<F: Future> Roster<F> {
    /// An empty roster with a timer of its own.
    pub fn new() -> Self {
        Self { exchanges: FuturesUnordered::new(), heart: Heart::new() }
    }

    /// The handle for new exchanges.
    pub fn pulse(&self) -> Pulse {
        self.heart.pulse()
    }

    /// Adds an exchange; it is first polled by the next [`Roster::poll`].
    pub fn push(&mut self, exchange: F) {
        self.exchanges.push(exchange);
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
    /// again after a [`Roster::push`].
    pub fn poll(&mut self, cx: &mut Context<'_>, mut ended: impl FnMut(F::Output)) {
        loop {
            self.heart.ring();
            while let Poll::Ready(Some(output)) = Pin::new(&mut self.exchanges).poll_next(cx) {
                ended(output);
            }
            if self.heart.poll_beat(cx).is_pending() {
                return;
            }
        }
    }
}

impl<F: Future> Default for Roster<F> {
    fn default() -> Self {
        Self::new()
    }
}
