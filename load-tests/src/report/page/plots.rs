//! Which plots a run has, and what is said where there is nothing to plot.

use super::chart::Chart;
use super::latency;
use super::markup::Markup;
use super::series::Series;
use crate::report::quantity::{Quantity, real};
use crate::report::{RunReport, Sample};

/// All plots of one run, and below them why others are not there.
pub(super) fn all(section: &mut Markup, run: &RunReport) {
    section.words("h3", &[], "Plots");
    let charts = clients(run).into_iter().chain(gateway(run));
    let (drawn, absent): (Vec<Chart>, Vec<Chart>) = charts.partition(Chart::has_values);
    let latency = latency::Plot::of(run);
    if latency.is_some() || !drawn.is_empty() {
        section.element("div", &[("class", "plots")], |plots| {
            if let Some(latency) = &latency {
                latency.figure(plots);
            }
            for chart in &drawn {
                chart.figure(plots);
            }
        });
    }
    let mut reasons: Vec<String> = Vec::new();
    if latency.is_none() {
        reasons.push("Latency by kind of client: no exchange ended.".to_owned());
    }
    if run.samples.is_empty() {
        reasons.push("Nothing is plotted over time: the run ended before the first sample.".to_owned());
    } else {
        reasons.extend(absent.iter().map(|chart| format!("{}: {}", chart.title, chart.absent)));
    }
    if !reasons.is_empty() {
        section.element("ul", &[("class", "absent")], |list| list.all("li", &[], &reasons));
    }
}

/// What clients saw over time.
fn clients(run: &RunReport) -> Vec<Chart> {
    let hearing = run.samples.iter().any(|sample| sample.heads > 0);
    let mut rates = vec![rate("requests", run, |sample| sample.requests)];
    if hearing {
        rates.push(rate("interim heads", run, |sample| sample.heads));
    }
    vec![
        Chart {
            title: "Cadence, p99",
            axis: "gap between heads",
            quantity: Quantity::Time,
            series: vec![series("cadence", run, |sample| sample.cadence_p99)],
            absent: "no exchange had two interim heads, so there is no gap.",
        },
        Chart {
            title: "Lateness, p99",
            axis: "beyond the heartbeat",
            quantity: Quantity::Time,
            series: vec![series("lateness", run, |sample| sample.lateness_p99)],
            absent: "no opted-in exchange had two interim heads, so none could be late.",
        },
        Chart {
            title: "Latency, p99",
            axis: "intended start to end",
            quantity: Quantity::Time,
            series: vec![series("latency", run, |sample| sample.latency_p99)],
            absent: "no exchange ended while samples were taken.",
        },
        Chart {
            title: if hearing { "Requests and interim heads" } else { "Requests; no interim heads came" },
            axis: "a second",
            quantity: Quantity::Rate,
            series: rates,
            absent: "no time passed between samples.",
        },
        Chart {
            title: "In flight",
            axis: "exchanges",
            quantity: Quantity::Count,
            series: vec![series("in flight", run, |sample| Some(real(sample.in_flight)))],
            absent: "not counted.",
        },
    ]
}

/// What the gateway used over time.
fn gateway(run: &RunReport) -> Vec<Chart> {
    vec![
        Chart {
            title: "Gateway: resident memory",
            axis: "RSS",
            quantity: Quantity::Size,
            series: vec![series("resident", run, |sample| sample.resident.map(real))],
            absent: "not known, for the gateway was not started by this run.",
        },
        Chart {
            title: "Gateway: CPU",
            axis: "of one core",
            quantity: Quantity::Share,
            series: vec![series("CPU", run, |sample| sample.cpu)],
            absent: "not known, for the gateway was not started by this run.",
        },
        Chart {
            title: "Gateway: unacknowledged heads",
            axis: "heads",
            quantity: Quantity::Count,
            series: vec![series("unacknowledged", run, |sample| sample.unacknowledged.map(real))],
            absent: "not known, for the gateway has no metric progress_gateway_interim_unacknowledged \
                     or its metrics were not read.",
        },
        Chart {
            title: "Gateway: open descriptors",
            axis: "descriptors",
            quantity: Quantity::Count,
            series: vec![series("descriptors", run, |sample| sample.descriptors.map(real))],
            absent: "not known, for the gateway was not started by this run.",
        },
    ]
}

fn series(name: &'static str, run: &RunReport, read: fn(&Sample) -> Option<f64>) -> Series {
    Series::new(name, run.samples.iter().map(|sample| (sample.second, read(sample))))
}

/// Things a second, from things since the sample before.
fn rate(name: &'static str, run: &RunReport, read: fn(&Sample) -> u64) -> Series {
    let before = [0.0].into_iter().chain(run.samples.iter().map(|sample| sample.second));
    let rates = run.samples.iter().zip(before).map(|(sample, before)| {
        let length = sample.second - before;
        (sample.second, (length > 0.0).then(|| real(read(sample)) / length))
    });
    Series::new(name, rates)
}
