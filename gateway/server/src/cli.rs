//! The command line.
//!
//! Exit codes: 0 fine, 1 failed while running, 2 bad usage or configuration. What was asked for
//! goes to standard output, everything else to standard error.

mod check;
mod request;
mod run;
mod tour;

use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config;
use crate::logging::{self, LogFormat};

/// The program's name in messages, as clap writes it.
const PROGRAM: &str = "progress-gateway";

/// Failed while running.
const FAILED: u8 = 1;
/// Bad usage or configuration.
const USAGE: u8 = 2;

/// Reads the command line of this process and does what it says.
pub fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => cli.obey(),
        Err(answer) => {
            // Help and version are no errors and go to standard output; clap knows which is which.
            let code = u8::try_from(answer.exit_code()).unwrap_or(USAGE);
            match answer.print() {
                Ok(()) => ExitCode::from(code),
                Err(_) => ExitCode::from(code.max(FAILED)),
            }
        }
    }
}

/// A reverse proxy that keeps clients informed while a long request runs
#[derive(Debug, Parser)]
#[command(name = PROGRAM, version, arg_required_else_help = true)]
struct Cli {
    /// How the log on standard error looks
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "human")]
    log_format: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people; coloured on a terminal
    Human,
    /// One JSON object per line
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway, from a file or with --listen, --upstream and --tls
    #[command(after_help = "SIGTERM and SIGINT drain; a second one ends at once.")]
    Run(RunArgs),
    /// Say everything that is wrong with a configuration file
    Check(FileArgs),
    /// Show heads arriving over HTTP/1.0, 1.1, 2 and 3, then serve until Ctrl-C
    Demo(DemoArgs),
    /// Print the JSON Schema of the configuration, for editors
    Schema,
    /// Make a request over any version of HTTP and show how far it is
    Request(Box<request::RequestArgs>),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// The configuration
    #[arg(long, value_name = "FILE", conflicts_with_all = ["listen", "upstream", "tls"])]
    config: Option<PathBuf>,
    /// Where to listen; may be given more than once [default: 127.0.0.1:8080, with --tls 127.0.0.1:8443]
    #[arg(long, value_name = "ADDR", num_args = 1..)]
    listen: Vec<SocketAddr>,
    /// The origin, such as <http://127.0.0.1:3000>
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// Encrypt; without it the listeners speak cleartext
    #[arg(long, value_enum, value_name = "CERTIFICATE")]
    tls: Option<Tls>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tls {
    /// With a certificate made at the start
    SelfSigned,
}

#[derive(Debug, Args)]
struct FileArgs {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Debug, Args)]
struct DemoArgs {
    /// End after the tour; exit 0 only if every protocol saw what it should
    #[arg(long)]
    once: bool,
}

impl Cli {
    fn obey(self) -> ExitCode {
        let log_format = match self.log_format {
            Format::Human => LogFormat::Human,
            Format::Json => LogFormat::Json,
        };
        match self.command {
            Command::Run(options) => with_log(log_format, || run::run(options)),
            Command::Check(options) => check::run(&options.config),
            Command::Demo(options) => tour::run(&options, log_format),
            Command::Request(options) => request::run(*options),
            Command::Schema => print(&format!("{:#}\n", config::schema())),
        }
    }
}

fn with_log(format: LogFormat, run: impl FnOnce() -> ExitCode) -> ExitCode {
    match logging::init(format) {
        Ok(()) => run(),
        Err(error) => complain(USAGE, &error),
    }
}

/// Writes to standard output. Whoever reads it may have seen enough: that is not a failure.
fn print(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => complain(FAILED, &error),
        _ => ExitCode::SUCCESS,
    }
}

/// Says on standard error why the exit code is `code`.
fn complain(code: u8, error: &dyn Display) -> ExitCode {
    // Where not even this can be written, the exit code has to say it alone.
    let _ = writeln!(io::stderr(), "{PROGRAM}: {error}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn several_listeners_can_be_written_in_either_way() {
        for line in ["--listen [::1]:1 127.0.0.1:2", "--listen [::1]:1 --listen 127.0.0.1:2"] {
            let words =
                format!("progress-gateway run {line} --upstream http://127.0.0.1:3 --tls self-signed");
            let cli = Cli::try_parse_from(words.split(' ')).expect(line);
            let Command::Run(options) = cli.command else { panic!("{line}: another command") };
            assert_eq!(options.listen.len(), 2, "{line}");
            assert!(matches!(options.tls, Some(Tls::SelfSigned)));
        }
    }
}
