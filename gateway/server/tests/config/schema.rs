//! The JSON Schema and the reader know the same keys.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::tree::{Key, keys};
use super::{BASE, parse};

/// The reader takes each key of the schema for known, and none of a date's type.
#[test]
fn every_key_of_the_schema_is_known_to_the_reader() {
    for key in keys() {
        let written = one_of_each(&key.path);
        let text = format!("{} = 1979-05-27\n", written.dotted);
        let errors = parse(&text).expect_err("a date is right nowhere");
        let error = errors.iter().find(|error| error.key == written.reported);
        let message = &error.unwrap_or_else(|| panic!("{} is not reported in\n{errors}", key.path)).message;
        let expected = if key.is_later() { "is not supported yet, remove it" } else { "is a date, write " };
        assert!(message.starts_with(expected), "{}: {message}", key.path);
    }
}

/// An unknown key makes the reader say which keys it knows: the schema has the same ones.
#[test]
fn every_key_of_the_reader_is_in_the_schema() {
    let keys = keys();
    let tables = keys.iter().filter(|key| key.is_table()).map(|key| format!("{}{}", key.path, brackets(key)));
    for table in tables.chain([String::new()]) {
        let prefix = if table.is_empty() { String::new() } else { format!("{table}.") };
        let supported = keys.iter().filter(|key| !key.is_later());
        let in_schema: BTreeSet<&str> = supported
            .filter_map(|key| key.path.strip_prefix(&prefix))
            .filter(|rest| !rest.contains('.'))
            .collect();
        let text = format!("{} = 1\n", one_of_each(&format!("{prefix}zzzzzzzzzzzzzzzz")).dotted);
        let errors = parse(&text).expect_err("the key is unknown");
        let error =
            errors.iter().find(|error| error.message.starts_with("unknown key")).expect("it is reported");
        let (_, known) = error.message.split_once("known here are ").unwrap_or(("", ""));
        // Between quotes stand the names, outside of them the words of the sentence.
        let known: BTreeSet<&str> = known.split('"').skip(1).step_by(2).collect();
        assert_eq!(known, in_schema, "table {table:?}");
        assert!(!in_schema.is_empty(), "table {table:?} has no key");
    }
}

/// Writing every default of the schema down changes nothing.
#[test]
fn every_default_of_the_schema_is_that_of_the_reader() {
    let document = |defaults: &dyn Fn(&str) -> String| {
        let sections = [
            ("", "public-url = \"https://api.example\"\n"),
            ("store.", "[store]\n"),
            ("limits.", "[limits]\n"),
            ("upstreams[].", "[[upstreams]]\nname = \"origin\"\nservers = [\"http://127.0.0.1:3000\"]\n"),
            ("routes[].", "[[routes]]\nname = \"base\"\nupstream = \"origin\"\n"),
            ("routes[].progress.", "[routes.progress]\n"),
            ("listeners[].", "[[listeners]]\naddress = \"127.0.0.1:8080\"\n"),
        ];
        let texts = sections.map(|(section, text)| format!("{text}{}", defaults(section)));
        texts.concat()
    };
    let keys = keys();
    let with_default: Vec<&Key> = keys.iter().filter(|key| key.schema.get("default").is_some()).collect();
    let in_section = |section: &str| {
        let members = with_default.iter().filter_map(|key| {
            let name = key.path.strip_prefix(section).filter(|rest| !rest.contains('.'))?;
            Some(format!("{name} = {}\n", key.schema["default"]))
        });
        members.collect::<String>()
    };
    let plain = document(&|_| String::new());
    let written = document(&in_section);
    assert_eq!(written.lines().count(), plain.lines().count() + with_default.len(), "{written}");
    let read = |text: &str| parse(text).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    assert_eq!(read(&written), read(&plain));
}

#[test]
fn the_schema_is_closed_described_and_says_what_it_is() {
    let schema = progress_gateway::config::schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], serde_json::json!(["listeners", "upstreams", "routes"]));
    for key in keys() {
        let about = key.schema["description"].as_str().unwrap_or_default();
        assert!(about.ends_with('.') && about.len() > 10, "{}: {about:?}", key.path);
        let table = if key.schema.get("items").is_some() { &key.schema["items"] } else { &key.schema };
        if key.is_table() {
            assert_eq!(table["additionalProperties"], false, "{}", key.path);
        } else if !key.is_later() {
            assert!(says_its_form(&key.schema), "{}: {}", key.path, key.schema);
        }
    }
}

#[test]
fn the_base_of_these_tests_is_right() {
    assert!(parse(BASE).is_ok());
}

fn says_its_form(schema: &Json) -> bool {
    ["type", "enum", "anyOf"].iter().any(|member| schema.get(*member).is_some())
}

fn brackets(key: &Key) -> &'static str {
    if key.schema.get("items").is_some() { "[]" } else { "" }
}

/// A key path with one element in each list, as a line of TOML and as messages print it.
struct Written {
    dotted: String,
    reported: String,
}

fn one_of_each(path: &str) -> Written {
    let reported = path.replace("[]", "[0]");
    let dotted = match path.rsplit_once("[].") {
        // Only the outermost level holds lists of tables.
        Some((list, rest)) => format!("[[{list}]]\n{rest}"),
        None => path.to_owned(),
    };
    Written { dotted, reported }
}
