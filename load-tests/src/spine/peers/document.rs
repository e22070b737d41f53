//! All of it as one Markdown document.

use std::fmt::Write;

use super::Machine;
use crate::spine::{Figure, Report};

/// What a reader has to know of all figures.
const METHOD: &str = r#"Written by `make bench-peers`; `spine-bench peers PART` prints one part. Figures vary from run to run and more from
machine to machine, so read ratios: what is compared takes turns within one run.

- Each proxy is one process bound to the first core, with one worker; clients, load generators and origins share the
  second. CPU time is what `/proc` says of the process, the kernel's work on its behalf included, on loopback also the
  receiving side of TCP.
- All proxies have the same certificate, keep connections to the origin, and write no log. nginx keeps nothing in
  files (`proxy_max_temp_file_size 0`). The others add no forwarding fields but Caddy; the gateway adds `Via`, `Forwarded` and
  `X-Forwarded-*` and keeps its metrics. Caddy is from Debian, and so is its Go.
- Plain requests have no content, their answers 100 octets from an nginx behind. Load comes from h2load, for HTTP/3 and what it
  is compared with from this project's own clients.
- While heads are counted, clients look at their sockets 50 times a second, because the kernel charges a sender for waking a
  sleeping receiver on the same machine. Where it is looked how late heads are, they wait for them.
- The gateway *relays* on a plain route that says `relay-informational = "always"`; it *follows an operation* on a route with
  progress, where each of the origin's 102s is an event, the operation has a record and a status document, and the heads are the
  gateway's own; it *generates* there before a silent origin. Heads of its own leave together, many in one write, which is
  what makes them cheap on HTTP/2. The origin's come one by one, and each wakes the proxy.
- Memory is the resident set, less what it was after one request, over the number of requests. The record of an operation is in that
  of an informed request. KB and MB are powers of 1000.
- Growth is what a head costs more where more requests are held; that it costs less counts as met. Whoever reads "constant within
  20 %" both ways has to compare the three costs.
"#;

/// The reports with machine and method, and first of all what was promised.
pub fn document(machine: &Machine, reports: &[Report]) -> String {
    let mut text = format!(
        "# Side by side\n\n{}. {}, {:.0} % busy before the start.\n\n",
        machine.date,
        machine.hardware,
        machine.busy * 100.0
    );
    for program in &machine.programs {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "- {program}");
    }
    let _ = write!(text, "\n{METHOD}\n## Targets\n\n| figure | measured | target | |\n|---|---|---|---|\n");
    for report in reports {
        let what = report.title.split(':').next().unwrap_or_default();
        for figure in report.figures.iter().filter(|figure| figure.is_promised()) {
            text.push_str(&row(what, figure));
        }
    }
    for report in reports {
        text.push('\n');
        text.push_str(&report.markdown());
    }
    text
}

fn row(what: &str, figure: &Figure) -> String {
    format!("| {what}: {} | {} |\n", figure.what, figure.cells())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_come_first_the_missed_ones_said_so() {
        let machine = Machine {
            date: "2026-11-22".to_owned(),
            hardware: "2 cores".to_owned(),
            programs: vec!["nginx/1.22.1".to_owned()],
            busy: 0.01,
        };
        let figures =
            vec![Figure::new("CPU, gateway", 3.0, "µs"), Figure::new("ratio", 0.9, "").at_most(0.75)];
        let report = Report { title: "Plain, h1: 1 request".to_owned(), figures, notes: Vec::new() };
        let text = document(&machine, &[report]);
        let (before, after) = text.split_once("## Plain, h1: 1 request").expect("a section");
        assert!(before.starts_with(
            "# Side by side\n\n2026-11-22. 2 cores, 1 % busy before the start.\n\n- nginx/1.22.1\n"
        ));
        assert!(before.contains("| Plain, h1: ratio | 0.900 | at most 0.75 | MISSED by 20 % |\n"));
        assert!(!before.contains("CPU, gateway") && after.contains("| CPU, gateway | 3.000 µs | | |\n"));
    }
}
