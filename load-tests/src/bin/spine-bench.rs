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
use progress_load::spine::running::{Completion, Place};
use progress_load::spine::{StoreKind, Trouble, Wire, accept, floor, held, plain, running, stored, watchers};

/// Nothing could be measured.
const FAILED: u8 = 1;

/// Measures the gateway: heads, held requests, operations, and plain requests beside other proxies
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
    /// Have operations accepted: how many a second, or at a rate how long until the 202
    ///
    /// The store is made in the temporary directory: set TMPDIR to one that is on a disk.
    Accept(AcceptArgs),
    /// Start the gateway over a store full of finished operations, and read their documents
    Stored(StoredArgs),
    /// Measure the memory of operations that run on after their clients have left
    Running(RunningArgs),
    /// Measure the heads of clients that watch one operation by its status URI
    ///
    /// An operation may be read 20 times a second, so that 10,000 watchers need nine minutes to come.
    Watchers(WatchersArgs),
    /// Compare small plain requests with other proxies, or with another build of the gateway
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
struct AcceptArgs {
    /// Requests a second, whatever becomes of those before [default: as many as are answered]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=20_000))]
    rate: Option<u64>,
    /// How long they are counted
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Connections of h2
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..))]
    connections: u64,
    /// Requests at a time on one connection, without a rate
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=1000))]
    streams: u64,
    /// Where operations are kept
    #[arg(long, value_enum, default_value = "embedded")]
    store: StoreKind,
}

#[derive(Debug, Args)]
struct StoredArgs {
    /// Finished operations
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..10_000_000))]
    operations: u64,
    /// Documents that are read a second
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    rate: u64,
    /// How long they are read
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
}

#[derive(Debug, Args)]
struct RunningArgs {
    /// Operations
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=3_000_000))]
    operations: u64,
    /// Where they are kept [default: one after the other]
    #[arg(long, value_enum)]
    store: Option<StoreKind>,
    /// How they run on [default: one after the other]
    #[arg(long, value_enum)]
    completion: Option<Completion>,
}

#[derive(Debug, Args)]
struct WatchersArgs {
    /// Clients that watch
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    watchers: u64,
    /// Of them on one connection
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1000))]
    per_connection: u64,
    /// How long heads are counted and CPU time is measured
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
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
    /// Another build of the gateway to compare with, instead of other proxies
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
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
            Command::Accept(accept) => print(&accept::measure(&accept.plan(cli.gateway)).await?),
            Command::Stored(stored) => print(&stored::measure(&stored.plan(cli.gateway)).await?),
            Command::Running(running) => running.measure(cli.gateway).await,
            Command::Watchers(watchers) => print(&watchers::measure(&watchers.plan(cli.gateway)).await?),
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

impl AcceptArgs {
    fn plan(self, gateway: Option<PathBuf>) -> accept::Plan {
        let Self { rate, seconds, connections, streams, store } = self;
        accept::Plan { rate, length: Duration::from_secs(seconds), connections, streams, store, gateway }
    }
}

impl StoredArgs {
    fn plan(self, gateway: Option<PathBuf>) -> stored::Plan {
        let Self { operations, rate, seconds } = self;
        stored::Plan { operations, rate, length: Duration::from_secs(seconds), gateway }
    }
}

impl RunningArgs {
    /// Prints each variant as soon as it is there.
    async fn measure(self, gateway: Option<PathBuf>) -> Result<(), Trouble> {
        let Self { operations, store, completion } = self;
        let place = Place::new().await?;
        let stores = StoreKind::value_variants().iter().copied();
        for store in stores.filter(|kind| store.is_none_or(|store| store == *kind)) {
            let ways = Completion::value_variants().iter().copied();
            for completion in ways.filter(|way| completion.is_none_or(|completion| completion == *way)) {
                let gateway = gateway.clone();
                print(&place.measure(&running::Plan { operations, store, completion, gateway }).await?)?;
            }
        }
        Ok(())
    }
}

impl WatchersArgs {
    fn plan(self, gateway: Option<PathBuf>) -> watchers::Plan {
        let Self { watchers, per_connection, seconds } = self;
        watchers::Plan { watchers, per_connection, stretch: Duration::from_secs(seconds), gateway }
    }
}

impl PlainArgs {
    fn plan(self, gateway: Option<PathBuf>) -> Result<plain::Plan, Trouble> {
        if self.wire == Wire::H3 {
            let reason = "neither of Debian's nginx and HAProxy speaks HTTP/3".to_owned();
            return Err(Trouble::Unexpected { doing: "comparing", reason });
        }
        let Self { wire, requests, connections, rounds, against } = self;
        Ok(plain::Plan { wire, requests, connections, rounds, gateway, against })
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
