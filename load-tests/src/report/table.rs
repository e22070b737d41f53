//! A run as text: a row for each kind of client, the total, and what was wrong.

use std::collections::BTreeMap;
use std::fmt;

use super::quantity::{Quantity, count, real};
use super::{GatewayUse, Percentiles, Row, RunReport};

/// What stands above the columns.
const HEADINGS: [[&str; 2]; 11] = [
    ["", "client"],
    ["", "requests"],
    ["", "heads"],
    ["cadence", "p50 / p99"],
    ["lateness", "p99"],
    ["unacked", "max"],
    ["latency", "p50"],
    ["", "p99"],
    ["", "p99.9"],
    ["CPU", "per head"],
    ["RSS", "per held"],
];

/// A report, to be printed as a table.
#[derive(Clone, Copy, Debug)]
pub struct Table<'r>(pub &'r RunReport);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(run) = self;
        let quick = if run.quick { ", quick" } else { "" };
        let seconds = Quantity::Time.say(run.seconds);
        writeln!(f, "{}: {}", run.scenario, run.summary)?;
        writeln!(f, "  {}, seed {}, {seconds}{quick}; {}", run.target, run.seed, run.machine)?;
        writeln!(f)?;
        grid(f, run)?;
        writeln!(f)?;
        ends(f, &run.total)?;
        usage(f, run)?;
        troubles(f, run)
    }
}

fn grid(f: &mut fmt::Formatter<'_>, run: &RunReport) -> fmt::Result {
    let mut lines: Vec<[String; 11]> =
        (0..2).map(|line| HEADINGS.map(|column| column[line].to_owned())).collect();
    lines.extend(run.clients.iter().map(|row| cells(row, None)));
    lines.push(cells(&run.total, run.gateway.as_ref()));
    let mut widths = [0; 11];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    for line in &lines {
        write!(f, "  {:<width$}", line[0], width = widths[0])?;
        for (cell, width) in line.iter().zip(widths).skip(1) {
            write!(f, "  {cell:>width$}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}

/// What the gateway used is known for all kinds together only.
fn cells(row: &Row, gateway: Option<&GatewayUse>) -> [String; 11] {
    let time = |spread: &Percentiles, value: f64| Quantity::Time.say_if((spread.count > 0).then_some(value));
    let cadence =
        format!("{} / {}", time(&row.cadence, row.cadence.p50), time(&row.cadence, row.cadence.p99));
    let unacknowledged = gateway.and_then(|gateway| gateway.unacknowledged_max);
    [
        row.name.clone(),
        count(row.requests),
        count(row.interim.values().sum()),
        if row.cadence.count > 0 { cadence } else { "–".to_owned() },
        time(&row.lateness, row.lateness.p99),
        unacknowledged.map_or_else(|| "–".to_owned(), count),
        time(&row.latency, row.latency.p50),
        time(&row.latency, row.latency.p99),
        time(&row.latency, row.latency.p999),
        Quantity::Time.say_if(gateway.and_then(|gateway| gateway.cpu_per_head)),
        Quantity::Size.say_if(gateway.and_then(|gateway| gateway.resident_per_held)),
    ]
}

fn ends(f: &mut fmt::Formatter<'_>, total: &Row) -> fmt::Result {
    write!(f, "  {} completed", count(total.completed))?;
    for (what, how_many) in [("unfinished", total.unfinished), ("shed", total.shed)] {
        if how_many > 0 {
            write!(f, ", {} {what}", count(how_many))?;
        }
    }
    for (kind, how_many) in &total.failures {
        write!(f, ", {} failed: {kind}", count(*how_many))?;
    }
    writeln!(f)?;
    writeln!(f, "  final codes {}; interim codes {}", codes(&total.codes), codes(&total.interim))?;
    let silence = Quantity::Time.say(total.longest_silence);
    writeln!(f, "  {} received; longest silence {silence}", Quantity::Size.say(real(total.received)))
}

fn codes(codes: &BTreeMap<u16, u64>) -> String {
    let said: Vec<_> = codes.iter().map(|(code, how_many)| format!("{code}: {}", count(*how_many))).collect();
    if said.is_empty() { "none".to_owned() } else { said.join(", ") }
}

fn usage(f: &mut fmt::Formatter<'_>, run: &RunReport) -> fmt::Result {
    if let Some(gateway) = &run.gateway {
        let size = |octets: u64| Quantity::Size.say(real(octets));
        let (before, after) = gateway.descriptors;
        writeln!(
            f,
            "  gateway: CPU {} ({} per request); memory {} before, {} at most, {} after",
            Quantity::Time.say(gateway.cpu_seconds),
            Quantity::Time.say_if(gateway.cpu_per_request),
            size(gateway.resident_before),
            size(gateway.resident_peak),
            size(gateway.resident_after),
        )?;
        let [before, after, kept] = [before, after, gateway.origin_connections].map(count);
        writeln!(f, "  descriptors: {before} before, {after} after, {kept} of them to the origin")?;
    }
    let cpu = Quantity::Time.say(run.generator.clients_cpu_seconds);
    write!(f, "  generator: clients CPU {cpu}{}", of_gateways(run, run.generator.clients_cpu_seconds))?;
    if let Some(origin) = run.generator.origin_cpu_seconds {
        write!(f, ", origin CPU {}{}", Quantity::Time.say(origin), of_gateways(run, origin))?;
    }
    writeln!(f, "; starts late by {} (p99)", Quantity::Time.say(run.generator.start_delay_p99))
}

/// How much that is beside what is measured: the generator should be cheaper.
fn of_gateways(run: &RunReport, cpu: f64) -> String {
    let used = run.gateway.as_ref().map(|gateway| gateway.cpu_seconds).filter(|used| *used > 0.0);
    used.map_or_else(String::new, |used| format!(" ({:.2} of the gateway's)", cpu / used))
}

/// Wrongs by kind of client, then limits that were missed; or that all is well.
fn troubles(f: &mut fmt::Formatter<'_>, run: &RunReport) -> fmt::Result {
    for row in &run.clients {
        for (wrong, how_many) in &row.wrongs {
            writeln!(f, "  WRONG   {}: {wrong}, {} times", row.name, count(*how_many))?;
        }
    }
    for violation in &run.violations {
        writeln!(f, "  MISSED  {violation}")?;
    }
    if run.violations.is_empty() {
        writeln!(f, "  as expected")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn a_run_is_a_table() {
        let mut run = samples::run("steady");
        run.clients.truncate(2);
        run.clients[1].wrongs.insert("progress fell".to_owned(), 3);
        run.violations.push("lateness p99 112 ms, at most 50 ms".to_owned());
        assert_eq!(Table(&run).to_string(), include_str!("table/steady.txt"));
    }

    #[test]
    fn what_is_not_known_is_a_dash() {
        let run = samples::bare("steady");
        let text = Table(&run).to_string();
        let total = text.lines().find(|line| line.trim_start().starts_with("total")).expect("a total");
        assert_eq!(total.matches('–').count(), 8, "{total}");
        assert!(text.contains("final codes none") && text.ends_with("as expected\n"), "{text}");
    }
}
