//! What was measured, beside what was promised.

use std::fmt;

/// One quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub what: &'static str,
    /// How much; `None`: it could not be measured.
    pub value: Option<f64>,
    /// In which unit; empty for ratios and counts.
    pub unit: &'static str,
    /// The most that it may be, if anything was promised.
    pub most: Option<f64>,
}

/// The figures of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// What was run.
    pub title: String,
    /// What came of it.
    pub figures: Vec<Figure>,
    /// What a reader has to know besides.
    pub notes: Vec<String>,
}

impl Figure {
    /// A quantity of which nothing was promised.
    pub fn new(what: &'static str, value: f64, unit: &'static str) -> Self {
        Self { what, value: Some(value), unit, most: None }
    }

    /// The most that it may be.
    #[must_use]
    pub fn at_most(self, most: f64) -> Self {
        Self { most: Some(most), ..self }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, value, unit, most } = self;
        let value = value.map_or_else(|| "not measured".to_owned(), |value| format!("{value:.3} {unit}"));
        write!(f, "  {what:<34} {:<20}", value.trim_end())?;
        let Some(most) = most else { return Ok(()) };
        let verdict = match self.value {
            Some(value) if value <= *most => "met",
            Some(_) => "MISSED",
            None => "open",
        };
        write!(f, " at most {most} {unit}: {verdict}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for figure in &self.figures {
            writeln!(f, "{}", figure.to_string().trim_end())?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  ({note})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_says_whether_the_promise_was_kept() {
        let figure = Figure::new("CPU per head", 3.25, "µs");
        assert!(figure.clone().at_most(4.0).to_string().ends_with("3.250 µs             at most 4 µs: met"));
        assert!(figure.clone().at_most(3.0).to_string().ends_with("at most 3 µs: MISSED"));
        assert!(!figure.to_string().contains("at most"));
        let unknown = Figure { value: None, ..figure.at_most(3.0) };
        assert!(unknown.to_string().ends_with("not measured         at most 3 µs: open"));
    }
}
