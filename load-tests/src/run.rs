//! Runs a scenario: starts what it needs, lets clients arrive, watches, and says what came of it.
//!
//! The clients live on worker threads, each with a runtime and a [`Tally`] of its own. Arrivals are
//! dealt out in turn, so that two runs with one seed do the same however many workers there are. This
//! thread only looks once a second.

mod book;
mod entry;
mod exchange;
mod expectations;
mod follow;
mod growth;
mod leg;
mod machine;
mod picks;
mod sampling;
mod setting;
mod shared;
mod staging;
mod target;
mod usage;
mod worker;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, Unit};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::report::live::Live;
use crate::report::{RunReport, VERSION};
use crate::scenario::Scenario;
use crate::tally::Tally;
use crate::trouble::Trouble;

use book::Book;
use expectations::Facts;
use sampling::Sampler;
use setting::Setting;
use staging::Staged;
use worker::{Share, Worker};

pub use target::{Remote, TargetUrl, UrlError};

/// Exchanges in flight at one time, over all workers. What arrives beyond them is shed and reported. Each takes some
/// 5 KB here, and a descriptor if it has a connection of its own.
pub const MAXIMUM_IN_FLIGHT: u64 = 100_000;
/// Worker threads at most: beyond the cores they only get in each other's way.
const MAXIMUM_WORKERS: usize = 64;
/// From the decision to begin to the first arrival: workers start in it.
const LEAD: Duration = Duration::from_millis(20);
/// How often is looked.
const TICK: Duration = Duration::from_secs(1);

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario, with all that the command line changed in it.
    pub scenario: Scenario,
    /// Whether it is the short form.
    pub quick: bool,
    /// A gateway that runs already; `None`: the one beside this program is started, with an origin.
    pub remote: Option<Remote>,
    /// Where the gateway that is started has its `/metrics`; `None`: wherever is room.
    pub admin: Option<SocketAddr>,
    /// Threads that clients live on.
    pub workers: usize,
}

/// Threads for clients, as `TOKIO_WORKER_THREADS` says; one if it does not.
pub fn workers() -> usize {
    let said = std::env::var("TOKIO_WORKER_THREADS").ok().and_then(|said| said.parse().ok());
    said.unwrap_or(1).clamp(1, MAXIMUM_WORKERS)
}

/// Runs a scenario to its end, or until `stop` becomes true: then it is cut short, and the report says so.
///
/// # Errors
///
/// Where nothing could be measured: no gateway, no address, a gateway or a worker that died on the way.
pub async fn run(plan: Plan, mut stop: watch::Receiver<bool>, live: &Live) -> Result<RunReport, Trouble> {
    let mut staged = Staged::prepare(&plan).await?;
    let before = staged.watcher.latest();
    let setting = Arc::new(Setting::new(&plan, staged.targets.clone()));
    let started = Timestamp::now().round(Unit::Second).map_err(Trouble::unexpected("reading the clock"))?;
    let begin = Instant::now() + LEAD;
    let (books, mut crowd) = crowd(&setting, plan.workers, (begin, stop.clone()))?;
    let mut sampler = Sampler::new(begin, before);
    let mut due = begin;
    let finished = loop {
        due += TICK;
        tokio::select! {
            finished = crowd.gone() => break finished,
            () = sleep_until(due) => {
                staged.alive()?;
                live.show(sampler.sample(&books, staged.watcher.latest(), Instant::now()));
            }
        }
    };
    finished?;
    let ended = Instant::now();
    let mut tally = Tally::new(plan.scenario.clients.len());
    sampler.sample(&books, staged.watcher.latest(), ended);
    for book in &books {
        tally.merge(&book.open());
    }
    let cut_short = *stop.borrow_and_update();
    let (readings, parting) = staged.end().await;
    let mut report = RunReport {
        version: VERSION,
        scenario: plan.scenario.name.clone(),
        summary: plan.scenario.summary.clone(),
        started: started.to_string(),
        seconds: ended.saturating_duration_since(begin).as_secs_f64(),
        seed: plan.scenario.seed,
        quick: plan.quick,
        target: parting.target,
        machine: machine::description(),
        total: tally.total(),
        clients: tally.rows(&plan.scenario.clients),
        gateway: None,
        generator: usage::generator(
            &readings,
            parting.origin_cpu,
            tally.start_delay().percentile(99.0).unwrap_or_default(),
        ),
        samples: sampler.into_samples(),
        violations: Vec::new(),
    };
    report.gateway = usage::gateway(&readings, &report, parting.kept);
    let facts = Facts { words: tally.words(), cut_short, planned: plan.scenario.duration };
    report.violations = expectations::violations(&plan.scenario.expect, &report, &facts);
    report.violations.extend(parting.trouble.map(|trouble| format!("the gateway: {trouble}")));
    Ok(report)
}

/// The workers, as seen from here.
struct Crowd(Vec<oneshot::Receiver<()>>);

impl Crowd {
    /// Waits until the last of them has ended. May be dropped and called again.
    async fn gone(&mut self) -> Result<(), Trouble> {
        while let Some(done) = self.0.last_mut() {
            done.await.map_err(|_| Trouble::Unexpected {
                doing: "running clients",
                reason: "a worker panicked; its words are above".to_owned(),
            })?;
            self.0.pop();
        }
        Ok(())
    }
}

fn crowd(
    setting: &Arc<Setting>,
    workers: usize,
    (begin, stop): (Instant, watch::Receiver<bool>),
) -> Result<(Vec<Book>, Crowd), Trouble> {
    let books: Vec<Book> = (0..workers).map(|_| Book::new(setting.scenario.clients.len())).collect();
    let spawned = books.iter().enumerate().map(|(index, book)| {
        let worker = Worker {
            setting: Arc::clone(setting),
            book: book.clone(),
            share: Share { index, count: workers },
            begin,
            stop: stop.clone(),
        };
        worker.spawn()
    });
    let spawned: Result<Vec<_>, Trouble> = spawned.collect();
    Ok((books, Crowd(spawned?)))
}
