//! A comparison as a table in a terminal.

use std::fmt;

use super::{Comparison, Figure, Group, Mark, NOISE, Pair};

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            writeln!(f, "no scenario is in both files: nothing to compare")?;
        }
        self.pairs.iter().try_for_each(|pair| write!(f, "{pair}"))?;
        for (file, names) in [("A", &self.only_first), ("B", &self.only_second)] {
            names.iter().try_for_each(|name| writeln!(f, "{name}: in {file} alone"))?;
        }
        if self.is_empty() { Ok(()) } else { verdict(self, f) }
    }
}

/// The last line: how many differences there are and what counts as one.
fn verdict(comparison: &Comparison, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let marked = |mark: Mark| comparison.figures().filter(|figure| figure.mark() == mark).count();
    let (all, noise) = (comparison.figures().count(), NOISE * 100.0);
    let (worse, better) = (marked(Mark::Worse), marked(Mark::Better));
    writeln!(
        f,
        "{all} figures: {worse} worse in B, {better} better (beyond {noise:.0} % and what timers can tell)"
    )
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.scenario)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "  ({note})"))?;
        writeln!(f, "    {:<18} {:>12} {:>12} {:>7}", "", "A", "B", "B/A")?;
        self.groups.iter().try_for_each(|group| write!(f, "{group}"))?;
        writeln!(f)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}", self.name)?;
        self.figures.iter().try_for_each(|figure| writeln!(f, "{figure}"))
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] =
            [self.first, self.second].map(|value| self.quantity.say_if(value.map(|reading| reading.value)));
        let ratio = self.ratio().map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
        write!(f, "    {:<18} {first:>12} {second:>12} {ratio:>7}", self.what)?;
        match self.mark().word() {
            "" => Ok(()),
            word => write!(f, "  {word}"),
        }
    }
}

impl Mark {
    fn word(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Worse => "worse",
            Self::Better => "better",
            Self::More => "more",
            Self::Unsound => "too few to tell",
            Self::Gone => "gone",
            Self::New => "new",
        }
    }
}
