//! `Expect: 100-continue`, kept as a demand of the reader.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;

/// Shared by the request's content, which raises the demand when it is first read, and
/// [`drive`](crate::drive), which answers it with `100 (Continue)`.
#[derive(Clone, Debug, Default)]
pub struct Expectation(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    demanded: AtomicBool,
    waker: AtomicWaker,
}

impl Expectation {
    /// An expectation that nobody has asked to fulfil yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The content is wanted now.
    pub fn demand(&self) {
        if !self.0.demanded.swap(true, Ordering::AcqRel) {
            self.0.waker.wake();
        }
    }

    /// Ready once the content is wanted.
    pub fn poll_demanded(&self, cx: &Context<'_>) -> Poll<()> {
        if self.0.demanded.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        self.0.waker.register(cx.waker());
        if self.0.demanded.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}
