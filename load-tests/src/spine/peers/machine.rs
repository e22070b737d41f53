//! When and where a comparison took place, and of what.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::sleep;

use crate::spine::gateway;

/// How long it is looked whether others use the processors.
const IDLE: Duration = Duration::from_secs(2);

/// A machine, its programs and the day.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// The day, UTC.
    pub date: String,
    /// Processors, memory and systems.
    pub hardware: String,
    /// What each program says of its version.
    pub programs: Vec<String>,
    /// The share of the processors that others use, just before the start; more than a few percent spoil every
    /// figure but memory.
    pub busy: f64,
}

impl Machine {
    /// This one, today.
    pub async fn this(gateway: Option<&PathBuf>) -> Self {
        let gateway = gateway.cloned().unwrap_or_else(gateway::built);
        let mut programs = Vec::new();
        for (program, argument) in [
            (gateway.display().to_string().as_str(), "--version"),
            ("/usr/sbin/nginx", "-v"),
            ("/usr/sbin/haproxy", "-v"),
            ("/usr/bin/caddy", "version"),
            ("h2load", "--version"),
            ("curl", "--version"),
        ] {
            if let Some(version) = version(program, argument).await {
                programs.push(version);
            }
        }
        let date = jiff::Timestamp::now().to_string();
        let date = date.split('T').next().unwrap_or_default().to_owned();
        Self { date, hardware: hardware(), programs, busy: busy().await }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.date, self.hardware)?;
        writeln!(f, "  {:.0} % busy before the start", self.busy * 100.0)?;
        self.programs.iter().try_for_each(|program| writeln!(f, "  {program}"))
    }
}

/// The first line that a program says when asked.
async fn version(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().await.ok()?;
    // nginx says it where errors go.
    let said = [output.stdout, output.stderr].concat();
    let line = String::from_utf8_lossy(&said).lines().next()?.trim().to_owned();
    let name = program.rsplit('/').next().unwrap_or(program);
    Some(called(name, &line))
}

/// With the name in front, unless it says it; without what follows the version.
fn called(name: &str, line: &str) -> String {
    let line = line.strip_prefix("nginx version: ").unwrap_or(line);
    let line = line.split(" - http").next().unwrap_or(line);
    let line = line.split(" (x86").next().unwrap_or(line);
    if line.to_lowercase().contains(name) { line.to_owned() } else { format!("{name} {line}") }
}

async fn busy() -> f64 {
    let read = || fs::read_to_string("/proc/stat").ok().and_then(|stat| ticks(&stat));
    let before = read();
    sleep(IDLE).await;
    match (before, read()) {
        (Some(before), Some(after)) => share(before, after),
        _ => f64::NAN,
    }
}

/// Of all processors: ticks in all, and those with nothing to do (proc(5), the fields `idle` and `iowait`).
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> = line.split_ascii_whitespace().filter_map(|field| field.parse().ok()).collect();
    Some((fields.get(..8)?.iter().sum(), fields[3] + fields[4]))
}

#[expect(clippy::cast_precision_loss, reason = "a moment has few ticks")]
fn share(before: (u64, u64), after: (u64, u64)) -> f64 {
    let (all, idle) = (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1));
    1.0 - idle as f64 / all as f64
}

fn hardware() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let processor = value(&read("/proc/cpuinfo"), "model name", ':').unwrap_or_else(|| "unknown".to_owned());
    let memory = value(&read("/proc/meminfo"), "MemTotal", ':').as_deref().and_then(gibibytes).unwrap_or(0);
    let system = value(&read("/etc/os-release"), "PRETTY_NAME", '=').unwrap_or_else(|| "Linux".to_owned());
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{cores} cores ({processor}), {memory} GiB, {system}, Linux {}", kernel.trim())
}

/// What follows a key and its separator in the first line that begins with it.
fn value(text: &str, key: &str, separator: char) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let (_, value) = line.split_once(separator)?;
    Some(value.trim().trim_matches('"').to_owned())
}

fn gibibytes(amount: &str) -> Option<u64> {
    let kibibytes: u64 = amount.strip_suffix("kB")?.trim().parse().ok()?;
    Some((kibibytes + (1 << 19)) >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_with_a_name_and_without_addresses() {
        assert_eq!(called("nginx", "nginx version: nginx/1.22.1"), "nginx/1.22.1");
        assert_eq!(called("caddy", "2.6.2"), "caddy 2.6.2");
        assert_eq!(
            called("haproxy", "HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/"),
            "HAProxy version 2.6.12-1+deb12u4 2026/10/17"
        );
    }

    #[test]
    fn values_are_read_from_the_files_of_the_system() {
        assert_eq!(value("a : 1\nmodel name\t: AMD EPYC\n", "model name", ':').as_deref(), Some("AMD EPYC"));
        assert_eq!(value("PRETTY_NAME=\"Debian\"\n", "PRETTY_NAME", '=').as_deref(), Some("Debian"));
        assert_eq!(value("", "a", '='), None);
        assert_eq!(gibibytes("25165824 kB"), Some(24));
        assert_eq!(gibibytes("much"), None);
    }

    #[test]
    fn a_machine_is_busy_as_long_as_it_is_not_idle() {
        let stat = "cpu  10 0 5 70 5 0 0 10 99 99\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        assert_eq!(ticks(stat), Some((100, 75)));
        assert_eq!((ticks("cpu  1 2\n"), ticks("")), (None, None));
        assert!((share((100, 75), (200, 150)) - 0.25).abs() < 1e-9);
    }
}
