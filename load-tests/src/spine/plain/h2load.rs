//! Sends requests with h2load, from the nghttp2 project.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use crate::spine::stage::{Side, Stage};
use crate::spine::{Trouble, Wire};

/// How requests are sent.
#[derive(Clone, Copy, Debug)]
pub(in crate::spine) struct Load {
    pub(in crate::spine) wire: Wire,
    pub(in crate::spine) connections: u64,
    pub(in crate::spine) requests: u64,
    pub(in crate::spine) path: &'static str,
}

/// What it saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::spine) struct Run {
    /// From the first request to the last answer.
    pub(in crate::spine) took: Duration,
    /// Octets of content.
    pub(in crate::spine) content: u64,
    /// Half of the requests were answered within this, in ms.
    pub(in crate::spine) half: f64,
    /// 99 % of the requests were answered within this, in ms.
    pub(in crate::spine) most: f64,
}

impl Load {
    /// Sends the requests over TLS; all of them must be answered with success.
    pub(in crate::spine) async fn run(self, stage: &Stage, address: SocketAddr) -> Result<Run, Trouble> {
        let log = stage.directory().join("h2load.log");
        // h2load appends.
        let _ = std::fs::remove_file(&log);
        let mut command = stage.command(Side::Measuring, "h2load");
        if self.wire == Wire::H1 {
            command.arg("--h1");
        }
        let output = command
            .args([
                "-t",
                "1",
                "-m",
                "1",
                "-c",
                &self.connections.to_string(),
                "-n",
                &self.requests.to_string(),
            ])
            .arg(format!("--log-file={}", log.display()))
            .arg(format!("https://{address}{}", self.path))
            .stderr(Stdio::inherit())
            .output()
            .await
            .map_err(Trouble::system("running h2load"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let times = std::fs::read_to_string(&log).map_err(Trouble::system("reading the log of h2load"))?;
        match (took(&text), content(&text)) {
            (Some(took), Some(content)) if all_succeeded(&text, self.requests) => {
                let mut times = times_in(&times);
                times.sort_unstable();
                Ok(Run { took, content, half: percentile(&times, 50), most: percentile(&times, 99) })
            }
            _ => Err(Trouble::Unexpected { doing: "running h2load", reason: text.into_owned() }),
        }
    }
}

/// `finished in 1.20s, 8.33 req/s, 1.00KB/s`.
fn took(text: &str) -> Option<Duration> {
    let line = text.lines().find_map(|line| line.strip_prefix("finished in "))?;
    let amount = line.split(", ").next()?;
    let (number, unit) = amount.split_at(amount.find(|letter: char| letter.is_ascii_alphabetic())?);
    let seconds: f64 = match unit {
        "s" => 1.0,
        "ms" => 1e-3,
        "us" => 1e-6,
        _ => return None,
    };
    Some(Duration::from_secs_f64(number.parse::<f64>().ok()? * seconds))
}

/// `traffic: 1.08KB (1110) total, 430B (430) headers (space savings 21.82%), 500B (500) data`.
fn content(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("traffic: "))?;
    let part = line.split(", ").find_map(|part| part.strip_suffix(") data"))?;
    part.rsplit_once('(')?.1.parse().ok()
}

/// `requests: 10 total, 10 started, 10 done, 10 succeeded, 0 failed, …` and `status codes: 10 2xx, …`.
fn all_succeeded(text: &str, requests: u64) -> bool {
    let line = |start| text.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_default();
    let succeeded = line("requests: ").split(", ").any(|part| part == format!("{requests} succeeded"));
    succeeded && line("status codes: ").split(", ").any(|part| part == format!("{requests} 2xx"))
}

/// The third column of the log: how long each request took, in µs.
fn times_in(log: &str) -> Vec<u64> {
    log.lines().filter_map(|line| line.split('\t').nth(2)?.trim().parse().ok()).collect()
}

/// In ms, of sorted times in µs; the nearest rank.
#[expect(clippy::cast_precision_loss, reason = "times stay far below 2^52 µs")]
pub(in crate::spine) fn percentile(sorted: &[u64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).map_or(f64::NAN, |micros| *micros as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMMARY: &str = "finished in 1.25s, 8.00 req/s, 1.20KB/s\n\
        requests: 10 total, 10 started, 10 done, 10 succeeded, 0 failed, 0 errored, 0 timeout\n\
        status codes: 10 2xx, 0 3xx, 0 4xx, 0 5xx\n\
        traffic: 1.08KB (1110) total, 430B (430) headers (space savings 21.82%), 500B (500) data\n";

    #[test]
    fn success_is_read_from_the_summary() {
        assert!(all_succeeded(SUMMARY, 10));
        assert!(!all_succeeded(SUMMARY, 11));
        assert!(!all_succeeded(&SUMMARY.replace("10 2xx", "9 2xx"), 10));
        assert!(!all_succeeded("", 10));
    }

    #[test]
    fn time_and_content_are_read_from_the_summary() {
        assert_eq!(took(SUMMARY), Some(Duration::from_millis(1250)));
        assert_eq!(took("finished in 12.50ms, 1 req/s"), Some(Duration::from_micros(12_500)));
        assert_eq!(took("finished in 7us, 1 req/s"), Some(Duration::from_micros(7)));
        assert_eq!((took("finished in 7, 1 req/s"), took("")), (None, None));
        assert_eq!((content(SUMMARY), content("")), (Some(500), None));
    }

    #[test]
    fn percentiles_are_read_from_the_log() {
        let lines: Vec<String> = (1..=200).rev().map(|n| format!("1795328259\t200\t{n}000")).collect();
        let log = lines.join("\n");
        let mut times = times_in(&log);
        times.sort_unstable();
        assert!((percentile(&times, 50) - 100.0).abs() < 1e-9);
        assert!((percentile(&times, 99) - 198.0).abs() < 1e-9);
        assert!((percentile(&times[..1], 99) - 1.0).abs() < 1e-9);
        assert!(percentile(&[], 50).is_nan());
    }
}
