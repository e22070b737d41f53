//! Logs: one line per event on standard error.

mod fields;

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::{MakeWriter, SubscriberBuilder};

use fields::PlainFields;

/// The environment variable that says what is logged, such as `debug` or `info,access=off`.
pub const VARIABLE: &str = "PROGRESS_GATEWAY_LOG";

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people; coloured on a terminal.
    #[default]
    Human,
    /// One JSON object per line.
    Json,
}

/// Why nothing can be logged. Each blames the operator.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The variable has directives that cannot be read.
    #[error(
        "{VARIABLE}: {0}; write a level (error, warn, info, debug, trace) or TARGET=LEVEL, with commas between"
    )]
    Filter(String),
    /// There is a subscriber already: a process has one log.
    #[error("logging was set up twice")]
    Twice,
}

/// Sets up the log of this process, at `info` unless [`VARIABLE`] says otherwise. To be called
/// once, by `main`: the log is the only thing that all gateways of a process share.
pub fn init(format: LogFormat) -> Result<(), LoggingError> {
    let directives = std::env::var(VARIABLE).unwrap_or_default();
    let filter = filter(&directives)?;
    let subscriber = subscriber(format, filter, io::stderr);
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LoggingError::Twice)
}

/// A filter from directives; empty ones mean `info`.
fn filter(directives: &str) -> Result<EnvFilter, LoggingError> {
    EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(directives)
        .map_err(|error| LoggingError::Filter(error.to_string()))
}

fn subscriber<W>(format: LogFormat, filter: EnvFilter, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder: SubscriberBuilder<_, _, _, W> =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Human if io::stderr().is_terminal() => Box::new(builder.with_ansi(true).finish()),
        LogFormat::Human => Box::new(builder.with_ansi(false).fmt_fields(PlainFields).finish()),
        LogFormat::Json => Box::new(builder.json().flatten_event(true).with_current_span(false).finish()),
    }
}

#[cfg(test)]
mod tests;
