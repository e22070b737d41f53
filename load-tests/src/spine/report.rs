//! What was measured, beside what was promised.

use std::borrow::Cow;
use std::fmt;

/// One quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub what: Cow<'static, str>,
    /// How much; `None`: it could not be measured.
    pub value: Option<f64>,
    /// In which unit; empty for ratios and counts.
    pub unit: &'static str,
    /// The most that it may be, if that was promised.
    pub most: Option<f64>,
    /// The least that it may be, if that was promised.
    pub least: Option<f64>,
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
    pub fn new(what: impl Into<Cow<'static, str>>, value: f64, unit: &'static str) -> Self {
        Self { what: what.into(), value: Some(value), unit, most: None, least: None }
    }

    /// The most that it may be.
    #[must_use]
    pub fn at_most(self, most: f64) -> Self {
        Self { most: Some(most), ..self }
    }

    /// The least that it may be.
    #[must_use]
    pub fn at_least(self, least: f64) -> Self {
        Self { least: Some(least), ..self }
    }

    /// Whether anything was promised.
    pub fn is_promised(&self) -> bool {
        self.most.or(self.least).is_some()
    }

    /// Whether something was promised and not kept.
    pub fn is_missed(&self) -> bool {
        let Some(value) = self.value else { return false };
        self.most.is_some_and(|most| value > most) || self.least.is_some_and(|least| value < least)
    }

    /// Amount, promise and verdict, as cells of a table in Markdown without the bars around them.
    pub(super) fn cells(&self) -> String {
        match self.promise() {
            Some((promise, verdict)) => format!("{} | {promise} | {verdict}", self.amount()),
            None => format!("{} | |", self.amount()),
        }
    }

    fn amount(&self) -> String {
        let Some(value) = self.value else { return "not measured".to_owned() };
        format!("{value:.3} {}", self.unit).trim_end().to_owned()
    }

    /// The promise, and what became of it; nothing where nothing was promised.
    fn promise(&self) -> Option<(String, String)> {
        let (word, bound) = match (self.most, self.least) {
            (Some(most), _) => ("most", most),
            (None, Some(least)) => ("least", least),
            (None, None) => return None,
        };
        let verdict = match self.value {
            None => "open".to_owned(),
            Some(value) if self.most.is_some() => above(value, bound),
            Some(value) => below(value, bound),
        };
        Some((format!("at {word} {bound} {}", self.unit).trim_end().to_owned(), verdict))
    }
}

/// What is said of a value that may be `most`.
fn above(value: f64, most: f64) -> String {
    match value {
        value if value <= most => "met".to_owned(),
        value if value < 3.0 * most => format!("MISSED by {:.0} %", (value / most - 1.0) * 100.0),
        value if most > 0.0 => format!("MISSED, {:.0} times that", value / most),
        // Nothing was allowed, or what was measured is not a number.
        _ => "MISSED".to_owned(),
    }
}

/// What is said of a value that has to be `least`.
fn below(value: f64, least: f64) -> String {
    match value {
        value if value >= least => "met".to_owned(),
        value if value >= 0.0 => format!("MISSED by {:.0} %", (1.0 - value / least) * 100.0),
        _ => "MISSED".to_owned(),
    }
}

impl Report {
    /// As a section of a Markdown document.
    pub fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n| figure | measured | target | |\n|---|---|---|---|\n", self.title);
        for figure in &self.figures {
            text.extend(["| ", &figure.what, " | ", &figure.cells(), " |\n"]);
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        for note in &self.notes {
            text.push_str("- ");
            text.push_str(note);
            text.push('\n');
        }
        text
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {:<40} {:<20}", self.what, self.amount())?;
        let Some((promise, verdict)) = self.promise() else { return Ok(()) };
        write!(f, " {promise}: {verdict}")
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
        let missed = figure.clone().at_most(2.5);
        assert!(missed.is_missed() && missed.to_string().ends_with("at most 2.5 µs: MISSED by 30 %"));
        assert!(figure.clone().at_most(0.25).to_string().ends_with("at most 0.25 µs: MISSED, 13 times that"));
        assert!(figure.clone().at_most(0.0).to_string().ends_with("at most 0 µs: MISSED"));
        assert!(!figure.to_string().contains("at most") && !figure.is_missed());
        let unknown = Figure { value: None, ..figure.at_most(3.0) };
        assert!(unknown.to_string().ends_with("not measured         at most 3 µs: open"));
    }

    #[test]
    fn a_figure_may_have_to_be_large() {
        let figure = Figure::new("accepted", 4000.0, "/s").at_least(5000.0);
        assert!(figure.is_promised() && figure.is_missed());
        assert!(figure.to_string().ends_with("at least 5000 /s: MISSED by 20 %"), "{figure}");
        let met = Figure { value: Some(5000.0), ..figure.clone() };
        assert!(!met.is_missed() && met.to_string().ends_with("met"));
        assert!(Figure { value: Some(f64::NAN), ..figure }.to_string().ends_with(": MISSED"));
    }

    #[test]
    fn a_figure_that_is_not_a_number_keeps_no_promise() {
        assert!(Figure::new("ratio", f64::NAN, "").at_most(1.0).to_string().contains("MISSED"));
    }

    #[test]
    fn a_report_is_a_table_in_markdown() {
        let figures =
            vec![Figure::new("CPU", 1.0, "µs"), Figure::new("over the better", 0.5, "").at_most(0.75)];
        let report = Report { title: "plain h1".to_owned(), figures, notes: vec!["three rounds".to_owned()] };
        assert_eq!(
            report.markdown(),
            "## plain h1\n\n| figure | measured | target | |\n|---|---|---|---|\n\
             | CPU | 1.000 µs | | |\n| over the better | 0.500 | at most 0.75 | met |\n\n- three rounds\n"
        );
    }
}
