//! Rules for numbers with a range: durations, sizes and integers.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use toml::de::DeValue;

use super::{Rule, members, text_of, wrong_type};
use crate::config::reader::{Place, Problems};
use crate::config::units::{self, DURATION_PATTERN, QuantityError, SIZE_PATTERN};

/// A duration within a range, both ends included.
pub(in crate::config) struct Span(pub(in crate::config) Duration, pub(in crate::config) Duration);

/// A duration within a range, or `"never"`, which means `None`.
pub(in crate::config) struct DurationOrNever(pub(in crate::config) Span);

/// A size in bytes within a range, both ends included.
pub(in crate::config) struct Size(pub(in crate::config) u64, pub(in crate::config) u64);

/// An integer within a range, both ends included.
pub(in crate::config) struct Integer(pub(in crate::config) u32, pub(in crate::config) u32);

// === impl Span ===

impl Span {
    fn limits(&self) -> String {
        format!("from {} to {}", units::print_duration(self.0), units::print_duration(self.1))
    }

    /// `or` is what else may be written, such as `" or \"never\""`.
    fn parse(&self, text: &str, or: &str) -> Result<Duration, String> {
        match units::parse_duration(text) {
            Ok(duration) if (self.0..=self.1).contains(&duration) => Ok(duration),
            Ok(_) | Err(QuantityError::TooLarge) => {
                Err(format!("{text:?} is out of range, write a duration {}{or}", self.limits()))
            }
            Err(QuantityError::Form) => Err(format!(
                "{text:?} is not a duration, write a number with a unit of ms, s, m, h or d, such as \"10s\"{or}"
            )),
        }
    }
}

/// What to write where a duration is due.
const A_DURATION: &str = "a duration in quotes such as \"10s\"";

impl Rule for Span {
    type Value = Duration;

    fn read(&self, value: &DeValue<'_>, place: &Place, problems: &mut Problems) -> Option<Duration> {
        let text = text_of(value, A_DURATION, place, problems)?;
        self.parse(text, "").map_err(|message| problems.wrong(place, message)).ok()
    }

    fn schema(&self) -> Map<String, Json> {
        members(json!({ "type": "string", "pattern": DURATION_PATTERN, "minLength": 2 }))
    }

    fn range(&self) -> String {
        self.limits()
    }
}

// === impl DurationOrNever ===

impl Rule for DurationOrNever {
    type Value = Option<Duration>;

    fn read(&self, value: &DeValue<'_>, place: &Place, problems: &mut Problems) -> Option<Self::Value> {
        let text = text_of(value, &format!("{A_DURATION} or \"never\""), place, problems)?;
        if text == "never" {
            return Some(None);
        }
        let parsed = self.0.parse(text, " or \"never\"");
        parsed.map(Some).map_err(|message| problems.wrong(place, message)).ok()
    }

    fn schema(&self) -> Map<String, Json> {
        members(json!({ "anyOf": [self.0.schema(), { "const": "never" }] }))
    }

    fn range(&self) -> String {
        format!("{}, or \"never\"", self.0.limits())
    }
}

// === impl Size ===

impl Size {
    fn limits(&self) -> String {
        format!("from {} to {}", units::print_size(self.0), units::print_size(self.1))
    }
}

impl Rule for Size {
    type Value = u64;

    fn read(&self, value: &DeValue<'_>, place: &Place, problems: &mut Problems) -> Option<u64> {
        let text = text_of(value, "a size in quotes such as \"64KiB\"", place, problems)?;
        let message = match units::parse_size(text) {
            Ok(bytes) if (self.0..=self.1).contains(&bytes) => return Some(bytes),
            Ok(_) | Err(QuantityError::TooLarge) => {
                format!("{text:?} is out of range, write a size {}", self.limits())
            }
            Err(QuantityError::Form) => format!(
                "{text:?} is not a size, write a number with a unit of B, KiB, MiB, GiB, kB, MB or GB, such as \"64KiB\""
            ),
        };
        problems.wrong(place, message);
        None
    }

    fn schema(&self) -> Map<String, Json> {
        members(json!({ "type": "string", "pattern": SIZE_PATTERN }))
    }

    fn range(&self) -> String {
        self.limits()
    }
}

// === impl Integer ===

impl Rule for Integer {
    type Value = u32;

    fn read(&self, value: &DeValue<'_>, place: &Place, problems: &mut Problems) -> Option<u32> {
        let Some(integer) = value.as_integer() else {
            wrong_type(value, &format!("an integer {}", self.range()), place, problems);
            return None;
        };
        let number = u32::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.filter(|number| (self.0..=self.1).contains(number));
        if number.is_none() {
            problems.wrong(place, format!("{integer} is out of range, write an integer {}", self.range()));
        }
        number
    }

    fn schema(&self) -> Map<String, Json> {
        members(json!({ "type": "integer", "minimum": self.0, "maximum": self.1 }))
    }

    fn range(&self) -> String {
        format!("from {} to {}", self.0, self.1)
    }
}
