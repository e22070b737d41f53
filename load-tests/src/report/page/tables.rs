//! A row for each kind of client: what became of its requests, how long they took, and what it was told
//! meanwhile.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::markup::Markup;
use crate::report::quantity::{Quantity, count};
use crate::report::{Percentiles, Row, RunReport};

/// The tables of one run.
pub(super) fn clients(section: &mut Markup, run: &RunReport) {
    section.words("h3", &[], "Clients");
    let mut rows: Vec<&Row> = run.clients.iter().collect();
    // The total says nothing new about a single kind.
    if rows.len() != 1 {
        rows.push(&run.total);
    }
    let exchanges = [
        "Client",
        "Protocol",
        "Requests",
        "Completed",
        "Failed",
        "Unfinished",
        "Shed",
        "Final codes",
        "Received",
    ];
    rows_of(section, ("Exchanges", &exchanges), &rows, exchange_cells);
    let latency = ["Client", "Mean", "p50", "p90", "p99", "p99.9", "Largest"];
    rows_of(section, ("Latency, from the intended start", &latency), &rows, |row| {
        spread(&row.latency).to_vec()
    });
    let hearing = rows.iter().any(|row| !row.interim.is_empty());
    if !hearing {
        section.words("p", &[("class", "absent")], "No interim head came to any client.");
        return;
    }
    let signals = [
        "Client",
        "Interim heads",
        "Per request",
        "First signal p50 / p99",
        "Cadence p50 / p99",
        "Lateness p99",
        "Late",
        "Longest silence",
    ];
    rows_of(section, ("Signals", &signals), &rows, signal_cells);
}

/// A table that scrolls by itself where it is too wide, with a caption and the first column as the rows' names.
pub(super) fn table(
    parent: &mut Markup,
    (caption, columns): (&str, &[&str]),
    fill: impl FnOnce(&mut Markup),
) {
    let region = [("class", "scrolls"), ("role", "region"), ("aria-label", caption), ("tabindex", "0")];
    parent.element("div", &region, |region| {
        region.element("table", &[], |table| {
            table.words("caption", &[], caption);
            table.element("thead", &[], |head| {
                head.element("tr", &[], |row| {
                    row.all("th", &[("scope", "col")], columns);
                });
            });
            table.element("tbody", &[], fill);
        });
    });
}

/// A row of the overview of several runs, from `Requests` on.
pub(super) fn overview_cells(total: &Row) -> [String; 5] {
    [
        count(total.requests),
        count(total.failures.values().sum()),
        count(total.interim.values().sum()),
        say(&total.lateness, total.lateness.p99),
        say(&total.latency, total.latency.p99),
    ]
}

/// A percentile, or a dash where there are no values.
pub(super) fn say(of: &Percentiles, value: f64) -> String {
    Quantity::Time.say_if((of.count > 0).then_some(value))
}

/// `500 ms / 515 ms`, or a dash where there are no values.
pub(super) fn median_and_p99(of: &Percentiles) -> String {
    if of.count == 0 { say(of, 0.0) } else { format!("{} / {}", say(of, of.p50), say(of, of.p99)) }
}

fn rows_of(section: &mut Markup, table: (&str, &[&str]), rows: &[&Row], cells: impl Fn(&Row) -> Vec<String>) {
    self::table(section, table, |body| {
        for row in rows {
            let class = if row.protocol.is_none() { "total" } else { "" };
            body.element("tr", &[("class", class)], |line| {
                line.words("th", &[("scope", "row")], &row.name);
                line.all("td", &[], &cells(row));
            });
        }
    });
}

fn exchange_cells(row: &Row) -> Vec<String> {
    vec![
        row.protocol.map_or("all", |protocol| protocol.name()).to_owned(),
        count(row.requests),
        count(row.completed),
        with_reasons(&row.failures),
        count(row.unfinished),
        count(row.shed),
        tallied(&row.codes),
        Quantity::Size.say(crate::report::quantity::real(row.received)),
    ]
}

fn signal_cells(row: &Row) -> Vec<String> {
    let heads = &row.heads_per_request;
    vec![
        tallied(&row.interim),
        Quantity::Mean.say_if((heads.count > 0).then_some(heads.mean)),
        median_and_p99(&row.first_signal),
        median_and_p99(&row.cadence),
        say(&row.lateness, row.lateness.p99),
        if row.lateness.count > 0 { count(row.late) } else { "–".to_owned() },
        Quantity::Time.say_if((row.longest_silence > 0.0).then_some(row.longest_silence)),
    ]
}

fn spread(of: &Percentiles) -> [String; 6] {
    [of.mean, of.p50, of.p90, of.p99, of.p999, of.max].map(|value| say(of, value))
}

/// `5 reset`; `8: 5 reset, 3 connect`.
fn with_reasons(failures: &BTreeMap<String, u64>) -> String {
    let reasons = tally(failures, |reason, times| format!("{times} {reason}"));
    match failures.len() {
        0 => "0".to_owned(),
        1 => reasons,
        _ => format!("{}: {reasons}", count(failures.values().sum())),
    }
}

/// `2,390 × 200, 8 × 502`.
fn tallied(codes: &BTreeMap<u16, u64>) -> String {
    match codes.len() {
        0 => "–".to_owned(),
        _ => tally(codes, |code, times| format!("{times} × {code}")),
    }
}

fn tally<K: Display>(counted: &BTreeMap<K, u64>, say: impl Fn(&K, String) -> String) -> String {
    let parts: Vec<String> = counted.iter().map(|(what, times)| say(what, count(*times))).collect();
    parts.join(", ")
}
