//! Runs in a file: an array of reports, as `--json` writes it and `compare` reads it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{RunReport, VERSION};

/// Why a file of runs could not be written or read. The operator can do something about each.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// The system refuses to write it.
    #[error("{}: cannot be written: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system refuses to read it.
    #[error("{}: cannot be read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("{}: not what `progress-load run --json` writes: {source}", file.display())]
    Form {
        /// The file.
        file: PathBuf,
        /// What was expected, with line and column.
        source: serde_json::Error,
    },
    /// Another version of this program made it.
    #[error(
        "{}: run {number} has version {found}, this program reads version {VERSION}: make it again, \
         or compare it with the `progress-load` that made it",
        file.display()
    )]
    Version {
        /// The file.
        file: PathBuf,
        /// Which run in it, from 1.
        number: usize,
        /// Its version.
        found: u32,
    },
}

/// Writes the runs into the file and replaces what was there.
pub fn write(file: &Path, runs: &[RunReport]) -> Result<(), JsonError> {
    let text = serde_json::to_string_pretty(runs).map_err(|source| form(file, source))?;
    fs::write(file, text + "\n").map_err(|source| JsonError::Write { file: file.to_owned(), source })
}

/// Reads the runs of a file that [`write()`] made. Numbers come back to 15 digits.
pub fn read(file: &Path) -> Result<Vec<RunReport>, JsonError> {
    let text =
        fs::read_to_string(file).map_err(|source| JsonError::Read { file: file.to_owned(), source })?;
    // Before anything else of them is looked at: in another version all the rest may have changed.
    let versions: Vec<Versioned> = serde_json::from_str(&text).map_err(|source| form(file, source))?;
    let found = versions.iter().map(|run| run.version);
    if let Some((index, found)) = found.enumerate().find(|(_, version)| *version != VERSION) {
        return Err(JsonError::Version { file: file.to_owned(), number: index + 1, found });
    }
    serde_json::from_str(&text).map_err(|source| form(file, source))
}

fn form(file: &Path, source: serde_json::Error) -> JsonError {
    JsonError::Form { file: file.to_owned(), source }
}

/// All that is said about a report before its version is known.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    /// A file of its own for each test, gone with it.
    struct File(PathBuf);

    impl File {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("progress-load-{}-{name}.json", std::process::id())))
        }
    }

    impl Drop for File {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    fn refusal(name: &str, text: &str) -> String {
        let file = File::new(name);
        fs::write(&file.0, text).unwrap();
        read(&file.0).unwrap_err().to_string()
    }

    #[test]
    fn what_was_written_is_read_again() {
        let file = File::new("round-trip");
        let runs = [samples::run("steady"), samples::bare("plain & <simple>")];
        write(&file.0, &runs).unwrap();
        assert!(read(&file.0).unwrap() == runs, "another run came back");
    }

    #[test]
    fn another_version_is_refused_before_the_rest_is_looked_at() {
        let said = refusal("version", r#"[{"version": 7, "unheard-of": []}]"#);
        assert!(said.contains("version.json: run 1 has version 7, this program reads version 2"), "{said}");
    }

    #[test]
    fn what_is_no_report_is_refused_with_its_place() {
        for (name, text, expected) in [
            ("empty", "", "line 1 column 0"),
            ("object", "{}", "expected a sequence at line 1 column 0"),
            ("member", r#"[{"version": 2}]"#, "missing field `scenario` at line 1 column 15"),
        ] {
            let said = refusal(name, text);
            assert!(
                said.contains(&format!("{name}.json: not what `progress-load run --json` writes")),
                "{said}"
            );
            assert!(said.ends_with(expected), "{said}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let file = File::new("absent");
        let said = read(&file.0).unwrap_err().to_string();
        assert!(said.contains("absent.json: cannot be read"), "{said}");
        let nowhere = file.0.join("below/a-file");
        assert!(write(&nowhere, &[]).unwrap_err().to_string().contains("cannot be written"));
    }
}
