//! Measures what the spine costs; see `gateway/docs/benchmarks.md`.
#![forbid(unsafe_code)]

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use progress_load::spine::held::Attention;
use progress_load::spine::peers::{self, Machine, Part, Peers};
use progress_load::spine::{Trouble, Wire, floor, held, plain};

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
    /// Compare everything that the gateway is measured by with other proxies
    Peers(PeersArgs),
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

#[derive(Debug, Args)]
struct PeersArgs {
    /// What to compare [default: everything]
    parts: Vec<Part>,
    /// Rounds, of which the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Plain requests to each proxy in each round
    #[arg(long, default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(1..))]
    requests: u64,
    /// Requests that are held where proxies are compared
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u64).range(1..=8_000))]
    held: u64,
    /// Write everything as Markdown, too
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match measure(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            // Where not even this can be written, the exit code has to say it alone.
            let _ = writeln!(io::stderr(), "spine-bench: {trouble}");
            ExitCode::from(FAILED)
        }
    }
}

fn measure(cli: Cli) -> Result<(), Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Trouble::system("starting a runtime"))?;
    runtime.block_on(async {
        match cli.command {
            Command::Held(held) => print(&held::measure(&held.plan(cli.gateway)).await?),
            Command::Floor(floor) => print(&floor::measure(floor.count).await?),
            Command::Plain(plain) => print(&plain::compare(&plain.plan(cli.gateway)?).await?),
            Command::Peers(peers) => peers.compare(cli.gateway).await,
        }
    })
}

fn print(what: &impl fmt::Display) -> Result<(), Trouble> {
    write!(io::stdout(), "{what}").map_err(Trouble::system("writing a report"))
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

impl PeersArgs {
    /// Prints each part as soon as it is there.
    async fn compare(self, gateway: Option<PathBuf>) -> Result<(), Trouble> {
        let Self { parts, rounds, requests, held, results } = self;
        let machine = Machine::this(gateway.as_ref()).await;
        print(&machine)?;
        let peers = Peers::new(peers::Plan { rounds, requests, held, gateway }).await?;
        let parts = if parts.is_empty() { Part::value_variants().to_vec() } else { parts };
        let mut reports = Vec::new();
        for part in parts {
            let ready = |report| {
                print(&report)?;
                reports.push(report);
                Ok(())
            };
            peers.measure(part, ready).await?;
        }
        let Some(file) = results else { return Ok(()) };
        std::fs::write(file, peers::document(&machine, &reports))
            .map_err(Trouble::system("writing the results"))
    }
}
