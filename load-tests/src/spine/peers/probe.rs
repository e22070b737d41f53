//! What becomes of the origin's 102s in each proxy, as curl sees it.

use std::time::Duration;

use super::everybody;
use crate::spine::gateway::RouteKind;
use crate::spine::origin::{Origin, Talk, Version};
use crate::spine::rivals::{Kind, Proxy, Scene};
use crate::spine::stage::Side;
use crate::spine::{Report, Trouble, Wire};

/// Heads before the final response, and how long curl waits for all of it.
const HEADS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(100);
const PATIENCE: &str = "4";

pub(super) async fn look(scene: &Scene) -> Result<Report, Trouble> {
    let origin = Origin::start(Version::Http1, Talk::Reporting { every: PAUSE, heads: Some(HEADS) }).await?;
    let mut kinds = everybody();
    kinds[0] = Kind::Gateway(Wire::H2, RouteKind::Relaying);
    let mut notes = Vec::new();
    for kind in &kinds {
        let proxy = scene.start(kind, &origin.url).await?;
        for (wire, option) in [(Wire::H1, "--http1.1"), (Wire::H2, "--http2")] {
            let seen = ask(scene, &proxy, option).await?;
            notes.push(format!("{}, {}: {seen}", proxy.what, wire.name()));
        }
    }
    let title = format!("What curl sees of {HEADS} 102s and a 200 from the origin, {PAUSE:?} apart");
    Ok(Report { title, figures: Vec::new(), notes })
}

async fn ask(scene: &Scene, proxy: &Proxy, option: &str) -> Result<String, Trouble> {
    let output = scene
        .stage
        .command(Side::Measuring, "curl")
        .args(["--silent", "--show-error", "--insecure", "--output", "/dev/null", "--dump-header", "-"])
        .args(["--max-time", PATIENCE, option])
        .arg(format!("https://{}/", proxy.address))
        .output()
        .await
        .map_err(Trouble::system("running curl"))?;
    let statuses = statuses(&String::from_utf8_lossy(&output.stdout));
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok(if complaint.is_empty() { statuses } else { format!("{statuses}, then `{complaint}`") })
}

/// The statuses in the heads that came, each with how often it came in a row.
fn statuses(heads: &str) -> String {
    let mut runs: Vec<(&str, u32)> = Vec::new();
    let lines = heads.lines().filter(|line| line.starts_with("HTTP/"));
    for status in lines.filter_map(|line| line.split_ascii_whitespace().nth(1)) {
        match runs.last_mut() {
            Some((last, times)) if *last == status => *times += 1,
            _ => runs.push((status, 1)),
        }
    }
    if runs.is_empty() {
        return "no head at all".to_owned();
    }
    let named = |(status, times): &(&str, u32)| match times {
        1 => (*status).to_owned(),
        times => format!("{times} × {status}"),
    };
    runs.iter().map(named).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_in_a_row_are_counted() {
        let heads =
            "HTTP/2 102 \r\nprogress: 1/2\r\n\r\nHTTP/2 102 \r\n\r\nHTTP/2 200 \r\nx: HTTP/9 500\r\n\r\n";
        assert_eq!(statuses(heads), "2 × 102, 200");
        assert_eq!(statuses(""), "no head at all");
    }
}
