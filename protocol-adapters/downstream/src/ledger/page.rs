//! The heads of one exchange.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Instant;

use smallvec::SmallVec;

use super::{Audit, GRACE, Source};
use crate::Window;

/// Heads of one exchange that may be unacknowledged, however young they are. A relayed flood stops
/// here; it is what an exchange can cost in marks.
const MOST: usize = 16;

/// `maximum-unacknowledged` of an exchange that has not said otherwise (INT-18).
const MAXIMUM: u8 = 1;

/// What one exchange has written and its client has not acknowledged. Clones are the same page.
#[derive(Clone, Debug, Default)]
pub struct Page(Option<Arc<Lines>>);

#[derive(Debug)]
struct Lines {
    audit: Arc<dyn Audit>,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    /// When each of the heads was written, oldest first: they are acknowledged in this order. Bound:
    /// [`MOST`], and one `100 (Continue)` or first head beside.
    heads: SmallVec<[Instant; 1]>,
    maximum: u8,
    acknowledged: u32,
    /// Whoever waits for an acknowledgement.
    waiting: Option<Waker>,
}

impl Page {
    /// The page of an exchange whose heads are counted by `audit`.
    pub fn new(audit: &Arc<dyn Audit>) -> Self {
        let written = Written { heads: SmallVec::new(), maximum: MAXIMUM, acknowledged: 0, waiting: None };
        Self(Some(Arc::new(Lines { audit: Arc::clone(audit), written: Mutex::new(written) })))
    }

    /// The page of an exchange whose transport cannot tell what was acknowledged.
    pub const fn blank() -> Self {
        Self(None)
    }

    /// Makes it the page of the next exchange, if nobody else holds it: then nothing is outstanding, and
    /// no memory is needed for another one.
    pub fn turn(&mut self) -> bool {
        let Some(lines) = &mut self.0 else { return true };
        let Some(lines) = Arc::get_mut(lines) else { return false };
        let written = lines.written.get_mut().unwrap_or_else(PoisonError::into_inner);
        lines.audit.lost(written.heads.len());
        *written = Written { heads: SmallVec::new(), maximum: MAXIMUM, acknowledged: 0, waiting: None };
        true
    }

    /// How many heads may be unacknowledged before the next one waits; at least one.
    pub fn limit(&self, maximum: u32) {
        if let Some(lines) = &self.0 {
            lines.lock().maximum = u8::try_from(maximum).unwrap_or(u8::MAX).max(1);
        }
    }

    /// A head was written.
    pub fn enter(&self, now: Instant) {
        if let Some(lines) = &self.0 {
            lines.lock().heads.push(now);
            lines.audit.written();
        }
    }

    /// The oldest head that is left was acknowledged.
    pub fn strike(&self, source: Source, now: Instant) {
        let Some(lines) = &self.0 else { return };
        let mut written = lines.lock();
        if written.heads.is_empty() {
            return;
        }
        let head = written.heads.remove(0);
        written.acknowledged = written.acknowledged.saturating_add(1);
        let waiting = written.waiting.take();
        drop(written);
        lines.audit.acknowledged(source, now.saturating_duration_since(head));
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// None of its heads will ever be acknowledged: the connection is over. Whoever has not noticed that yet
    /// does by the next head, which must not wait.
    pub(super) fn lose(&self) {
        let Some(lines) = &self.0 else { return };
        let mut written = lines.lock();
        let lost = written.heads.drain(..).len();
        let waiting = written.waiting.take();
        drop(written);
        lines.audit.lost(lost);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// Whether another head may go out now. If not, the waker is called at the next acknowledgement.
    pub fn poll_window(&self, now: Instant, cx: &Context<'_>) -> Window {
        let Some(lines) = &self.0 else { return Window::Open };
        let mut written = lines.lock();
        if !written.is_full(now) {
            return Window::Open;
        }
        match &mut written.waiting {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Window::Unacknowledged
    }

    /// Whether nothing is outstanding: [`Page::poll_window`] need not be asked, nor a clock.
    pub fn is_clear(&self) -> bool {
        self.0.as_ref().is_none_or(|lines| lines.lock().heads.is_empty())
    }

    /// Whether nobody holds it any more but the marks of its heads, of which each has a clone.
    pub(super) fn is_forsaken(&self) -> bool {
        self.0.as_ref().is_some_and(|lines| Arc::strong_count(lines) <= lines.lock().heads.len())
    }

    /// How many of its heads were acknowledged; `None` if its transport cannot tell.
    pub fn acknowledged(&self) -> Option<u32> {
        self.0.as_ref().map(|lines| lines.lock().acknowledged)
    }
}

impl Written {
    fn is_full(&self, now: Instant) -> bool {
        // They are in order of age: if the one at this place has been out for long, so have those
        // before it.
        let youngest = self.heads.get(usize::from(self.maximum) - 1);
        let missed = |head: &Instant| now.saturating_duration_since(*head) >= GRACE;
        self.heads.len() >= MOST || youngest.is_some_and(missed)
    }
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Written> {
        // Nothing in here is left half done by a panic.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let written = self.written.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !written.heads.is_empty() {
            self.audit.lost(written.heads.len());
        }
    }
}
