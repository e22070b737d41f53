//! `run`: the gateway, until it is told to stop.

use std::io::{self, Write};
use std::process::ExitCode;

use downstream::Drain;
use tokio::runtime;

use super::{FAILED, RunArgs, Tls, USAGE, complain};
use crate::config::{self, ConfigErrors, QuickStart, QuickTls, Settings};
use crate::gateway::{self, StartError};
use crate::listen::ListenError;
use crate::signals;

/// Why a gateway could not run.
#[derive(Debug, thiserror::Error)]
enum RunError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The system gives no runtime, or no signals.
    #[error("the system refuses: {0}")]
    System(#[from] io::Error),
}

pub(super) fn run(options: RunArgs) -> ExitCode {
    let settings = match settings(options) {
        Ok(settings) => settings,
        Err(errors) => {
            let _ = writeln!(io::stderr(), "{errors}");
            return ExitCode::from(USAGE);
        }
    };
    match serve(&settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(RunError::Start(StartError::Listen(error @ ListenError::Workers(_)))) => complain(USAGE, &error),
        Err(error) => complain(FAILED, &error),
    }
}

fn settings(options: RunArgs) -> Result<Settings, ConfigErrors> {
    if let Some(file) = options.config {
        return config::load(&file);
    }
    let tls = match options.tls {
        Some(Tls::SelfSigned) => QuickTls::SelfSigned,
        None => QuickTls::Cleartext,
    };
    config::quick_start(QuickStart { listen: options.listen, upstream: options.upstream, tls })
}

/// Clients are served by threads of their own; this one has the signals and the admin listener.
fn serve(settings: &Settings) -> Result<(), RunError> {
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        // Before anything listens: a signal that comes early drains too.
        let signals = signals::of_process()?;
        let running = gateway::start(settings, Drain::new()).await?;
        for address in running.addresses() {
            tracing::info!(%address, "serving");
        }
        if let Some(address) = running.admin_address() {
            tracing::info!(%address, "serving metrics and health");
        }
        // How the drain ended is in the log; asking for an end and getting it is no failure.
        running.run(signals).await;
        Ok(())
    })
}
