//! Syntax errors of the TOML file, together with what else can be said about a broken file.

use std::collections::BTreeSet;

use toml::de::{DeValue, Error};

use super::error::LineIndex;
use super::reader::{MAXIMUM_PROBLEMS, Place, Problem, ProblemKind, Problems, TableNode};

/// What the parser says of a key that stands in a table already.
const DUPLICATE: &str = "duplicate key";

/// The syntax errors and those of `problems` that a repair of the syntax will not change: nothing on
/// a line that could not be read, nothing below a table header that could not be read, and nothing
/// that only seems to be missing.
pub(super) fn merge(root: &TableNode<'_>, errors: &[Error], problems: Problems, text: &str) -> Vec<Problem> {
    let lines = LineIndex::new(text);
    let mut keys = Vec::new();
    collect_keys(root, &mut keys);
    keys.sort_by_key(|key| key.offset);
    let mut merged = Problems::default();
    for error in errors.iter().take(MAXIMUM_PROBLEMS) {
        merged.wrong(&place_of(error, &keys, &lines), message_of(error));
    }
    let broken: BTreeSet<usize> = errors.iter().map(|error| lines.line(offset_of(error))).collect();
    let headers = headers(text);
    let stays = |problem: &Problem| {
        let line = lines.line(problem.place.offset);
        problem.kind != ProblemKind::Missing
            && !broken.contains(&line)
            && !headers.get(line - 1).is_some_and(|header| broken.contains(header))
    };
    for problem in problems.into_sorted().into_iter().filter(stays) {
        merged.wrong(&problem.place, problem.message);
    }
    merged.into_sorted()
}

/// For each line the number of the line with the table header that it stands under; 0: none.
fn headers(text: &str) -> Vec<usize> {
    let mut header = 0;
    let lines = text.lines().enumerate().map(|(index, line)| {
        if line.trim_start().starts_with('[') {
            header = index + 1;
        }
        header
    });
    lines.collect()
}

/// The key that the error is about, as far as the tree has it: the last one on the same line. `keys` are
/// sorted by offset.
fn place_of(error: &Error, keys: &[Place], lines: &LineIndex<'_>) -> Place {
    let offset = offset_of(error);
    let before = &keys[..keys.partition_point(|key| key.offset <= offset)];
    let known = if error.message() == DUPLICATE {
        // The tree has the first of the two: the last key of this name before the second.
        let name = error.span().and_then(|span| lines.text.get(span)).unwrap_or_default();
        before.iter().rfind(|key| key.key.rsplit('.').next() == Some(name))
    } else {
        before.last().filter(|key| lines.line(key.offset) == lines.line(offset))
    };
    let key = known.map_or("(syntax)", |place| &place.key);
    Place { key: key.to_owned(), offset }
}

fn message_of(error: &Error) -> String {
    match error.message() {
        DUPLICATE => "is written twice, remove one of the two".to_owned(),
        "string values must be quoted, expected literal string" => {
            "has no value that TOML knows, write texts in quotes".to_owned()
        }
        message => message.replace(char::is_control, " "),
    }
}

fn offset_of(error: &Error) -> usize {
    error.span().map_or(0, |span| span.start)
}

/// Every key of the tree, with the place of the key itself.
fn collect_keys(table: &TableNode<'_>, keys: &mut Vec<Place>) {
    for (name, place) in table.written_keys() {
        let value = table.slot(name).value;
        collect_below(value, &place, keys);
        keys.push(place);
    }
}

fn collect_below(value: Option<&DeValue<'_>>, place: &Place, keys: &mut Vec<Place>) {
    match value {
        Some(DeValue::Table(table)) => {
            collect_keys(&TableNode { table: Some(table), place: place.clone() }, keys);
        }
        Some(DeValue::Array(array)) => {
            for (index, element) in array.iter().enumerate() {
                collect_below(Some(element.get_ref()), &place.element(index), keys);
            }
        }
        _ => {}
    }
}
