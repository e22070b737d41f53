//! When the content of a request may go out (RFC 9110 10.1.1).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

/// How long an origin's `100 (Continue)` is waited for. Origins that do not know the expectation
/// send none, so content must flow in the end (RFC 9110 10.1.1: "SHOULD NOT wait for an indefinite
/// period").
const WAIT: Duration = Duration::from_secs(1);

/// Leave to send content: there from the start, or given by the origin's 100, or taken after a
/// second without it. Never polled after a final response: then the content stays unread.
#[derive(Debug)]
pub struct GoAhead(State);

#[derive(Debug)]
enum State {
    Given,
    /// The timer starts with the first poll, when the head goes out.
    Awaited(Option<Pin<Box<Sleep>>>),
}

impl GoAhead {
    /// Content goes with the head.
    pub fn at_once() -> Self {
        Self(State::Given)
    }

    /// Content waits for a 100.
    pub fn after_continue() -> Self {
        Self(State::Awaited(None))
    }

    /// The origin sent a 100.
    pub fn give(&mut self) {
        self.0 = State::Given;
    }

    /// Ready when content may be read and sent.
    pub fn poll_given(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Awaited(timer) = &mut self.0 {
            let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(WAIT)));
            std::task::ready!(timer.as_mut().poll(cx));
            self.0 = State::Given;
        }
        Poll::Ready(())
    }
}
