//! A section is one table of the file. It is declared once, with the `section!` macro: the
//! declaration is the struct as written, its reader, its JSON Schema and its documentation.

mod fields;

use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use super::file::ConfigFile;
use super::nearest::{is_near, nearest, one_of};
use super::reader::{Place, Problems, TableNode};
use super::rules::members;
pub(super) use fields::{Defaulted, Field, Later, Many, Optional, Present, Required, Whole};

/// One table of the file, as written.
pub(super) trait Section: Sized {
    /// What the table is for.
    const ABOUT: &'static str;

    /// The names of its keys.
    const KEYS: &'static [&'static str];

    /// The names of keys whose feature comes later.
    const LATER: &'static [&'static str];

    /// Reads the table; an absent one is read as an empty one.
    fn read(table: &TableNode<'_>, problems: &mut Problems) -> Self;

    /// Its keys, in the order of the declaration.
    fn keys() -> Vec<KeyFacts>;

    /// Sets of keys of which exactly one must be given; none: no such demand.
    fn alternatives() -> &'static [&'static [&'static str]] {
        &[]
    }
}

/// What is known about one key.
pub(super) struct KeyFacts {
    pub(super) name: &'static str,
    /// What the key means.
    pub(super) about: String,
    /// Whether the table is wrong without it.
    pub(super) need: Need,
    /// Its JSON Schema, without description.
    pub(super) schema: Map<String, Json>,
}

/// Whether a key must be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Always.
    Required,
    /// It may be absent.
    Optional,
}

/// Declares a section: `field: stored type = "key" => how it is read;` for each key, with its meaning above,
/// then the keys whose feature comes `later`, then the sets of keys of which `one_of` must be given.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        struct $section:ident {
            $( $(#[doc = $doc:literal])+ $field:ident: $stored:ty = $key:literal => $how:expr; )*
        }
        $( later { $( $(#[doc = $later_doc:literal])+ $later:literal; )+ } )?
        $( one_of { $( $set:expr; )+ } )?
    ) => {
        $(#[doc = $about])+
        #[derive(Debug)]
        pub(in crate::config) struct $section {
            $( $(#[doc = $doc])+ pub(in crate::config) $field: $stored, )*
            /// Where the table stands.
            #[allow(dead_code, reason = "not every section is reported as a whole")]
            pub(in crate::config) place: $crate::config::reader::Place,
        }

        impl $crate::config::section::Section for $section {
            const ABOUT: &'static str = concat!($($about),+);

            const KEYS: &'static [&'static str] = &[$( $key, )*];

            const LATER: &'static [&'static str] = &[$( $( $later, )+ )?];

            fn read(
                table: &$crate::config::reader::TableNode<'_>,
                problems: &mut $crate::config::reader::Problems,
            ) -> Self {
                use $crate::config::section::Field as _;
                $crate::config::section::refuse_unknown_keys::<Self>(table, problems);
                $( $( $crate::config::section::Later.read(table.slot($later), problems); )+ )?
                Self {
                    $( $field: $how.read(table.slot($key), problems), )*
                    place: table.place.clone(),
                }
            }

            fn keys() -> Vec<$crate::config::section::KeyFacts> {
                use $crate::config::section::Field as _;
                vec![
                    $( $how.facts($key, concat!($($doc),+)), )*
                    $( $( $crate::config::section::Later.facts($later, concat!($($later_doc),+)), )+ )?
                ]
            }

            $(
                fn alternatives() -> &'static [&'static [&'static str]] {
                    &[$( &$set, )+]
                }
            )?
        }
    };
}
pub(super) use section;

/// Reads a section that is not written at all: every key has its default.
pub(super) fn absent<S: Section>() -> S {
    S::read(&TableNode { table: None, place: Place::default() }, &mut Problems::default())
}

/// The JSON Schema of a section.
pub(super) fn schema_of<S: Section>() -> Map<String, Json> {
    let keys = S::keys();
    let required: Vec<_> = keys.iter().filter(|key| key.need == Need::Required).map(|key| key.name).collect();
    let mut properties = Map::new();
    for key in keys {
        let mut property = members(json!({ "description": key.about }));
        property.extend(key.schema);
        properties.insert(key.name.to_owned(), Json::Object(property));
    }
    let mut schema = members(json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    }));
    if !S::alternatives().is_empty() {
        let sets: Vec<_> = S::alternatives().iter().map(|set| json!({ "required": set })).collect();
        schema.insert("oneOf".to_owned(), Json::Array(sets));
    }
    schema
}

/// Notes every key of the table that is not known, with what was probably meant.
pub(super) fn refuse_unknown_keys<S: Section>(table: &TableNode<'_>, problems: &mut Problems) {
    let is_known = |key: &str| S::KEYS.contains(&key) || S::LATER.contains(&key);
    for (key, place) in table.written_keys().filter(|(key, _)| !is_known(key)) {
        // The search for what was meant takes its time.
        if problems.are_full() {
            return;
        }
        problems.wrong(&place, unknown_key::<S>(key));
    }
}

fn unknown_key<S: Section>(key: &str) -> String {
    if let Some(meant) = nearest(key, &[S::KEYS, S::LATER].concat()).filter(|word| is_near(key, word)) {
        return format!("unknown key, did you mean \"{meant}\"?");
    }
    let homes = homes_of(key);
    if !homes.is_empty() {
        return format!("unknown key here, it is known as {}", one_of(&homes));
    }
    let meant = nearest(key, S::KEYS).unwrap_or_default();
    let known = one_of(S::KEYS);
    format!("unknown key, the nearest known key is \"{meant}\"; known here are {known}")
}

/// The full paths under which a key of this name is known anywhere in the file, those of later features left
/// out.
fn homes_of(name: &str) -> Vec<&'static str> {
    static PATHS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let mut paths = Vec::new();
        collect_paths(&schema_of::<ConfigFile>(), "", &mut paths);
        paths
    });
    let is_home = |path: &&String| path.rsplit('.').next() == Some(name);
    PATHS.iter().filter(is_home).map(String::as_str).collect()
}

fn collect_paths(schema: &Map<String, Json>, path: &str, paths: &mut Vec<String>) {
    for (key, property) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if property.get("not").is_none() {
            paths.push(path.clone());
        }
        let items = property.get("items").and_then(Json::as_object);
        match (items, property.as_object()) {
            (Some(items), _) => collect_paths(items, &format!("{path}[]"), paths),
            (None, Some(table)) => collect_paths(table, &path, paths),
            (None, None) => {}
        }
    }
}
