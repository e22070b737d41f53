//! What the gateway says was acknowledged, beside what the clients have read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use downstream::{Audit, Page, Source};
use tokio::sync::Notify;

/// The audit of a gateway, and the clients' own log.
///
/// A client's acknowledgement leaves in the same step in which its application is woken, and all
/// runs on one thread: so whatever the gateway is told, the application has read before.
#[derive(Debug, Default)]
pub struct Witness {
    written: AtomicUsize,
    acknowledged: AtomicUsize,
    lost: AtomicUsize,
    /// By the path of their request: the page, and the heads that were read.
    exchanges: Mutex<BTreeMap<String, (Page, u32)>>,
    wrong: Mutex<Vec<String>>,
    /// The heads that were there when the controller saw nothing in flight, and whether too few of
    /// them were acknowledged.
    clear: AtomicUsize,
    late: Mutex<Vec<String>>,
    delays: Mutex<Vec<Duration>>,
    changed: Notify,
}

impl Witness {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn opened(&self, path: &str, page: &Page) {
        self.exchanges.lock().unwrap().insert(path.to_owned(), (page.clone(), 0));
    }

    /// The client's application has read a head.
    pub fn read(&self, path: &str) {
        self.exchanges.lock().unwrap().get_mut(path).expect("it was opened").1 += 1;
    }

    /// Lets go of the pages.
    pub fn close(&self) {
        let exchanges = std::mem::take(&mut *self.exchanges.lock().unwrap());
        drop(exchanges);
    }

    pub fn written(&self) -> usize {
        self.written.load(Ordering::SeqCst)
    }

    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }

    pub fn lost(&self) -> usize {
        self.lost.load(Ordering::SeqCst)
    }

    pub fn outstanding(&self) -> usize {
        self.written() - self.acknowledged() - self.lost()
    }

    pub fn delays(&self) -> Vec<Duration> {
        self.delays.lock().unwrap().clone()
    }

    /// Waits until no head is unacknowledged.
    pub async fn settled(&self) {
        self.until(|witness| witness.outstanding() == 0).await;
    }

    /// Waits until so many heads were acknowledged.
    pub async fn confirmed(&self, heads: usize) {
        self.until(|witness| witness.acknowledged() >= heads).await;
    }

    /// Waits until the controller has seen nothing in flight with so many heads.
    pub async fn all_clear(&self, heads: usize) {
        self.until(|witness| witness.clear.load(Ordering::SeqCst) >= heads).await;
    }

    async fn until(&self, reached: impl Fn(&Self) -> bool) {
        loop {
            let changed = self.changed.notified();
            if reached(self) {
                return;
            }
            changed.await;
        }
    }

    /// The controller says that so many heads must be acknowledged by now.
    pub fn cleared(&self, heads: usize) {
        let known = self.acknowledged() + self.lost();
        if known < heads {
            self.late.lock().unwrap().push(format!("{known} of {heads} when all was clear"));
        }
        self.clear.fetch_max(heads, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// What was not acknowledged though it must have been; without losses there is nothing.
    pub fn late(&self) -> Vec<String> {
        self.late.lock().unwrap().clone()
    }

    /// What was reported that cannot be.
    pub fn wrong(&self) -> Vec<String> {
        self.wrong.lock().unwrap().clone()
    }
}

impl Audit for Witness {
    fn written(&self) {
        self.written.fetch_add(1, Ordering::SeqCst);
    }

    fn acknowledged(&self, source: Source, after: Duration) {
        assert_eq!(source, Source::Quic);
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
        self.delays.lock().unwrap().push(after);
        for (path, (page, read)) in &*self.exchanges.lock().unwrap() {
            let acknowledged = page.acknowledged().expect("QUIC can tell");
            if acknowledged > *read {
                self.wrong.lock().unwrap().push(format!("{path}: {acknowledged} of {read} read"));
            }
        }
        self.changed.notify_waiters();
    }

    fn lost(&self, heads: usize) {
        self.lost.fetch_add(heads, Ordering::SeqCst);
        self.changed.notify_waiters();
    }
}
