//! Requests as fast as they are answered, and requests at a pace of their own.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::spine::{Figure, Trouble};
use crate::tally::Spread;

/// How long the last requests of a pace may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of requests.
#[derive(Clone, Debug, Default)]
pub(in crate::spine) struct Seen {
    /// Requests that got what they asked for.
    pub(in crate::spine) answered: u64,
    /// Requests that did not.
    pub(in crate::spine) failed: u64,
    /// What the first of them got.
    pub(in crate::spine) trouble: Option<String>,
    times: Spread,
}

/// Requests that begin at even distances, whatever becomes of those before.
#[derive(Clone, Copy, Debug)]
pub(in crate::spine) struct Pace {
    /// Requests a second.
    pub(in crate::spine) rate: u64,
    /// For so long.
    pub(in crate::spine) length: Duration,
}

/// Workers that send one request after the other.
pub(in crate::spine) struct Closed {
    book: Book,
    workers: JoinSet<()>,
}

#[derive(Clone, Debug, Default)]
struct Book(Arc<Mutex<Seen>>);

impl Closed {
    /// Starts so many workers, which together send `total` requests: `send` sends the one with a number, and
    /// says when it was answered. A worker ends at its first failure.
    pub(in crate::spine) fn begin<S, F>(workers: u64, total: u64, send: S) -> Self
    where
        S: Fn(u64) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Instant, Trouble>> + Send + 'static,
    {
        let (book, next, send) = (Book::default(), Arc::new(AtomicU64::new(0)), Arc::new(send));
        let mut set = JoinSet::new();
        for _ in 0..workers {
            let (book, next, send) = (book.clone(), Arc::clone(&next), Arc::clone(&send));
            set.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= total {
                        return;
                    }
                    let began = Instant::now();
                    let answered = send(number).await;
                    let failed = answered.is_err();
                    book.note(began, answered);
                    if failed {
                        return;
                    }
                }
            });
        }
        Self { book, workers: set }
    }

    /// What came of them since the last time that this was asked.
    pub(in crate::spine) fn take(&self) -> Seen {
        std::mem::take(&mut *self.book.entries())
    }

    /// Waits until all have been sent and answered.
    pub(in crate::spine) async fn finish(mut self) -> Seen {
        while self.workers.join_next().await.is_some() {}
        self.take()
    }
}

/// Sends requests at this pace, and waits for their answers. The times count from when requests were due: one
/// that had to wait for those before it has taken that long (coordinated omission).
pub(in crate::spine) async fn paced<S, F>(pace: Pace, send: S) -> Seen
where
    S: Fn(u64) -> F,
    F: Future<Output = Result<Instant, Trouble>> + Send + 'static,
{
    let book = Book::default();
    let mut tasks = JoinSet::new();
    let began = Instant::now();
    for number in 0..pace.total() {
        let due = began + pace.after(number);
        sleep_until(due).await;
        let (book, sending) = (book.clone(), send(number));
        tasks.spawn(async move { book.note(due, sending.await) });
    }
    let all = async { while tasks.join_next().await.is_some() {} };
    let in_time = timeout(PATIENCE, all).await.is_ok();
    let mut seen = std::mem::take(&mut *book.entries());
    if !in_time {
        seen.failed += tasks.len() as u64;
        seen.trouble.get_or_insert_with(|| format!("no answer within {} s", PATIENCE.as_secs()));
    }
    seen
}

impl Pace {
    fn total(self) -> u64 {
        let total = self.length.as_micros() * u128::from(self.rate) / 1_000_000;
        u64::try_from(total).unwrap_or(u64::MAX)
    }

    fn after(self, number: u64) -> Duration {
        Duration::from_nanos(number.saturating_mul(1_000_000_000) / self.rate.max(1))
    }
}

impl Book {
    fn note(&self, began: Instant, answered: Result<Instant, Trouble>) {
        let mut seen = self.entries();
        match answered {
            Ok(at) => {
                seen.answered += 1;
                seen.times.record(at.saturating_duration_since(began));
            }
            Err(trouble) => {
                seen.failed += 1;
                seen.trouble.get_or_insert_with(|| trouble.to_string());
            }
        }
    }

    fn entries(&self) -> MutexGuard<'_, Seen> {
        // Each entry is whole before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Those of an earlier time fail a measurement, too.
    pub(in crate::spine) fn add_failures(&mut self, earlier: Self) {
        self.failed += earlier.failed;
        self.trouble = earlier.trouble.or_else(|| self.trouble.take());
    }

    /// Median, 99th percentile and the longest of the times until `what`.
    pub(in crate::spine) fn times(&self, what: &str) -> [Figure; 3] {
        let times = self.times.seconds();
        let figure = |name, seconds| Figure::new(format!("{what}, {name}"), seconds * 1000.0, "ms");
        [figure("p50", times.p50), figure("p99", times.p99), figure("longest", times.max)]
    }

    /// How many failed, and why the first of them did.
    pub(in crate::spine) fn failures(&self, what: &'static str) -> (Figure, Option<String>) {
        let failed = u32::try_from(self.failed).unwrap_or(u32::MAX);
        let figure = Figure::new(what, failed.into(), "").at_most(0.0);
        (figure, self.trouble.as_ref().map(|trouble| format!("the first of them: {trouble}")))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    fn refused() -> Trouble {
        Trouble::NotServing("nobody")
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_had_to_wait_has_taken_that_long() {
        let pace = Pace { rate: 10, length: Duration::from_secs(2) };
        let began = Instant::now();
        // Nothing is answered before the end of the second second.
        let seen = paced(pace, |_| async move {
            tokio::time::sleep_until(began + Duration::from_secs(2)).await;
            Ok(Instant::now())
        })
        .await;
        assert_eq!((seen.answered, seen.failed), (20, 0));
        let [half, _, longest] = seen.times("answer");
        assert!((999.0..1005.0).contains(&half.value.expect("a median")), "{half}");
        assert!((1999.0..2005.0).contains(&longest.value.expect("a time")), "{longest}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_answered_has_failed() {
        let pace = Pace { rate: 4, length: Duration::from_secs(1) };
        let seen = paced(pace, |number| async move {
            if number == 0 { Err(refused()) } else { std::future::pending().await }
        })
        .await;
        assert_eq!((seen.answered, seen.failed), (0, 4));
        let (figure, note) = seen.failures("unanswered");
        assert!(figure.is_missed() && note.expect("a note").contains("nobody"));
    }

    #[tokio::test(start_paused = true)]
    async fn workers_share_the_requests_and_end_at_a_failure() {
        let send = |number| async move {
            sleep(Duration::from_millis(10)).await;
            if number == 5 { Err(refused()) } else { Ok(Instant::now()) }
        };
        let seen = Closed::begin(3, 12, send).finish().await;
        assert_eq!((seen.answered, seen.failed), (11, 1));
        let all_fail = Closed::begin(3, 12, |_| async { Err(refused()) }).finish().await;
        assert_eq!((all_fail.answered, all_fail.failed), (0, 3));
    }
}
