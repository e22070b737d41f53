//! Clients that note how late each head is.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use h2::client::ResponseFuture;
use hdrhistogram::Histogram;
use http::Response;
use tokio::time::{Instant, sleep};

use crate::spine::Trouble;
use crate::spine::held::{Crowd, Listener, Tally, Target, http2};

/// When a head counts as late.
const TOLERANCE_MS: u64 = 50;
/// How long first heads may take after the last request was sent, and how often is looked.
const FIRST_HEADS: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

/// When a head is due.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    /// So long after the one before it on the same stream.
    After(Duration),
    /// When the origin sent it: its `Progress` says when, in ms since this.
    WhenSent(Instant),
}

/// How late heads were, in ms.
#[derive(Clone, Debug)]
pub(super) struct Punctuality(Histogram<u64>);

/// Requests that are held.
pub(super) struct Waiting {
    crowd: Crowd,
    seen: Arc<Mutex<Punctuality>>,
}

/// Sends the requests and waits until each has had a head.
pub(super) async fn hold(
    target: &Target,
    (count, per_connection): (u64, u64),
    due: Due,
) -> Result<Waiting, Trouble> {
    let seen = Arc::new(Mutex::new(Punctuality::new()?));
    let mut crowd = Crowd::new(Tally::new());
    let mut left = count;
    while left > 0 {
        let here = left.min(per_connection);
        left -= here;
        let mut requests = http2::connect(&mut crowd, target).await?;
        for _ in 0..here {
            requests = requests.ready().await.map_err(Trouble::unexpected("opening a stream"))?;
            let sent = requests.send_request(http2::request()?, true);
            let (response, _) = sent.map_err(Trouble::unexpected("sending a request"))?;
            let listener = Listener::new(&crowd.tally);
            crowd.keep(tokio::spawn(listen((response, listener), Arc::clone(&seen), due)));
        }
    }
    let until = Instant::now() + FIRST_HEADS;
    while crowd.tally.held() < count {
        if Instant::now() > until {
            let (held, lost, seconds) = (crowd.tally.held(), crowd.tally.lost(), FIRST_HEADS.as_secs());
            return Err(Trouble::NotHeld { held, asked: count, seconds, lost });
        }
        sleep(LOOK).await;
    }
    Ok(Waiting { crowd, seen })
}

type Hearing = (ResponseFuture, Listener);

async fn listen((mut response, mut listener): Hearing, seen: Arc<Mutex<Punctuality>>, due: Due) {
    let mut before: Option<Instant> = None;
    while let Some(Ok(head)) = poll_fn(|cx| response.poll_informational(cx)).await {
        let now = Instant::now();
        let was_due = match due {
            Due::After(pause) => before.map(|before| before + pause),
            Due::WhenSent(began) => sent(&head).map(|sent| began + sent),
        };
        before = Some(now);
        listener.heard(1);
        if let Some(was_due) = was_due {
            let late = now.saturating_duration_since(was_due);
            seen.lock().unwrap_or_else(PoisonError::into_inner).note(late);
        }
    }
    listener.lost();
}

/// The numerator of `Progress`.
fn sent(head: &Response<()>) -> Option<Duration> {
    let progress = head.headers().get("progress")?.to_str().ok()?;
    progress.split('/').next()?.trim().parse().ok().map(Duration::from_millis)
}

impl Waiting {
    /// What happens in so long a time.
    pub(super) async fn look(&self, length: Duration) -> Result<Punctuality, Trouble> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Punctuality::new()?;
        sleep(length).await;
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match self.crowd.tally.lost() {
            0 => Ok(seen),
            lost => {
                let reason = format!("{lost} requests ended");
                Err(Trouble::Unexpected { doing: "holding requests", reason })
            }
        }
    }
}

impl Punctuality {
    fn new() -> Result<Self, Trouble> {
        let histogram = Histogram::new(3).map_err(Trouble::unexpected("making a histogram"))?;
        Ok(Self(histogram))
    }

    fn note(&mut self, late: Duration) {
        self.0.saturating_record(u64::try_from(late.as_millis()).unwrap_or(u64::MAX));
    }

    /// Heads a second to each of so many requests.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub(super) fn pace(&self, requests: u64, length: Duration) -> f64 {
        self.0.len() as f64 / requests as f64 / length.as_secs_f64()
    }

    /// So much of a hundred heads was at most so late, in ms.
    #[expect(clippy::cast_precision_loss, reason = "times stay far below 2^52 ms")]
    pub(super) fn percentile(&self, percent: f64) -> f64 {
        self.0.value_at_percentile(percent) as f64
    }

    /// The share of heads that were late by more than 50 ms.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub(super) fn late(&self) -> f64 {
        let in_time = self.0.count_between(0, TOLERANCE_MS);
        (self.0.len() - in_time) as f64 / self.0.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_late_from_the_fifty_first_millisecond_on() {
        let mut seen = Punctuality::new().expect("a histogram");
        for late in [0, 1, 50, 51] {
            seen.note(Duration::from_millis(late));
        }
        assert!((seen.late() - 0.25).abs() < 1e-9);
        assert!((seen.pace(2, Duration::from_secs(2)) - 1.0).abs() < 1e-9);
        assert!((seen.percentile(100.0) - 51.0).abs() < 1e-9);
    }

    #[test]
    fn the_time_of_sending_is_the_numerator() {
        let head =
            |progress: &str| Response::builder().header("progress", progress).body(()).expect("a head");
        assert_eq!(sent(&head("1500/1000000000")), Some(Duration::from_millis(1500)));
        assert_eq!(sent(&head("much")), None);
        assert_eq!(sent(&Response::new(())), None);
    }
}
