//! Two files of runs side by side: what is slower, larger or more often wrong in the second.

mod figures;
mod text;

#[cfg(test)]
mod tests;

use super::quantity::Quantity;
use super::{Row, RunReport};

/// Differences up to this share of the first value are noise: two runs of one binary on a machine of two
/// cores differ by about so much.
pub const NOISE: f64 = 0.20;

/// What [`compare`] found. Its `Display` is a table for each scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pairs: Vec<Pair>,
    /// Scenarios of which the second file has no run.
    only_first: Vec<String>,
    /// Scenarios of which the first file has no run.
    only_second: Vec<String>,
}

/// Compares the runs of the first file with those of the second. Runs belong together by the name of their
/// scenario, rows by the name of their kind of client; of several runs with one name the first goes with
/// the first, and so on.
pub fn compare(first: &[RunReport], second: &[RunReport]) -> Comparison {
    let (pairs, only_first, only_second) = matched(first, second, |run| &run.scenario);
    Comparison {
        pairs: pairs.into_iter().map(|(first, second)| Pair::new(first, second)).collect(),
        only_first: only_first.into_iter().map(|run| run.scenario.clone()).collect(),
        only_second: only_second.into_iter().map(|run| run.scenario.clone()).collect(),
    }
}

impl Comparison {
    /// Whether a figure of the second file is worse than that of the first by more than noise.
    pub fn worse(&self) -> bool {
        self.figures().any(|figure| figure.mark() == Mark::Worse)
    }

    /// Whether the files have no scenario in common: then nothing was compared.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.pairs.iter().flat_map(|pair| &pair.groups).flat_map(|group| &group.figures)
    }
}

/// Two runs of one scenario.
#[derive(Clone, Debug, PartialEq)]
struct Pair {
    scenario: String,
    /// What makes the two hard to compare.
    notes: Vec<String>,
    groups: Vec<Group>,
}

/// Figures of one kind of client, or of the gateway.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    name: String,
    figures: Vec<Figure>,
}

/// One quantity in both runs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Figure {
    what: &'static str,
    quantity: Quantity,
    wish: Wish,
    /// Differences up to so much are noise, too, whatever their ratio.
    slack: f64,
    first: Option<Reading>,
    second: Option<Reading>,
}

/// A quantity in one run.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reading {
    value: f64,
    /// Whether it comes from so much that another run would give about the same.
    sound: bool,
}

/// How a quantity should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Small.
    Less,
    /// None at all: each one more is worse, there is no noise.
    Never,
    /// As it was: less of it is worse, more is only told.
    NotLess,
}

/// What to think of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// Noise, or nothing in either run.
    Same,
    /// Worse in the second.
    Worse,
    /// Better in the second.
    Better,
    /// More in the second, which is neither.
    More,
    /// Another, but made of too few values.
    Unsound,
    /// In the first alone.
    Gone,
    /// In the second alone.
    New,
}

impl Pair {
    fn new(first: &RunReport, second: &RunReport) -> Self {
        let (first_rows, second_rows) = (rows(first), rows(second));
        let (both, gone, new) = matched(&first_rows, &second_rows, |row| &row.name);
        let mut groups = vec![figures::of_run(first, second)];
        let of_rows = |(one, other)| figures::of_rows([one, other], [first.seconds, second.seconds]);
        groups.extend(both.into_iter().map(of_rows));
        let mut notes = differences(first, second);
        notes.extend(gone.iter().map(|row| format!("clients `{}` are in A alone", row.name)));
        notes.extend(new.iter().map(|row| format!("clients `{}` are in B alone", row.name)));
        Self { scenario: first.scenario.clone(), notes, groups }
    }
}

/// All clients together, then each kind of them.
fn rows(run: &RunReport) -> Vec<Row> {
    [&run.total].into_iter().chain(&run.clients).cloned().collect()
}

impl Figure {
    fn ratio(&self) -> Option<f64> {
        match (self.first?.value, self.second?.value) {
            (0.0, 0.0) => Some(1.0),
            (0.0, _) => None,
            (first, second) => Some(second / first),
        }
    }

    fn mark(&self) -> Mark {
        let (first, second, sound) = match (self.first, self.second) {
            (Some(first), Some(second)) => (first.value, second.value, first.sound && second.sound),
            (Some(_), None) => return Mark::Gone,
            (None, Some(_)) => return Mark::New,
            (None, None) => return Mark::Same,
        };
        let noise = if self.wish == Wish::Never { 0.0 } else { NOISE };
        if (second - first).abs() <= (first.abs() * noise).max(self.slack) {
            return Mark::Same;
        }
        if !sound {
            return Mark::Unsound;
        }
        match (self.wish, second > first) {
            (Wish::Less | Wish::Never, true) | (Wish::NotLess, false) => Mark::Worse,
            (Wish::Less | Wish::Never, false) => Mark::Better,
            (Wish::NotLess, true) => Mark::More,
        }
    }
}

/// What of the circumstances is not the same.
fn differences(first: &RunReport, second: &RunReport) -> Vec<String> {
    let length = |run: &RunReport| format!("{}{}", Quantity::Time.say(run.seconds.round()), quick(run));
    [
        ("machine", first.machine.clone(), second.machine.clone()),
        ("target", first.target.clone(), second.target.clone()),
        ("length", length(first), length(second)),
        ("seed", first.seed.to_string(), second.seed.to_string()),
    ]
    .into_iter()
    .filter(|(_, first, second)| first != second)
    .map(|(what, first, second)| format!("another {what}: A {first}, B {second}"))
    .collect()
}

fn quick(run: &RunReport) -> &'static str {
    if run.quick { " (--quick)" } else { "" }
}

/// What belongs together by its name, what the first has alone, and what the second has alone.
type Matched<'a, T> = (Vec<(&'a T, &'a T)>, Vec<&'a T>, Vec<&'a T>);

fn matched<'a, T>(first: &'a [T], second: &'a [T], name: impl Fn(&T) -> &String) -> Matched<'a, T> {
    let mut rest: Vec<&T> = second.iter().collect();
    let (mut both, mut only_first) = (Vec::new(), Vec::new());
    for one in first {
        match rest.iter().position(|other| name(other) == name(one)) {
            Some(found) => both.push((one, rest.remove(found))),
            None => only_first.push(one),
        }
    }
    (both, only_first, rest)
}
