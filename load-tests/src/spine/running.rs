//! What an operation takes whose client has left with a 202 while it runs on.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::ValueEnum;
use tokio::time::{Instant, sleep};

use super::accepting::{self, Accepting, Clients, Closed, StoreKind, Terms};
use super::origin::Talk;
use super::stage::Stage;
use super::{Figure, Report, Trouble, disk, gateway};
use crate::process::{Memory, Process};

/// Connections of the clients, and requests at a time on each: fast enough, and no crowd whose traces stay in
/// the gateway's memory.
const CONNECTIONS: u64 = 4;
const STREAMS: u64 = 32;
/// How many of the operations are asked for at the end.
const SAMPLES: u64 = 200;
/// How long the origins may take to have them all, and the memory to settle.
const PATIENCE: Duration = Duration::from_secs(120);
/// Memory has settled once it stays within a hundredth over so long.
const SETTLED: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(100);
/// What was promised, in KB an operation.
const PROMISED: f64 = 2.0;

/// How the operations run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Completion {
    /// The origin holds their requests open, over HTTP/2.
    Held,
    /// The origin has answered that it will call back, and no connection is needed.
    Callback,
}

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Operations.
    pub operations: u64,
    /// Where they are kept.
    pub store: StoreKind,
    /// How they run on.
    pub completion: Completion,
    /// The gateway; `None`: the one built beside this program.
    pub gateway: Option<PathBuf>,
}

/// Where all of it takes place. This process stays on its core, so there is one of it.
pub struct Place(Stage);

/// What came of it.
struct Measured {
    took: Duration,
    memory: (Memory, Memory),
    /// Of the operations that were asked for, those that do not run.
    ended: u64,
}

impl Place {
    /// Prepares it.
    ///
    /// # Errors
    ///
    /// See [`Trouble`].
    pub async fn new() -> Result<Self, Trouble> {
        Stage::new().await.map(Self)
    }

    /// Measures it.
    ///
    /// # Errors
    ///
    /// See [`Trouble`].
    pub async fn measure(&self, plan: &Plan) -> Result<Report, Trouble> {
        accepting::clear(&self.0)?;
        let talk = match plan.completion {
            Completion::Held => Talk::Silent,
            Completion::Callback => Talk::CallsBack,
        };
        let terms = Terms { store: plan.store, talk, operations: plan.operations };
        let binary = plan.gateway.clone().unwrap_or_else(gateway::built);
        let accepting = Accepting::start(&self.0, &binary, terms).await?;
        let process = accepting.gateway.process();

        // What the first operation of all costs once is not charged to the others.
        begin(&accepting, 1).await?;
        settle(process).await?;
        let before = process.memory()?;
        let began = Instant::now();
        let samples = begin(&accepting, plan.operations).await?;
        let took = began.elapsed();
        forwarded(&accepting, plan.operations + 1).await?;
        settle(process).await?;
        let after = process.memory()?;
        let ended = ended(&accepting, &samples).await?;
        accepting.kill().await?;
        Ok(report(plan, &self.0, &Measured { took, memory: (before, after), ended }))
    }
}

/// Has so many operations accepted by clients that leave then; returns some of their status URIs.
async fn begin(accepting: &Accepting, operations: u64) -> Result<Vec<String>, Trouble> {
    let clients = Clients::connect(&accepting.target, CONNECTIONS).await?;
    let samples = Arc::new(Mutex::new(Vec::new()));
    let (kept, every) = (Arc::clone(&samples), operations.div_ceil(SAMPLES));
    let seen = Closed::begin(CONNECTIONS * STREAMS, operations, move |number| {
        let (client, kept) = (clients.pick(number), Arc::clone(&kept));
        async move {
            let accepted = client.accept().await?;
            if number % every == 0 {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(accepted.uri);
            }
            Ok(accepted.at)
        }
    })
    .finish()
    .await;
    if let Some(reason) = seen.trouble {
        return Err(Trouble::Unexpected { doing: "asking for 202s", reason });
    }
    let mut samples = samples.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *samples))
}

/// Waits until the origins have so many requests.
async fn forwarded(accepting: &Accepting, operations: u64) -> Result<(), Trouble> {
    let until = Instant::now() + PATIENCE;
    while accepting.forwarded() < operations {
        if Instant::now() > until {
            let reason = format!("they have {} of {operations} requests", accepting.forwarded());
            return Err(Trouble::Unexpected { doing: "waiting for the origins", reason });
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// Waits until the gateway's memory does not change any more.
async fn settle(process: Process) -> Result<(), Trouble> {
    let until = Instant::now() + PATIENCE;
    let (mut resident, mut since) = (process.resident()?, Instant::now());
    while since.elapsed() < SETTLED && Instant::now() < until {
        sleep(LOOK).await;
        let now = process.resident()?;
        if now.abs_diff(resident) > resident / 100 {
            (resident, since) = (now, Instant::now());
        }
    }
    Ok(())
}

/// How many of these operations do not run.
async fn ended(accepting: &Accepting, uris: &[String]) -> Result<u64, Trouble> {
    let clients = Clients::connect(&accepting.target, 1).await?;
    let mut ended = 0;
    for uri in uris {
        let document = clients.pick(0).read(uri).await?;
        let runs = document.id_and_status().is_some_and(|(_, status)| status == "Running");
        ended += u64::from(!runs);
    }
    Ok(ended)
}

fn report(plan: &Plan, stage: &Stage, measured: &Measured) -> Report {
    let Measured { took, memory: (before, after), ended } = measured;
    let Plan { operations, store, completion, .. } = plan;
    let each = |after: u64, before: u64| ratio(after.saturating_sub(before), *operations) / 1000.0;
    let figures = vec![
        Figure::new("RSS per operation", each(after.resident, before.resident), "KB").at_most(PROMISED),
        Figure::new("PSS per operation", each(after.proportional, before.proportional), "KB"),
        Figure::new("RSS before", ratio(before.resident, 1_000_000), "MB"),
        Figure::new("RSS with them", ratio(after.resident, 1_000_000), "MB"),
        Figure::new("sampled operations that do not run", ratio(*ended, 1), "").at_most(0.0),
    ];
    let how = match completion {
        Completion::Held => "their requests held over h2c",
        Completion::Callback => "to be ended by a callback",
    };
    let title = format!("running: {operations} operations, {} store, {how}, clients gone", store.name());
    let mut notes = vec![format!("accepted within {:.1} s", took.as_secs_f64())];
    if *store == StoreKind::Embedded {
        notes.extend(disk::notes(stage.directory()));
    }
    notes.extend(stage.notes());
    Report { title, figures, notes }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn ratio(amount: u64, among: u64) -> f64 {
    amount as f64 / among as f64
}
