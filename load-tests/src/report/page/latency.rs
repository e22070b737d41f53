//! Percentiles of latency, a line for each kind of client, on a logarithmic axis.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::chart::{AXIS, Drawn, GRID, LETTERS, TEXT};
use super::markup::{Markup, visible};
use super::tables::say;
use crate::report::{Percentiles, Row, RunReport};

/// From p50 to the largest.
pub(super) const STEPS: [RGBColor; 5] = [
    RGBColor(0x0E, 0x74, 0x90),
    RGBColor(0x25, 0x63, 0xEB),
    RGBColor(0x7C, 0x3A, 0xED),
    RGBColor(0xC0, 0x26, 0xD3),
    RGBColor(0xDC, 0x26, 0x26),
];
const NAMES: [&str; 5] = ["p50", "p90", "p99", "p99.9", "largest"];
const CLASSES: [&str; 5] = ["key p50", "key p90", "key p99", "key p999", "key max"];
const WIDTH: i32 = 960;
/// A client's name and its line.
const LINE: i32 = 84;
const BELOW: i32 = 100;
/// About as high as another plot with its words.
const LINES_BESIDE_A_PLOT: usize = 7;
const SIDE: i32 = 60;
/// Longer names do not fit; the tables have them whole.
const LONGEST_NAME: usize = 44;
/// No latency is less, and a logarithm needs a value that is not 0.
const SHORTEST: f64 = 1e-6;

/// The plot of one run.
pub(super) struct Plot<'a> {
    /// Kinds of clients that have a latency: at least one.
    ended: Vec<&'a Row>,
    /// Those that have none.
    silent: Vec<&'a Row>,
}

impl<'a> Plot<'a> {
    /// None if no exchange ended.
    pub(super) fn of(run: &'a RunReport) -> Option<Self> {
        let (ended, silent): (Vec<&Row>, Vec<&Row>) =
            rows(run).into_iter().partition(|row| row.latency.count > 0);
        (!ended.is_empty()).then_some(Self { ended, silent })
    }

    /// The plot with its legend and its numbers.
    pub(super) fn figure(&self, plots: &mut Markup) {
        let summary: Vec<String> = self.ended.iter().map(|row| in_words(row)).collect();
        let label = format!("Percentiles of latency, logarithmic. {}", summary.join(". "));
        // Beside a plot of many lines there is room for several others.
        let rows = format!("grid-row: span {}", 1 + (self.ended.len() - 1) / LINES_BESIDE_A_PLOT);
        plots.element("figure", &[("style", &rows)], |figure| {
            figure.words("h4", &[], "Latency by kind of client");
            figure.drawing(&svg(&self.ended), &label);
            figure.element("figcaption", &[], |caption| {
                caption.element("p", &[], legend);
                caption.words("p", &[], "The numbers are in the table of latencies.");
                for row in &self.silent {
                    caption.words("p", &[], &format!("{}: no exchange ended", row.name));
                }
            });
        });
    }
}

fn legend(line: &mut Markup) {
    for (name, class) in NAMES.iter().zip(CLASSES) {
        line.words("span", &[("class", class)], "");
        line.words("span", &[("class", "name")], name);
    }
}

/// The kinds of clients, and all together if there are several.
fn rows(run: &RunReport) -> Vec<&Row> {
    match run.clients.len() {
        1 => vec![&run.clients[0]],
        _ => run.clients.iter().chain([&run.total]).collect(),
    }
}

fn in_words(row: &Row) -> String {
    let numbers = NAMES.iter().zip(values(&row.latency));
    let said: Vec<String> =
        numbers.map(|(name, value)| format!("{name} {}", say(&row.latency, value))).collect();
    format!("{}: {}", row.name, said.join(", "))
}

fn values(of: &Percentiles) -> [f64; 5] {
    [of.p50, of.p90, of.p99, of.p999, of.max]
}

fn svg(rows: &[&Row]) -> String {
    let mut drawn = String::new();
    let size = (WIDTH.unsigned_abs(), (height(rows) + BELOW).unsigned_abs());
    let backend = SVGBackend::with_string(&mut drawn, size);
    draw(&backend.into_drawing_area(), rows).expect("memory takes any drawing of finite ranges");
    drawn
}

/// Of all lines together. A scenario has a handful of them.
fn height(rows: &[&Row]) -> i32 {
    (0..).zip(rows).map(|_: (i32, _)| LINE).sum()
}

fn draw<'a>(root: &DrawingArea<SVGBackend<'a>, Shift>, rows: &[&Row]) -> Drawn<'a> {
    let decades = Decades::around(rows);
    let height = height(rows);
    let text = ("sans-serif", LETTERS).into_font().color(&TEXT);
    for (decade, name) in decades.ticks() {
        let x = decades.place(10_f64.powi(decade));
        root.draw(&PathElement::new([(x, 0), (x, height)], GRID.stroke_width(2)))?;
        root.draw_text(&name, &text.pos(Pos::new(HPos::Center, VPos::Top)), (x, height + 12))?;
    }
    let ground = [(SIDE, height), (WIDTH - SIDE, height)];
    root.draw(&PathElement::new(ground, AXIS.stroke_width(2)))?;
    let middle = WIDTH / 2;
    let axis = "from the intended start to the end (logarithmic)";
    root.draw_text(axis, &text.pos(Pos::new(HPos::Center, VPos::Top)), (middle, height + 56))?;
    for (row, line) in rows.iter().zip(0..) {
        let y = line * LINE + 58;
        root.draw_text(&short(&row.name), &text.clone(), (SIDE + 4, y - 50))?;
        let places = values(&row.latency).map(|value| decades.place(value));
        root.draw(&PathElement::new([(places[0], y), (places[4], y)], AXIS.stroke_width(4)))?;
        // The larger ones first, so that p50 is on top where they coincide.
        for (x, colour) in places.iter().zip(STEPS).rev() {
            root.draw(&Circle::new((*x, y), 11, colour.filled()))?;
        }
    }
    root.present()
}

/// The powers of ten that the axis goes from and to.
struct Decades {
    first: i32,
    last: i32,
}

impl Decades {
    #[expect(clippy::cast_possible_truncation, reason = "decades between a microsecond and 10^9 seconds")]
    fn around(rows: &[&Row]) -> Self {
        let all = || rows.iter().flat_map(|row| values(&row.latency)).filter(|value| value.is_finite());
        let smallest = all().fold(f64::INFINITY, f64::min).clamp(SHORTEST, 1e9);
        let largest = all().fold(SHORTEST, f64::max).min(1e9);
        let first = smallest.log10().floor() as i32;
        Self { first, last: (largest.log10().ceil() as i32).max(first + 1) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a place within the image")]
    fn place(&self, value: f64) -> i32 {
        let (first, last) = (f64::from(self.first), f64::from(self.last));
        let share = (value.clamp(SHORTEST, 1e9).log10() - first) / (last - first);
        SIDE + (share * f64::from(WIDTH - 2 * SIDE)).round() as i32
    }

    fn ticks(&self) -> impl Iterator<Item = (i32, String)> {
        (self.first..=self.last).map(|decade| {
            let (value, unit) = match decade {
                ..-3 => (decade + 6, "µs"),
                -3..0 => (decade + 3, "ms"),
                _ => (decade, "s"),
            };
            (decade, format!("{} {unit}", 10_f64.powi(value)))
        })
    }
}

fn short(name: &str) -> String {
    let shown: String = name.chars().map(visible).take(LONGEST_NAME).collect();
    if name.chars().count() > LONGEST_NAME { shown + "…" } else { shown }
}
