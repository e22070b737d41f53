//! Values over time, thinned to what a plot can show.

use crate::report::quantity::{Quantity, count};

/// More points than this lie on top of each other in a plot.
const MAXIMUM_POINTS: usize = 360;

/// One line of a plot: seconds since the start and values, absent where nothing was measured.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    pub(super) name: &'static str,
    points: Vec<(f64, Option<f64>)>,
}

impl Series {
    pub(super) fn new(name: &'static str, points: impl Iterator<Item = (f64, Option<f64>)>) -> Self {
        let finite = |(second, value): (f64, Option<f64>)| (second, value.filter(|value| value.is_finite()));
        Self { name, points: points.map(finite).collect() }
    }

    /// Whether nothing was measured at all.
    pub(super) fn is_absent(&self) -> bool {
        self.values().next().is_none()
    }

    /// The largest value and when it was measured.
    pub(super) fn largest(&self) -> Option<(f64, f64)> {
        self.values().max_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// When the last sample was taken, measured or not.
    pub(super) fn end(&self) -> f64 {
        self.points.iter().map(|(second, _)| *second).fold(0.0, f64::max)
    }

    /// The line in unbroken pieces, of each group of neighbours the largest: peaks are what a reader
    /// looks for.
    pub(super) fn pieces(&self) -> Vec<Vec<(f64, f64)>> {
        let mut pieces = vec![Vec::new()];
        for neighbours in self.points.chunks(self.group()) {
            let measured = neighbours.iter().filter_map(|(second, value)| Some((*second, (*value)?)));
            match measured.max_by(|one, other| one.1.total_cmp(&other.1)) {
                Some(point) => pieces.last_mut().expect("never empty").push(point),
                None => pieces.push(Vec::new()),
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }

    /// The numbers behind the line, for those who do not see it.
    pub(super) fn summary(&self, quantity: Quantity) -> Option<String> {
        let (second, largest) = self.largest()?;
        let mut sorted: Vec<f64> = self.values().map(|(_, value)| value).collect();
        let last = *sorted.last()?;
        sorted.sort_by(f64::total_cmp);
        let [smallest, median, largest, last] =
            [sorted[0], sorted[sorted.len() / 2], largest, last].map(|value| quantity.say(value));
        let samples = match (sorted.len(), self.group()) {
            (1, _) => "1 sample".to_owned(),
            (all, 1) => format!("{all} samples"),
            (all, group) => format!("{} samples, of every {group} the largest is drawn", count(all as u64)),
        };
        let when = Quantity::Time.say(second);
        Some(format!(
            "smallest {smallest}, median {median}, largest {largest} at {when}, last {last} ({samples})"
        ))
    }

    /// How many neighbours share a point of the line.
    fn group(&self) -> usize {
        self.points.len().div_ceil(MAXIMUM_POINTS).max(1)
    }

    fn values(&self) -> impl Iterator<Item = (f64, f64)> {
        self.points.iter().filter_map(|(second, value)| Some((*second, (*value)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_is_thinned_and_keeps_its_peaks() {
        let spike = |second: u32| if second == 1801 { 9.0 } else { 1.0 };
        let series = Series::new("x", (0..3600).map(|second| (f64::from(second), Some(spike(second)))));
        let pieces = series.pieces();
        assert_eq!((pieces.len(), pieces[0].len()), (1, MAXIMUM_POINTS));
        assert!(pieces[0].contains(&(1801.0, 9.0)));
        let said = series.summary(Quantity::Time).unwrap();
        assert!(said.ends_with("(3,600 samples, of every 10 the largest is drawn)"), "{said}");
    }

    #[test]
    fn a_line_is_broken_where_nothing_was_measured() {
        let values = [Some(1.0), Some(2.0), None, Some(f64::NAN), Some(3.0)];
        let series = Series::new("x", (0..5).map(f64::from).zip(values));
        assert_eq!(series.pieces(), [vec![(0.0, 1.0), (1.0, 2.0)], vec![(4.0, 3.0)]]);
        assert!((series.end() - 4.0).abs() < 1e-9);
        let said = series.summary(Quantity::Time);
        assert_eq!(
            said.as_deref(),
            Some("smallest 1 s, median 2 s, largest 3 s at 4 s, last 3 s (3 samples)")
        );
        let nothing = Series::new("x", [(1.0, None)].into_iter());
        assert!(
            nothing.is_absent() && nothing.summary(Quantity::Time).is_none() && nothing.pieces().is_empty()
        );
    }
}
