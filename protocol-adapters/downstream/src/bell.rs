//! Wake-ups of one part of a connection, answered in the poll that is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Wake, Waker};

use atomic_waker::AtomicWaker;

/// Tells a connection's task which of its parts has something to do: its exchanges, or its wire.
///
/// A part is polled with [`Bell::waker`], and again only once that was called. While the task
/// attends to the bell a ring is noted and wakes nobody: a task that is woken while it runs is
/// polled once more for nothing. A part that rings whenever it is polled must be left alone after a
/// few times, with the task woken by hand, so that other tasks get their turn.
#[derive(Debug)]
pub struct Bell {
    shared: Arc<Shared>,
    waker: Waker,
}

#[derive(Debug)]
struct Shared {
    state: AtomicU8,
    task: AtomicWaker,
}

/// The part has something to do.
const RUNG: u8 = 1;
/// The task looks at the bell before it sleeps.
const ATTENDED: u8 = 2;

impl Bell {
    /// A bell that has rung: nothing has been polled yet.
    pub fn new() -> Self {
        let shared = Arc::new(Shared { state: AtomicU8::new(RUNG), task: AtomicWaker::new() });
        Self { waker: Waker::from(Arc::clone(&shared)), shared }
    }

    /// What the part is to be polled with.
    pub fn waker(&self) -> &Waker {
        &self.waker
    }

    /// From now on the task of `cx` asks for rings by itself.
    pub fn attend(&self, cx: &Context<'_>) {
        self.shared.task.register(cx.waker());
        self.shared.state.fetch_or(ATTENDED, Ordering::AcqRel);
    }

    /// Whether it has rung since the last call.
    pub fn answer(&self) -> bool {
        self.shared.state.fetch_and(!RUNG, Ordering::AcqRel) & RUNG != 0
    }

    /// Makes [`Bell::answer`] true. The task has to come back by itself.
    pub fn note(&self) {
        self.shared.state.fetch_or(RUNG, Ordering::AcqRel);
    }

    /// From now on a ring wakes the task; `false`, and nothing changes, if it has rung before.
    #[must_use]
    pub fn leave(&self) -> bool {
        self.shared.state.compare_exchange(ATTENDED, 0, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self::new()
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.fetch_or(RUNG, Ordering::AcqRel) == 0 {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wakes::Wakes;

    #[test]
    fn a_ring_wakes_the_task_that_left_and_is_noted_by_the_one_that_attends() {
        let (wakes, waker) = Wakes::new();
        let cx = Context::from_waker(&waker);
        let bell = Bell::default();
        bell.attend(&cx);
        assert!(!bell.leave(), "a new bell has rung");
        assert!(bell.answer());
        bell.waker().wake_by_ref();
        assert!(!bell.leave());
        assert!(bell.answer() && !bell.answer());
        assert_eq!(wakes.count(), 0);

        assert!(bell.leave());
        bell.waker().wake_by_ref();
        bell.waker().wake_by_ref();
        assert_eq!(wakes.count(), 1, "once until it is answered");
        bell.attend(&cx);
        assert!(bell.answer());
        bell.note();
        assert!(!bell.leave());
    }

    /// Whatever the order: a ring is seen before the task leaves, or wakes it afterwards.
    #[test]
    fn no_ring_of_another_thread_is_lost() {
        let (wakes, waker) = Wakes::new();
        let bell = Bell::new();
        bell.answer();
        for ring in 0..500 {
            let before = wakes.count();
            let ringing = bell.waker().clone();
            bell.attend(&Context::from_waker(&waker));
            let other = std::thread::spawn(move || ringing.wake());
            let left = bell.leave();
            other.join().expect("it only rings");
            assert_eq!(wakes.count() - before, usize::from(left), "ring {ring}");
            assert!(bell.answer(), "ring {ring}");
        }
    }
}
