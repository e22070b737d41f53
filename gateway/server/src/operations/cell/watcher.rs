//! Whoever follows an operation.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use progress_core::operation::Phase;
use slab::Slab;

use super::OperationCell;

/// The wakers of those who follow. Nearly always that is one, the exchange that began the operation:
/// it has a place of its own, and the others' take no memory before there are any.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    first: Option<Place>,
    /// One per other watching exchange.
    others: Option<Box<Slab<Place>>>,
}

/// The waker of one that follows, until it is woken.
#[derive(Debug, Default)]
struct Place(Option<Waker>);

/// Which place.
#[derive(Clone, Copy, Debug)]
enum Key {
    First,
    Other(usize),
}

/// Whether something has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing.
    None,
    /// Something may have.
    Perhaps,
}

/// Follows a cell; dropping it stops that.
#[derive(Debug)]
pub struct Watcher {
    cell: Arc<OperationCell>,
    key: Key,
}

// === impl Watchers ===

impl Watchers {
    /// Wakes everyone who has asked for it since the last time.
    pub(super) fn wake(&mut self) {
        let others = self.others.iter_mut().flat_map(|others| others.iter_mut()).map(|(_, place)| place);
        for place in self.first.iter_mut().chain(others) {
            if let Some(waker) = place.0.take() {
                waker.wake();
            }
        }
    }

    fn enter(&mut self) -> Key {
        if self.first.is_none() {
            self.first = Some(Place::default());
            return Key::First;
        }
        Key::Other(self.others.get_or_insert_default().insert(Place::default()))
    }

    fn place(&mut self, key: Key) -> Option<&mut Place> {
        match key {
            Key::First => self.first.as_mut(),
            Key::Other(key) => self.others.as_mut()?.get_mut(key),
        }
    }

    fn leave(&mut self, key: Key) {
        match key {
            Key::First => self.first = None,
            Key::Other(key) => drop(self.others.as_mut().and_then(|others| others.try_remove(key))),
        }
    }
}

// === impl Watcher ===

impl OperationCell {
    /// A new watcher.
    pub fn watch(self: &Arc<Self>) -> Watcher {
        let key = self.state().watchers.enter();
        Watcher { cell: Arc::clone(self), key }
    }

    /// Returns unless it is about to end, or its end is still being stored: then once it is.
    pub async fn over(self: &Arc<Self>) {
        let watcher = self.watch();
        poll_fn(|cx| {
            while self.is_ending() {
                if watcher.register(cx) == News::None {
                    return Poll::Pending;
                }
            }
            Poll::Ready(())
        })
        .await;
    }

    fn is_ending(&self) -> bool {
        let state = self.state();
        state.ending.is_some() || state.operation.snapshot().phase == Phase::Canceling
    }
}

impl Watcher {
    /// Has the current task woken at the next change, and tells whether there can have been any since
    /// it was called last, in the same task.
    pub fn register(&self, cx: &Context<'_>) -> News {
        let mut state = self.cell.state();
        let Some(Place(place)) = state.watchers.place(self.key) else { return News::Perhaps };
        if place.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            // Every change takes the waker.
            return News::None;
        }
        *place = Some(cx.waker().clone());
        News::Perhaps
    }

    /// The cell.
    pub fn cell(&self) -> &Arc<OperationCell> {
        &self.cell
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.cell.state().watchers.leave(self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::super::super::registry::tests::cell;
    use super::*;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn everyone_who_registered_is_woken_once_and_nobody_who_left() {
        let cell = cell();
        let counters: Vec<Arc<Counter>> = (0..4).map(|_| Arc::default()).collect();
        let register = |watcher: &Watcher, counter: &Arc<Counter>| {
            watcher.register(&Context::from_waker(&Waker::from(Arc::clone(counter))))
        };
        let mut watchers: Vec<Watcher> = counters.iter().map(|_| cell.watch()).collect();
        watchers.iter().zip(&counters).for_each(|(watcher, counter)| {
            assert_eq!(register(watcher, counter), News::Perhaps);
            assert_eq!(register(watcher, counter), News::None);
        });
        drop(watchers.remove(2));
        drop(watchers.remove(0));
        for _ in 0..2 {
            cell.state().watchers.wake();
        }
        let woken = || counters.iter().map(|counter| counter.0.load(Ordering::Relaxed)).collect::<Vec<_>>();
        assert_eq!(woken(), [0, 1, 0, 1]);
        // The first place is free again, and whoever gets it is woken like the others.
        let late = cell.watch();
        assert!(matches!(late.key, Key::First));
        assert_eq!(register(&late, &counters[0]), News::Perhaps);
        cell.state().watchers.wake();
        assert_eq!(woken(), [1, 1, 0, 1]);
        assert_eq!(register(&late, &counters[0]), News::Perhaps, "it was woken");
        assert_eq!(register(&late, &counters[1]), News::Perhaps, "another task has seen nothing yet");
    }
}
