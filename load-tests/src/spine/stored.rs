//! A gateway over a store that is full of finished operations: how soon it answers, and how fast.

mod fill;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use progress_core::operation::OperationId;
use tokio::time::{Instant, sleep};

use super::accepting::{self, Accepting, Clients, Pace, Seen, StoreKind, Terms, paced};
use super::origin::Talk;
use super::stage::Stage;
use super::{Figure, Report, Trouble, disk, gateway};

/// Connections of the readers.
const CONNECTIONS: u64 = 4;
/// Until when a gateway has to answer, and how often it is asked.
const PATIENCE: Duration = Duration::from_secs(60);
const ASK: Duration = Duration::from_millis(5);
/// What was promised: seconds to the first correct answer, and ms until 99 of 100 documents are there.
const PROMISED_START: f64 = 5.0;
const PROMISED_TIME: f64 = 5.0;

/// What to store, and how to read it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Finished operations.
    pub operations: u64,
    /// Documents that are read a second.
    pub rate: u64,
    /// How long.
    pub length: Duration,
    /// The gateway; `None`: the one built beside this program.
    pub gateway: Option<PathBuf>,
}

/// What came of it.
struct Measured {
    filled: Duration,
    /// From the start to the first answer, over a closed store and over that of a killed gateway.
    starts: [Duration; 2],
    resident: [u64; 2],
    seen: Seen,
}

/// Measures it.
///
/// # Errors
///
/// See [`Trouble`].
pub async fn measure(plan: &Plan) -> Result<Report, Trouble> {
    let stage = Stage::new().await?;
    accepting::clear(&stage)?;
    let began = Instant::now();
    let ids: Arc<[OperationId]> = fill::fill(&accepting::store(&stage), plan.operations).await?.into();
    let filled = began.elapsed();
    let binary = plan.gateway.clone().unwrap_or_else(gateway::built);

    let (first, closed) = start(&stage, &binary, ids[0]).await?;
    let resident = first.gateway.process().memory()?.resident;
    let clients = Clients::connect(&first.target, CONNECTIONS).await?;
    let seen = paced(Pace { rate: plan.rate, length: plan.length }, |turn| read(&clients, turn, &ids)).await;
    let after = first.gateway.process().memory()?.resident;
    // So that the file is not as the first one had opened it.
    clients.pick(0).accept().await?;
    drop(clients);
    first.kill().await?;

    let (second, killed) = start(&stage, &binary, ids[ids.len() / 2]).await?;
    second.kill().await?;
    let measured = Measured { filled, starts: [closed, killed], resident: [resident, after], seen };
    Ok(report(plan, &stage, measured))
}

/// Starts a gateway, and asks for an operation until the answer is right.
async fn start(stage: &Stage, binary: &Path, id: OperationId) -> Result<(Accepting, Duration), Trouble> {
    let terms = Terms { store: StoreKind::Embedded, talk: Talk::Silent, operations: 0 };
    let accepting = Accepting::start(stage, binary, terms).await?;
    let began = accepting.gateway.began;
    loop {
        match is_right(&accepting, id).await {
            Ok(()) => return Ok((accepting, began.elapsed())),
            Err(trouble) if began.elapsed() > PATIENCE => return Err(trouble),
            Err(_) => sleep(ASK).await,
        }
    }
}

async fn is_right(accepting: &Accepting, id: OperationId) -> Result<(), Trouble> {
    let clients = Clients::connect(&accepting.target, 1).await?;
    let document = clients.pick(0).read(&uri(id)).await?;
    let right = (id.to_string(), "Succeeded".to_owned());
    if document.id_and_status() == Some(right) {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&document.content).into_owned();
    Err(Trouble::Unexpected { doing: "reading a stored operation", reason })
}

/// Reads any of the operations.
fn read(
    clients: &Clients,
    turn: u64,
    ids: &Arc<[OperationId]>,
) -> impl Future<Output = Result<Instant, Trouble>> + Send + use<> {
    let (client, id) = (clients.pick(turn), ids[fastrand::usize(..ids.len())]);
    async move {
        let document = client.read(&uri(id)).await?;
        let id = id.to_string();
        if memchr::memmem::find(&document.content, id.as_bytes()).is_some() {
            return Ok(document.at);
        }
        Err(Trouble::Unexpected {
            doing: "reading a status document",
            reason: format!("it is not that of {id}"),
        })
    }
}

/// The default of the configuration.
fn uri(id: OperationId) -> String {
    format!("https://localhost/.operations/{id}")
}

fn report(plan: &Plan, stage: &Stage, measured: Measured) -> Report {
    let Measured { filled, starts: [closed, killed], resident: [before, after], seen } = measured;
    let start = |name, time: Duration| {
        Figure::new(format!("start to first right answer, {name}"), time.as_secs_f64(), "s")
            .at_most(PROMISED_START)
    };
    let mut times = seen.times("time to a document");
    times[1].most = Some(PROMISED_TIME);
    let (failures, why) = seen.failures("documents not read");
    let mut figures = vec![start("closed store", closed), start("after kill -9", killed)];
    figures.extend(times);
    figures.extend([
        failures,
        Figure::new("RSS after the start", megabytes(before), "MB"),
        Figure::new("RSS after the reads", megabytes(after), "MB"),
    ]);
    let Plan { operations, rate, length, .. } = plan;
    let title = format!(
        "stored: {operations} finished operations, then {rate} documents a second over {CONNECTIONS} connections of h2 for {} s",
        length.as_secs_f64()
    );
    let mut notes: Vec<String> = why.into_iter().collect();
    notes.push(format!(
        "filled in {:.0} s; the file was written just before, so the kernel has it in memory",
        filled.as_secs_f64()
    ));
    notes.extend(disk::notes(stage.directory()));
    notes.extend(stage.notes());
    Report { title, figures, notes }
}

#[expect(clippy::cast_precision_loss, reason = "no process has 2^52 octets")]
fn megabytes(octets: u64) -> f64 {
    octets as f64 / 1e6
}
