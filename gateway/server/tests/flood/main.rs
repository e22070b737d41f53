//! A client that opts in and then never reads, while its operation makes 100,000 events a second,
//! costs no memory: latest wins, and whatever cannot be written is never made (I-20, H2X-04).
//!
//! The events are fed inside the process, because an origin may not send that many (FWD-08).

#![cfg(target_os = "linux")]
#![expect(unreachable_pub, reason = "the modules of a test are its own")]

mod audience;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use downstream::Drain;
use progress_core::event::ProgressEvent;
use progress_core::operation::{Applied, OperationId};
use progress_core::progress::{Grammar, Label, Progress, Reported};
use progress_gateway::operations::{OperationCell, Seen};
use progress_gateway::{config, gateway};
use status_store::clock;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::time::interval;

use audience::{Audience, Target, Wire};

/// Events of one operation in a second.
const EVENTS_PER_SECOND: u64 = 100_000;
/// They come in portions.
const PORTIONS_PER_SECOND: u64 = 100;
const PORTION: Duration = Duration::from_millis(1000 / PORTIONS_PER_SECOND);
/// Until all buffers, the kernel's and ours, are as full as they get.
const WARM_UP: Duration = Duration::from_secs(2);
/// How long memory is watched then.
const FLOOD: Duration = Duration::from_secs(3);
/// The most that the resident set may grow meanwhile, in octets.
const MOST: u64 = 1_000_000;

/// The resident set is that of the process: one flood at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Nothing is as slow as these: heads go out as often as the gateway ever sends them.
const CONFIGURATION: &str = r#"
public-url = "https://gateway.example"
[store]
kind = "memory"
[[listeners]]
address = "127.0.0.1:0"
tls = { self-signed = ["localhost"] }
[[upstreams]]
name = "origin"
servers = ["http://ORIGIN"]
[[routes]]
name = "jobs"
upstream = "origin"
[routes.progress]
interim-after = "10ms"
minimum-interval = "1ms"
"#;

#[tokio::test]
async fn a_client_that_never_reads_costs_no_memory_on_http11() {
    flood(Wire::Http11).await;
}

#[tokio::test]
async fn a_client_that_never_reads_costs_no_memory_on_h2() {
    flood(Wire::H2).await;
}

#[tokio::test]
async fn a_client_that_never_reads_costs_no_memory_on_h3() {
    flood(Wire::H3).await;
}

async fn flood(wire: Wire) {
    let _alone = ALONE.lock().await;
    let origin = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let text = CONFIGURATION.replace("ORIGIN", &origin.local_addr().expect("bound").to_string());
    let settings = config::parse(&text, Path::new("flood.toml")).expect("a valid configuration");
    let gateway = gateway::start(&settings, Drain::new()).await.expect("the gateway starts");
    let certificate = gateway.certificates()[0].clone().expect("a listener with TLS");
    let target = Target::new(gateway.addresses()[0], certificate);

    // It connects to the kernel's queue and is never answered.
    let audience = Audience::gather(wire, &target).await;
    let id = audience.location.rsplit('/').next().and_then(OperationId::parse);
    let found = gateway.operations().find(id.expect("an id in the Location")).await.expect("a store");
    let Seen::Running(cell) = found else { panic!("the operation runs: {found:?}") };

    let mut source = Source { cell, said: 0 };
    source.run(WARM_UP).await;
    let before = resident();
    source.run(FLOOD).await;
    let grown = resident().saturating_sub(before);

    assert!(grown < MOST, "{wire:?}: {grown} octets more after {} events", source.said);
    let latest = source.cell.snapshot();
    let completed = latest.progress.as_ref().map(|progress| progress.reported.fraction.completed);
    assert_eq!(completed, Some(source.said), "{wire:?}: not every event counted");
    let written = sum(&gateway, "interim_responses_total", "");
    let withheld = sum(&gateway, "interim_suppressed_total", "");
    // Whichever is noticed first: that writes stall, or that nothing is acknowledged any more.
    let stalled = sum(&gateway, "interim_suppressed_total", "reason=\"stalled\"")
        + sum(&gateway, "interim_suppressed_total", "reason=\"unacknowledged\"");
    assert!(withheld > written, "{wire:?}: {written} written, {withheld} withheld");
    assert!(stalled > 0.0, "{wire:?}: all of {written} heads found room somewhere");
    eprintln!(
        "{wire:?}: {grown} octets more, {} events, {written} heads, {withheld} withheld, {stalled} stalled or unacknowledged",
        source.said
    );
    drop(audience);
}

/// What an origin would report.
struct Source {
    cell: Arc<OperationCell>,
    said: u64,
}

impl Source {
    /// Makes as many events as belong into a time, each of them news. A machine that cannot keep up
    /// takes longer.
    async fn run(&mut self, length: Duration) {
        let progress = Progress::parse(b"0/1000000000", Grammar::Strict).expect("a value");
        // Each octet of it is three on the wire (PRG-11): heads of a kilobyte.
        let label = Label::sanitized(&"\u{1f4e6}".repeat(50), None);
        let mut reported = Reported { label, ..Reported::from_progress(&progress) };
        let until = self.said + length.as_secs() * EVENTS_PER_SECOND;
        let mut portions = interval(PORTION);
        while self.said < until {
            portions.tick().await;
            for _ in 0..EVENTS_PER_SECOND / PORTIONS_PER_SECOND {
                self.said += 1;
                reported.fraction.completed = self.said;
                let applied = self.cell.apply(ProgressEvent::Progress(reported.clone()), clock::now());
                assert_eq!(applied, Applied::Changed);
            }
        }
    }
}

/// The resident set of this process in octets.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("proc(5)");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
    kibibytes * 1024
}

/// The sum of all series of a metric that have a label.
fn sum(gateway: &gateway::Running, metric: &str, label: &str) -> f64 {
    let text = gateway.metrics().text().expect("metrics");
    let start = format!("progress_gateway_{metric}{{");
    let series = text.lines().filter(|line| line.starts_with(&start) && line.contains(label));
    series.map(|line| line.rsplit(' ').next().expect("a value").parse::<f64>().expect("a number")).sum()
}
