//! Small plain requests through the gateway, nginx and `HAProxy`, in turns.

mod h2load;
mod rivals;

use std::path::PathBuf;
use std::time::Duration;

use super::gateway;
use super::process::Process;
use super::stage::{Stage, installed};
use super::{Figure, Report, Trouble, Wire};

use h2load::Load;
use rivals::Proxy;

/// What was promised: the gateway's CPU time over that of the better of the two.
const PROMISED: f64 = 1.0;

/// What to compare.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How clients speak.
    pub wire: Wire,
    /// Requests to each proxy in each round.
    pub requests: u64,
    /// Connections that send them, one request at a time each.
    pub connections: u64,
    /// Rounds, of which the median counts.
    pub rounds: u32,
    /// The gateway; `None`: the one built beside this program.
    pub gateway: Option<PathBuf>,
}

/// What one proxy took, one entry a round.
#[derive(Clone, Debug)]
struct Times {
    what: &'static str,
    /// CPU time per request in µs, and requests per second.
    rounds: Vec<(f64, f64)>,
}

/// Compares the three.
///
/// # Errors
///
/// See [`Trouble`]; every program must be installed.
pub async fn compare(plan: &Plan) -> Result<Report, Trouble> {
    for (program, package) in [("nginx", "nginx-light"), ("haproxy", "haproxy"), ("h2load", "nghttp2-client")]
    {
        if !installed(program) {
            return Err(Trouble::Missing { program, package });
        }
    }
    let stage = Stage::new().await?;
    let origin = rivals::origin(&stage).await?;
    let binary = plan.gateway.clone().unwrap_or_else(gateway::built);
    let proxies = [
        rivals::gateway(&stage, &binary, &origin).await?,
        rivals::nginx(&stage, &origin).await?,
        rivals::haproxy(&stage, &origin).await?,
    ];
    let load = Load { wire: plan.wire, connections: plan.connections };
    let mut times = Vec::new();
    for proxy in &proxies {
        // Connections to the origin, caches and branch predictors.
        load.run(&stage, proxy.address, plan.requests / 10 + plan.connections).await?;
        times.push(Times { what: proxy.what, rounds: Vec::new() });
    }
    for _ in 0..plan.rounds {
        for (proxy, times) in proxies.iter().zip(&mut times) {
            times.rounds.push(spent(&stage, proxy, load, plan.requests).await?);
        }
    }
    Ok(report(plan, &stage, &times))
}

/// CPU time per request of one run in µs, and requests per second.
async fn spent(stage: &Stage, proxy: &Proxy, load: Load, requests: u64) -> Result<(f64, f64), Trouble> {
    let process = Process::new(proxy.id);
    let before = process.cpu()?;
    let rate = load.run(stage, proxy.address, requests).await?;
    Ok((each(process.cpu()?.saturating_sub(before), requests), rate))
}

fn report(plan: &Plan, stage: &Stage, times: &[Times]) -> Report {
    let medians: Vec<f64> = times.iter().map(Times::median).collect();
    let (ours, best) = (medians[0], medians[1..].iter().copied().fold(f64::INFINITY, f64::min));
    let mut figures: Vec<Figure> =
        times.iter().zip(&medians).map(|(times, median)| Figure::new(times.what, *median, "µs")).collect();
    figures.push(Figure::new("gateway over nginx", ours / medians[1], ""));
    figures.push(Figure::new("gateway over HAProxy", ours / medians[2], ""));
    figures.push(Figure::new("gateway over the better of them", ours / best, "").at_most(PROMISED));
    let Plan { wire, requests, connections, rounds, .. } = plan;
    let mut notes: Vec<String> = times.iter().map(Times::spread).collect();
    notes.extend(stage.notes());
    let title = format!(
        "plain {}: {requests} requests over {connections} connections, median of {rounds} rounds, CPU per request",
        wire.name()
    );
    Report { title, figures, notes }
}

impl Times {
    fn median(&self) -> f64 {
        let mut sorted: Vec<f64> = self.rounds.iter().map(|(micros, _)| *micros).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn spread(&self) -> String {
        let round = |(micros, rate): &(f64, f64)| format!("{micros:.1} µs at {rate:.0}/s");
        let rounds: Vec<String> = self.rounds.iter().map(round).collect();
        format!("{}: {}", self.what, rounds.join(", "))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn each(cpu: Duration, requests: u64) -> f64 {
    cpu.as_secs_f64() * 1e6 / requests as f64
}
