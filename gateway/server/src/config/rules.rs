//! What one key may hold: each rule reads a value, says what is wrong with it, and describes
//! itself for the JSON Schema, so that the two cannot drift apart.

mod lists;
mod quantities;

use serde_json::{Map, Value as Json, json};
use toml::de::DeValue;

use super::nearest::{is_near, nearest, one_of};
use super::reader::{Place, Problems, kind_of};
pub(super) use lists::{Least, List};
pub(super) use quantities::{DurationOrNever, Integer, Size, Span};

/// What one value may be.
pub(super) trait Rule {
    /// What a right value means.
    type Value;

    /// Reads `value`; notes what is wrong with it and then returns `None`.
    fn read(&self, value: &DeValue<'_>, place: &Place, problems: &mut Problems) -> Option<Self::Value>;

    /// The rule as members of a JSON Schema.
    fn schema(&self) -> Map<String, Json>;

    /// The stated range, as the last sentence of the key's description; empty if there is none.
    fn range(&self) -> String {
        String::new()
    }
}

/// A text with a grammar of its own.
pub(super) struct Text<T> {
    /// What to write, as it follows "write": `a URL such as "https://api.example"`.
    pub(super) what: &'static str,
    /// The grammar as a regular expression for the schema: never stricter than `parse`.
    pub(super) pattern: &'static str,
    /// Reads the text; the error says what is wrong and what would be right.
    pub(super) parse: fn(&str) -> Result<T, String>,
}

/// One of a few words.
pub(super) struct Choice<T: 'static> {
    /// The words and what they mean.
    pub(super) words: &'static [(&'static str, T)],
    /// Words whose feature does not exist yet.
    pub(super) later: &'static [&'static str],
}

// === impl Text ===

impl<T> Rule for Text<T> {
    type Value = T;

    fn read(&self, value: &DeValue<'_>, place: &Place, problems: &mut Problems) -> Option<T> {
        let text = text_of(value, self.what, place, problems)?;
        (self.parse)(text).map_err(|message| problems.wrong(place, message)).ok()
    }

    fn schema(&self) -> Map<String, Json> {
        members(json!({ "type": "string", "pattern": self.pattern }))
    }
}

// === impl Choice ===

impl<T> Choice<T> {
    fn names(&self) -> Vec<&'static str> {
        self.words.iter().map(|(word, _)| *word).collect()
    }
}

impl<T: Copy> Rule for Choice<T> {
    type Value = T;

    fn read(&self, value: &DeValue<'_>, place: &Place, problems: &mut Problems) -> Option<T> {
        let names = self.names();
        let known = one_of(&names);
        let text = text_of(value, &known, place, problems)?;
        if let Some((_, meaning)) = self.words.iter().find(|(word, _)| *word == text) {
            return Some(*meaning);
        }
        let message = match nearest(text, &names).filter(|word| is_near(text, word)) {
            _ if self.later.contains(&text) => format!("{text:?} is not supported yet, write {known}"),
            Some(meant) if names.len() > 1 => {
                format!("{text:?} is not known, did you mean {meant:?}? known are {known}")
            }
            _ => format!("{text:?} is not known, write {known}"),
        };
        problems.wrong(place, message);
        None
    }

    fn schema(&self) -> Map<String, Json> {
        members(json!({ "enum": self.names() }))
    }

    fn range(&self) -> String {
        one_of(&self.names())
    }
}

/// `true` or `false`.
pub(super) struct Switch;

impl Rule for Switch {
    type Value = bool;

    fn read(&self, value: &DeValue<'_>, place: &Place, problems: &mut Problems) -> Option<bool> {
        let switch = value.as_bool();
        if switch.is_none() {
            wrong_type(value, "true or false", place, problems);
        }
        switch
    }

    fn schema(&self) -> Map<String, Json> {
        members(json!({ "type": "boolean" }))
    }
}

/// The text of a string value; `what` says what to write instead of anything else.
pub(super) fn text_of<'a>(
    value: &'a DeValue<'_>,
    what: &str,
    place: &Place,
    problems: &mut Problems,
) -> Option<&'a str> {
    let text = value.as_str();
    if text.is_none() {
        wrong_type(value, what, place, problems);
    }
    text
}

/// Notes that `value` is not even of the right type.
pub(super) fn wrong_type(value: &DeValue<'_>, what: &str, place: &Place, problems: &mut Problems) {
    problems.wrong(place, format!("is {}, write {what}", kind_of(value)));
}

/// The members of a JSON object.
pub(super) fn members(object: Json) -> Map<String, Json> {
    match object {
        Json::Object(members) => members,
        _ => Map::new(),
    }
}
