//! Interim heads: what it costs to hand on one of the origin's, and what one of the gateway's own.
//!
//! All hold so many requests. The origin sends a head twice a second to each of them, at a moment of its
//! own, and the proxy hands it on; or the origin is silent, and the gateway makes one a second, which is
//! as often as it does.

use std::time::Duration;

use super::{Peers, Plan, informing};
use crate::process::Process;
use crate::spine::gateway::RouteKind;
use crate::spine::held::{self, Size, Sweeps, Target};
use crate::spine::origin::{Origin, Talk, Version};
use crate::spine::plain::{each, median};
use crate::spine::rivals::{Kind, Scene};
use crate::spine::{Figure, Report, Trouble, Wire};

/// Requests on one connection of HTTP/2.
pub(super) const PER_CONNECTION: u64 = 100;
/// How long heads are counted. An operation's shortest gap, 5 % of the time that has passed, is longer than
/// [`PAUSE`] only after 10 s.
const STRETCH: Duration = Duration::from_secs(4);
/// How often the origin reports.
const PAUSE: Duration = Duration::from_millis(500);

/// Who does what.
struct Subject {
    what: &'static str,
    kind: Kind,
    talk: Talk,
    /// CPU time per head in µs, one entry a round.
    cpu: Vec<f64>,
    /// Heads per request and second, likewise.
    pace: Vec<f64>,
}

/// The most that the gateway may take of what `HAProxy` takes.
fn promised(wire: Wire) -> f64 {
    if wire == Wire::H1 { 0.5 } else { 0.25 }
}

pub(super) async fn compare(peers: &Peers, wire: Wire) -> Result<Report, Trouble> {
    let Peers { plan, scene } = peers;
    let reporting = Talk::Reporting { every: PAUSE, heads: None };
    let subject = |what, kind, talk| Subject { what, kind, talk, cpu: Vec::new(), pace: Vec::new() };
    let mut subjects = [
        subject("haproxy relays", Kind::Haproxy, reporting),
        subject("gateway relays", Kind::Gateway(Wire::H2, RouteKind::Relaying), reporting),
        // A heartbeat would be a head that the origin did not send.
        subject("gateway follows an operation", informing("30s"), reporting),
        subject("gateway generates", informing("1s"), Talk::Silent),
    ];
    for _ in 0..plan.rounds {
        for subject in &mut subjects {
            let (cpu, pace) = once(scene, subject, (wire, plan.held)).await?;
            subject.cpu.push(cpu);
            subject.pace.push(pace);
        }
    }
    Ok(report(plan, &subjects, wire))
}

async fn once(scene: &Scene, subject: &Subject, (wire, count): (Wire, u64)) -> Result<(f64, f64), Trouble> {
    let origin = Origin::start(Version::Http1, subject.talk).await?;
    let proxy = scene.start(&subject.kind, &origin.url).await?;
    let target = Target::new(&scene.stage, wire, proxy.address)?;
    let crowd = held::hold(wire, &target, Size { count, per_connection: PER_CONNECTION }).await?;
    let sweeps = Sweeps::begin();
    let seen = held::watch(&crowd, Process::new(proxy.id), STRETCH).await?;
    drop(sweeps);
    let lost = crowd.tally.lost();
    if lost > 0 {
        let reason = format!("{}: {lost} requests ended", subject.what);
        return Err(Trouble::Unexpected { doing: "holding requests", reason });
    }
    let pace = 1e6 / each(STRETCH * u32::try_from(count).unwrap_or(u32::MAX), seen.heads);
    Ok((each(seen.cpu, seen.heads), pace))
}

fn report(plan: &Plan, subjects: &[Subject], wire: Wire) -> Report {
    let cpu = |subject: &Subject| median(subject.cpu.clone());
    let haproxy = cpu(&subjects[0]);
    let mut figures: Vec<Figure> = Vec::new();
    for subject in subjects {
        figures.push(Figure::new(format!("CPU per head, {}", subject.what), cpu(subject), "µs"));
    }
    for subject in &subjects[1..] {
        let what = format!("{}, over HAProxy", subject.what);
        figures.push(Figure::new(what, cpu(subject) / haproxy, "").at_most(promised(wire)));
    }
    let notes = subjects.iter().map(|subject| {
        let rounds: Vec<String> = subject.cpu.iter().map(|cpu| format!("{cpu:.1} µs")).collect();
        let pace = median(subject.pace.clone());
        format!("{}: {}; {pace:.2} heads per request and second", subject.what, rounds.join(", "))
    });
    let title = format!(
        "102 heads, {}: {} held requests over TLS, median of {} rounds",
        wire.name(),
        plan.held,
        plan.rounds
    );
    Report { title, figures, notes: notes.collect() }
}
