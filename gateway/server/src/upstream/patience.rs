//! How long a silent origin is waited for.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// How long an origin may say nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// The upstream's `idle-timeout`: for plain routes.
    Idle,
    /// For ever: the operation's own deadline ends the call.
    Unlimited,
}

/// Measures silence: the time for which an origin is being waited for and sends nothing. Time in
/// which nobody waits (a slow client, a slow upload) is nobody's silence.
///
/// The timer is set for the first wait and then only re-armed when it fires too early, so that a
/// busy exchange pays for reading the clock once per wait.
#[derive(Debug, Default)]
pub struct Silence {
    limit: Option<Duration>,
    since: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    /// Silence that is too long after `limit`; `None`: never.
    pub fn new(limit: Option<Duration>) -> Self {
        Self { limit, since: None, sleep: None }
    }

    /// Something came from the origin, or it is not being waited for (FWD-07).
    pub fn broken(&mut self) {
        self.since = None;
    }

    /// Ready once the silence is too long. To be called when nothing came.
    pub fn poll_too_long(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(limit) = self.limit else { return Poll::Pending };
        let since = *self.since.get_or_insert_with(Instant::now);
        let ends = since + limit;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(ends)));
        // Silences begin later and later, so the timer is never set beyond the end of this one.
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= ends {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(ends);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    const LIMIT: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn fwd_07_every_sign_of_life_restarts_the_silence() {
        let start = Instant::now();
        let mut silence = Silence::new(Some(LIMIT));
        let mut signs = 3;
        let mut next = Box::pin(tokio::time::sleep(Duration::from_secs(50)));
        poll_fn(|cx| {
            while signs > 0 && next.as_mut().poll(cx).is_ready() {
                signs -= 1;
                next.as_mut().reset(Instant::now() + Duration::from_secs(50));
                silence.broken();
            }
            silence.poll_too_long(cx)
        })
        .await;
        assert_eq!(start.elapsed(), Duration::from_secs(3 * 50) + LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_nobody_waits_does_not_count() {
        let mut silence = Silence::new(Some(LIMIT));
        assert!(poll_fn(|cx| Poll::Ready(silence.poll_too_long(cx))).await.is_pending());
        silence.broken();
        tokio::time::advance(LIMIT * 10).await;
        assert!(poll_fn(|cx| Poll::Ready(silence.poll_too_long(cx))).await.is_pending());
    }

    #[tokio::test(start_paused = true)]
    async fn unlimited_patience_has_no_timer() {
        let mut silence = Silence::new(None);
        assert!(poll_fn(|cx| Poll::Ready(silence.poll_too_long(cx))).await.is_pending());
        assert!(silence.sleep.is_none());
    }
}
