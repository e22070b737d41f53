//! The load generator: runs scenarios, lists them, compares runs.
#![forbid(unsafe_code)]

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use humantime_serde::re::humantime;
use progress_load::client::trust;
use progress_load::report::live::Live;
use progress_load::report::table::Table;
use progress_load::report::{RunReport, compare, json, page};
use progress_load::run::{self, Plan, Remote, TargetUrl};
use progress_load::scenario::{Length, Scenario, bundled, read};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// A run failed, or was not as expected.
const UNEXPECTED: u8 = 1;
/// The command line, or a file that it names, is wrong.
const MISUSED: u8 = 2;

/// Load tests that count interim heads, over HTTP/1.0, 1.1, 2 and 3
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios, one after the other; exits 1 if one is not as it expects
    Run(RunArgs),
    /// List the scenarios that come with the program
    List {
        /// Say of each what it shows and where to look
        #[arg(long)]
        long: bool,
    },
    /// Print the file of a scenario, to be saved, changed and run by its path
    Show {
        /// A name from `list`
        name: String,
    },
    /// Compare the runs in two files that `run --json` wrote
    Compare {
        /// The runs before
        first: PathBuf,
        /// The runs after
        second: PathBuf,
    },
}

#[derive(Debug, Args)]
struct RunArgs {
    /// Scenarios: names from `list`, or paths of .toml files
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// The short form of each scenario: at most five seconds
    #[arg(long)]
    quick: bool,
    /// A gateway that runs already [default: start the one beside this program, and an origin]
    #[arg(long, value_name = "URL")]
    target: Option<TargetUrl>,
    /// Where the gateway that is started has its /metrics, for Prometheus [default: wherever is room]
    #[arg(long, value_name = "ADDRESS", conflicts_with = "target")]
    admin: Option<SocketAddr>,
    /// How long requests arrive, such as 90s or 5m [default: as the scenario says]
    #[arg(long, value_parser = duration)]
    duration: Option<Duration>,
    /// Write what was measured to a file, for `compare`
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with plots
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Trust these certificates of the target [default: those that the system trusts]
    #[arg(long, value_name = "FILE", requires = "target", conflicts_with = "insecure")]
    cacert: Option<PathBuf>,
    /// Trust whatever certificate the target shows
    #[arg(long, requires = "target")]
    insecure: bool,
    /// Begin all random choices with this [default: as the scenario says]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Nothing is called so.
const NO_SUCH: &str = "no such scenario; `progress-load list` names them";

/// What is said on standard error, and the exit code.
struct Refusal(u8, String);

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(arguments) => run_all(&arguments),
        Command::List { long: false } => list(),
        Command::List { long: true } => list_long(),
        Command::Show { name } => show(&name),
        Command::Compare { first, second } => compare_files(&first, &second),
    };
    outcome.unwrap_or_else(|Refusal(code, words)| {
        // Where not even this can be written, the exit code has to say it alone.
        let _ = writeln!(io::stderr(), "progress-load: {words}");
        ExitCode::from(code)
    })
}

fn list() -> Result<ExitCode, Refusal> {
    let width = bundled().iter().map(|file| file.name.len()).max().unwrap_or_default();
    for file in bundled() {
        let scenario = read(file.text, file.name, Length::Full).map_err(misused)?;
        say(&format!("{:<width$}  {}\n", file.name, scenario.summary))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn list_long() -> Result<ExitCode, Refusal> {
    for (index, file) in bundled().iter().enumerate() {
        let scenario = read(file.text, file.name, Length::Full).map_err(misused)?;
        let gap = if index > 0 { "\n" } else { "" };
        say(&format!("{gap}{}: {}\n", file.name, scenario.summary))?;
        for line in scenario.about.trim().lines() {
            say(&format!("  {line}\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(name: &str) -> Result<ExitCode, Refusal> {
    let found = bundled().iter().find(|file| file.name == name);
    let found = found.ok_or_else(|| misused(format!("{name}: {NO_SUCH}")))?;
    say(found.text)?;
    Ok(ExitCode::SUCCESS)
}

fn compare_files(first: &Path, second: &Path) -> Result<ExitCode, Refusal> {
    let [before, after] = [first, second].map(json::read);
    let comparison = compare::compare(&before.map_err(misused)?, &after.map_err(misused)?);
    say(&comparison.to_string())?;
    if comparison.is_empty() {
        return Err(misused("the files have no scenario in common"));
    }
    Ok(if comparison.worse() { ExitCode::from(UNEXPECTED) } else { ExitCode::SUCCESS })
}

/// Reads everything before the first run, so that a mistake does not come to light after an hour.
fn run_all(arguments: &RunArgs) -> Result<ExitCode, Refusal> {
    let remote = arguments.remote()?;
    let plans: Result<Vec<Plan>, Refusal> =
        arguments.names.iter().map(|name| arguments.plan(name, remote.as_ref())).collect();
    let plans = plans?;
    for file in [&arguments.json, &arguments.report].into_iter().flatten() {
        OpenOptions::new().append(true).create(true).open(file).map_err(|error| unwritable(file, &error))?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| unexpected(format!("cannot start a runtime: {error}")))?;
    let (reports, fine) =
        runtime.block_on(async { Ok::<_, Refusal>(run_plans(plans, interrupted()?).await) })?;
    let told = arguments.json.as_ref().map_or(Ok(()), |file| json::write(file, &reports).map_err(unexpected));
    // One file is better than none.
    let drawn = arguments.report.as_ref().map_or(Ok(()), |file| {
        std::fs::write(file, page::render(&reports)).map_err(|error| unwritable(file, &error))
    });
    told.and(drawn)?;
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::from(UNEXPECTED) })
}

/// Becomes true when the program is told to end: then the run is cut short, and what it has started ends with it.
fn interrupted() -> Result<watch::Receiver<bool>, Refusal> {
    // From here on none of them ends the program by itself, not even while the gateway is being started.
    let heard = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    let (stopper, stop) = watch::channel(false);
    for signal in heard {
        let mut signal = signal.map_err(|error| unexpected(format!("cannot listen to signals: {error}")))?;
        let stopper = stopper.clone();
        tokio::spawn(async move {
            while signal.recv().await.is_some() {
                stopper.send_replace(true);
            }
        });
    }
    Ok(stop)
}

/// The reports, and whether all runs took place and were as expected.
async fn run_plans(plans: Vec<Plan>, stop: watch::Receiver<bool>) -> (Vec<RunReport>, bool) {
    let (mut reports, mut fine) = (Vec::new(), true);
    for plan in plans {
        // Lets a signal be heard that came while a gateway was being started or ended.
        tokio::task::yield_now().await;
        if *stop.borrow() {
            fine = false;
            break;
        }
        let (name, duration) = (plan.scenario.name.clone(), plan.scenario.duration);
        let live = Live::new(&name, duration);
        let outcome = run::run(plan, stop.clone(), &live).await;
        drop(live);
        match outcome {
            Ok(report) => {
                // What was measured still belongs in the files if nobody reads the tables.
                let said = say(&format!("{}{}", if reports.is_empty() { "" } else { "\n" }, Table(&report)));
                fine &= said.is_ok() && report.violations.is_empty();
                reports.push(report);
            }
            Err(trouble) => {
                fine = false;
                let _ = writeln!(io::stderr(), "progress-load: {name}: {trouble}");
            }
        }
    }
    (reports, fine)
}

impl RunArgs {
    fn remote(&self) -> Result<Option<Remote>, Refusal> {
        let Some(url) = self.target.clone() else { return Ok(None) };
        let tls = match &self.cacert {
            Some(file) => {
                let pem = std::fs::read(file);
                let pem =
                    pem.map_err(|error| misused(format!("{}: cannot be read: {error}", file.display())))?;
                trust::given(&pem)
            }
            None if self.insecure || url.is_cleartext() => trust::anybody(),
            None => trust::system(),
        };
        Ok(Some(Remote { url, tls: tls.map_err(misused)? }))
    }

    fn plan(&self, name: &str, remote: Option<&Remote>) -> Result<Plan, Refusal> {
        let mut scenario = scenario(name, if self.quick { Length::Quick } else { Length::Full })?;
        if let Some(duration) = self.duration {
            scenario.last(duration);
        }
        scenario.seed = self.seed.unwrap_or(scenario.seed);
        if let Some(client) = remote.and_then(|remote| remote.unreachable_by(&scenario)) {
            let words = format!("{name}: \"{client}\" speaks h3, for which the target has to be https://");
            return Err(Refusal(MISUSED, words));
        }
        let remote = remote.map(|remote| Remote { url: remote.url.clone(), tls: Arc::clone(&remote.tls) });
        Ok(Plan { scenario, quick: self.quick, remote, admin: self.admin, workers: run::workers() })
    }
}

fn scenario(name: &str, length: Length) -> Result<Scenario, Refusal> {
    if let Some(file) = bundled().iter().find(|file| file.name == name) {
        return read(file.text, name, length).map_err(misused);
    }
    let path = Path::new(name);
    if path.extension().is_none_or(|extension| extension != "toml") {
        return Err(misused(format!("{name}: {NO_SUCH}, a file's name ends in .toml")));
    }
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| misused(format!("{name}: cannot be read: {error}")))?;
    let mut scenario = read(&text, name, length).map_err(misused)?;
    scenario.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(scenario)
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("has to be longer than nothing".to_owned()) } else { Ok(duration) }
}

fn say(text: &str) -> Result<(), Refusal> {
    write!(io::stdout(), "{text}").map_err(|error| unexpected(format!("standard output: {error}")))
}

fn misused(words: impl Display) -> Refusal {
    Refusal(MISUSED, words.to_string())
}

fn unwritable(file: &Path, error: &io::Error) -> Refusal {
    unexpected(format!("{}: cannot be written: {error}", file.display()))
}

fn unexpected(words: impl Display) -> Refusal {
    Refusal(UNEXPECTED, words.to_string())
}
