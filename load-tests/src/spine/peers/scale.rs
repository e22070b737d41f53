//! The gateway alone on a core, with ever more held requests over HTTP/2.

mod punctual;

use std::time::Duration;

use super::relay::PER_CONNECTION;
use super::{Peers, informing};
use crate::process::{Process, thread_cpu};
use crate::spine::held::{self, Size, Sweeps, Target};
use crate::spine::origin::{Origin, Talk, Version};
use crate::spine::plain::{each, median};
use crate::spine::rivals::Scene;
use crate::spine::{Figure, Report, Trouble, Wire};

use punctual::{Due, Punctuality};

/// Requests that are held while it is looked how late heads are.
const WAITING: u64 = 20_000;
/// How long is looked. The shortest gap between two heads, 5 % of the time that has passed, stays well
/// below the second that news comes in.
const LATENESS: Duration = Duration::from_secs(10);
/// How long heads of each size are counted.
const COST: Duration = Duration::from_secs(8);
const SIZES: [u64; 3] = [1_000, 10_000, 50_000];
const SECOND: Duration = Duration::from_secs(1);
/// The most that a head may cost where more requests are held, of what it costs where few are. That it costs
/// less, because more of them leave in one write, is no fault.
const GROWTH: f64 = 1.2;
/// How many of a thousand heads may be late.
const LATE: f64 = 1.0;

/// How late heads are, those that the gateway makes and those that news of the origin become.
pub(super) async fn lateness(scene: &Scene) -> Result<Report, Trouble> {
    let mut figures = Vec::new();
    let heartbeats = ("heartbeats", "1s", Talk::Silent);
    let news = ("news", "30s", Talk::Reporting { every: SECOND, heads: None });
    for (what, heartbeat_interval, talk) in [heartbeats, news] {
        let origin = Origin::start(Version::Http2, talk).await?;
        let proxy = scene.start(&informing(heartbeat_interval), &origin.url).await?;
        let target = Target::new(&scene.stage, Wire::H2, proxy.address)?;
        let due = match talk {
            Talk::Silent | Talk::CallsBack => Due::After(SECOND),
            Talk::Reporting { .. } => Due::WhenSent(origin.began),
        };
        let crowd = punctual::hold(&target, (WAITING, PER_CONNECTION), due).await?;
        let (before, own) = (Process::new(proxy.id).fine_cpu()?, thread_cpu()?);
        let seen = crowd.look(LATENESS).await?;
        let share = |used: Duration| used.as_secs_f64() / LATENESS.as_secs_f64() * 100.0;
        let spent = share(Process::new(proxy.id).fine_cpu()?.saturating_sub(before));
        let clients = share(thread_cpu()?.saturating_sub(own));
        figures.extend(figures_of(what, &seen));
        figures.push(Figure::new(format!("{what}: gateway's share of its core"), spent, "%"));
        figures.push(Figure::new(format!("{what}: clients' share of theirs"), clients, "%"));
    }
    let title = format!(
        "Punctuality, h2: {WAITING} held requests over {} connections, one head a second each, gateway on one core",
        WAITING / PER_CONNECTION
    );
    Ok(Report { title, figures, notes: scene.stage.notes() })
}

fn figures_of(what: &str, seen: &Punctuality) -> Vec<Figure> {
    let figure = |quantity: &str, value, unit| Figure::new(format!("{what}: {quantity}"), value, unit);
    vec![
        figure("heads per request and second", seen.pace(WAITING, LATENESS), ""),
        figure("late, median", seen.percentile(50.0), "ms"),
        figure("late, 99.9th percentile", seen.percentile(99.9), "ms"),
        figure("late, most", seen.percentile(100.0), "ms"),
        figure("late by more than 50 ms, of 1000", seen.late() * 1000.0, "").at_most(LATE),
    ]
}

/// What a head costs, by the number that is held.
pub(super) async fn cost(peers: &Peers) -> Result<Report, Trouble> {
    let Peers { plan, scene } = peers;
    let mut rounds: [Vec<f64>; 3] = Default::default();
    for _ in 0..plan.rounds {
        for (count, rounds) in SIZES.into_iter().zip(&mut rounds) {
            rounds.push(once(scene, count).await?);
        }
    }
    let medians: Vec<f64> = rounds.iter().cloned().map(median).collect();
    let mut figures: Vec<Figure> = Vec::new();
    for (count, median) in SIZES.iter().zip(&medians) {
        figures.push(Figure::new(format!("CPU per head, {count} held"), *median, "µs"));
    }
    let dearest = medians[1..].iter().copied().fold(0.0, f64::max);
    figures.push(
        Figure::new("the dearer of the larger sizes, over the smallest", dearest / medians[0], "")
            .at_most(GROWTH),
    );
    let notes = SIZES.iter().zip(&rounds).map(|(count, rounds)| {
        let rounds: Vec<String> = rounds.iter().map(|cpu| format!("{cpu:.2} µs")).collect();
        format!("{count} held: {}", rounds.join(", "))
    });
    let notes = notes.chain(scene.stage.notes()).collect();
    let title = format!(
        "Growth, h2: heads of the gateway's own, one a second for each of so many held requests, median of {} rounds",
        plan.rounds
    );
    Ok(Report { title, figures, notes })
}

async fn once(scene: &Scene, count: u64) -> Result<f64, Trouble> {
    // Over HTTP/1.1 each request would take two descriptors in the gateway.
    let origin = Origin::start(Version::Http2, Talk::Silent).await?;
    let proxy = scene.start(&informing("1s"), &origin.url).await?;
    let target = Target::new(&scene.stage, Wire::H2, proxy.address)?;
    let crowd = held::hold(Wire::H2, &target, Size { count, per_connection: PER_CONNECTION }).await?;
    let sweeps = Sweeps::begin();
    let seen = held::watch(&crowd, Process::new(proxy.id), COST).await?;
    drop(sweeps);
    Ok(each(seen.cpu, seen.heads))
}
