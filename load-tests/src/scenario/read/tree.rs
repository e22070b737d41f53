//! A TOML file as a tree: `[quick]` laid over the rest, and where each key stands.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The table that is laid over the rest.
pub(super) const QUICK: &str = "quick";

/// A tree whose values know where in the file they stand.
type Root<'t> = Spanned<DeTable<'t>>;

/// The file without `[quick]`, and with `[quick]` laid over it if there is one. `None`: `quick` is no table.
pub(super) fn lay_over<'t>(root: &Root<'t>) -> Option<(Root<'t>, Option<Root<'t>>)> {
    let mut plain = root.clone();
    match plain.get_mut().remove(QUICK).map(Spanned::into_inner) {
        None => Some((plain, None)),
        Some(DeValue::Table(over)) => {
            let mut laid = plain.clone();
            merge(laid.get_mut(), over);
            Some((plain, Some(laid)))
        }
        Some(_) => None,
    }
}

fn merge<'t>(below: &mut DeTable<'t>, over: DeTable<'t>) {
    for (key, value) in over {
        let (name, span) = (key.get_ref().clone(), value.span());
        match (below.get_mut(&*name).map(Spanned::get_mut), value.into_inner()) {
            (Some(DeValue::Table(below)), DeValue::Table(over)) => merge(below, over),
            (_, value) => {
                below.remove(&*name);
                below.insert(key, Spanned::new(span, value));
            }
        }
    }
}

/// Every key of a tree by its name with its tables, such as `clients[1].weight`.
#[derive(Default)]
pub(super) struct Places(BTreeMap<String, Place>);

struct Place {
    key: Range<usize>,
    value: Range<usize>,
}

impl Places {
    /// Of all tables and arrays below this one.
    pub(super) fn of(root: &DeTable<'_>) -> Self {
        let mut places = Self::default();
        places.enter_table("", root);
        places
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Where the key stands, or else the nearest table that it would be in; 0 if none of them is written.
    pub(super) fn offset(&self, name: &str) -> usize {
        let mut name = name;
        loop {
            if let Some(place) = self.0.get(name) {
                return place.key.start;
            }
            match name.rfind(['.', '[']) {
                Some(end) => name = &name[..end],
                None => return 0,
            }
        }
    }

    /// The innermost key which, itself or with its value, stands at this offset.
    pub(super) fn key_at(&self, offset: usize) -> Option<&str> {
        let holds = |place: &Place| place.key.contains(&offset) || place.value.contains(&offset);
        let holding = self.0.iter().filter(|(_, place)| holds(place));
        holding.map(|(name, _)| name.as_str()).max_by_key(|name| name.matches(['.', '[']).count())
    }

    fn enter_table(&mut self, above: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let dot = if above.is_empty() { "" } else { "." };
            self.enter(format!("{above}{dot}{}", key.get_ref()), key.span(), value);
        }
    }

    fn enter(&mut self, name: String, key: Range<usize>, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => self.enter_table(&name, table),
            DeValue::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.enter(format!("{name}[{index}]"), element.span(), element);
                }
            }
            _ => {}
        }
        self.0.insert(name, Place { key, value: value.span() });
    }
}
