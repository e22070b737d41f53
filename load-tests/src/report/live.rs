//! How a run goes, while it goes: one line on a terminal, nothing elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Sample;
use super::quantity::{Quantity, count};

/// What came until now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Requests begun.
    pub requests: u64,
    /// Interim heads.
    pub heads: u64,
    /// The last second.
    pub latest: Sample,
}

/// A line on standard error, if that is a terminal. It is wiped off at the end.
#[derive(Debug)]
pub struct Live {
    bar: ProgressBar,
}

impl Live {
    /// For a run that is to take so long.
    pub fn new(scenario: &str, duration: Duration) -> Self {
        let bar =
            ProgressBar::with_draw_target(Some(duration.as_secs().max(1)), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{prefix} {bar:20} {pos}/{len} s  {msg}");
        bar.set_style(style.expect("the template is well formed").progress_chars("=> "));
        bar.set_prefix(scenario.to_owned());
        Self { bar }
    }

    /// Shows a second.
    pub fn show(&self, totals: Totals) {
        // Grace comes after the duration.
        let second = Duration::try_from_secs_f64(totals.latest.second).unwrap_or_default().as_secs();
        self.bar.set_position(second.min(self.bar.length().unwrap_or_default()));
        self.bar.set_message(line(totals));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn line(totals: Totals) -> String {
    let latest = totals.latest;
    format!(
        "{} requests, {} heads, {} in flight, latency p99 {}, cadence p99 {}",
        count(totals.requests),
        count(totals.heads),
        count(latest.in_flight),
        Quantity::Time.say_if(latest.latency_p99),
        Quantity::Time.say_if(latest.cadence_p99),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_much_came_and_how_late() {
        let latest = Sample { in_flight: 1200, latency_p99: Some(0.25), ..Sample::default() };
        let said = line(Totals { requests: 12_345, heads: 7, latest });
        assert_eq!(said, "12,345 requests, 7 heads, 1,200 in flight, latency p99 250 ms, cadence p99 –");
    }
}
