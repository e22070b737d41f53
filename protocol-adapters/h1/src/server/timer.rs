//! One timer for whatever a connection waits for.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep};

/// Moving the deadline back, which is what every request of a busy connection does, costs nothing:
/// the timer goes off early and is set anew then.
#[derive(Debug, Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whether `sleep` has gone off since it was set.
    spent: bool,
}

impl Timer {
    /// Ready once `deadline` has come.
    pub(super) fn poll_until(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        loop {
            if self.spent || sleep.deadline() > deadline {
                sleep.as_mut().reset(deadline);
                self.spent = false;
            }
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.spent = true;
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
