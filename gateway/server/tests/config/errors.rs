//! One table of every error message: input and exact printed lines, in `errors/*.txt`.
//!
//! A case is `==== NAME`, the text of the file, and `----` with the printed lines below. The base
//! of `main.rs` is added after the text unless the name ends with `(alone)`.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::{BASE, parse};

struct Case<'a> {
    name: &'a str,
    input: &'a str,
    printed: &'a str,
}

fn cases(file: &str) -> Vec<Case<'_>> {
    let bodies = file.split("==== ").skip(1);
    let cases = bodies.map(|body| {
        let (name, rest) = body.split_once('\n').expect("a case has a name and a body");
        let (input, printed) = rest.split_once("----\n").expect("a case has printed lines");
        Case { name, input, printed: printed.trim_end() }
    });
    cases.collect()
}

fn printed(case: &Case<'_>) -> String {
    let base = if case.name.ends_with("(alone)") { "" } else { BASE };
    match parse(&format!("{}{base}", case.input)) {
        Ok(_) => "no error".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

/// Compares every case of every table. With `UPDATE_TABLES` in the environment the tables are
/// rewritten instead, for reading the difference.
#[test]
fn every_message_is_exactly_as_its_table_says() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/config/errors");
    let mut differences = String::new();
    let mut count = 0;
    for entry in std::fs::read_dir(directory).expect("the tables are there") {
        let path = entry.expect("readable").path();
        let file = std::fs::read_to_string(&path).expect("a table is text");
        let mut rewritten = String::new();
        for case in cases(&file) {
            count += 1;
            let printed = printed(&case);
            write!(rewritten, "==== {}\n{}----\n{printed}\n", case.name, case.input).expect("a string");
            if printed != case.printed {
                let shown = path.display();
                write!(
                    differences,
                    "\n{shown}: {}\n{printed}\n  but the table says\n{}\n",
                    case.name, case.printed
                )
                .expect("a string");
            }
        }
        if std::env::var_os("UPDATE_TABLES").is_some() {
            std::fs::write(&path, rewritten).expect("the table can be written");
        }
    }
    assert!(differences.is_empty(), "{differences}");
    assert!(count > 100, "only {count} cases were found");
}
