//! Measures what the spine costs; see `gateway/docs/benchmarks.md`.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use progress_load::spine::held::Attention;
use progress_load::spine::{Report, Trouble, Wire, floor, held, plain};

/// Nothing could be measured.
const FAILED: u8 = 1;

/// Measures the gateway: heads, held requests, and plain requests beside other proxies
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    /// The gateway to measure [default: the release build beside this program]
    #[arg(long, global = true, value_name = "FILE")]
    gateway: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Hold requests and measure the heads that keep them informed
    Held(HeldArgs),
    /// Measure what one write to each of many connections takes without any gateway
    Floor(FloorArgs),
    /// Compare small plain requests with other proxies
    Plain(PlainArgs),
}

#[derive(Debug, Args)]
struct HeldArgs {
    /// How clients speak
    wire: Wire,
    /// Requests to hold
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// Requests on one connection of h2 or h3
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100))]
    per_connection: u64,
    /// How long heads are counted and CPU time is measured
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// When clients look at their sockets while they hold
    #[arg(long, value_enum, default_value = "sweeping")]
    clients: Attention,
    /// The longest silence
    #[arg(long, default_value = "1s")]
    interval: String,
}

#[derive(Debug, Args)]
struct FloorArgs {
    /// Connections
    #[arg(long, default_value_t = 8_000)]
    count: u64,
}

#[derive(Debug, Args)]
struct PlainArgs {
    /// How clients speak: h1 or h2
    wire: Wire,
    /// Requests to each proxy in each round
    #[arg(long, default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(1..))]
    requests: u64,
    /// Connections that send them, one request at a time each
    #[arg(long, default_value_t = 32)]
    connections: u64,
    /// Rounds, of which the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match measure(cli) {
        Ok(report) => match write!(io::stdout(), "{report}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(FAILED),
        },
        Err(trouble) => {
            // Where not even this can be written, the exit code has to say it alone.
            let _ = writeln!(io::stderr(), "spine-bench: {trouble}");
            ExitCode::from(FAILED)
        }
    }
}

fn measure(cli: Cli) -> Result<Report, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Trouble::System { doing: "starting a runtime", source })?;
    runtime.block_on(async {
        match cli.command {
            Command::Held(held) => held::measure(&held.plan(cli.gateway)).await,
            Command::Floor(floor) => floor::measure(floor.count).await,
            Command::Plain(plain) => plain::compare(&plain.plan(cli.gateway)?).await,
        }
    })
}

impl HeldArgs {
    fn plan(self, gateway: Option<PathBuf>) -> held::Plan {
        held::Plan {
            wire: self.wire,
            count: self.count,
            per_connection: self.per_connection,
            stretch: Duration::from_secs(self.seconds),
            attention: self.clients,
            heartbeat_interval: self.interval,
            gateway,
        }
    }
}

impl PlainArgs {
    fn plan(self, gateway: Option<PathBuf>) -> Result<plain::Plan, Trouble> {
        if self.wire == Wire::H3 {
            let reason = "neither of Debian's nginx and HAProxy speaks HTTP/3".to_owned();
            return Err(Trouble::Unexpected { doing: "comparing", reason });
        }
        let Self { wire, requests, connections, rounds } = self;
        Ok(plain::Plan { wire, requests, connections, rounds, gateway })
    }
}
