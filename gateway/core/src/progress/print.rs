//! `Progress-emit`: the grammar that is written.
//!
//! The value is built from counts and sanitized text, never copied from a value that came in, so
//! nothing but printable ASCII can leave (PRG-15, I-05, I-27).

use std::fmt::Write;

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::language::LanguageTag;

use super::label::{MAX_TEXT, sanitize};
use super::{Fraction, Label, MAX_COUNT, Reported};

/// The longest value that is printed, in octets (PRG-10).
pub const MAX_VALUE: usize = 1024;

/// Which edition of the draft the reader knows. Its request tells (PRF-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The first edition, asked for by the preference `progress`: the label is a comment and the only
    /// remark.
    Comment,
    /// Later editions: the label is a quoted-string, and the fraction of a step may follow.
    Plain,
}

/// The form of a label (PRG-11). What is not ASCII is an ext-value in each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelForm {
    /// An ext-value if the language is known, else what the dialect prefers.
    Auto,
    /// `(text)`; a known language is not told.
    Comment,
    /// `"text"`; a known language is not told.
    Quoted,
    /// `UTF-8'en'text`.
    Extended,
}

impl Reported {
    /// The value of the `Progress` field for this point, with the label in the form that `dialect`
    /// prefers (PRG-01 to PRG-15).
    ///
    /// Counts and text are made fit to be sent on the way, so every `Reported` can be printed. What
    /// was sent before is not considered: print what [`Reported::succeed`] returned.
    pub fn print(&self, dialect: Dialect) -> HeaderValue {
        self.print_as(dialect, LabelForm::Auto)
    }

    /// As [`Reported::print`], with the label in the form `form`.
    pub fn print_as(&self, dialect: Dialect, form: LabelForm) -> HeaderValue {
        self.print_with(self.label.as_ref(), (dialect, form))
    }

    /// As [`Reported::print_as`], with a label in place of its own.
    pub(super) fn print_with(
        &self,
        label: Option<&Label>,
        (dialect, form): (Dialect, LabelForm),
    ) -> HeaderValue {
        let mut value = String::with_capacity(TYPICAL_VALUE);
        push_fraction(&mut value, self.fraction);
        if let Some(label) = label {
            let text = sanitize(&label.text);
            if !text.is_empty() {
                value.push(' ');
                match settle_form(form, dialect, &text, label.language.as_ref()) {
                    Shape::Comment => push_escaped(&mut value, &text, ['(', ')']),
                    Shape::Quoted => push_escaped(&mut value, &text, ['"', '"']),
                    Shape::Extended => push_extended(&mut value, &text, label.language.as_ref()),
                }
            }
        }
        if let (Dialect::Plain, Some(step)) = (dialect, &self.step) {
            value.push(' ');
            push_fraction(&mut value, step.fraction);
        }
        HeaderValue::try_from(value).expect("every octet written is in 0x20-0x7E")
    }
}

/// Room for a fraction and a short label.
const TYPICAL_VALUE: usize = 64;

/// The longest possible value: fraction, label with every octet escaped, fraction. It fits, so there is
/// nothing to drop.
const LONGEST_VALUE: usize = {
    let fraction = 2 * MAX_COUNT.ilog10() as usize + 3;
    let label = "UTF-8''".len() + LanguageTag::MAX_OCTETS + 3 * MAX_TEXT;
    fraction + 1 + label + 1 + fraction
};
const _: () = assert!(LONGEST_VALUE <= MAX_VALUE, "PRG-10");

enum Shape {
    Comment,
    Quoted,
    Extended,
}

/// PRG-11. `text` is sanitized, so ASCII means printable.
fn settle_form(form: LabelForm, dialect: Dialect, text: &str, language: Option<&LanguageTag>) -> Shape {
    if !text.is_ascii() {
        return Shape::Extended;
    }
    match (form, dialect) {
        (LabelForm::Auto, _) if language.is_some() => Shape::Extended,
        (LabelForm::Auto, Dialect::Comment) | (LabelForm::Comment, _) => Shape::Comment,
        (LabelForm::Auto, Dialect::Plain) | (LabelForm::Quoted, _) => Shape::Quoted,
        (LabelForm::Extended, _) => Shape::Extended,
    }
}

fn push_fraction(value: &mut String, fraction: Fraction) {
    write!(value, "{}", fraction.settled()).expect("a String takes every write");
}

/// PRG-13: only the delimiters and the backslash are escaped.
fn push_escaped(value: &mut String, text: &str, delimiters: [char; 2]) {
    value.push(delimiters[0]);
    for character in text.chars() {
        if character == '\\' || delimiters.contains(&character) {
            value.push('\\');
        }
        value.push(character);
    }
    value.push(delimiters[1]);
}

/// PRG-14.
fn push_extended(value: &mut String, text: &str, language: Option<&LanguageTag>) {
    value.push_str("UTF-8'");
    value.push_str(language.map_or("", LanguageTag::as_str));
    value.push('\'');
    value.extend(utf8_percent_encode(text, ESCAPED));
}

/// Everything but `attr-char` (RFC 8187 section 3.2.1).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');
