//! Runs as one HTML page that needs nothing else: no script, no file beside it, no network. For a
//! ticket, a phone, paper.

mod chart;
mod facts;
mod latency;
mod markup;
mod plots;
mod series;
mod tables;

#[cfg(test)]
mod tests;

use markup::Markup;

use super::RunReport;
use super::quantity::count;

const STYLE: &str = include_str!("page/style.css");
/// The page may not even try to load anything, whoever opens it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The page. All that comes from scenarios and machines is text in it, whatever characters it has.
pub fn render(runs: &[RunReport]) -> String {
    let mut page = Markup::document();
    page.element("html", &[("lang", "en")], |html| {
        html.element("head", &[], |head| about(head, runs));
        html.element("body", &[], |body| {
            body.element("main", &[], |main| contents(main, runs));
        });
    });
    page.finish()
}

fn about(head: &mut Markup, runs: &[RunReport]) {
    head.empty("meta", &[("charset", "utf-8")]);
    head.empty("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    head.empty("meta", &[("http-equiv", "Content-Security-Policy"), ("content", POLICY)]);
    head.empty("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    // Without this a browser asks the server for one.
    head.empty("link", &[("rel", "icon"), ("href", "data:,")]);
    head.words("title", &[], &format!("{}: {}", subject(runs), verdict(runs)));
    head.element("style", &[], |style| style.literal(STYLE));
}

fn contents(main: &mut Markup, runs: &[RunReport]) {
    main.element("header", &[("class", "headline")], |header| {
        header.words("p", &[("class", "eyebrow")], "progress-load");
        header.words("h1", &[], &subject(runs));
        badge(header, missed(runs), &verdict(runs));
        if let [run] = runs {
            header.words("p", &[("class", "summary")], &run.summary);
        }
    });
    if runs.len() > 1 {
        overview(main, runs);
    }
    for (index, run) in runs.iter().enumerate() {
        main.element("section", &[("id", &anchor(index)), ("class", "run")], |section| {
            if runs.len() > 1 {
                section.words("h2", &[], &run.scenario);
                badge(section, run.violations.len(), &verdict(std::slice::from_ref(run)));
                section.words("p", &[("class", "summary")], &run.summary);
            }
            one(section, run);
        });
    }
    main.element("footer", &[], facts::glossary);
}

/// All that is said about a run below its name.
fn one(section: &mut Markup, run: &RunReport) {
    if !run.violations.is_empty() {
        section.element("div", &[("class", "missed")], |alert| {
            alert.words("h3", &[], "Limits missed");
            alert.element("ul", &[], |list| list.all("li", &[], &run.violations));
        });
    }
    facts::circumstances(section, run);
    facts::key_figures(section, run);
    tables::clients(section, run);
    facts::gateway(section, run);
    plots::all(section, run);
}

/// One line for each run of several, with a link to the rest.
fn overview(main: &mut Markup, runs: &[RunReport]) {
    let columns = ["Scenario", "Verdict", "Requests", "Failed", "Heads", "Lateness p99", "Latency p99"];
    tables::table(main, ("Runs", &columns), |body| {
        for (index, run) in runs.iter().enumerate() {
            body.element("tr", &[], |row| {
                row.element("th", &[("scope", "row")], |cell| {
                    cell.words("a", &[("href", &format!("#{}", anchor(index)))], &run.scenario);
                });
                row.element("td", &[], |cell| {
                    badge(cell, run.violations.len(), &verdict(std::slice::from_ref(run)));
                });
                row.all("td", &[], &tables::overview_cells(&run.total));
            });
        }
    });
}

fn badge(parent: &mut Markup, missed: usize, verdict: &str) {
    let (class, sign) = if missed == 0 { ("badge good", "✓ ") } else { ("badge bad", "✗ ") };
    parent.words("p", &[("class", class)], &format!("{sign}{verdict}"));
}

/// What the page is about, in few words.
fn subject(runs: &[RunReport]) -> String {
    match runs {
        [] => "No runs".to_owned(),
        [run] => run.scenario.clone(),
        runs => format!("{} runs", runs.len()),
    }
}

fn missed(runs: &[RunReport]) -> usize {
    runs.iter().map(|run| run.violations.len()).sum()
}

fn verdict(runs: &[RunReport]) -> String {
    let bad = runs.iter().filter(|run| !run.violations.is_empty()).count();
    let limits = match missed(runs) {
        0 if runs.is_empty() => return "nothing was run".to_owned(),
        0 => return "as expected".to_owned(),
        1 => "1 limit missed".to_owned(),
        missed => format!("{} limits missed", count(missed as u64)),
    };
    if runs.len() == 1 { limits } else { format!("{limits} in {bad} of {} runs", runs.len()) }
}

fn anchor(index: usize) -> String {
    format!("run-{}", index + 1)
}
