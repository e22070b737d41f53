//! The page as a whole: well-formed, quiet, harmless, and saying what the run came to.

use super::chart::{AXIS, GRID, LINES, TEXT};
use super::latency::STEPS;
use super::{STYLE, render};
use crate::report::{Percentiles, Row, RunReport, Sample, samples};

/// A name that breaks out of text, attributes, titles and SVG alike if anything forgets to escape it.
const HOSTILE: &str = "</title><script>alert(1)</script>\"' onload=x & \u{0}\u{202e}é";

/// Elements that have no end tag.
const VOID: [&str; 2] = ["meta", "link"];

/// The names of the tags in order; fails where an end tag does not belong to the open element.
fn tags(page: &str) -> Vec<String> {
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "a loose bracket in {:?}", &rest[..start]);
        let length = rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..start + length];
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes of <{tag}>");
        rest = &rest[start + length + 1..];
        let name = tag.trim_matches('/').split_whitespace().next().expect("a tag has a name").to_owned();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_ref(), Some(&name), "</{name}> closes something else");
        } else if !tag.ends_with('/') && !VOID.contains(&name.as_str()) {
            open.push(name.clone());
        }
        if name == "style" && !tag.starts_with('/') {
            rest = &rest[rest.find("</style>").expect("the style ends")..];
        }
        seen.push(name);
    }
    assert!(open.is_empty(), "never closed: {open:?}");
    seen
}

fn hostile() -> RunReport {
    let mut run = samples::run(HOSTILE);
    for text in [&mut run.summary, &mut run.target, &mut run.machine, &mut run.started] {
        HOSTILE.clone_into(text);
    }
    run.violations = vec![HOSTILE.to_owned()];
    run.clients[0].name = HOSTILE.to_owned();
    run.clients[0].failures.insert(HOSTILE.to_owned(), 1);
    run.total.wrongs.insert(HOSTILE.to_owned(), 1);
    run
}

/// A run whose samples have whatever `change` makes of them.
fn sampled(change: impl Fn(&mut Sample)) -> String {
    let mut run = samples::run("steady");
    run.samples.iter_mut().for_each(change);
    render(&[run])
}

#[test]
fn every_page_is_well_formed_and_has_one_main_heading() {
    let pages = [
        vec![],
        vec![samples::run("steady")],
        vec![samples::bare("bare")],
        vec![samples::run("one"), hostile(), samples::bare("three")],
    ];
    for runs in pages {
        let page = render(&runs);
        let seen = tags(&page);
        assert_eq!(seen.iter().filter(|tag| *tag == "h1").count(), 2, "one, opened and closed");
        assert!(!page.contains("NaN") && !page.contains("inf\""), "a number that is none");
    }
}

#[test]
fn a_hostile_name_is_text_wherever_it_stands() {
    let page = render(&[hostile(), hostile()]);
    let seen = tags(&page);
    assert!(!seen.iter().any(|tag| tag == "script"));
    assert!(!page.contains("<script") && !page.contains("\" onload") && !page.contains("' onload"));
    assert!(!page.contains('\0') && !page.contains('\u{202e}'));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the name is shown");
}

#[test]
fn the_page_asks_for_nothing() {
    let page = render(&[samples::run("steady"), samples::bare("other")]);
    let foreign = page.replace("http://www.w3.org/2000/svg", "").replace("https://gateway.example:8443", "");
    for word in ["http://", "https://", "url(", "@import", "src=", "<script", "<iframe"] {
        assert!(!foreign.contains(word), "{word}");
    }
    assert!(page.contains("default-src &#39;none&#39;"));
}

#[test]
fn the_headline_says_how_it_went() {
    let fine = samples::run("steady");
    assert!(render(std::slice::from_ref(&fine)).contains("<title>steady: as expected</title>"));
    let mut bad = samples::run("soak");
    bad.violations = vec!["lateness p99 is 80 ms, at most 50 ms".to_owned()];
    let page = render(&[bad.clone()]);
    assert!(page.contains("<title>soak: 1 limit missed</title>"));
    assert!(page.contains("<li>lateness p99 is 80 ms, at most 50 ms</li>"));
    bad.violations.push("2 failed, at most 0".to_owned());
    assert!(render(&[bad.clone()]).contains("✗ 2 limits missed</p>"));
    let both = render(&[fine.clone(), bad]);
    assert!(both.contains("<title>2 runs: 2 limits missed in 1 of 2 runs</title>"));
    assert!(both.contains("<a href=\"#run-2\">soak</a>") && both.contains("<section id=\"run-2\""));
    assert!(render(&[fine.clone(), fine]).contains("<title>2 runs: as expected</title>"));
    assert!(render(&[]).contains("<title>No runs: nothing was run</title>"));
}

#[test]
fn the_numbers_of_each_kind_are_there() {
    let page = render(&[samples::run("steady")]);
    for expected in [
        "<th scope=\"row\">h2 watchers</th><td>h2</td>",
        "<td>2 reset</td>",
        "<td>2,390 × 200, 8 × 502</td>",
        "<td>24,005 × 102</td>",
        "<dd>17.5 µs</dd>",
        "<dd>9.2 KiB</dd>",
        "<dd>progress-gateway 0.1.0</dd>",
    ] {
        assert!(page.replace(['\n'], "").contains(expected), "{expected}");
    }
}

#[test]
fn every_plot_says_its_numbers_and_units_in_words() {
    let page = render(&[samples::run("steady")]);
    assert_eq!(page.matches("<svg role=\"img\" aria-label=\"").count(), 10);
    assert_eq!(page.matches("<figcaption>").count(), 10);
    for expected in [
        "aria-label=\"Cadence, p99 over time. Smallest 510 ms, median 521 ms, largest 530 ms at 8 s",
        "h2 watchers: p50 408 ms, p90 571 ms, p99 898 ms, p99.9 1.71 s, largest 3.67 s",
        "seconds since the start",
        "gap between heads (ms)",
        "RSS (MiB)",
        "of one core (%)",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
}

#[test]
fn what_was_not_measured_is_said_instead_of_plotted() {
    let plots = |page: &str| page.matches("<svg ").count();
    let unread = sampled(|sample| sample.unacknowledged = None);
    assert_eq!(plots(&unread), 9);
    assert!(unread.contains("the gateway has no metric progress_gateway_interim_unacknowledged"));
    let silent = sampled(|sample| {
        sample.heads = 0;
        (sample.cadence_p99, sample.lateness_p99) = (None, None);
    });
    assert_eq!(plots(&silent), 8);
    assert!(
        silent.contains("Cadence, p99: no exchange had two interim heads")
            && silent.contains("Requests; no interim heads came")
    );
    let bare = render(&[samples::bare("bare")]);
    assert_eq!(plots(&bare), 0);
    assert!(bare.contains("the run ended before the first sample") && bare.contains("no exchange ended"));
    assert!(bare.contains("The gateway was not started by this run"));
}

#[test]
fn strange_numbers_are_drawn_all_the_same() {
    let extreme = Percentiles {
        count: 1,
        p50: 0.0,
        p90: 1e-9,
        p99: 1e12,
        p999: f64::NAN,
        max: f64::INFINITY,
        ..Percentiles::default()
    };
    let mut run = samples::run("strange");
    run.clients = vec![Row { latency: extreme, ..run.clients[0].clone() }];
    run.samples =
        vec![Sample { second: 0.0, cpu: Some(f64::NAN), lateness_p99: Some(0.0), ..Sample::default() }];
    tags(&render(&[run]));
}

#[test]
fn a_slow_machine_is_told() {
    let mut run = samples::run("steady");
    assert!(!render(&[run.clone()]).contains("too slow"));
    run.generator.start_delay_p99 = 0.3;
    assert!(
        render(&[run])
            .contains("This machine was too slow for the scenario: 1 request in 100 was begun 300 ms")
    );
}

#[test]
fn each_colour_has_a_name_in_both_schemes() {
    for colour in [AXIS, GRID, TEXT].iter().chain(&LINES).chain(&STEPS) {
        let rule = format!("=\"#{:02X}{:02X}{:02X}\"]", colour.0, colour.1, colour.2);
        assert!(STYLE.contains(&rule), "{rule}");
    }
    let names = STYLE.split("var(--").skip(1).filter_map(|rest| rest.split(')').next());
    for name in names {
        let defined = STYLE.matches(&format!("--{name}: ")).count();
        assert!(defined >= 2, "--{name} is defined {defined} times");
    }
}
