//! Holds requests whose origin never answers, and measures what the heads that they get cost.

mod http1;
pub(super) mod http2;
mod http3;
mod sweep;
mod tally;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use rustls::ClientConfig;
use tokio::time::{Instant, sleep};

use super::gateway::{self, Gateway, RouteKind};
use super::process::{Memory, Process};
use super::stage::Stage;
use super::{Figure, Report, Trouble, Wire, origin, syscalls};

pub(super) use http2::connect;
pub(super) use sweep::Sweeps;
pub(super) use tally::{Crowd, Listener, Tally};

/// How long first heads may take after the last request was sent.
const FIRST_HEADS: Duration = Duration::from_secs(60);
/// How often is looked whether they are all there.
const LOOK: Duration = Duration::from_millis(50);
/// The stretch in which writes are counted. It is apart from the one in which CPU is measured: a
/// traced process is slow.
const TRACED: Duration = Duration::from_secs(4);

/// What to hold, and how long to look.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How clients speak.
    pub wire: Wire,
    /// Requests to hold.
    pub count: u64,
    /// Requests on one connection, of those versions that have several.
    pub per_connection: u64,
    /// How long heads are counted and CPU is measured.
    pub stretch: Duration,
    /// When clients look at their sockets meanwhile.
    pub attention: Attention,
    /// The longest silence, as the configuration of the gateway writes it.
    pub heartbeat_interval: String,
    /// The gateway; `None`: the one built beside this program.
    pub gateway: Option<PathBuf>,
}

/// When clients look at their sockets.
///
/// On one machine it is the sender whom the kernel charges for waking a receiver that sleeps, and
/// that costs more than the rest of a head. Clients elsewhere are not woken by the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Attention {
    /// Now and then, all of them: nobody is woken.
    Sweeping,
    /// As soon as something comes.
    Wakeful,
}

/// Where clients ask, and how.
#[derive(Clone, Debug)]
pub(super) struct Target {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
}

/// How many requests, and how many of them on one connection where a version has several.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) count: u64,
    pub(super) per_connection: u64,
}

/// What happened in a stretch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) heads: u64,
    pub(super) cpu: Duration,
    datagrams: u64,
}

/// Everything that was seen.
#[derive(Clone, Copy, Debug)]
struct Seen {
    stretch: Stretch,
    /// Before the requests, and with them.
    memory: (Memory, Memory),
    /// Writes, and the heads in the same time.
    written: Option<(u64, u64)>,
    /// Requests that ended.
    lost: u64,
}

/// Measures heads and held requests of one version of HTTP.
///
/// # Errors
///
/// See [`Trouble`].
pub async fn measure(plan: &Plan) -> Result<Report, Trouble> {
    let stage = Stage::new().await?;
    let origin = origin::silent(plan.wire).await?;
    let kind = RouteKind::Held { heartbeat_interval: plan.heartbeat_interval.clone() };
    let binary = plan.gateway.clone().unwrap_or_else(gateway::built);
    let gateway = Gateway::start(&stage, &binary, (plan.wire, &kind), &origin.url).await?;
    let process = gateway.process();
    let target = Target::new(&stage, plan.wire, gateway.address)?;
    let size = Size { count: plan.count, per_connection: plan.per_connection };

    // What the first request of all costs once is not charged to the others.
    drop(hold(plan.wire, &target, Size { count: 1, ..size }).await?);
    let before = process.memory()?;
    let crowd = hold(plan.wire, &target, size).await?;
    let sweeps = (plan.attention == Attention::Sweeping).then(Sweeps::begin);
    let stretch = watch(&crowd, process, plan.stretch).await?;
    let after = process.memory()?;
    let heads = crowd.tally.heads();
    let writes = syscalls::writes(gateway.id, TRACED, stage.directory()).await?;
    let written = writes.map(|writes| (writes, crowd.tally.heads() - heads));
    drop(sweeps);
    let seen = Seen { stretch, memory: (before, after), written, lost: crowd.tally.lost() };
    Ok(report(plan, &stage, seen))
}

impl Target {
    pub(super) fn new(stage: &Stage, wire: Wire, address: SocketAddr) -> Result<Self, Trouble> {
        Ok(Self { address, tls: Arc::new(stage.client_tls(wire.alpn())?) })
    }
}

/// Opens requests and waits until each of them has had a head.
pub(super) async fn hold(wire: Wire, target: &Target, size: Size) -> Result<Crowd, Trouble> {
    let crowd = join(wire, target, size).await?;
    let asked = size.count;
    let until = Instant::now() + FIRST_HEADS;
    while crowd.tally.held() < asked {
        let lost = crowd.tally.lost();
        if lost > 0 || Instant::now() > until {
            let (held, seconds) = (crowd.tally.held(), FIRST_HEADS.as_secs());
            return Err(Trouble::NotHeld { held, asked, seconds, lost });
        }
        sleep(LOOK).await;
    }
    Ok(crowd)
}

/// Opens requests.
pub(super) async fn join(wire: Wire, target: &Target, size: Size) -> Result<Crowd, Trouble> {
    let Size { count, per_connection } = size;
    let mut crowd = Crowd::new(Tally::new());
    match wire {
        Wire::H1 => http1::join(&mut crowd, target, count).await?,
        Wire::H2 => http2::join(&mut crowd, target, (count, per_connection)).await?,
        Wire::H3 => http3::join(&mut crowd, target, (count, per_connection)).await?,
    }
    Ok(crowd)
}

/// Looks for so long at what the clients hear and the process uses.
pub(super) async fn watch(crowd: &Crowd, process: Process, length: Duration) -> Result<Stretch, Trouble> {
    let (heads, cpu, datagrams) = (crowd.tally.heads(), process.fine_cpu()?, crowd.datagrams());
    sleep(length).await;
    Ok(Stretch {
        cpu: process.fine_cpu()?.saturating_sub(cpu),
        heads: crowd.tally.heads() - heads,
        datagrams: crowd.datagrams() - datagrams,
    })
}

/// The most that was promised: CPU in µs and writes (datagrams on h3) a head, and KB a request.
fn promised(wire: Wire) -> (f64, Option<f64>, f64) {
    match wire {
        Wire::H1 => (12.0, None, 24.0),
        Wire::H2 => (4.0, Some(0.05), 6.0),
        Wire::H3 => (10.0, Some(0.1), 12.0),
    }
}

fn report(plan: &Plan, stage: &Stage, seen: Seen) -> Report {
    let Seen { stretch, memory: (before, after), written, lost } = seen;
    let (cpu, said, memory) = promised(plan.wire);
    let each = |after: u64, before: u64| ratio(after.saturating_sub(before), plan.count) / 1000.0;
    let micros = u64::try_from(stretch.cpu.as_micros()).unwrap_or(u64::MAX);
    let mut writes = Figure {
        what: "writes per head".into(),
        value: written.map(|(writes, heads)| ratio(writes, heads)),
        unit: "",
        most: None,
        least: None,
    };
    if plan.wire == Wire::H2 {
        writes.most = said;
    }
    let mut figures = vec![
        Figure::new("heads received", ratio(stretch.heads, 1), ""),
        Figure::new("gateway CPU per head", ratio(micros, stretch.heads), "µs").at_most(cpu),
        writes,
    ];
    if plan.wire == Wire::H3 {
        let mut datagrams = Figure::new("datagrams per head", ratio(stretch.datagrams, stretch.heads), "");
        datagrams.most = said;
        figures.push(datagrams);
    }
    figures.extend([
        Figure::new("RSS per held request", each(after.resident, before.resident), "KB").at_most(memory),
        Figure::new("PSS per held request", each(after.proportional, before.proportional), "KB"),
        Figure::new("requests that ended early", ratio(lost, 1), "").at_most(0.0),
    ]);
    Report { title: title(plan), figures, notes: stage.notes() }
}

fn title(plan: &Plan) -> String {
    let Plan { wire, count, per_connection, stretch, heartbeat_interval, attention, .. } = plan;
    let together = if *wire == Wire::H1 { 1 } else { *per_connection };
    let seconds = stretch.as_secs_f64();
    format!(
        "held {}: {count} requests, {together} a connection, heartbeat-interval {heartbeat_interval}, over {seconds} s, {}",
        wire.name(),
        if *attention == Attention::Sweeping { "sweeping clients" } else { "wakeful clients" },
    )
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn ratio(amount: u64, among: u64) -> f64 {
    amount as f64 / among as f64
}
