//! The gateway that a run starts: a process of its own, so that what it uses can be told from what
//! the clients use.

mod configuration;
mod keeper;
mod ports;
mod probe;

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::time::Instant;

use crate::scenario::Scenario;
use crate::trouble::Trouble;
use crate::watch::Watched;
use keeper::Keeper;
pub(crate) use ports::free_addresses;

/// The environment variable that names another gateway than the one beside this program.
pub const VARIABLE: &str = "PROGRESS_GATEWAY";
/// How long it may take until `/readyz` is 200.
const START: Duration = Duration::from_secs(10);
/// How often it is asked.
const ASK: Duration = Duration::from_millis(20);
/// How long it may take to end: its `drain-timeout` and some seconds more.
const END: Duration = Duration::from_secs(configuration::DRAIN_SECONDS + 5);
/// What is wrong with a gateway that was watched to its end, if it panicked on the way.
const PANIC: &str = "panicked at";

/// A running gateway. Dropped without [`Gateway::stop`] it is killed.
#[derive(Debug)]
pub struct Gateway {
    /// Its URL without a path, which its status URIs begin with: `https://localhost:PORT`. It has
    /// progress on `/jobs/`; everything else is plain.
    pub url: String,
    /// Where it listens, TCP and UDP: HTTP/1.0, 1.1, 2 and 3 over TLS.
    pub address: SocketAddr,
    /// Where it listens without TLS: HTTP/1.0, 1.1 and, by prior knowledge, 2.
    pub cleartext: SocketAddr,
    /// Where `/metrics` are.
    pub admin: SocketAddr,
    /// Its certificate for `localhost` and 127.0.0.1, PEM; it is its own issuer.
    pub certificate: String,
    /// Its name and version, as it says them.
    pub version: String,
    keeper: Keeper,
    directory: Directory,
}

impl Gateway {
    /// Starts the gateway beside this program in front of `origin`, a URL, as `scenario` sets it up,
    /// and waits until it is ready. Its `/metrics` are at `admin`, or wherever is room. Blocks for some tens of milliseconds.
    ///
    /// Raises this process's limit of open descriptors to what the system allows, and so the
    /// gateway's.
    pub fn start(scenario: &Scenario, origin: &str, admin: Option<SocketAddr>) -> Result<Self, Trouble> {
        let program = program();
        let version = version(&program)?;
        raise_descriptors()?;
        let directory = Directory::new()?;
        let [address, cleartext, free] = free_addresses()?;
        let admin = admin.unwrap_or(free);
        let addresses = [address, cleartext, admin];
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made =
            rcgen::generate_simple_self_signed(names).map_err(Trouble::unexpected("making a certificate"))?;
        let certificate = made.cert.pem();
        directory.write(configuration::CERTIFICATE, &certificate)?;
        directory.write(configuration::KEY, &made.signing_key.serialize_pem())?;
        let text = configuration::of(scenario, addresses, origin)?;
        let file = directory.write("gateway.toml", &text)?;
        let keeper = spawn(&program, &file, scenario.gateway.workers.unwrap_or(1), &directory.log())?;
        let url = format!("https://localhost:{}", address.port());
        let mut gateway = Self { url, address, cleartext, admin, certificate, version, keeper, directory };
        gateway.wait_until_ready()?;
        Ok(gateway)
    }

    /// What a [`crate::watch::Watcher`] needs.
    pub fn watched(&self) -> Watched {
        Watched { process: self.keeper.id(), admin: Some(self.admin) }
    }

    /// Why it does not run any more, if so. Costs next to nothing.
    pub fn died(&mut self) -> Option<Trouble> {
        self.keeper.ended()?;
        Some(self.obituary())
    }

    /// Ends it in good order and waits. An error if it had died, does not end, ends with another
    /// code than 0, or has panicked at any time.
    pub fn stop(mut self) -> Result<(), Trouble> {
        if let Some(trouble) = self.died() {
            return Err(trouble);
        }
        self.keeper.terminate();
        let fine = self.keeper.wait(END).is_some_and(|status| status.success());
        if fine && !self.directory.log_says(PANIC) { Ok(()) } else { Err(self.obituary()) }
    }

    fn wait_until_ready(&mut self) -> Result<(), Trouble> {
        let until = Instant::now() + START;
        while Instant::now() < until {
            if probe::is_ready(self.admin) {
                return Ok(());
            }
            if self.keeper.wait(ASK).is_some() {
                break;
            }
        }
        Err(self.obituary())
    }

    fn obituary(&mut self) -> Trouble {
        let status = match self.keeper.ended() {
            Some(status) if self.directory.log_says(PANIC) => format!("{status} and had panicked"),
            Some(status) => status.to_string(),
            None => "SIGKILL, because it neither served nor ended".to_owned(),
        };
        Trouble::Ended { name: "the gateway", status, words: self.directory.last_words() }
    }
}

/// The program of the gateway.
fn program() -> PathBuf {
    std::env::var_os(VARIABLE).map_or_else(
        || std::env::current_exe().unwrap_or_default().with_file_name("progress-gateway"),
        PathBuf::from,
    )
}

/// What `--version` says.
fn version(program: &Path) -> Result<String, Trouble> {
    if !program.is_file() {
        return Err(Trouble::NotBuilt(program.to_owned()));
    }
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    let output = output.map_err(Trouble::system("starting the gateway"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn spawn(program: &Path, configuration: &Path, workers: usize, log: &Path) -> Result<Keeper, Trouble> {
    let log = File::create(log).map_err(Trouble::system("writing a file"))?;
    let mut command = Command::new(program);
    command
        .args(["run".as_ref(), "--config".as_ref(), configuration.as_os_str()])
        .env("TOKIO_WORKER_THREADS", workers.to_string())
        // A line for each request would be measured too.
        .env("PROGRESS_GATEWAY_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    Keeper::new(command.spawn().map_err(Trouble::system("starting the gateway"))?)
}

/// Lets this process, and those that it starts, open as many descriptors as the system allows.
pub(crate) fn raise_descriptors() -> Result<(), Trouble> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)
        .map_err(|refusal| Trouble::system("raising the limit of open descriptors")(refusal.into()))
}

/// A temporary directory, which goes with its handle.
#[derive(Debug)]
struct Directory(PathBuf);

impl Directory {
    fn new() -> Result<Self, Trouble> {
        // More than one gateway may be started by a process.
        let name = format!("progress-load-{}-{:08x}", std::process::id(), fastrand::u32(..));
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).map_err(Trouble::system("making a temporary directory"))?;
        Ok(Self(directory))
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, Trouble> {
        let path = self.0.join(name);
        fs::write(&path, text).map_err(Trouble::system("writing a file"))?;
        Ok(path)
    }

    fn log(&self) -> PathBuf {
        self.0.join("gateway.log")
    }

    /// Whether a line of the log contains `words`.
    fn log_says(&self, words: &str) -> bool {
        keeper::mentions(&self.log(), words)
    }

    fn last_words(&self) -> String {
        keeper::tail(&self.log())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left in a temporary directory is left to its owner.
        let _ = fs::remove_dir_all(&self.0);
    }
}
