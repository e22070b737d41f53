//! Which quantities of two runs are laid side by side.

use super::{Figure, Group, Reading, Wish};
use crate::report::quantity::{Quantity, real};
use crate::report::{GatewayUse, Percentiles, Row, RunReport};

/// A quantity, how it should be, and the differences that say nothing whatever their ratio.
type Kind = (Quantity, Wish, f64);

/// Timers and schedulers are no finer.
const TIME: Kind = (Quantity::Time, Wish::Less, 0.001);
/// Lateness: a tenth of what counts as late.
const LATENESS: Kind = (Quantity::Time, Wish::Less, 0.005);
/// CPU time of one head or request.
const CPU: Kind = (Quantity::Time, Wish::Less, 0.000_001);
/// Memory of one held exchange, in octets.
const MEMORY: Kind = (Quantity::Size, Wish::Less, 512.0);
/// A part of all requests.
const SHARE: Kind = (Quantity::Share, Wish::Less, 0.001);
/// A part of all final responses: which of an origin's faults clients meet is chance.
const CODES: Kind = (Quantity::Share, Wish::Less, 0.01);
const MEAN_HEADS: Kind = (Quantity::Mean, Wish::NotLess, 0.0);
const HEAD_RATE: Kind = (Quantity::Rate, Wish::NotLess, 0.0);
const MISTAKES: Kind = (Quantity::Count, Wish::Never, 0.0);

/// From fewer values than this the 99th percentile is the largest of them.
const P99_NEEDS: u64 = 100;
/// Values that a median or a mean has to be made of.
const MIDDLE_NEEDS: u64 = 20;
/// CPU time is counted in hundredths of a second: from less than this a cost is a guess.
const CPU_NEEDS: f64 = 0.2;

/// What the whole run came to, and what the gateway used for it.
pub(super) fn of_run(first: &RunReport, second: &RunReport) -> Group {
    let figure = |what, kind, read: fn(&RunReport) -> Option<Reading>| {
        side_by_side(what, kind, [first, second].map(read))
    };
    let figures = vec![
        figure("limits missed", MISTAKES, |run| sound(real(run.violations.len() as u64))),
        figure("CPU per head", CPU, |run| cost(run, |used| used.cpu_per_head)),
        figure("CPU per request", CPU, |run| cost(run, |used| used.cpu_per_request)),
        figure("RSS per held", MEMORY, |run| run.gateway.as_ref()?.resident_per_held.and_then(sound)),
    ];
    Group { name: "run".to_owned(), figures: known(figures) }
}

/// What one kind of client saw, in so many seconds each.
pub(super) fn of_rows(rows: [&Row; 2], seconds: [f64; 2]) -> Group {
    let figure = |what, kind, read: fn(&Row) -> Option<Reading>| side_by_side(what, kind, rows.map(read));
    let rates = [heads_a_second(rows[0], seconds[0]), heads_a_second(rows[1], seconds[1])];
    let figures = vec![
        figure("latency p50", TIME, |row| p50(&row.latency)),
        figure("latency p99", TIME, |row| p99(&row.latency)),
        figure("first signal p99", TIME, |row| p99(&row.first_signal)),
        figure("cadence p99", TIME, |row| p99(&row.cadence)),
        figure("lateness p99", LATENESS, |row| p99(&row.lateness)),
        figure("heads per request", MEAN_HEADS, |row| mean(&row.heads_per_request)),
        side_by_side("interim heads", HEAD_RATE, rates),
        figure("codes not 2xx", CODES, refusals),
        figure("failures", SHARE, |row| share(row, row.failures.values().sum())),
        figure("unfinished", SHARE, |row| share(row, row.unfinished)),
        figure("shed", SHARE, |row| share(row, row.shed)),
        figure("never right", MISTAKES, |row| sound(real(row.wrongs.values().sum()))),
    ];
    Group { name: rows[0].name.clone(), figures: known(figures) }
}

fn side_by_side(
    what: &'static str,
    (quantity, wish, slack): Kind,
    [first, second]: [Option<Reading>; 2],
) -> Figure {
    Figure { what, quantity, wish, slack, first, second }
}

/// Without what neither run has.
fn known(mut figures: Vec<Figure>) -> Vec<Figure> {
    figures.retain(|figure| figure.first.is_some() || figure.second.is_some());
    figures
}

#[expect(clippy::unnecessary_wraps, reason = "stands beside readings that a run may not have")]
fn sound(value: f64) -> Option<Reading> {
    Some(Reading { value, sound: true })
}

fn p50(of: &Percentiles) -> Option<Reading> {
    made_of(of.count, MIDDLE_NEEDS, of.p50)
}

fn p99(of: &Percentiles) -> Option<Reading> {
    made_of(of.count, P99_NEEDS, of.p99)
}

fn mean(of: &Percentiles) -> Option<Reading> {
    made_of(of.count, MIDDLE_NEEDS, of.mean)
}

/// Absent if there were no values at all.
fn made_of(count: u64, needed: u64, value: f64) -> Option<Reading> {
    (count > 0).then_some(Reading { value, sound: count >= needed })
}

/// CPU time for each of something.
fn cost(run: &RunReport, read: fn(&GatewayUse) -> Option<f64>) -> Option<Reading> {
    let used = run.gateway.as_ref()?;
    Some(Reading { value: read(used)?, sound: used.cpu_seconds >= CPU_NEEDS })
}

/// All codes; absent if this kind got none. A rate, so that a short run can be compared with a long one.
fn heads_a_second(row: &Row, seconds: f64) -> Option<Reading> {
    let heads = if seconds > 0.0 { row.interim.values().sum() } else { 0 };
    // They come by the exchange, so it is exchanges that there have to be enough of.
    (heads > 0).then(|| Reading { value: real(heads) / seconds, sound: row.requests >= MIDDLE_NEEDS })
}

/// Fast answers are worth nothing if they are refusals. Absent if there was no answer.
fn refusals(row: &Row) -> Option<Reading> {
    let all: u64 = row.codes.values().sum();
    let refused: u64 = row.codes.iter().filter(|(code, _)| **code >= 300).map(|(_, times)| times).sum();
    made_of(all, MIDDLE_NEEDS, real(refused) / real(all.max(1)))
}

/// A part of all requests. Failures count however few requests there were.
fn share(row: &Row, part: u64) -> Option<Reading> {
    if row.requests > 0 { sound(real(part) / real(row.requests)) } else { None }
}
