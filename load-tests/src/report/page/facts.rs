//! What is said beside tables and plots: circumstances, key figures, the gateway's own use, and what the
//! words mean.

use super::markup::Markup;
use super::tables::{median_and_p99, say};
use crate::report::quantity::{Quantity, count, real};
use crate::report::{GatewayUse, LONG_RUN, Row, RunReport};

/// Arrivals that were begun later than this were not what the scenario asked for.
const SLOW_START: f64 = 0.05;

/// Where, when and with what the run was made.
pub(super) fn circumstances(section: &mut Markup, run: &RunReport) {
    let length = if run.quick { " (--quick)" } else { "" };
    list(
        section,
        "facts",
        &[
            ("Started", run.started.clone()),
            ("Measured for", Quantity::Time.say(run.seconds) + length),
            ("Seed", run.seed.to_string()),
            ("Target", run.target.clone()),
            ("Machine", run.machine.clone()),
            ("Load generator", generator(run)),
        ],
    );
    if run.generator.start_delay_p99 > SLOW_START {
        let late = Quantity::Time.say(run.generator.start_delay_p99);
        let warning = format!(
            "This machine was too slow for the scenario: 1 request in 100 was begun {late} or more after its \
             time. Latencies contain this delay."
        );
        section.words("p", &[("class", "caution")], &warning);
    }
    for (what, times) in &run.total.wrongs {
        section.words(
            "p",
            &[("class", "caution")],
            &format!("Never right: {what}, {} times.", count(*times)),
        );
    }
}

fn generator(run: &RunReport) -> String {
    let used = &run.generator;
    let delay = Quantity::Time.say(used.start_delay_p99);
    let clients = Quantity::Time.say(used.clients_cpu_seconds);
    let origin = used.origin_cpu_seconds.map(|cpu| format!(", of its origin {}", Quantity::Time.say(cpu)));
    let gateway =
        run.gateway.as_ref().map(|used| format!(", of the gateway {}", Quantity::Time.say(used.cpu_seconds)));
    format!(
        "CPU of its clients {clients}{}{}; began requests {delay} late (p99)",
        origin.unwrap_or_default(),
        gateway.unwrap_or_default()
    )
}

/// The numbers that a reader looks for first.
pub(super) fn key_figures(section: &mut Markup, run: &RunReport) {
    let total = &run.total;
    let heads: u64 = total.interim.values().sum();
    let used = |read: fn(&GatewayUse) -> Option<f64>| run.gateway.as_ref().and_then(read);
    let rate = |things: u64| {
        format!("{} ({})", count(things), Quantity::Rate.say(real(things) / run.seconds.max(1e-9)))
    };
    section.words("h3", &[], "Key figures");
    list(
        section,
        "tiles",
        &[
            ("Requests", rate(total.requests)),
            ("Failed", count(total.failures.values().sum())),
            ("Interim heads", rate(heads)),
            ("Cadence p50 / p99", median_and_p99(&total.cadence)),
            ("Lateness p99", say(&total.lateness, total.lateness.p99)),
            ("Heads over 50 ms late", late(total)),
            ("First signal p99", say(&total.first_signal, total.first_signal.p99)),
            ("Latency p50 / p99", median_and_p99(&total.latency)),
            ("Unacknowledged, most", Quantity::Count.say_if(used(|used| used.unacknowledged_max.map(real)))),
            ("CPU per head", Quantity::Time.say_if(used(|used| used.cpu_per_head))),
            ("CPU per request", Quantity::Time.say_if(used(|used| used.cpu_per_request))),
            ("RSS per held exchange", Quantity::Size.say_if(used(|used| used.resident_per_held))),
        ],
    );
}

fn late(total: &Row) -> String {
    match total.lateness.count {
        0 => "–".to_owned(),
        heads => format!("{} ({})", count(total.late), Quantity::Share.say(real(total.late) / real(heads))),
    }
}

/// What the gateway used, if that is known.
pub(super) fn gateway(section: &mut Markup, run: &RunReport) {
    section.words("h3", &[], "Gateway");
    let Some(used) = &run.gateway else {
        let reason =
            "The gateway was not started by this run, so its CPU time, memory and descriptors are not known.";
        return section.words("p", &[("class", "absent")], reason);
    };
    let size = |octets: u64| Quantity::Size.say(real(octets));
    let resident = [used.resident_before, used.resident_peak, used.resident_after].map(size);
    let cores = used.cpu_seconds / run.seconds.max(1e-9);
    list(
        section,
        "facts",
        &[
            (
                "CPU time",
                format!(
                    "{} ({} of one core)",
                    Quantity::Time.say(used.cpu_seconds),
                    Quantity::Share.say(cores)
                ),
            ),
            ("RSS before / peak / after", resident.join(" / ")),
            ("RSS growth after warm-up", growth(run.seconds, used)),
            ("Descriptors before / after", descriptors(used)),
        ],
    );
}

fn descriptors(used: &GatewayUse) -> String {
    let [before, after, kept] = [used.descriptors.0, used.descriptors.1, used.origin_connections].map(count);
    format!("{before} / {after}, {kept} of them to the origin")
}

/// How fast memory grew; a short run says nothing about an hour.
fn growth(seconds: f64, used: &GatewayUse) -> String {
    if seconds < LONG_RUN {
        return "not told of runs under ten minutes".to_owned();
    }
    format!(
        "{} an hour, by the median slope after the first quarter",
        Quantity::Size.say(used.growth_per_hour)
    )
}

/// What the words of the page mean.
pub(super) fn glossary(footer: &mut Markup) {
    footer.words("h2", &[], "How to read this");
    list(footer, "glossary", &MEANINGS);
}

fn list(parent: &mut Markup, class: &'static str, pairs: &[(&str, impl AsRef<str>)]) {
    parent.element("dl", &[("class", class)], |list| {
        for (name, value) in pairs {
            list.element("div", &[], |pair| {
                pair.words("dt", &[], name);
                pair.words("dd", &[], value.as_ref());
            });
        }
    });
}

const MEANINGS: [(&str, &str); 9] = [
    (
        "Latency",
        "From the moment a request was meant to begin until its response was complete. Waiting for a \
         connection or a stream counts, so a stall is seen in every request that it held up.",
    ),
    ("First signal", "From the same moment to the first head, interim or final."),
    ("Cadence", "The gap between two heads of one exchange."),
    (
        "Lateness",
        "By how much the gap before a head was longer than the gateway’s heartbeat-interval; 0 if it was not.",
    ),
    ("Unacknowledged", "Interim heads that the gateway has sent and clients have not yet taken."),
    ("Shed", "Requests that were not begun because too many others were in flight."),
    ("Unfinished", "Requests that were still running when the run ended."),
    (
        "CPU per head, per request",
        "CPU time of the whole gateway over the number of heads, of requests: each carries the cost of both.",
    ),
    ("p99", "99 of 100 values are at most this large."),
];
