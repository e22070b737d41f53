//! Where a measurement takes place: a directory, a certificate, ports and cores.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::crypto::ring;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::Trouble;
use crate::stage::free_addresses;

/// The core of what is measured.
const MEASURED: &str = "0";
/// The core of everything else.
const MEASURING: &str = "1";
/// How long a server may take to listen: it is started on an idle core, but a gateway may have a store of
/// a million operations to read first.
const START: Duration = Duration::from_secs(60);
/// How often it is asked whether it does.
const ASK: Duration = Duration::from_millis(20);

/// A temporary directory with a certificate, and the knowledge whether cores can be chosen. The
/// directory goes with it.
#[derive(Debug)]
pub(super) struct Stage {
    directory: PathBuf,
    trusted: Arc<RootCertStore>,
    pinning: Pinning,
}

/// Whether processes are bound to cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pinning {
    /// The measured process has one core, all others share another.
    Apart,
    /// `taskset` is missing, or there is one core.
    Anywhere,
}

/// Which core a process belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// It is measured.
    Measured,
    /// It only helps to measure.
    Measuring,
}

impl Stage {
    /// Prepares one, and moves this process to its core.
    pub(super) async fn new() -> Result<Self, Trouble> {
        let directory = std::env::temp_dir().join(format!("spine-bench-{}", std::process::id()));
        std::fs::create_dir_all(&directory).map_err(Trouble::system("making a temporary directory"))?;
        let pinning = pin_this_process().await;
        let mut stage = Self { directory, trusted: Arc::new(RootCertStore::empty()), pinning };
        stage.trusted = Arc::new(stage.certify()?);
        Ok(stage)
    }

    /// Writes a self-signed certificate and its key; returns who trusts it.
    fn certify(&self) -> Result<RootCertStore, Trouble> {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made =
            rcgen::generate_simple_self_signed(names).map_err(Trouble::unexpected("making a certificate"))?;
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        self.write("certificate.pem", &certificate)?;
        self.write("key.pem", &key)?;
        self.write("both.pem", &format!("{certificate}{key}"))?;
        let mut trusted = RootCertStore::empty();
        trusted.add(made.cert.der().clone()).map_err(Trouble::unexpected("trusting the certificate"))?;
        Ok(trusted)
    }

    /// Writes a file and returns its path.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, Trouble> {
        let path = self.directory.join(name);
        std::fs::write(&path, text).map_err(Trouble::system("writing a file"))?;
        Ok(path)
    }

    /// The directory.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether processes are bound to cores.
    pub(super) fn pinning(&self) -> Pinning {
        self.pinning
    }

    /// What a reader of a report has to know of it.
    pub(super) fn notes(&self) -> Vec<String> {
        match self.pinning {
            Pinning::Apart => Vec::new(),
            Pinning::Anywhere => {
                vec!["not bound to cores: taskset is missing, or there is one core".to_owned()]
            }
        }
    }

    /// What a client on this stage speaks TLS with.
    pub(super) fn client_tls(&self, alpn: &str) -> Result<rustls::ClientConfig, Trouble> {
        let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(Trouble::unexpected("setting up TLS"))?
            .with_root_certificates(Arc::clone(&self.trusted))
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
        Ok(config)
    }

    /// A command on the core of its side. It dies with its handle.
    pub(super) fn command(&self, side: Side, program: impl AsRef<OsStr>) -> Command {
        let core = if side == Side::Measured { MEASURED } else { MEASURING };
        let mut command = match self.pinning {
            Pinning::Apart => {
                let mut command = Command::new("taskset");
                command.args(["-c", core]).arg(program);
                command
            }
            Pinning::Anywhere => Command::new(program),
        };
        command.kill_on_drop(true).stdin(Stdio::null());
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What is left in a temporary directory is left to its owner.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A loopback address whose port is free, both for TCP and for UDP.
pub(super) fn free_address() -> Result<SocketAddr, Trouble> {
    let [address] = free_addresses()?;
    Ok(address)
}

/// Waits until `child` listens at `address`, and returns its process id.
pub(super) async fn listening(
    child: &mut Child,
    name: &'static str,
    address: SocketAddr,
) -> Result<u32, Trouble> {
    let until = Instant::now() + START;
    while Instant::now() < until {
        let ended = child.try_wait().map_err(Trouble::system("looking after a process"))?;
        let (None, Some(id)) = (ended, child.id()) else { return Err(Trouble::NotServing(name)) };
        if TcpStream::connect(address).await.is_ok() {
            return Ok(id);
        }
        sleep(ASK).await;
    }
    Err(Trouble::NotServing(name))
}

/// Whether `program` can be run.
pub(super) fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Daemons live where only root's path leads.
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    places.into_iter().any(|place| place.join(program).is_file())
}

/// Moves the thread that asks to the core of what is measured.
pub(super) fn pin_this_thread(pinning: Pinning) -> Result<(), Trouble> {
    if pinning == Pinning::Anywhere {
        return Ok(());
    }
    // A link to `PID/task/TID`.
    let this = std::fs::read_link("/proc/thread-self").map_err(Trouble::system("reading /proc"))?;
    let id = this.file_name().unwrap_or_default();
    let mut command = std::process::Command::new("taskset");
    command.args(["-c", "-p", MEASURED]).arg(id).stdout(Stdio::null());
    let status = command.status().map_err(Trouble::system("running taskset"))?;
    if status.success() {
        return Ok(());
    }
    Err(Trouble::Unexpected { doing: "running taskset", reason: status.to_string() })
}

async fn pin_this_process() -> Pinning {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if cores < 2 {
        return Pinning::Anywhere;
    }
    let id = std::process::id().to_string();
    let moved = Command::new("taskset")
        .args(["-a", "-c", "-p", MEASURING, &id])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await;
    if moved.is_ok_and(|status| status.success()) { Pinning::Apart } else { Pinning::Anywhere }
}
