//! `check`: everything that is wrong with a configuration, at once.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use super::{USAGE, print};
use crate::config;

/// One line per error on standard error, or `FILE: ok` on standard output.
pub(super) fn run(file: &Path) -> ExitCode {
    match config::load(file) {
        Ok(_) => print(&format!("{}: ok\n", file.display())),
        Err(errors) => {
            // These lines are for editors as well: nothing stands before the file's name.
            let _ = writeln!(io::stderr(), "{errors}");
            ExitCode::from(USAGE)
        }
    }
}
