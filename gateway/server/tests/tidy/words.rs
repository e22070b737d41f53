//! Words that do not belong in the project: marks of unfinished work, names that say nothing, and
//! paths to places that a clone does not have.

use crate::sources::Source;

/// Marks of unfinished work. Spelled in two halves so that this file does not contain them.
const UNFINISHED: &[(&str, &str)] = &[
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X"),
    ("for", " now"),
    ("todo", "!"),
    ("unimplemented", "!"),
    ("#[ign", "ore"),
];

/// Prose may speak of such marks and the lock file is not written by hand.
const MAY_NAME_THEM: &[&str] = &["md", "lock"];

/// Names that say where code was put but not what it does.
const DRAWERS: &[&str] = &["common", "helper", "helpers", "manager", "misc", "util", "utils"];

pub(crate) fn unfinished(source: &Source) -> Vec<String> {
    if MAY_NAME_THEM.contains(&source.extension()) {
        return Vec::new();
    }
    let marks = UNFINISHED.iter().map(|(start, end)| format!("{start}{end}"));
    marks.flat_map(|mark| mentions(source, &mark, "finish it or leave it out")).collect()
}

/// What was given to read beside the repository is not there in a clone.
pub(crate) fn outside(source: &Source) -> Vec<String> {
    mentions(source, concat!("..", "/shared"), "a clone does not have it: copy what is needed")
}

pub(crate) fn drawers(source: &Source) -> Vec<String> {
    if source.extension() != "rs" {
        return Vec::new();
    }
    let stem = source.path.trim_end_matches(".rs");
    let file = stem.split('/').filter(|part| DRAWERS.contains(part)).map(str::to_owned);
    let inline = source.text.lines().filter_map(inline_module).filter(|name| DRAWERS.contains(name));
    file.chain(inline.map(str::to_owned))
        .map(|name| format!("{}: a module named `{name}` says nothing; name the idea", source.path))
        .collect()
}

fn mentions(source: &Source, word: &str, advice: &str) -> Vec<String> {
    let lines = source.text.lines().enumerate().filter(|(_, line)| line.contains(word));
    lines.map(|(index, _)| format!("{}:{}: `{word}`: {advice}", source.path, index + 1)).collect()
}

/// The name in `mod name {`, with any visibility before it.
fn inline_module(line: &str) -> Option<&str> {
    let (before, name) = line.trim().split_once("mod ")?;
    let visible = before.is_empty() || before.starts_with("pub");
    name.strip_suffix('{').map(str::trim).filter(|_| visible)
}

#[test]
fn each_mark_is_seen() {
    for (start, end) in UNFINISHED {
        let text = format!("fn fine() {{}}\n// {start}{end}: the rest\n");
        let found = unfinished(&Source::made_up("Makefile", &text));
        assert_eq!(found.len(), 1, "{start}{end}");
        assert!(found[0].starts_with("Makefile:2: "), "{}", found[0]);
        assert!(unfinished(&Source::made_up("CHANGELOG.md", &text)).is_empty());
    }
}

#[test]
fn drawers_are_seen_as_files_directories_and_inline_modules() {
    for (path, text, count) in [
        ("a/src/utils.rs", "", 1),
        ("a/tests/common/mod.rs", "", 1),
        ("a/src/lib.rs", "pub(crate) mod helpers {\n}\n", 1),
        ("a/src/lib.rs", "mod manager {", 1),
        ("a/src/lib.rs", "mod pulse {", 0),
        ("a/src/commonplace.rs", "// a common mod util {\n", 0),
        ("a/common/notes.md", "", 0),
    ] {
        assert_eq!(drawers(&Source::made_up(path, text)).len(), count, "{path} {text}");
    }
}

#[test]
fn a_path_to_the_outside_is_seen_in_prose_too() {
    let text = format!("see {}/spec.md", concat!("..", "/shared"));
    assert_eq!(outside(&Source::made_up("README.md", &text)).len(), 1);
    assert!(outside(&Source::made_up("README.md", "see ../gateway/docs")).is_empty());
}
