//! What should have held: a line for each limit that was missed.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::PROTOCOL;
use crate::report::quantity::{Quantity, count, real};
use crate::report::{LONG_RUN, Percentiles, Row, RunReport};
use crate::scenario::Expect;

/// What the report itself does not say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    /// The first failure of each kind in full words.
    pub(super) words: &'a BTreeMap<&'static str, String>,
    /// Whether somebody ended the run early.
    pub(super) cut_short: bool,
    /// How long it should have taken.
    pub(super) planned: Duration,
}

/// One line for each limit that was missed, and for what is never right.
pub(super) fn violations(expect: &Expect, run: &RunReport, facts: &Facts<'_>) -> Vec<String> {
    let mut lines = Lines(Vec::new());
    if facts.cut_short {
        let [was, should] = [run.seconds, facts.planned.as_secs_f64()].map(|time| Quantity::Time.say(time));
        lines.0.push(format!("stopped after {was} of {should}"));
    }
    wrongs(&mut lines, run, facts);
    ends(&mut lines, expect, (&run.total, facts));
    heads(&mut lines, expect, &run.total);
    shares(&mut lines, expect, &run.total);
    usage(&mut lines, expect, run);
    lines.0
}

/// A quantity: its name, its value if it is known, and what it measures.
type Figure<'f> = (&'f str, Option<f64>, Quantity);

struct Lines(Vec<String>);

impl Lines {
    fn at_most(&mut self, (name, is, quantity): Figure<'_>, most: Option<f64>) {
        if let (Some(is), Some(most)) = (is, most)
            && is > most
        {
            self.0.push(format!("{name} {}, at most {}", quantity.say(is), quantity.say(most)));
        }
    }

    fn at_least(&mut self, (name, is, quantity): Figure<'_>, least: Option<f64>) {
        if let (Some(is), Some(least)) = (is, least)
            && is < least
        {
            self.0.push(format!("{name} {}, at least {}", quantity.say(is), quantity.say(least)));
        }
    }

    /// The same as [`Self::at_most`] of something without which the run says nothing: not to know it is no success.
    fn known_at_most(&mut self, figure: Figure<'_>, most: Option<f64>) {
        if let ((name, None, quantity), Some(most)) = (figure, most) {
            self.0.push(format!("{name} unknown, for there was none, at most {}", quantity.say(most)));
        }
        self.at_most(figure, most);
    }
}

fn wrongs(lines: &mut Lines, run: &RunReport, facts: &Facts<'_>) {
    for row in &run.clients {
        for (wrong, times) in &row.wrongs {
            lines.0.push(format!("{wrong}: {} times to {}, never right", count(*times), row.name));
        }
        // However much may fail: an origin's faults are no reason for the gateway to speak no HTTP, and a head after the
        // final one is seen as this.
        if let Some(times) = row.failures.get(PROTOCOL) {
            let words = facts.words.get(PROTOCOL).map_or(PROTOCOL, String::as_str);
            lines.0.push(format!("{words}: {} times to {}, never right", count(*times), row.name));
        }
    }
}

fn ends(lines: &mut Lines, expect: &Expect, (total, facts): (&Row, &Facts<'_>)) {
    let counted = |name, is| (name, Some(real(is)), Quantity::Count);
    lines.at_least(counted("requests", total.requests), expect.minimum_requests.map(real));
    let failed: u64 = total.failures.values().sum();
    if let Some(most) = expect.failed
        && failed > most
    {
        let kinds: Vec<String> =
            total.failures.iter().map(|(kind, times)| failure(kind, *times, facts)).collect();
        lines.0.push(format!("failed {}, at most {} ({})", count(failed), count(most), kinds.join("; ")));
    }
    lines.at_most(counted("unfinished", total.unfinished), expect.unfinished.map(real));
    lines.at_most(counted("shed", total.shed), expect.shed.map(real));
}

/// `3 reset: reset by the peer: 8`.
fn failure(kind: &str, times: u64, facts: &Facts<'_>) -> String {
    let words = facts.words.get(kind).map_or("", String::as_str);
    format!("{} {kind}: {words}", count(times))
}

fn heads(lines: &mut Lines, expect: &Expect, total: &Row) {
    let heads = &total.heads_per_request;
    let mean = Some(heads.mean);
    lines.at_least(("heads per request", mean, Quantity::Mean), expect.minimum_heads_per_request);
    let largest = Some(heads.max);
    lines.at_most(("most heads of one request", largest, Quantity::Mean), expect.maximum_heads_per_request);
    let silence = Some(total.longest_silence);
    lines.at_most(("longest silence", silence, Quantity::Time), seconds(expect.longest_silence));
    let p99 = |spread: &Percentiles| (spread.count > 0).then_some(spread.p99);
    let time = |name, spread: &Percentiles| (name, p99(spread), Quantity::Time);
    lines.known_at_most(time("lateness p99", &total.lateness), seconds(expect.lateness_p99));
    let late = (total.lateness.count > 0).then(|| real(total.late) / real(total.lateness.count));
    lines.known_at_most(("share of late heads", late, Quantity::Share), expect.late_share);
    lines.known_at_most(time("first signal p99", &total.first_signal), seconds(expect.first_signal_p99));
    lines.known_at_most(time("latency p99", &total.latency), seconds(expect.latency_p99));
}

fn shares(lines: &mut Lines, expect: &Expect, total: &Row) {
    let share = |name, counted: fn(u16) -> bool| {
        let all: u64 = total.codes.values().sum();
        let those: u64 = total.codes.iter().filter(|(code, _)| counted(**code)).map(|(_, times)| times).sum();
        (name, Some(real(those) / real(all.max(1))), Quantity::Share)
    };
    lines.at_least(share("share of 2xx", |code| (200..300).contains(&code)), expect.success_share);
    lines.at_least(share("share of 202", |code| code == 202), expect.accepted_share);
    let gateway_errors = share("share of 502, 503 and 504", |code| (502..=504).contains(&code));
    lines.at_least(gateway_errors, expect.gateway_error_share);
}

/// Nothing is known of a gateway that somebody else started.
fn usage(lines: &mut Lines, expect: &Expect, run: &RunReport) {
    let Some(gateway) = &run.gateway else { return };
    let size = |limit: Option<bytesize::ByteSize>| limit.map(|limit| real(limit.as_u64()));
    let per_held = ("memory per held exchange", gateway.resident_per_held, Quantity::Size);
    lines.at_most(per_held, size(expect.memory_per_held));
    lines.known_at_most(("CPU per head", gateway.cpu_per_head, Quantity::Time), seconds(expect.cpu_per_head));
    let per_request = ("CPU per request", gateway.cpu_per_request, Quantity::Time);
    lines.known_at_most(per_request, seconds(expect.cpu_per_request));
    let grown = Some(real(gateway.resident_peak.saturating_sub(gateway.resident_before)));
    lines.at_most(("memory grown", grown, Quantity::Size), size(expect.memory_growth));
    let by_the_hour = (run.seconds >= LONG_RUN).then_some(gateway.growth_per_hour);
    lines.at_most(
        ("memory grows in an hour", by_the_hour, Quantity::Size),
        size(expect.memory_growth_per_hour),
    );
    let left_open = Some(real(gateway.descriptors_left_open()));
    lines.at_most(("descriptors left open", left_open, Quantity::Count), expect.descriptor_growth.map(real));
}

fn seconds(limit: Option<Duration>) -> Option<f64> {
    limit.map(|limit| limit.as_secs_f64())
}

#[cfg(test)]
mod tests;
