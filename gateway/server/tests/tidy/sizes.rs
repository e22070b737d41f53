//! How long a file may grow.

use crate::sources::Source;

/// Longest program text, in lines. What outgrows it holds two ideas: split it into rooms.
const LONGEST: usize = 400;

/// Kinds of files that hold program text.
const PROGRAMS: &[&str] = &["rs", "py", "mjs", "js", "sh"];

pub(crate) fn offences(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if PROGRAMS.contains(&source.extension()) && lines > LONGEST {
        vec![format!("{}: {lines} lines, the limit is {LONGEST}", source.path)]
    } else {
        Vec::new()
    }
}

#[test]
fn one_line_too_many_is_seen() {
    let at_the_limit = "\n".repeat(LONGEST);
    let over_it = "\n".repeat(LONGEST + 1);
    assert!(offences(&Source::made_up("a/src/lib.rs", &at_the_limit)).is_empty());
    assert_eq!(offences(&Source::made_up("a/src/lib.rs", &over_it)).len(), 1);
    assert_eq!(offences(&Source::made_up("a/tests/clients/test_a.py", &over_it)).len(), 1);
    assert!(offences(&Source::made_up("Cargo.lock", &over_it)).is_empty());
}
