//! The rule for a list of values.

use serde_json::{Map, Value as Json, json};
use toml::de::DeValue;

use super::{Rule, members, wrong_type};
use crate::config::reader::{Located, Place, Problems};

/// More than any list needs; each element is compared with those before it.
const MAXIMUM_ELEMENTS: usize = 10_000;

/// A list of values under one rule, without repetition.
pub(in crate::config) struct List<R> {
    /// The rule of each element.
    pub(in crate::config) of: R,
    /// What to write, as it follows "write": `a list such as ["POST"]`.
    pub(in crate::config) what: &'static str,
    /// Whether an empty list means something.
    pub(in crate::config) least: Least,
}

/// How many elements a list needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Least {
    /// An empty list is right.
    Empty,
    /// At least one element.
    One,
}

impl<R: Rule<Value: PartialEq>> Rule for List<R> {
    type Value = Vec<Located<R::Value>>;

    fn read(&self, value: &DeValue<'_>, place: &Place, problems: &mut Problems) -> Option<Self::Value> {
        let Some(array) = value.as_array() else {
            wrong_type(value, self.what, place, problems);
            return None;
        };
        if array.is_empty() && self.least == Least::One {
            problems.wrong(place, format!("is empty, write {}", self.what));
            return None;
        }
        if array.len() > MAXIMUM_ELEMENTS {
            let message = format!("has {} elements, write at most {MAXIMUM_ELEMENTS}", array.len());
            problems.wrong(place, message);
            return None;
        }
        let mut elements: Vec<Located<R::Value>> = Vec::with_capacity(array.len());
        for (index, element) in array.iter().enumerate() {
            let place = place.element(index).at(element.span().start);
            let Some(value) = self.of.read(element.get_ref(), &place, problems) else { continue };
            if let Some(earlier) = elements.iter().find(|earlier| earlier.value == value) {
                problems.wrong(&place, format!("repeats {}, write each value once", earlier.place.key));
                continue;
            }
            elements.push(Located { value, place });
        }
        Some(elements)
    }

    fn schema(&self) -> Map<String, Json> {
        let least = u8::from(self.least == Least::One);
        members(json!({
            "type": "array",
            "items": self.of.schema(),
            "minItems": least,
            "maxItems": MAXIMUM_ELEMENTS,
            "uniqueItems": true,
        }))
    }

    fn range(&self) -> String {
        self.of.range()
    }
}
