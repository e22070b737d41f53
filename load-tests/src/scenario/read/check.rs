//! What a scenario that can be read has to keep to besides: ranges, and keys that have to fit together.

mod traffic;

use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::super::{Expect, GatewaySetup, Origin, Scenario};
use super::Length;
use crate::scenario::{Fault, Job};

/// Something that is wrong with the value of a key.
pub(super) struct Finding {
    /// With its tables, such as `clients[1].weight`.
    pub(super) key: String,
    /// What is wrong and what would be right.
    pub(super) message: String,
}

/// Everything that is wrong with the scenario's values.
pub(super) fn check(scenario: &Scenario, length: Length) -> Vec<Finding> {
    let mut findings = Findings::default();
    texts(scenario, &mut findings);
    times(scenario, length, &mut findings);
    traffic::arrival(scenario, &mut findings);
    traffic::clients(&scenario.clients, &mut findings);
    origin(&scenario.origin, &mut findings);
    gateway(&scenario.gateway, &mut findings);
    expect(&scenario.expect, &mut findings);
    findings.0
}

/// A quick run is for a build that waits for it.
const MAXIMUM_QUICK: Duration = Duration::from_secs(5);
/// A week of samples, one a second, is 600,000: what a report can still be drawn from.
const MAXIMUM_DURATION: Duration = Duration::from_secs(7 * 24 * 3600);
/// Less gives no second of samples to look at.
const MINIMUM_DURATION: Duration = Duration::from_millis(100);
/// The gateway's default deadline: later than that nothing is in flight.
const MAXIMUM_GRACE: Duration = Duration::from_secs(3600);
/// Kinds of jobs. Each is a row to read; more belong in another scenario.
const MAXIMUM_JOBS: usize = 64;
/// Weights are added up in 64 bits and read by people.
const MAXIMUM_WEIGHT: u32 = 1_000_000;
/// Pages name some dozens of resources at most; floods are a fault of their own.
const MAXIMUM_HINTS: u32 = 100;
/// A million steps of the shortest pace are a quarter of an hour.
const MAXIMUM_STEPS: u32 = 1_000_000;
/// The gateway's default deadline again.
const MAXIMUM_STEP: Duration = Duration::from_secs(3600);
/// What one connection can be flooded with within a run; the origin makes them as it sends them.
const MAXIMUM_FLOOD: u32 = 10_000_000;
/// Larger than any machine's disk cache, small enough to be counted in 64 bits by everyone.
const MAXIMUM_CONTENT: u64 = 1 << 40;
/// More than any machine's cores.
const MAXIMUM_WORKERS: usize = 256;
/// The longest label that still fits one line of a terminal several times over.
const MAXIMUM_LABEL: usize = 255;

fn texts(scenario: &Scenario, findings: &mut Findings) {
    if scenario.summary.trim().is_empty() || scenario.summary.contains('\n') {
        findings.wrong("summary", "has to be one line that is not empty");
    }
    if scenario.about.trim().is_empty() {
        findings.wrong("about", "is empty: say what the scenario shows and where to look");
    }
}

fn times(scenario: &Scenario, length: Length, findings: &mut Findings) {
    findings.within("duration", scenario.duration, MINIMUM_DURATION..=MAXIMUM_DURATION);
    findings.within("grace", scenario.grace, Duration::ZERO..=MAXIMUM_GRACE);
    let whole = scenario.duration.saturating_add(scenario.grace);
    if length == Length::Quick && whole > MAXIMUM_QUICK {
        let message = format!(
            "with `grace` it is {whole:?}; a quick run takes at most {MAXIMUM_QUICK:?}: shorten both in [quick]"
        );
        findings.wrong("duration", message);
    }
}

fn origin(origin: &Origin, findings: &mut Findings) {
    if origin.jobs.len() > MAXIMUM_JOBS {
        findings.wrong("origin.jobs", format!("has more than {MAXIMUM_JOBS} kinds"));
    }
    if !origin.jobs.is_empty() && origin.jobs.iter().all(|job| job.weight == 0) {
        findings.wrong("origin.jobs", "every weight is 0: no job could be picked");
    }
    for (index, job) in origin.jobs.iter().enumerate() {
        self::job(job, &format!("origin.jobs[{index}]"), findings);
    }
}

fn job(job: &Job, at: &str, findings: &mut Findings) {
    findings.within(format!("{at}.weight"), job.weight, 0..=MAXIMUM_WEIGHT);
    findings.within(format!("{at}.hints"), job.hints, 0..=MAXIMUM_HINTS);
    findings.within(format!("{at}.steps"), job.steps, 0..=MAXIMUM_STEPS);
    findings.within(format!("{at}.every"), job.every, Duration::ZERO..=MAXIMUM_STEP);
    findings.within(format!("{at}.jitter"), job.jitter, 0.0..=1.0);
    findings.within(format!("{at}.status"), job.status, 200..=599);
    findings.size(format!("{at}.content"), job.content.as_u64());
    if matches!(job.status, 204 | 304) && job.content.as_u64() > 0 {
        findings.wrong(format!("{at}.content"), format!("a response with status {} has none", job.status));
    }
    if job.every > Duration::ZERO && job.steps == 0 {
        findings.wrong(format!("{at}.every"), "there are no `steps` that could take so long");
    }
    if let Some(label) = &job.label
        && (label.is_empty() || label.len() > MAXIMUM_LABEL || label.contains(char::is_control))
    {
        let message = format!("has to be 1 to {MAXIMUM_LABEL} octets without control characters");
        findings.wrong(format!("{at}.label"), message);
    }
    if let Some(path) = &job.path
        && !path.starts_with('/')
    {
        findings.wrong(format!("{at}.path"), "has to begin with /");
    }
    match job.fault {
        Fault::Flood { heads } => findings.within(format!("{at}.fault.heads"), heads, 1..=MAXIMUM_FLOOD),
        Fault::Truncate if job.content.as_u64() == 0 => {
            findings.wrong(format!("{at}.fault"), "\"truncate\" needs `content` that can be cut short");
        }
        _ => {}
    }
}

fn gateway(gateway: &GatewaySetup, findings: &mut Findings) {
    if let Some(workers) = gateway.workers {
        findings.within("gateway.workers", workers, 1..=MAXIMUM_WORKERS);
    }
}

fn expect(expect: &Expect, findings: &mut Findings) {
    let shares = [
        ("late-share", expect.late_share),
        ("success-share", expect.success_share),
        ("accepted-share", expect.accepted_share),
        ("gateway-error-share", expect.gateway_error_share),
    ];
    for (key, share) in shares {
        if let Some(share) = share {
            findings.within(format!("expect.{key}"), share, 0.0..=1.0);
        }
    }
    let heads = [
        ("minimum-heads-per-request", expect.minimum_heads_per_request),
        ("maximum-heads-per-request", expect.maximum_heads_per_request),
    ];
    for (key, heads) in heads {
        if let Some(heads) = heads {
            findings.within(format!("expect.{key}"), heads, 0.0..=f64::from(MAXIMUM_FLOOD));
        }
    }
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn wrong(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.0.push(Finding { key: key.into(), message: message.into() });
    }

    fn within<T: PartialOrd + Debug + Copy>(
        &mut self,
        key: impl Into<String>,
        value: T,
        range: RangeInclusive<T>,
    ) {
        if !range.contains(&value) {
            let (least, most) = range.into_inner();
            self.wrong(key, format!("is {value:?}; it has to be from {least:?} to {most:?}"));
        }
    }

    fn size(&mut self, key: impl Into<String>, octets: u64) {
        if octets > MAXIMUM_CONTENT {
            self.wrong(key, format!("is {octets} octets; it has to be at most 1TiB"));
        }
    }
}
