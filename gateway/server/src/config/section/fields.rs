//! How a key takes part in its section: whether it must be there, and what its absence means.

use std::marker::PhantomData;

use serde_json::{Map, Value as Json, json};
use toml::de::DeValue;

use super::{KeyFacts, Need, Section, schema_of};
use crate::config::reader::{Located, Place, Problems, Slot, TableNode};
use crate::config::rules::{Rule, members, wrong_type};

/// A key as a section holds it.
pub(in crate::config) trait Field {
    /// What the section stores.
    type Stored;

    /// Reads the key, present or absent.
    fn read(&self, slot: Slot<'_>, problems: &mut Problems) -> Self::Stored;

    /// What is known about the key; `about` is its documentation.
    fn facts(&self, name: &'static str, about: &str) -> KeyFacts;
}

/// The key must be there; the text says what to write, as it follows "write".
pub(in crate::config) struct Required<R>(pub(in crate::config) R, pub(in crate::config) &'static str);

/// The key may be absent, which means something of its own.
pub(in crate::config) struct Optional<R>(pub(in crate::config) R);

/// The key has a default, written as in the file.
pub(in crate::config) struct Defaulted<R>(pub(in crate::config) R, pub(in crate::config) &'static str);

/// A table whose absence means the same as an empty one.
pub(in crate::config) struct Whole<S>(PhantomData<S>);

/// A table whose presence means something.
pub(in crate::config) struct Present<S>(PhantomData<S>);

/// A list of `[[double-bracket]]` tables.
pub(in crate::config) struct Many<S>(Need, PhantomData<S>);

/// A key whose feature comes later: known, and refused.
pub(in crate::config) struct Later;

// === impl Required, Optional and Defaulted ===

impl<R: Rule> Field for Required<R> {
    type Stored = Option<Located<R::Value>>;

    fn read(&self, slot: Slot<'_>, problems: &mut Problems) -> Self::Stored {
        if slot.value.is_none() {
            problems.missing(&slot.place, format!("is missing, write {}", self.1));
        }
        read_present(&self.0, slot, problems)
    }

    fn facts(&self, name: &'static str, about: &str) -> KeyFacts {
        KeyFacts { need: Need::Required, ..facts_of(&self.0, name, about) }
    }
}

impl<R: Rule> Field for Optional<R> {
    type Stored = Option<Located<R::Value>>;

    fn read(&self, slot: Slot<'_>, problems: &mut Problems) -> Self::Stored {
        read_present(&self.0, slot, problems)
    }

    fn facts(&self, name: &'static str, about: &str) -> KeyFacts {
        facts_of(&self.0, name, about)
    }
}

impl<R: Rule> Field for Defaulted<R> {
    type Stored = Located<R::Value>;

    /// A wrong value is noted and then counts as the default, so that reading can go on.
    fn read(&self, slot: Slot<'_>, problems: &mut Problems) -> Self::Stored {
        let place = slot.place.clone();
        read_present(&self.0, slot, problems).unwrap_or_else(|| {
            let written = DeValue::parse(self.1).expect("a test reads every default");
            let value = self.0.read(written.get_ref(), &place, &mut Problems::default());
            Located { value: value.expect("a test reads every default"), place }
        })
    }

    fn facts(&self, name: &'static str, about: &str) -> KeyFacts {
        let mut facts = facts_of(&self.0, name, about);
        facts.schema.insert("default".to_owned(), json_of(self.1));
        facts
    }
}

fn read_present<R: Rule>(rule: &R, slot: Slot<'_>, problems: &mut Problems) -> Option<Located<R::Value>> {
    let value = rule.read(slot.value?, &slot.place, problems)?;
    Some(Located { value, place: slot.place })
}

fn facts_of<R: Rule>(rule: &R, name: &'static str, about: &str) -> KeyFacts {
    let range = Some(rule.range()).filter(|range| !range.is_empty());
    let allowed = range.map(|range| format!(" Allowed: {range}.")).unwrap_or_default();
    let about = format!("{}{allowed}", about.trim());
    KeyFacts { name, about, need: Need::Optional, schema: rule.schema() }
}

/// A default as JSON: strings, integers and lists of strings are written alike in both.
fn json_of(written: &str) -> Json {
    serde_json::from_str(written).expect("a test reads every default")
}

// === impl Whole, Present and Many ===

impl<S> Whole<S> {
    pub(in crate::config) const NEW: Self = Self(PhantomData);
}

impl<S> Present<S> {
    pub(in crate::config) const NEW: Self = Self(PhantomData);
}

impl<S> Many<S> {
    /// Any number of them.
    pub(in crate::config) const ANY: Self = Self(Need::Optional, PhantomData);
    /// At least one.
    pub(in crate::config) const NEEDED: Self = Self(Need::Required, PhantomData);
}

impl<S: Section> Field for Whole<S> {
    type Stored = S;

    fn read(&self, slot: Slot<'_>, problems: &mut Problems) -> S {
        let table = slot.value.and_then(|value| table_of(value, &slot.place, problems));
        S::read(&table.unwrap_or(TableNode { table: None, place: slot.place }), problems)
    }

    fn facts(&self, name: &'static str, about: &str) -> KeyFacts {
        table_facts(name, about, schema_of::<S>())
    }
}

impl<S: Section> Field for Present<S> {
    type Stored = Option<S>;

    fn read(&self, slot: Slot<'_>, problems: &mut Problems) -> Option<S> {
        let table = table_of(slot.value?, &slot.place, problems)?;
        Some(S::read(&table, problems))
    }

    fn facts(&self, name: &'static str, about: &str) -> KeyFacts {
        table_facts(name, about, schema_of::<S>())
    }
}

impl<S: Section> Field for Many<S> {
    type Stored = Vec<S>;

    fn read(&self, slot: Slot<'_>, problems: &mut Problems) -> Vec<S> {
        let brackets = format!("[[{}]] with double brackets", slot.place.key);
        let elements = match slot.value {
            Some(DeValue::Array(array)) => array.iter().collect(),
            Some(value) => {
                wrong_type(value, &brackets, &slot.place, problems);
                return Vec::new();
            }
            None => Vec::new(),
        };
        if elements.is_empty() && self.0 == Need::Required {
            problems.missing(&slot.place, format!("is missing, write at least one {brackets}"));
        }
        let sections = elements.iter().enumerate().filter_map(|(index, element)| {
            let place = slot.place.element(index).at(element.span().start);
            let table = table_of(element.get_ref(), &place, problems)?;
            Some(S::read(&table, problems))
        });
        sections.collect()
    }

    fn facts(&self, name: &'static str, about: &str) -> KeyFacts {
        let least = u8::from(self.0 == Need::Required);
        let schema = members(json!({ "type": "array", "items": schema_of::<S>(), "minItems": least }));
        KeyFacts { need: self.0, ..table_facts(name, about, schema) }
    }
}

fn table_of<'a>(value: &'a DeValue<'a>, place: &Place, problems: &mut Problems) -> Option<TableNode<'a>> {
    let table = value.as_table();
    if table.is_none() {
        wrong_type(value, "a table", place, problems);
    }
    Some(TableNode { table: Some(table?), place: place.clone() })
}

fn table_facts(name: &'static str, about: &str, schema: Map<String, Json>) -> KeyFacts {
    KeyFacts { name, about: about.trim().to_owned(), need: Need::Optional, schema }
}

// === impl Later ===

impl Field for Later {
    type Stored = ();

    fn read(&self, slot: Slot<'_>, problems: &mut Problems) {
        if slot.value.is_some() {
            problems.wrong(&slot.place, "is not supported yet, remove it");
        }
    }

    /// In the schema nothing is right under such a key, so an editor marks it.
    fn facts(&self, name: &'static str, about: &str) -> KeyFacts {
        let about = format!("{} Not supported yet.", about.trim());
        KeyFacts { name, about, need: Need::Optional, schema: members(json!({ "not": {} })) }
    }
}
