//! Memory that a held request takes: TLS, the client's connection and that to the origin.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::relay::PER_CONNECTION;
use super::{Peers, everybody, informing};
use crate::process::Process;
use crate::spine::held::{self, Size, Target};
use crate::spine::origin::{Origin, Talk, Version};
use crate::spine::rivals::{Kind, Scene};
use crate::spine::{Figure, Report, Trouble, Wire};

/// How long the last requests may take to arrive at the origin, and how often is looked.
const ARRIVAL: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);
/// How long proxies may settle before they are measured.
const SETTLE: Duration = Duration::from_secs(3);

pub(super) async fn compare(peers: &Peers, wire: Wire) -> Result<Report, Trouble> {
    let Peers { plan, scene } = peers;
    let size = Size { count: plan.held, per_connection: PER_CONNECTION };
    let [plain, nginx, haproxy, caddy] = everybody();
    let mut taken = Vec::new();
    let subjects = [
        ("gateway, informed every second", informing("1s")),
        ("gateway, plain route", plain),
        ("nginx", nginx),
        ("haproxy", haproxy),
        ("caddy", caddy),
    ];
    for (what, kind) in subjects {
        taken.push((what, once(scene, &kind, (wire, size)).await?));
    }
    let mut figures: Vec<Figure> = Vec::new();
    for (what, kilobytes) in &taken {
        figures.push(Figure::new(format!("RSS per held request, {what}"), *kilobytes, "KB"));
    }
    let (ours, nginx, haproxy) = (taken[0].1, taken[2].1, taken[3].1);
    let (over_nginx, over_haproxy) = (
        Figure::new("gateway, informed, over nginx", ours / nginx, ""),
        Figure::new("gateway, informed, over haproxy", ours / haproxy, ""),
    );
    figures.extend(match wire {
        Wire::H1 => [over_nginx.at_most(0.4), over_haproxy],
        Wire::H2 | Wire::H3 => [over_nginx, over_haproxy.at_most(0.7)],
    });
    let title = format!(
        "Memory, {}: {} held requests over TLS, a fresh process each, connections to the origin included",
        wire.name(),
        plan.held
    );
    Ok(Report { title, figures, notes: scene.stage.notes() })
}

/// KB of resident memory that a held request takes.
async fn once(scene: &Scene, kind: &Kind, (wire, size): (Wire, Size)) -> Result<f64, Trouble> {
    let origin = Origin::start(Version::Http1, Talk::Silent).await?;
    let proxy = scene.start(kind, &origin.url).await?;
    let process = Process::new(proxy.id);
    let target = Target::new(&scene.stage, wire, proxy.address)?;
    // What the first request of all costs once is not charged to the others.
    let first = held::join(wire, &target, Size { count: 1, ..size }).await?;
    arrive(&origin, 1).await?;
    sleep(SETTLE).await;
    let before = process.memory()?.resident;
    let crowd = held::join(wire, &target, size).await?;
    arrive(&origin, size.count + 1).await?;
    sleep(SETTLE).await;
    let after = process.memory()?.resident;
    let lost = crowd.tally.lost() + first.tally.lost();
    if lost > 0 {
        let (asked, seconds) = (size.count, SETTLE.as_secs());
        return Err(Trouble::NotHeld { held: asked.saturating_sub(lost), asked, seconds, lost });
    }
    Ok(kilobytes(after.saturating_sub(before), size.count))
}

/// Waits until so many requests have arrived at the origin.
async fn arrive(origin: &Origin, asked: u64) -> Result<(), Trouble> {
    let until = Instant::now() + ARRIVAL;
    while origin.taken() < asked {
        if Instant::now() > until {
            let (held, seconds) = (origin.taken(), ARRIVAL.as_secs());
            return Err(Trouble::NotHeld { held, asked, seconds, lost: 0 });
        }
        sleep(LOOK).await;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^52")]
fn kilobytes(octets: u64, among: u64) -> f64 {
    octets as f64 / among as f64 / 1000.0
}
