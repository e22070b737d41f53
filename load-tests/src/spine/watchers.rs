//! What a head costs where thousands of clients watch one operation by its status URI.

use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use http::{Request, StatusCode};
use tokio::time::{Instant, sleep, sleep_until};

use super::accepting::{self, Accepting, Clients, StoreKind, Terms};
use super::held::{Crowd, Listener, Sweeps, Tally, connect, watch};
use super::origin::Talk;
use super::plain::each;
use super::stage::Stage;
use super::{Figure, Report, Trouble, gateway, syscalls};

/// How often the origin reports.
const NEWS: Duration = Duration::from_secs(1);
/// The gateway lets an operation be read 100 times at once and 20 times a second: watchers come a little slower.
const AT_ONCE: u64 = 90;
const A_SECOND: u64 = 19;
/// How long the first heads of the last watchers may take.
const FIRST_HEADS: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);
/// The stretch in which writes are counted, apart from the one in which CPU is measured: a traced process is slow.
const TRACED: Duration = Duration::from_secs(4);
/// What was promised, in µs a head.
const PROMISED: f64 = 3.0;

/// Who watches, and how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Clients that watch.
    pub watchers: u64,
    /// Of them on one connection.
    pub per_connection: u64,
    /// How long heads are counted and CPU is measured.
    pub stretch: Duration,
    /// The gateway; `None`: the one built beside this program.
    pub gateway: Option<PathBuf>,
}

/// Everything that was seen.
struct Seen {
    heads: u64,
    /// Heads that had news, by their `Progress`.
    news: u64,
    cpu: Duration,
    /// Writes, and the heads in the same time.
    written: Option<(u64, u64)>,
    lost: u64,
}

/// Measures it.
///
/// # Errors
///
/// See [`Trouble`].
pub async fn measure(plan: &Plan) -> Result<Report, Trouble> {
    let stage = Stage::new().await?;
    let terms =
        Terms { store: StoreKind::Memory, talk: Talk::Reporting { every: NEWS, heads: None }, operations: 1 };
    accepting::clear(&stage)?;
    let binary = plan.gateway.clone().unwrap_or_else(gateway::built);
    let accepting = Accepting::start(&stage, &binary, terms).await?;
    let uri = Clients::connect(&accepting.target, 1).await?.pick(0).accept().await?.uri;

    let news = Arc::new(AtomicU64::new(0));
    let crowd = gather(&accepting, plan, &uri, &news).await?;
    let sweeps = Sweeps::begin();
    let before = news.load(Ordering::Relaxed);
    let stretch = watch(&crowd, accepting.gateway.process(), plan.stretch).await?;
    let news = news.load(Ordering::Relaxed) - before;
    let heads = crowd.tally.heads();
    let writes = syscalls::writes(accepting.gateway.id, TRACED, stage.directory()).await?;
    let written = writes.map(|writes| (writes, crowd.tally.heads() - heads));
    drop(sweeps);
    let seen = Seen { heads: stretch.heads, news, cpu: stretch.cpu, written, lost: crowd.tally.lost() };
    drop(crowd);
    accepting.kill().await?;
    Ok(report(plan, &stage, &seen))
}

/// Has them all watch, and waits until each of them has had a head.
async fn gather(
    accepting: &Accepting,
    plan: &Plan,
    uri: &str,
    news: &Arc<AtomicU64>,
) -> Result<Crowd, Trouble> {
    let mut crowd = Crowd::new(Tally::new());
    let began = Instant::now();
    let mut requests: Option<SendRequest<Bytes>> = None;
    for number in 0..plan.watchers {
        sleep_until(began + after(number)).await;
        let connection = match requests.take() {
            Some(connection) if number % plan.per_connection != 0 => connection,
            _ => connect(&mut crowd, &accepting.target).await?,
        };
        let mut ready = connection.ready().await.map_err(Trouble::unexpected("opening a stream"))?;
        let request = Request::get(uri).header("prefer", "processing").body(());
        let request = request.map_err(Trouble::unexpected("writing a request"))?;
        let sent = ready.send_request(request, true);
        let (response, _) = sent.map_err(Trouble::unexpected("sending a request"))?;
        requests = Some(ready);
        let listener = Listener::new(&crowd.tally);
        crowd.keep(tokio::spawn(listen(response, listener, Arc::clone(news))));
        if crowd.tally.lost() > 0 {
            break;
        }
    }
    // A connection without a request of its own may be closed, and this one's handle was only kept for more.
    drop(requests);
    all_hold(&crowd, plan.watchers).await?;
    Ok(crowd)
}

/// When a watcher comes.
fn after(number: u64) -> Duration {
    Duration::from_micros(number.saturating_sub(AT_ONCE) * 1_000_000 / A_SECOND)
}

async fn all_hold(crowd: &Crowd, asked: u64) -> Result<(), Trouble> {
    let until = Instant::now() + FIRST_HEADS;
    while crowd.tally.held() < asked {
        let (held, lost) = (crowd.tally.held(), crowd.tally.lost());
        if lost > 0 || Instant::now() > until {
            return Err(Trouble::NotHeld { held, asked, seconds: FIRST_HEADS.as_secs(), lost });
        }
        sleep(LOOK).await;
    }
    Ok(())
}

async fn listen(mut response: ResponseFuture, mut listener: Listener, news: Arc<AtomicU64>) {
    while let Some(Ok(head)) = poll_fn(|cx| response.poll_informational(cx)).await {
        if head.status() != StatusCode::PROCESSING {
            break;
        }
        news.fetch_add(u64::from(head.headers().contains_key("progress")), Ordering::Relaxed);
        listener.heard(1);
    }
    listener.lost();
}

fn report(plan: &Plan, stage: &Stage, seen: &Seen) -> Report {
    let Plan { watchers, per_connection, stretch, .. } = plan;
    let writes = Figure {
        value: seen.written.map(|(writes, heads)| count(writes) / count(heads)),
        ..Figure::new("writes per head", 0.0, "")
    };
    let figures = vec![
        Figure::new("heads received", count(seen.heads), ""),
        Figure::new(
            "heads per watcher and second",
            count(seen.heads) / count(*watchers) / stretch.as_secs_f64(),
            "",
        ),
        Figure::new("share of them with news", count(seen.news) / count(seen.heads), ""),
        Figure::new("gateway CPU per head", each(seen.cpu, seen.heads), "µs").at_most(PROMISED),
        writes,
        Figure::new("watchers that ended early", count(seen.lost), "").at_most(0.0),
    ];
    let title = format!(
        "watchers: {watchers} clients of one operation over h2, {per_connection} a connection, news every {} s, over {} s",
        NEWS.as_secs_f64(),
        stretch.as_secs_f64()
    );
    Report { title, figures, notes: stage.notes() }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn count(amount: u64) -> f64 {
    amount as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watchers_come_no_faster_than_an_operation_may_be_read() {
        assert_eq!(after(AT_ONCE), Duration::ZERO);
        for number in [91, 1_000, 10_000_u64] {
            let tokens = 100.0 + 20.0 * after(number).as_secs_f64();
            // One is spent by each of those before, and by itself.
            assert!(tokens >= count(number + 1), "{number}");
        }
    }
}
