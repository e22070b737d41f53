//! The `Progress` field: what a sender may write, what we remember of it, and what we write.
//!
//! ```text
//! value --parse--> Progress --from_progress--> Reported --succeed(previous)--> Reported --print--> value
//! ```
//!
//! [`Progress`] is the field as it stands on the wire, remark by remark. [`Reported`] is one progress
//! point of our own event model. Only [`Reported::succeed`] knows what was said before, so it alone
//! keeps the promises that span heads: completed never falls, a total never vanishes.
//!
//! `Progress` is not a Structured Field (PRG-18) and is never sent as a trailer (PRG-17).

mod label;
mod parse;
mod print;
mod reader;
mod succession;
mod translations;

use std::fmt;

use http::{HeaderMap, HeaderName};
use serde::{Deserialize, Serialize};

use crate::language::LanguageTag;

pub use label::Label;
pub use parse::{Grammar, ProgressError};
pub use print::{Dialect, LabelForm, MAX_VALUE};
pub use reader::Reader;
pub use succession::Succession;
pub use translations::{MAX_LANGUAGES, Translations};

/// The name of the field.
pub const FIELD: HeaderName = HeaderName::from_static("progress");

/// The largest count that is remembered or sent: the largest integer that JSON and JavaScript hold
/// exactly (PRG-07).
pub const MAX_COUNT: u64 = (1 << 53) - 1;

/// How much of something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fraction {
    /// What is done, in the sender's own unit.
    pub completed: u64,
    /// What there is to do, if the sender knows. `0` means that there is nothing to do (PRG-08).
    pub total: Option<u64>,
}

/// One value of the `Progress` field, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The main fraction.
    pub fraction: Fraction,
    /// What follows it, in order. A text belongs to the fraction before it.
    pub remarks: Vec<Remark>,
}

/// What may follow the main fraction. A text is `None` if it cannot be decoded; the fraction is
/// still good then (PRP-05, PRP-06).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// `(text)`, quoted-pairs resolved, inner parentheses kept.
    Comment(Option<String>),
    /// `"text"`, quoted-pairs resolved.
    Quoted(Option<String>),
    /// `charset'language'text` of RFC 8187.
    Extended {
        /// The charset's name as written.
        charset: String,
        /// The language, if a well-formed one was given.
        language: Option<LanguageTag>,
        /// The decoded text; `None` for a charset other than UTF-8 and ISO-8859-1.
        text: Option<String>,
    },
    /// The fraction of a step inside the operation.
    Fraction(Fraction),
}

/// One progress point in our own event model: what an operation remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// How far the operation is.
    pub fraction: Fraction,
    /// What the fraction counts, such as `files`. Shown in documents; the field has no place for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What the operation is at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// The same in other languages, if the sender wrote it in several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub translations: Option<Box<Translations>>,
    /// How far the current step is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
}

/// A part of the operation with a fraction of its own, which begins anew with each part (PRP-10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// How far the step is.
    pub fraction: Fraction,
    /// What the fraction counts, such as `bytes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

// === impl Fraction ===

impl Fraction {
    /// The done share in percent, 0 to 100 with one decimal (SDM-05). `None` while the total is
    /// unknown, and for a total of 0, which nothing can be divided by (PRG-08).
    ///
    /// Rounded to the nearest tenth, except that 100 is kept for what is complete.
    pub fn percent(&self) -> Option<f64> {
        let total = self.total.filter(|total| *total > 0)?;
        let rounded = (u128::from(self.completed) * 1000 + u128::from(total) / 2) / u128::from(total);
        let most = if self.completed < total { 999 } else { 1000 };
        let tenths = u16::try_from(rounded).map_or(most, |tenths| tenths.min(most));
        Some(f64::from(tenths) / 10.0)
    }

    /// The nearest fraction that may be sent: both counts at most [`MAX_COUNT`] (PRG-07), the total
    /// not below completed (PRG-04).
    fn settled(self) -> Fraction {
        let completed = self.completed.min(MAX_COUNT);
        Fraction { completed, total: self.total.map(|total| total.clamp(completed, MAX_COUNT)) }
    }
}

/// As on the wire: `3/10`, or `66/` while the total is unknown.
impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.completed)?;
        self.total.map_or(Ok(()), |total| write!(f, "{total}"))
    }
}

// === impl Progress ===

impl Progress {
    /// The field in `headers`: `None` if it is absent, an error if it stands there twice (PRP-08) or
    /// cannot be parsed. The message that carries a bad field is still good (PRP-01).
    pub fn from_headers(headers: &HeaderMap, grammar: Grammar) -> Option<Result<Progress, ProgressError>> {
        let mut lines = headers.get_all(FIELD).iter();
        let value = lines.next()?;
        Some(match lines.next() {
            None => Progress::parse(value.as_bytes(), grammar),
            Some(_) => Err(ProgressError::Repeated),
        })
    }

    /// The text to show for the operation: the first one that is not empty, but rather one whose
    /// language is known. Texts after a sub-fraction speak of the step and are not considered.
    pub fn label(&self) -> Option<Label> {
        labels(&self.remarks).find(|label| label.language.is_some()).or_else(|| labels(&self.remarks).next())
    }

    /// The first sub-fraction, with the text after it as its unit.
    pub fn step(&self) -> Option<Step> {
        self.remarks.iter().enumerate().find_map(|(at, remark)| match remark {
            Remark::Fraction(fraction) => {
                let unit = labels(&self.remarks[at + 1..]).next().map(|label| label.text);
                Some(Step { fraction: *fraction, unit })
            }
            _ => None,
        })
    }
}

/// The texts before the next fraction, without those that show nothing.
fn labels(remarks: &[Remark]) -> impl Iterator<Item = Label> {
    remarks.iter().take_while(|remark| !matches!(remark, Remark::Fraction(_))).filter_map(Remark::label)
}

impl Remark {
    fn label(&self) -> Option<Label> {
        match self {
            Remark::Comment(text) | Remark::Quoted(text) => Label::sanitized(text.as_deref()?, None),
            Remark::Extended { text, language, .. } => Label::sanitized(text.as_deref()?, language.clone()),
            Remark::Fraction(_) => None,
        }
    }
}

// === impl Reported ===

impl Reported {
    /// A point that says nothing but how far the operation is.
    pub const fn of_fraction(fraction: Fraction) -> Reported {
        Reported { fraction, unit: None, label: None, translations: None, step: None }
    }

    /// What is worth remembering of a parsed field. Texts are sanitized; the counts are the sender's
    /// own until [`Reported::succeed`] has looked at them.
    ///
    /// Texts in several languages, as in `1/2 UTF-8'en'Checking UTF-8'de'Pr%C3%BCfen`, are one label
    /// and its translations (L10-01).
    pub fn from_progress(progress: &Progress) -> Reported {
        let label = progress.label();
        let several = label.as_ref().filter(|_| progress.remarks.len() > 1);
        let translations = several.and_then(|label| {
            let rest = labels(&progress.remarks).filter(|text| text.language.is_some());
            Translations::of(label, rest)
        });
        Reported { label, translations, step: progress.step(), ..Self::of_fraction(progress.fraction) }
    }
}

impl From<&Progress> for Reported {
    fn from(progress: &Progress) -> Reported {
        Reported::from_progress(progress)
    }
}
