//! From a TOML file to a scenario.

mod check;
mod tree;

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, Deserializer};

use super::Scenario;
use tree::{Places, QUICK, lay_over};

/// Which of a file's two scenarios is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// The file without `[quick]`.
    Full,
    /// The file with `[quick]` laid over it: tables are merged, all else is replaced. It takes at most
    /// five seconds.
    Quick,
}

/// Everything that is wrong with a scenario file. It is the author of the file who can put it right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScenarioError {
    /// In the order of the file, never empty.
    pub mistakes: Vec<Mistake>,
}

/// One thing that is wrong; printed as `NAME:LINE:COLUMN: KEY: what is wrong`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The scenario's or file's name, as it was given.
    pub name: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The key with its tables, such as `clients[1].weight`; empty if it is the syntax that is wrong.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Reads a scenario. Both lengths are looked at whichever is asked for, so that a file which can be read
/// once can be read always.
///
/// # Errors
///
/// Says all that is wrong with values; what keeps the file from being understood at all (syntax, an unknown
/// key, a value of the wrong type) is said once for each length.
pub fn read(text: &str, name: &str, length: Length) -> Result<Scenario, ScenarioError> {
    let page = Page { name, text };
    let root = DeTable::parse(text)
        .map_err(|error| ScenarioError { mistakes: vec![page.refused(&Places::default(), &error)] })?;
    let places = Places::of(root.get_ref());
    let Some((plain, quick)) = lay_over(&root) else {
        let message = "has to be a table: [quick]".to_owned();
        return Err(ScenarioError { mistakes: vec![page.mistake(places.offset(QUICK), QUICK, message)] });
    };
    let mut mistakes = BTreeSet::new();
    let full = page.scenario(&plain, &places, Length::Full);
    let short = match quick {
        Some(quick) => page.scenario(&quick, &places, Length::Quick),
        None if length == Length::Quick => page.scenario(&plain, &places, Length::Quick),
        None => full.clone(),
    };
    for outcome in [&full, &short] {
        mistakes.extend(outcome.as_ref().err().into_iter().flatten().cloned());
    }
    match (full, short) {
        (Ok(full), Ok(short)) => Ok(if length == Length::Full { full } else { short }),
        _ => Err(ScenarioError { mistakes: mistakes.into_iter().map(|(_, mistake)| mistake).collect() }),
    }
}

/// A mistake and its offset, by which it is sorted.
type Found = (usize, Mistake);

#[derive(Clone, Copy)]
struct Page<'t> {
    name: &'t str,
    text: &'t str,
}

impl Page<'_> {
    /// `root` may have been laid together from parts of the file; its places are still those in the file, and
    /// `places` knows how the file calls them.
    fn scenario(
        self,
        root: &Spanned<DeTable<'_>>,
        places: &Places,
        length: Length,
    ) -> Result<Scenario, Vec<Found>> {
        let mut scenario = Scenario::deserialize(Deserializer::from(root.clone())).map_err(|error| {
            let mistake = self.refused(places, &error);
            vec![(error.span().map_or(0, |span| span.start), mistake)]
        })?;
        self.name.clone_into(&mut scenario.name);
        let laid = Places::of(root.get_ref());
        let mistakes: Vec<Found> = check::check(&scenario, length)
            .into_iter()
            .map(|finding| {
                let offset = laid.offset(&finding.key);
                let over = format!("{QUICK}.{}", finding.key);
                let from_quick = length == Length::Quick && places.has(&over);
                let key = if from_quick { over } else { finding.key };
                (offset, self.mistake(offset, &key, finding.message))
            })
            .collect();
        if mistakes.is_empty() { Ok(scenario) } else { Err(mistakes) }
    }

    fn refused(self, places: &Places, error: &toml::de::Error) -> Mistake {
        let offset = error.span().map_or(0, |span| span.start);
        let message = error.message().replace(char::is_control, " ");
        self.mistake(offset, places.key_at(offset).unwrap_or_default(), message)
    }

    fn mistake(self, offset: usize, key: &str, message: String) -> Mistake {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Mistake { name: self.name.to_owned(), line, column, key: key.to_owned(), message }
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(out, "{end}{mistake}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}: ", self.name, self.line, self.column)?;
        if !self.key.is_empty() {
            write!(out, "{}: ", self.key)?;
        }
        out.write_str(&self.message)
    }
}

impl Ord for Mistake {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let order = |mistake: &Self| (mistake.line, mistake.column);
        order(self)
            .cmp(&order(other))
            .then_with(|| self.key.cmp(&other.key))
            .then_with(|| self.message.cmp(&other.message))
            .then_with(|| self.name.cmp(&other.name))
    }
}

impl PartialOrd for Mistake {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
