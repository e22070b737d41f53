//! The gateway under measurement.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::process::Child;
use tokio::time::Instant;

use super::process::Process;
use super::stage::{Side, Stage, free_address, listening};
use super::{Trouble, Wire};

/// A running gateway; it ends with its handle.
#[derive(Debug)]
pub(super) struct Gateway {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// Its process id.
    pub(super) id: u32,
    /// When it was started.
    pub(super) began: Instant,
    child: Child,
}

/// What its only route is like.
#[derive(Clone, Debug)]
pub(super) enum RouteKind {
    /// A plain proxy.
    Plain,
    /// A plain proxy that hands on every interim head of the origin's.
    Relaying,
    /// With progress, for clients that ask for it.
    Held {
        /// The longest silence, as the configuration writes it.
        heartbeat_interval: String,
    },
}

impl Gateway {
    /// Starts one with one worker, before `origin`, a URL.
    pub(super) async fn start(
        stage: &Stage,
        binary: &Path,
        (wire, kind): (Wire, &RouteKind),
        origin: &str,
    ) -> Result<Self, Trouble> {
        let address = free_address()?;
        Self::run(stage, binary, address, &configuration(address, wire, kind, origin)).await
    }

    /// Starts one with one worker and this configuration, by which it listens at `address`.
    pub(super) async fn run(
        stage: &Stage,
        binary: &Path,
        address: SocketAddr,
        configuration: &str,
    ) -> Result<Self, Trouble> {
        if !binary.is_file() {
            return Err(Trouble::NotBuilt(binary.to_owned()));
        }
        let configuration = stage.write("gateway.toml", configuration)?;
        let began = Instant::now();
        let mut child = stage
            .command(Side::Measured, binary)
            .args(["run".as_ref(), "--config".as_ref(), configuration.as_os_str()])
            .env("TOKIO_WORKER_THREADS", "1")
            // Neither of those that it is compared with writes a log.
            .env("PROGRESS_GATEWAY_LOG", "warn")
            .spawn()
            .map_err(Trouble::system("starting the gateway"))?;
        let id = listening(&mut child, "the gateway", address).await?;
        Ok(Self { address, id, began, child })
    }

    /// Kills it (SIGKILL), and returns once nothing is left of it.
    pub(super) async fn kill(mut self) -> Result<(), Trouble> {
        self.child.kill().await.map_err(Trouble::system("ending the gateway"))
    }

    /// The process, to be read.
    pub(super) fn process(&self) -> Process {
        Process::new(self.id)
    }
}

/// The release build beside this program.
pub(super) fn built() -> PathBuf {
    let this = std::env::current_exe().unwrap_or_default();
    this.with_file_name("progress-gateway")
}

fn configuration(address: SocketAddr, wire: Wire, kind: &RouteKind, origin: &str) -> String {
    let progress = match kind {
        RouteKind::Plain => String::new(),
        RouteKind::Relaying => "relay-informational = \"always\"\n".to_owned(),
        // Short gaps, so that only the heartbeat decides when a head is due.
        RouteKind::Held { heartbeat_interval } => format!(
            "[routes.progress]\nminimum-interval = \"1ms\"\nheartbeat-interval = \"{heartbeat_interval}\"\n"
        ),
    };
    format!(
        r#"public-url = "https://localhost"
[store]
kind = "memory"
[[listeners]]
address = "{address}"
protocols = ["http/1.1", "h2", "{}"]
tls = {{ certificate = "certificate.pem", private-key = "key.pem" }}
[[upstreams]]
name = "origin"
servers = ["{origin}"]
[[routes]]
name = "measured"
upstream = "origin"
{progress}"#,
        if wire == Wire::H3 { "h3" } else { "" }
    )
    .replace(", \"\"]", "]")
}
