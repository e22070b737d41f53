//! How many operations a second the gateway accepts, and how long one takes to be accepted: its 202 goes out
//! once its record is in the store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::accepting::{self, Accepting, Clients, Closed, Pace, Seen, StoreKind, Terms, paced};
use super::origin::Talk;
use super::plain::each;
use super::stage::Stage;
use super::{Figure, Report, Trouble, disk, gateway};

/// Caches, connections to the origins and the first pages of the store.
const WARM_UP: Duration = Duration::from_secs(2);
/// More acceptances a second than can be expected: so many have to have room at the origins.
const MOST: u64 = 20_000;
/// What was promised: operations accepted a second, and ms until 99 of 100 are at [`PROMISED_AT`].
const PROMISED_RATE: f64 = 5_000.0;
const PROMISED_TIME: f64 = 50.0;
const PROMISED_AT: u64 = 1_000;

/// What to send.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Requests a second; `None`: as many as are answered.
    pub rate: Option<u64>,
    /// How long.
    pub length: Duration,
    /// Connections of the clients.
    pub connections: u64,
    /// Requests at a time on each of them, without a rate.
    pub streams: u64,
    /// Where operations are kept.
    pub store: StoreKind,
    /// The gateway; `None`: the one built beside this program.
    pub gateway: Option<PathBuf>,
}

/// What came of it.
struct Measured {
    seen: Seen,
    took: Duration,
    cpu: Duration,
    sync: Duration,
}

/// Measures it.
///
/// # Errors
///
/// See [`Trouble`].
pub async fn measure(plan: &Plan) -> Result<Report, Trouble> {
    let stage = Stage::new().await?;
    accepting::clear(&stage)?;
    let sync = disk::sync_time(stage.directory())?;
    let seconds = (plan.length + WARM_UP).as_secs() + 1;
    let terms = Terms {
        store: plan.store,
        talk: Talk::Silent,
        operations: plan.rate.unwrap_or(MOST).saturating_mul(seconds),
    };
    let binary = plan.gateway.clone().unwrap_or_else(gateway::built);
    let accepting = Accepting::start(&stage, &binary, terms).await?;
    let clients = Arc::new(Clients::connect(&accepting.target, plan.connections).await?);
    let measured = match plan.rate {
        Some(rate) => at_a_pace(&accepting, &clients, Pace { rate, length: plan.length }).await?,
        None => as_they_come(&accepting, &clients, plan).await?,
    };
    drop(clients);
    accepting.kill().await?;
    Ok(report(plan, &stage, &Measured { sync, ..measured }))
}

async fn at_a_pace(accepting: &Accepting, clients: &Arc<Clients>, pace: Pace) -> Result<Measured, Trouble> {
    let accept = |number| {
        let client = clients.pick(number);
        async move { client.accept().await.map(|accepted| accepted.at) }
    };
    let warm = paced(Pace { length: WARM_UP, ..pace }, accept).await;
    let process = accepting.gateway.process();
    let (began, cpu) = (Instant::now(), process.fine_cpu()?);
    let mut seen = paced(pace, accept).await;
    let (took, cpu) = (began.elapsed(), process.fine_cpu()?.saturating_sub(cpu));
    seen.add_failures(warm);
    Ok(Measured { seen, took, cpu, sync: Duration::ZERO })
}

async fn as_they_come(
    accepting: &Accepting,
    clients: &Arc<Clients>,
    plan: &Plan,
) -> Result<Measured, Trouble> {
    let sending = Arc::clone(clients);
    let workers = Closed::begin(plan.connections * plan.streams, u64::MAX, move |number| {
        let client = sending.pick(number);
        async move { client.accept().await.map(|accepted| accepted.at) }
    });
    sleep(WARM_UP).await;
    let process = accepting.gateway.process();
    let warm = workers.take();
    let (began, cpu) = (Instant::now(), process.fine_cpu()?);
    sleep(plan.length).await;
    let (took, cpu) = (began.elapsed(), process.fine_cpu()?.saturating_sub(cpu));
    let mut seen = workers.take();
    seen.add_failures(warm);
    Ok(Measured { seen, took, cpu, sync: Duration::ZERO })
}

fn report(plan: &Plan, stage: &Stage, measured: &Measured) -> Report {
    let Measured { seen, took, cpu, sync } = measured;
    let mut rate = Figure::new("accepted a second", 1e6 / each(*took, seen.answered), "");
    let mut times = seen.times("time to the 202");
    match plan.rate {
        None => rate = rate.at_least(PROMISED_RATE),
        Some(PROMISED_AT) => times[1].most = Some(PROMISED_TIME),
        Some(_) => {}
    }
    let (failures, why) = seen.failures("requests without a 202");
    let mut figures = vec![rate, Figure::new("gateway CPU per acceptance", each(*cpu, seen.answered), "µs")];
    figures.extend(times);
    figures.push(failures);
    let mut notes: Vec<String> = why.into_iter().collect();
    if plan.store == StoreKind::Embedded {
        figures.push(Figure::new("a page written and synced, median", each(*sync, 1) / 1000.0, "ms"));
        notes.extend(disk::notes(stage.directory()));
    }
    notes.extend(stage.notes());
    Report { title: title(plan), figures, notes }
}

fn title(plan: &Plan) -> String {
    let Plan { rate, length, connections, streams, store, .. } = plan;
    let load = match rate {
        Some(rate) => {
            format!("{rate} a second over {connections} connections, times from when they were due")
        }
        None => format!("{connections} connections with {streams} requests at a time"),
    };
    format!("accept: h2, {} store, {load}, over {} s", store.name(), length.as_secs_f64())
}
