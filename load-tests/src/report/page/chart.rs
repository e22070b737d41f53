//! A line plot over time, drawn by plotters as SVG.
//!
//! Colours are those of the light scheme; `style.css` replaces each of them by its name in the dark one.

use plotters::prelude::*;

use super::markup::Markup;
use super::series::Series;
use crate::report::quantity::{Quantity, Scale, digits};

pub(super) const TEXT: RGBColor = RGBColor(0x4B, 0x55, 0x63);
pub(super) const AXIS: RGBColor = RGBColor(0x9C, 0xA3, 0xAF);
pub(super) const GRID: RGBColor = RGBColor(0xE5, 0xE7, 0xEB);
/// Of the lines, in turn. The second one is dashed as well.
pub(super) const LINES: [RGBColor; 2] = [RGBColor(0x1D, 0x4E, 0xD8), RGBColor(0xC2, 0x41, 0x0C)];

/// SVG coordinates are whole numbers: twice as many of them as the image is wide make lines smooth.
const SIZE: (u32, u32) = (960, 500);
/// Of letters, in the same coordinates.
pub(super) const LETTERS: u32 = 33;
/// Lines of few points show them.
const FEW_POINTS: usize = 31;

/// What drawing into memory may come to: plotters fails on an empty range alone, and there is none here.
pub(super) type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

/// A plot over time with its words.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    pub(super) title: &'static str,
    /// What the vertical axis measures.
    pub(super) axis: &'static str,
    pub(super) quantity: Quantity,
    /// One or two.
    pub(super) series: Vec<Series>,
    /// Why, if nothing was measured.
    pub(super) absent: &'static str,
}

impl Chart {
    /// Whether there is anything to draw.
    pub(super) fn has_values(&self) -> bool {
        !self.series.iter().all(Series::is_absent)
    }

    /// The plot, its title, and its numbers in words.
    pub(super) fn figure(&self, plots: &mut Markup) {
        plots.element("figure", &[], |figure| {
            figure.words("h4", &[], self.title);
            let summary = self.summary();
            figure.drawing(&self.svg(), &format!("{} over time. {}", self.title, summary.join(". ")));
            figure.element("figcaption", &[], |caption| {
                for (index, line) in summary.iter().enumerate() {
                    caption.element("p", &[], |line_of| {
                        if self.series.len() > 1 {
                            line_of.words("span", &[("class", ["key one", "key two"][index % 2])], "");
                        }
                        line_of.text(line);
                    });
                }
            });
        });
    }

    fn summary(&self) -> Vec<String> {
        let say = |series: &Series| {
            let numbers = series.summary(self.quantity).unwrap_or_else(|| "nothing was measured".to_owned());
            let name = if self.series.len() > 1 { format!("{}: ", series.name) } else { String::new() };
            capital(&format!("{name}{numbers}"))
        };
        self.series.iter().map(say).collect()
    }

    fn svg(&self) -> String {
        let mut drawn = String::new();
        self.draw(SVGBackend::with_string(&mut drawn, SIZE))
            .expect("memory takes any drawing of finite ranges");
        drawn
    }

    fn draw<'a>(&self, backend: SVGBackend<'a>) -> Drawn<'a> {
        let largest =
            self.series.iter().filter_map(Series::largest).map(|(_, value)| value).fold(0.0, f64::max);
        // Nothing but zeros: an axis up to a millisecond is as good as any.
        let scale = self.quantity.scale(if largest > 0.0 { largest } else { 0.001 });
        let time = time_scale(self.series.iter().map(Series::end).fold(0.0, f64::max));
        let root = backend.into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin_top(22)
            .margin_right(34)
            .margin_bottom(6)
            .x_label_area_size(92)
            .y_label_area_size(132)
            .build_cartesian_2d(0.0..time.end, 0.0..top(self.quantity, largest / scale.one))?;
        let label = ("sans-serif", LETTERS).into_font().color(&TEXT);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(2))
            .axis_style(AXIS.stroke_width(2))
            .label_style(label.clone())
            .axis_desc_style(label)
            .x_labels(7)
            .y_labels(6)
            .x_label_formatter(&|second| digits(*second))
            .y_label_formatter(&|value| digits(*value))
            .x_desc(time.name)
            .y_desc(with_unit(self.axis, scale))
            .draw()?;
        for (series, colour) in self.series.iter().zip(LINES.iter().cycle()) {
            for piece in series.pieces() {
                let scaled: Vec<(f64, f64)> =
                    piece.iter().map(|(second, value)| (second / time.one, value / scale.one)).collect();
                if self.series.len() == 1 && scaled.len() > 1 {
                    let ground = [(scaled[scaled.len() - 1].0, 0.0), (scaled[0].0, 0.0)];
                    let area: Vec<(f64, f64)> = scaled.iter().copied().chain(ground).collect();
                    chart.draw_series([Polygon::new(area, colour.mix(0.12))])?;
                }
                if scaled.len() < FEW_POINTS {
                    chart.draw_series(scaled.iter().map(|point| Circle::new(*point, 7, colour.filled())))?;
                }
                chart.draw_series(LineSeries::new(scaled, colour.stroke_width(4)))?;
            }
        }
        root.present()
    }
}

/// Time as the horizontal axis shows it.
struct Time {
    name: &'static str,
    one: f64,
    end: f64,
}

fn time_scale(end: f64) -> Time {
    let (name, one) = match end {
        short if short <= 300.0 => ("seconds since the start", 1.0),
        long if long <= 10_800.0 => ("minutes since the start", 60.0),
        _ => ("hours since the start", 3600.0),
    };
    Time { name, one, end: if end > 0.0 { end / one } else { 1.0 } }
}

/// The upper end of the vertical axis: some air above the largest value, and never an empty range. An axis
/// of counts has no use for fractions of one.
fn top(quantity: Quantity, largest: f64) -> f64 {
    let least = if quantity == Quantity::Count { 4.0 } else { 0.0 };
    match (largest * 1.1).max(least) {
        none if none <= 0.0 => 1.0,
        some => some,
    }
}

fn with_unit(axis: &str, scale: Scale) -> String {
    match scale.unit {
        "" | "/s" => axis.to_owned(),
        unit => format!("{axis} ({unit})"),
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
