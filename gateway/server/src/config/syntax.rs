//! Syntax errors of the TOML file, together with what else can be said about a broken file.

use toml::de::{DeValue, Error};

use super::error::LineIndex;
use super::reader::{Place, Problem, ProblemKind, Problems, TableNode};

/// The syntax errors and those of `problems` that a repair of the syntax will not change: none on a
/// line that could not be read, and nothing that only seems to be missing.
pub(super) fn merge(
    root: &TableNode<'_>,
    errors: &[Error],
    problems: Problems,
    lines: &LineIndex<'_>,
) -> Vec<Problem> {
    let mut keys = Vec::new();
    collect_keys(root, &mut keys);
    let mut merged = Problems::default();
    for error in errors {
        merged.wrong(&place_of(error, &keys, lines), message_of(error));
    }
    let line = |offset| lines.position(offset).line;
    let broken: Vec<usize> = errors.iter().map(|error| line(offset_of(error))).collect();
    let stays = |problem: &Problem| {
        problem.kind != ProblemKind::Missing && !broken.contains(&line(problem.place.offset))
    };
    for problem in problems.into_sorted().into_iter().filter(stays) {
        merged.wrong(&problem.place, problem.message);
    }
    merged.into_sorted()
}

/// The last key that begins on the line of the error and not after it; else the line has no key.
fn place_of(error: &Error, keys: &[Place], lines: &LineIndex<'_>) -> Place {
    let offset = offset_of(error);
    let line = lines.position(offset).line;
    let on_line = |key: &&Place| key.offset <= offset && lines.position(key.offset).line == line;
    let key = keys.iter().filter(on_line).max_by_key(|key| key.offset);
    key.cloned().unwrap_or_else(|| Place { key: "(syntax)".to_owned(), offset }).at(offset)
}

fn message_of(error: &Error) -> String {
    match error.message() {
        "duplicate key" => "is written twice, remove one of the two".to_owned(),
        message => message.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'"),
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
