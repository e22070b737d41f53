//! Walking the tree of a TOML file: where each value stands, and what is wrong with it.

use std::collections::BTreeSet;
use std::ops::Bound;

use toml::de::{DeTable, DeValue};

/// Where a key stands: its full path for messages, and its offset in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Such as `routes[0].progress.deadline`; empty for the whole file.
    pub(super) key: String,
    /// Byte offset of the value; of the enclosing table if the key is absent.
    pub(super) offset: usize,
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// More than anybody corrects before the next check; keeps a file that is not a configuration at all from
/// being answered with a line for each of its bytes.
pub(super) const MAXIMUM_PROBLEMS: usize = 1_000;

/// What was found to be wrong; reading goes on after each.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// At most [`MAXIMUM_PROBLEMS`].
    list: Vec<Problem>,
    /// The keys of `list`, for [`Problems::concern`].
    keys: BTreeSet<String>,
}

/// One thing that is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) kind: ProblemKind,
    pub(super) place: Place,
    pub(super) message: String,
}

/// Of what sort a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProblemKind {
    /// Something that should be there is not; means nothing if a syntax error swallowed it.
    Missing,
    /// Something that is there is wrong.
    Wrong,
}

/// A value of the tree, or its absence, on its way to a rule.
pub(super) struct Slot<'a> {
    pub(super) value: Option<&'a DeValue<'a>>,
    pub(super) place: Place,
}

/// A table of the tree; an absent one is an empty one.
pub(super) struct TableNode<'a> {
    pub(super) table: Option<&'a DeTable<'a>>,
    pub(super) place: Place,
}

// === impl Place ===

impl Place {
    /// The place of a key in the table at this place.
    pub(super) fn child(&self, key: &str) -> Self {
        let written = if is_bare(key) { key.to_owned() } else { format!("{key:?}") };
        let path = if self.key.is_empty() { written } else { format!("{}.{written}", self.key) };
        Self { key: path, offset: self.offset }
    }

    /// The place of an element in the list at this place.
    pub(super) fn element(&self, index: usize) -> Self {
        Self { key: format!("{}[{index}]", self.key), offset: self.offset }
    }

    /// The same key, standing at `offset`.
    pub(super) fn at(self, offset: usize) -> Self {
        Self { offset, ..self }
    }
}

// === impl Problems ===

impl Problems {
    /// Notes that the value at `place` is wrong.
    pub(super) fn wrong(&mut self, place: &Place, message: impl Into<String>) {
        self.note(ProblemKind::Wrong, place, message.into());
    }

    /// Notes that `place` should hold something.
    pub(super) fn missing(&mut self, place: &Place, message: impl Into<String>) {
        self.note(ProblemKind::Missing, place, message.into());
    }

    /// Whether something is known to be wrong with `place` or below it: what follows from that is not worth
    /// a line of its own.
    pub(super) fn concern(&self, place: &Place) -> bool {
        let begins = |start: String| {
            let next = self.keys.range::<str, _>((Bound::Included(start.as_str()), Bound::Unbounded)).next();
            next.is_some_and(|key| key.starts_with(&start))
        };
        self.keys.contains(&place.key)
            || begins(format!("{}.", place.key))
            || begins(format!("{}[", place.key))
    }

    /// Whether no further problem is noted.
    pub(super) fn are_full(&self) -> bool {
        self.list.len() == MAXIMUM_PROBLEMS
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Everything that is wrong, in the order of the file.
    pub(super) fn into_sorted(mut self) -> Vec<Problem> {
        self.list.sort_by(|a, b| (a.place.offset, &a.place.key).cmp(&(b.place.offset, &b.place.key)));
        self.list.dedup();
        self.list
    }

    fn note(&mut self, kind: ProblemKind, place: &Place, message: String) {
        if self.are_full() {
            return;
        }
        self.keys.insert(place.key.clone());
        self.list.push(Problem { kind, place: place.clone(), message });
    }
}

// === impl TableNode ===

impl<'a> TableNode<'a> {
    /// What stands under `key`.
    pub(super) fn slot(&self, key: &str) -> Slot<'a> {
        let place = self.place.child(key);
        match self.table.and_then(|table| table.get(key)) {
            Some(value) => Slot { place: place.at(value.span().start), value: Some(value.get_ref()) },
            None => Slot { value: None, place },
        }
    }

    /// The keys that are written in this table, with their places.
    pub(super) fn written_keys(&self) -> impl Iterator<Item = (&'a str, Place)> + use<'a, '_> {
        let entries = self.table.into_iter().flat_map(DeTable::iter);
        entries.map(|(key, _)| {
            let name: &str = key.get_ref();
            (name, self.place.child(name).at(key.span().start))
        })
    }
}

/// What a value is, for messages.
pub(super) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn is_bare(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_like_toml() {
        let routes = Place::default().child("routes").element(2);
        assert_eq!(routes.child("progress").child("deadline").key, "routes[2].progress.deadline");
        assert_eq!(routes.child("a b\n").key, r#"routes[2]."a b\n""#);
        assert_eq!(Place::default().child("").key, r#""""#);
    }

    #[test]
    fn a_problem_concerns_its_key_and_the_tables_around_it() {
        let tls = Place::default().child("listeners").element(1).child("tls");
        let mut problems = Problems::default();
        problems.wrong(&tls.child("private-key"), "is wrong");
        assert!(problems.concern(&tls) && problems.concern(&tls.child("private-key")));
        assert!(problems.concern(&Place::default().child("listeners")));
        for other in ["tls-extra", "tl", "tls.private-key.more"] {
            let other = Place { key: format!("listeners[1].{other}"), offset: 0 };
            assert!(!problems.concern(&other), "{other:?}");
        }
        assert!(!problems.concern(&Place::default().child("listeners").element(10)));
    }

    #[test]
    fn problems_come_in_file_order_and_once() {
        let mut problems = Problems::default();
        let (early, late) = (Place::default().child("a").at(3), Place::default().child("b").at(9));
        problems.wrong(&late, "late");
        problems.missing(&early, "early");
        problems.wrong(&late, "late");
        let messages: Vec<_> = problems.into_sorted().into_iter().map(|problem| problem.message).collect();
        assert_eq!(messages, ["early", "late"]);
    }
}
