//! The files that belong to the project, found without asking a version control system.

use std::fs;
use std::path::{Path, PathBuf};

/// One text file of the workspace.
pub(crate) struct Source {
    /// Path from the workspace's root, with `/` between the parts.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// A made-up file for the tests of the rules.
    pub(crate) fn made_up(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Whether the file is compiled into its crate, as opposed to a test, a benchmark or an example.
    pub(crate) fn is_production(&self) -> bool {
        self.extension() == "rs"
            && self.path.split('/').any(|part| part == "src")
            && !self.path.ends_with("/tests.rs")
            && !self.path.split('/').any(|part| part == "tests")
    }
}

/// Every text file of the workspace, in the order of their paths.
pub(crate) fn workspace() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    files.iter().filter_map(|file| read(&root, file)).collect()
}

/// Directories that tools fill, and fuzzing corpora, which hold arbitrary bytes on purpose.
const NOT_OURS: &[&str] =
    &["target", ".git", ".venv", ".tools", "node_modules", "__pycache__", "corpus", "artifacts"];

fn walk(directory: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(directory).expect("the workspace can be listed");
    for entry in entries {
        let entry = entry.expect("the workspace can be listed");
        // A temporary file of a program that runs beside the tests may be gone by now.
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            if !NOT_OURS.iter().any(|name| entry.file_name() == *name) {
                walk(&entry.path(), files);
            }
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
}

/// Reads a file; `None` if it is not text or has gone.
fn read(root: &Path, file: &Path) -> Option<Source> {
    let text = String::from_utf8(fs::read(file).ok()?).ok()?;
    let inner = file.strip_prefix(root).expect("the walk began at the root");
    Some(Source { path: inner.to_string_lossy().replace('\\', "/"), text })
}

#[test]
fn tests_are_not_production() {
    for (path, production) in [
        ("gateway/core/src/progress.rs", true),
        ("gateway/core/src/progress/tests.rs", false),
        ("gateway/core/src/progress/tests/vectors.rs", false),
        ("gateway/core/tests/vectors.rs", false),
        ("gateway/core/benches/parse.rs", false),
        ("gateway/core/src/notes.md", false),
    ] {
        assert_eq!(Source::made_up(path, "").is_production(), production, "{path}");
    }
}
