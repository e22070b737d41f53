//! Small plain requests.

use super::{Peers, Plan, everybody};
use crate::spine::plain::{self, Round, Times};
use crate::spine::{Figure, Report, Trouble, Wire};

/// Connections that send them, one request at a time each.
pub(super) const CONNECTIONS: u64 = 32;

/// The most that the gateway may take of what the better of nginx and `HAProxy` takes.
fn promised(wire: Wire) -> f64 {
    if wire == Wire::H1 { 0.7 } else { 0.85 }
}

pub(super) async fn compare(peers: &Peers, wire: Wire) -> Result<Report, Trouble> {
    let Peers { plan, scene } = peers;
    let Plan { rounds, requests, .. } = *plan;
    let work = plain::Plan { wire, requests, connections: CONNECTIONS, rounds, gateway: None, against: None };
    let times = plain::measure(scene, &work, &everybody()).await?;
    let mut notes: Vec<String> = times.iter().map(Times::spread).collect();
    notes.extend(scene.stage.notes());
    let title = format!(
        "Plain proxying, {}: {requests} requests over {CONNECTIONS} connections, TLS, median of {rounds} rounds",
        wire.name()
    );
    Ok(Report { title, figures: figures(&times, wire), notes })
}

fn figures(times: &[Times], wire: Wire) -> Vec<Figure> {
    let mut figures = quantities(times);
    let cpu: Vec<f64> = times.iter().map(|times| times.median(|round| round.cpu)).collect();
    for (index, times) in times.iter().enumerate().skip(1) {
        figures.push(Figure::new(format!("CPU, gateway over {}", times.what), cpu[0] / cpu[index], ""));
    }
    let best = cpu[1].min(cpu[2]);
    figures.push(
        Figure::new("CPU, gateway over the better of nginx and haproxy", cpu[0] / best, "")
            .at_most(promised(wire)),
    );
    figures
}

/// Every quantity of everybody.
pub(super) fn quantities(times: &[Times]) -> Vec<Figure> {
    type Quantity = (&'static str, fn(&Round) -> f64, &'static str);
    let quantities: [Quantity; 4] = [
        ("CPU per request", |round| round.cpu, "µs"),
        ("requests per second", |round| round.rate, ""),
        ("latency, p50", |round| round.half, "ms"),
        ("latency, p99", |round| round.most, "ms"),
    ];
    let mut figures = Vec::new();
    for (name, of, unit) in quantities {
        for times in times {
            figures.push(Figure::new(format!("{name}, {}", times.what), times.median(of), unit));
        }
    }
    figures
}
