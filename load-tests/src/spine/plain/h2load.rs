//! Sends requests with h2load, from the nghttp2 project.

use std::net::SocketAddr;
use std::process::Stdio;

use crate::spine::stage::{Side, Stage};
use crate::spine::{Trouble, Wire};

/// How requests are sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) wire: Wire,
    pub(super) connections: u64,
}

impl Load {
    /// Sends `requests` over TLS, and returns how many were answered in a second; all of them must
    /// be answered with success.
    pub(super) async fn run(self, stage: &Stage, address: SocketAddr, requests: u64) -> Result<f64, Trouble> {
        let mut command = stage.command(Side::Measuring, "h2load");
        if self.wire == Wire::H1 {
            command.arg("--h1");
        }
        let output = command
            .args(["-t", "1", "-m", "1", "-c", &self.connections.to_string(), "-n", &requests.to_string()])
            .arg(format!("https://{address}/plain"))
            .stderr(Stdio::inherit())
            .output()
            .await
            .map_err(Trouble::system("running h2load"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        match rate(&text) {
            Some(rate) if all_succeeded(&text, requests) => Ok(rate),
            _ => Err(Trouble::Unexpected { doing: "running h2load", reason: text.into_owned() }),
        }
    }
}

/// `finished in 1.20s, 8.33 req/s, 1.00KB/s`.
fn rate(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with("finished in "))?;
    line.split(", ").find_map(|part| part.strip_suffix(" req/s"))?.parse().ok()
}

/// `requests: 10 total, 10 started, 10 done, 10 succeeded, 0 failed, …` and `status codes: 10 2xx, …`.
fn all_succeeded(text: &str, requests: u64) -> bool {
    let line = |start| text.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_default();
    let succeeded = line("requests: ").split(", ").any(|part| part == format!("{requests} succeeded"));
    succeeded && line("status codes: ").split(", ").any(|part| part == format!("{requests} 2xx"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_is_read_from_the_summary() {
        let text = "finished in 1.00s, 10.00 req/s, 1.20KB/s\n\
                    requests: 10 total, 10 started, 10 done, 10 succeeded, 0 failed, 0 errored, 0 timeout\n\
                    status codes: 10 2xx, 0 3xx, 0 4xx, 0 5xx\n";
        assert!(all_succeeded(text, 10));
        assert!(rate(text).is_some_and(|rate| (rate - 10.0).abs() < 0.001));
        assert!(!all_succeeded(text, 11));
        assert!(!all_succeeded(&text.replace("10 2xx", "9 2xx"), 10));
        assert!(!all_succeeded("", 10));
        assert_eq!(rate(""), None);
    }
}
