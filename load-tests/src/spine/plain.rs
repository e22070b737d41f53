//! Small plain requests through the gateway and other proxies, in turns.

pub(super) mod h2load;

use std::path::PathBuf;
use std::time::Duration;

use super::gateway::RouteKind;
use super::rivals::{self, Kind, Proxy, Scene};
use super::{Figure, Report, Trouble, Wire};
use crate::process::Process;

use h2load::Load;

/// What was promised: the gateway's CPU time over that of the better of the two.
const PROMISED: f64 = 1.0;
/// What was promised of two builds of it: the later one takes no more.
const NO_SLOWER: f64 = 1.0;

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
    /// Another gateway to compare with, such as an earlier one; `None`: nginx and `HAProxy`.
    pub against: Option<PathBuf>,
}

/// What one proxy took in each round.
#[derive(Clone, Debug)]
pub(super) struct Times {
    pub(super) what: &'static str,
    pub(super) rounds: Vec<Round>,
}

/// What it took in one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    /// CPU time per request in µs.
    pub(super) cpu: f64,
    /// Requests per second.
    pub(super) rate: f64,
    /// The median of the times that requests took, in ms.
    pub(super) half: f64,
    /// Their 99th percentile, in ms.
    pub(super) most: f64,
}

/// Compares the gateway with nginx and `HAProxy`, or with another gateway.
///
/// # Errors
///
/// See [`Trouble`]; every program must be installed.
pub async fn compare(plan: &Plan) -> Result<Report, Trouble> {
    let gateway = Kind::Gateway(Wire::H2, RouteKind::Plain);
    if let Some(other) = &plan.against {
        // One of nginx is the origin.
        rivals::need(&[rivals::NGINX, rivals::H2LOAD])?;
        let scene = Scene::new(plan.gateway.as_ref()).await?;
        let times = measure(&scene, plan, &[gateway, Kind::Other(other.clone())]).await?;
        return Ok(beside(plan, &scene, &times));
    }
    rivals::need(&[rivals::NGINX, rivals::HAPROXY, rivals::H2LOAD])?;
    let scene = Scene::new(plan.gateway.as_ref()).await?;
    let times = measure(&scene, plan, &[gateway, Kind::Nginx, Kind::Haproxy]).await?;
    Ok(report(plan, &scene, &times))
}

/// Sends requests to each of these, one after the other, in every round.
pub(super) async fn measure(scene: &Scene, plan: &Plan, kinds: &[Kind]) -> Result<Vec<Times>, Trouble> {
    let origin = scene.origin().await?;
    let Plan { wire, connections, requests, .. } = *plan;
    let load = Load { wire, connections, requests, path: "/plain" };
    let mut proxies = Vec::new();
    let mut times = Vec::new();
    for kind in kinds {
        let proxy = scene.start(kind, &origin.url()).await?;
        // Connections to the origin, caches and branch predictors.
        let warm = Load { requests: requests / 10 + connections, ..load };
        warm.run(&scene.stage, proxy.address).await?;
        times.push(Times { what: proxy.what, rounds: Vec::new() });
        proxies.push(proxy);
    }
    for _ in 0..plan.rounds {
        for (proxy, times) in proxies.iter().zip(&mut times) {
            times.rounds.push(spent(scene, proxy, load).await?);
        }
    }
    Ok(times)
}

async fn spent(scene: &Scene, proxy: &Proxy, load: Load) -> Result<Round, Trouble> {
    let process = Process::new(proxy.id);
    let before = process.cpu()?;
    let run = load.run(&scene.stage, proxy.address).await?;
    let cpu = each(process.cpu()?.saturating_sub(before), load.requests);
    let rate = 1e6 / each(run.took, load.requests);
    Ok(Round { cpu, rate, half: run.half, most: run.most })
}

fn report(plan: &Plan, scene: &Scene, times: &[Times]) -> Report {
    let medians: Vec<f64> = times.iter().map(|times| times.median(|round| round.cpu)).collect();
    let (ours, best) = (medians[0], medians[1..].iter().copied().fold(f64::INFINITY, f64::min));
    let mut figures: Vec<Figure> =
        times.iter().zip(&medians).map(|(times, median)| Figure::new(times.what, *median, "µs")).collect();
    figures.push(Figure::new("gateway over nginx", ours / medians[1], ""));
    figures.push(Figure::new("gateway over HAProxy", ours / medians[2], ""));
    figures.push(Figure::new("gateway over the better of them", ours / best, "").at_most(PROMISED));
    told(plan, scene, times, figures)
}

/// The gateway and another one.
fn beside(plan: &Plan, scene: &Scene, times: &[Times]) -> Report {
    let amounts = |times: &Times| times.rounds.iter().map(|round| round.cpu).collect::<Vec<_>>();
    let (ours, theirs) = (amounts(&times[0]), amounts(&times[1]));
    let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
    let rounds: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.3}")).collect();
    let figures = vec![
        Figure::new(times[0].what, median(ours), "µs"),
        Figure::new(times[1].what, median(theirs), "µs"),
        Figure::new("gateway over the other, median of rounds", median(ratios), "").at_most(NO_SLOWER),
    ];
    let mut report = told(plan, scene, times, figures);
    report.notes.push(format!("over the other, round by round: {}", rounds.join(", ")));
    report
}

fn told(plan: &Plan, scene: &Scene, times: &[Times], figures: Vec<Figure>) -> Report {
    let Plan { wire, requests, connections, rounds, .. } = plan;
    let mut notes: Vec<String> = times.iter().map(Times::spread).collect();
    notes.extend(scene.stage.notes());
    let title = format!(
        "plain {}: {requests} requests over {connections} connections, median of {rounds} rounds, CPU per request",
        wire.name()
    );
    Report { title, figures, notes }
}

impl Times {
    /// The median of one quantity over the rounds.
    pub(super) fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(of).collect())
    }

    /// All rounds.
    pub(super) fn spread(&self) -> String {
        let round = |round: &Round| format!("{:.1} µs at {:.0}/s", round.cpu, round.rate);
        let rounds: Vec<String> = self.rounds.iter().map(round).collect();
        format!("{}: {}", self.what, rounds.join(", "))
    }
}

/// The middle one, of an even number the greater of the two in the middle.
pub(super) fn median(mut amounts: Vec<f64>) -> f64 {
    amounts.sort_by(f64::total_cmp);
    amounts.get(amounts.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A share of so much time in µs.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(super) fn each(time: Duration, among: u64) -> f64 {
    time.as_secs_f64() * 1e6 / among as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_rounds_is_the_middle_one_of_each_quantity() {
        let round = |cpu, rate| Round { cpu, rate, half: 0.0, most: 0.0 };
        let times = Times { what: "a", rounds: vec![round(3.0, 1.0), round(1.0, 2.0), round(2.0, 9.0)] };
        assert!((times.median(|round| round.cpu) - 2.0).abs() < 1e-9);
        assert!((times.median(|round| round.rate) - 2.0).abs() < 1e-9);
        assert!(median(Vec::new()).is_nan());
        assert!((each(Duration::from_millis(3), 1000) - 3.0).abs() < 1e-9);
    }
}
