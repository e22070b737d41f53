//! Long responses: how fast they go through, and what proxies keep of them.

use std::path::Path;
use std::time::Duration;

use tokio::time::interval;

use super::{Peers, Plan, everybody};
use crate::process::Process;
use crate::spine::plain::h2load::{Load, Run};
use crate::spine::plain::median;
use crate::spine::rivals::{Proxy, Scene};
use crate::spine::{Figure, Report, Trouble, Wire};

/// How long the response is.
const LENGTH: u64 = 1 << 30;
/// How often memory is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(10);
/// The most that a proxy may grow, in MB: the buffers of one connection and what an allocator takes at a
/// time.
const FLAT: f64 = 2.0;

/// What a proxy took in each round: seconds, seconds of CPU, and MB that it grew.
struct Times {
    what: &'static str,
    rounds: Vec<(f64, f64, f64)>,
}

pub(super) async fn compare(peers: &Peers, wire: Wire) -> Result<Report, Trouble> {
    let Peers { plan, scene } = peers;
    // Zeros that take no room on a disk.
    let path = scene.stage.directory().join("large");
    let file = std::fs::File::create(&path);
    let made = file.and_then(|file| file.set_len(LENGTH));
    made.map_err(Trouble::system("making a file of 1 GiB"))?;
    warm(&path).map_err(Trouble::system("reading a file of 1 GiB"))?;
    let origin = scene.origin().await?;
    let mut proxies = Vec::new();
    for kind in everybody() {
        let proxy = scene.start(&kind, &origin.url()).await?;
        let small = Load { wire, connections: 1, requests: 100, path: "/plain" };
        small.run(&scene.stage, proxy.address).await?;
        let before = Process::new(proxy.id).resident()?;
        let times = Times { what: proxy.what, rounds: Vec::new() };
        proxies.push((proxy, before, times));
    }
    for _ in 0..plan.rounds {
        for (proxy, before, times) in &mut proxies {
            times.rounds.push(once(scene, proxy, (wire, *before)).await?);
        }
    }
    let times: Vec<Times> = proxies.into_iter().map(|(_, _, times)| times).collect();
    Ok(report(plan, &times, wire))
}

/// Reads the file once, so that the first who asks for it does not wait for it alone.
fn warm(path: &Path) -> std::io::Result<u64> {
    std::io::copy(&mut std::fs::File::open(path)?, &mut std::io::sink())
}

async fn once(scene: &Scene, proxy: &Proxy, (wire, before): (Wire, u64)) -> Result<(f64, f64, f64), Trouble> {
    let process = Process::new(proxy.id);
    let cpu = process.cpu()?;
    let load = Load { wire, connections: 1, requests: 1, path: "/large" };
    let (run, most) = watched(load.run(&scene.stage, proxy.address), process).await?;
    if run.content != LENGTH {
        let reason = format!("{} octets through {}", run.content, proxy.what);
        return Err(Trouble::Unexpected { doing: "sending 1 GiB", reason });
    }
    let cpu = process.cpu()?.saturating_sub(cpu);
    Ok((run.took.as_secs_f64(), cpu.as_secs_f64(), megabytes(most.saturating_sub(before))))
}

/// Looks at the memory of a process until `run` is over; the most that was seen.
async fn watched(
    run: impl Future<Output = Result<Run, Trouble>>,
    process: Process,
) -> Result<(Run, u64), Trouble> {
    let mut run = std::pin::pin!(run);
    let mut looks = interval(LOOK);
    let mut most = 0;
    loop {
        tokio::select! {
            run = &mut run => return Ok((run?, most.max(process.resident()?))),
            _ = looks.tick() => most = most.max(process.resident()?),
        }
    }
}

fn report(plan: &Plan, times: &[Times], wire: Wire) -> Report {
    let took = |times: &Times| median(times.rounds.iter().map(|round| round.0).collect());
    let mut figures = Vec::new();
    for times in times {
        let rate = megabytes(LENGTH) / took(times);
        figures.push(Figure::new(format!("throughput, {}", times.what), rate, "MB/s"));
    }
    for times in times {
        let cpu = median(times.rounds.iter().map(|round| round.1).collect());
        figures.push(Figure::new(format!("CPU, {}", times.what), cpu, "s"));
    }
    for times in times {
        let grown = times.rounds.iter().map(|round| round.2).fold(0.0, f64::max);
        let figure = Figure::new(format!("RSS grown, {}", times.what), grown, "MB");
        figures.push(if times.what == "gateway" { figure.at_most(FLAT) } else { figure });
    }
    let ratio = took(&times[0]) / took(&times[2]);
    figures.push(Figure::new("time, gateway over haproxy", ratio, "").at_most(1.0));
    let notes = times.iter().map(|times| {
        let rounds: Vec<String> = times.rounds.iter().map(|round| format!("{:.2} s", round.0)).collect();
        format!("{}: {}", times.what, rounds.join(", "))
    });
    let title =
        format!("Large bodies, {}: 1 GiB from the origin, median of {} rounds", wire.name(), plan.rounds);
    Report { title, figures, notes: notes.collect() }
}

#[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^52")]
fn megabytes(octets: u64) -> f64 {
    octets as f64 / 1e6
}
