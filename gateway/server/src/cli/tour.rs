//! `demo`: the tour on this terminal.

use std::env;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use tokio::runtime;

use super::{DemoArgs, FAILED, complain, with_log};
use crate::demo::{self, After, Colours, Demo, DemoError, Screen, Verdict};
use crate::logging::{self, LogFormat};
use crate::signals;

/// Only who asked for the log gets it: its lines would stand between those of the tour.
pub(super) fn run(options: &DemoArgs, log_format: LogFormat) -> ExitCode {
    let show = || match show(if options.once { After::End } else { After::Serve }) {
        Ok(Verdict::AsPromised) => ExitCode::SUCCESS,
        Ok(Verdict::Otherwise) => ExitCode::from(FAILED),
        Err(error) => complain(FAILED, &error),
    };
    if env::var_os(logging::VARIABLE).is_some() { with_log(log_format, show) } else { show() }
}

fn show(after: After) -> Result<Verdict, DemoError> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(DemoError::System)?;
    runtime.block_on(async {
        let signals = signals::of_process().map_err(DemoError::System)?;
        let mut out = io::stdout();
        let mut screen = Screen::new(&mut out, colours());
        demo::run(Demo { after, ..Demo::default() }, &mut screen, signals).await
    })
}

/// Colours where somebody looks and has not asked for none (<https://no-color.org>).
fn colours() -> Colours {
    let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if io::stdout().is_terminal() && !unwanted { Colours::Ansi } else { Colours::None }
}
