//! The grammars of the fields that speak of progress, against the worked examples of the requirements
//! (E, G, S and P numbers) and against arbitrary input.

mod idempotency;
mod language;
mod prefer;
mod prefer_forwarding;
mod progress_languages;
mod progress_parsing;
mod progress_printing;
mod progress_properties;
mod progress_succession;
mod progress_vectors;
mod status_uri;

use http::{HeaderMap, HeaderName, HeaderValue};
use progress_core::language::LanguageTag;
use progress_core::progress::{Fraction, Label, Reported};

/// A head with these lines of one field.
fn head<V: AsRef<[u8]>>(name: &HeaderName, lines: impl IntoIterator<Item = V>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name.clone(), HeaderValue::from_bytes(line.as_ref()).expect("a valid test value"));
    }
    headers
}

fn fraction(completed: u64, total: impl Into<Option<u64>>) -> Fraction {
    Fraction { completed, total: total.into() }
}

fn reported(completed: u64, total: impl Into<Option<u64>>) -> Reported {
    Reported::of_fraction(fraction(completed, total))
}

fn labelled(completed: u64, total: impl Into<Option<u64>>, label: Label) -> Reported {
    Reported { label: Some(label), ..reported(completed, total) }
}

/// A label as it is, not sanitized.
fn label(text: &str) -> Label {
    Label { text: text.to_owned(), language: None }
}

fn label_in(language: &str, text: &str) -> Label {
    Label { language: LanguageTag::parse(language), ..label(text) }
}
