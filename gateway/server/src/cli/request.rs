//! `request`: one request, with everything that is told of it until its end.
//!
//! | room | does |
//! |---|---|
//! | `order` | what was typed becomes what is asked |
//! | `journey` | the call, and the way from a 202 to the result |
//! | `teller` | what is shown where; `lines` as JSON and text, `bar` on a terminal |
//! | `plain` | text of others' without what a terminal obeys |

mod bar;
mod journey;
mod lines;
mod order;
mod plain;
mod teller;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::{FAILED, PROGRAM, USAGE, complain};
use crate::client::CallError;
use journey::Verdict;
use order::{Order, Terminal};
use teller::Teller;

/// There was no whole answer: no connection, or one that broke.
const NO_ANSWER: u8 = 2;
/// What a shell says of a program that SIGINT has ended.
const INTERRUPTED: u8 = 130;
/// The same for SIGTERM.
const TERMINATED: u8 = 143;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 for a final response of 2xx, 1 for any other, 2 if there was none or the usage is bad.
A 202 with a status URI is followed: what counts is the result.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct RequestArgs {
    /// Where to; http:// or https://
    #[arg(value_name = "URL")]
    url: String,
    /// Speak HTTP/1.0: no interim responses, but a 202 that is followed
    #[arg(long = "http1.0", group = "version")]
    http10: bool,
    /// Speak HTTP/1.1
    #[arg(long = "http1.1", group = "version")]
    http11: bool,
    /// Speak HTTP/2, on http:// without asking first
    #[arg(long = "http2", group = "version")]
    http2: bool,
    /// Speak HTTP/3
    #[arg(long = "http3", group = "version")]
    http3: bool,
    /// The method [default: GET, with --data POST]
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    method: Option<String>,
    /// A field; may be given more than once. "Name:" leaves out one that is sent by default
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The content; @FILE takes it from a file, @- from standard input
    #[arg(short = 'd', long, value_name = "DATA", allow_hyphen_values = true)]
    data: Option<String>,
    /// Take any certificate
    #[arg(short = 'k', long, conflicts_with = "cacert")]
    insecure: bool,
    /// Take certificates that one in this PEM file vouches for, instead of the system's
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Print a line of JSON for each head to standard output; the content goes nowhere without --output
    #[arg(long)]
    json: bool,
    /// Where the content goes, instead of to standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Give up after so long
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    max_time: Option<u32>,
}

/// How it ended.
enum Ended {
    Told(Result<Verdict, CallError>),
    OutOfTime(u32),
    Stopped(u8),
}

pub(super) fn run(args: RequestArgs) -> ExitCode {
    let max_time = args.max_time;
    let terminal = if io::stderr().is_terminal() { Terminal::Yes } else { Terminal::No };
    let order = match Order::from_args(args, terminal) {
        Ok(order) => order,
        Err(error) => return complain(USAGE, &error),
    };
    let mut teller = match Teller::new(&order) {
        Ok(teller) => teller,
        Err(error) => return complain(USAGE, &error),
    };
    let ended = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| runtime.block_on(make(&order, &mut teller, max_time)));
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) => return complain(NO_ANSWER, &error),
    };
    teller.rest();
    let code = match ended {
        Ended::Told(Ok(Verdict::Fine)) => return finish(&mut teller, 0),
        Ended::Told(Ok(Verdict::Otherwise)) => return finish(&mut teller, FAILED),
        // Whoever reads it may have seen enough.
        Ended::Told(Err(CallError::Output(error))) if error.kind() == ErrorKind::BrokenPipe => {
            return ExitCode::SUCCESS;
        }
        Ended::Told(Err(error)) => {
            advise(&error);
            NO_ANSWER
        }
        Ended::OutOfTime(seconds) => {
            say(&format!("not over after {seconds} s"));
            NO_ANSWER
        }
        Ended::Stopped(code) => code,
    };
    if let Some(uri) = teller.monitor() {
        say(&format!(
            "the operation may still run; its status document is {}",
            plain::text(&uri.to_string())
        ));
    }
    ExitCode::from(code)
}

fn finish(teller: &mut Teller, code: u8) -> ExitCode {
    match teller.flush() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => complain(NO_ANSWER, &error),
        _ => ExitCode::from(code),
    }
}

async fn make(order: &Order, teller: &mut Teller, max_time: Option<u32>) -> io::Result<Ended> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let limit = async {
        match max_time {
            Some(seconds) => {
                sleep(Duration::from_secs(seconds.into())).await;
                seconds
            }
            None => std::future::pending().await,
        }
    };
    Ok(tokio::select! {
        biased;
        _ = interrupt.recv() => Ended::Stopped(INTERRUPTED),
        _ = terminate.recv() => Ended::Stopped(TERMINATED),
        told = journey::make(order, teller) => Ended::Told(told),
        seconds = limit => Ended::OutOfTime(seconds),
    })
}

/// What is wrong, and what would help.
fn advise(error: &CallError) {
    let advice = match error {
        CallError::Untrusted(_) => ": name its root with --cacert FILE, or take any with --insecure",
        CallError::Unspoken(_) => ": leave the version out, or ask for another one",
        _ => "",
    };
    say(&format!("{}{advice}", plain::text(&error.to_string())));
}

fn say(what: &str) {
    // Where not even this can be written, the exit code has to say it alone.
    let _ = writeln!(io::stderr(), "{PROGRAM}: {what}");
}
