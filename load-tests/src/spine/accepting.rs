//! A gateway whose clients get a 202 at once, and those clients: shared by everything that measures
//! operations.

mod clients;
mod load;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::gateway::Gateway;
use super::held::Target;
use super::origin::{Origin, ROOM, Talk, Version};
use super::stage::Stage;
use super::{Trouble, Wire};
use crate::stage::free_addresses;

pub(super) use clients::Clients;
pub(super) use load::{Closed, Pace, Seen, paced};

/// Where operations are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    /// In a directory below the temporary one.
    Embedded,
    /// In the gateway's memory.
    Memory,
}

/// What the gateway has to cope with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) store: StoreKind,
    /// What its origins do.
    pub(super) talk: Talk,
    /// The most operations that its origins hold.
    pub(super) operations: u64,
}

/// A running gateway with one route, on which whoever asks for it gets a 202, and its origins. They end with their
/// handle.
pub(super) struct Accepting {
    pub(super) gateway: Gateway,
    /// Where clients ask, by HTTP/2.
    pub(super) target: Target,
    origins: Vec<Origin>,
}

impl StoreKind {
    /// As the configuration of the gateway, and people, call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Memory => "memory",
        }
    }
}

impl Accepting {
    /// Starts it over the store as it is: see [`clear`].
    pub(super) async fn start(stage: &Stage, binary: &Path, terms: Terms) -> Result<Self, Trouble> {
        let mut origins = Vec::new();
        for _ in 0..=terms.operations / ROOM {
            origins.push(Origin::start(Version::Http2, terms.talk).await?);
        }
        let addresses = free_addresses()?;
        let configuration = configuration(addresses, terms, &origins);
        let gateway = Gateway::run(stage, binary, addresses[0], &configuration).await?;
        let target = Target::new(stage, Wire::H2, gateway.address)?;
        Ok(Self { gateway, target, origins })
    }

    /// Requests that have arrived at the origins.
    pub(super) fn forwarded(&self) -> u64 {
        self.origins.iter().map(Origin::taken).sum()
    }

    /// Kills the gateway, and returns once nothing is left of it but its store.
    pub(super) async fn kill(self) -> Result<(), Trouble> {
        self.gateway.kill().await
    }
}

/// Where the embedded store is.
pub(super) fn store(stage: &Stage) -> PathBuf {
    stage.directory().join(STORE)
}

/// Removes the embedded store, so that the next gateway begins without any operation.
pub(super) fn clear(stage: &Stage) -> Result<(), Trouble> {
    match std::fs::remove_dir_all(store(stage)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Trouble::System { doing: "removing a store", source: error })
        }
        _ => Ok(()),
    }
}

/// The store's directory, below that of the stage.
const STORE: &str = "store";

fn configuration([public, callback]: [SocketAddr; 2], terms: Terms, origins: &[Origin]) -> String {
    let servers: Vec<String> = origins.iter().map(|origin| format!("\"{}\"", origin.url)).collect();
    let store = match terms.store {
        StoreKind::Embedded => format!("path = \"{STORE}\"\n"),
        StoreKind::Memory => String::new(),
    };
    let callback = match terms.talk {
        Talk::CallsBack => format!("[callback]\naddress = \"{callback}\"\n"),
        Talk::Silent | Talk::Reporting { .. } => String::new(),
    };
    // Nothing but what is measured may be in the way: neither a bound, nor an end. Where heads are written, gaps
    // stretch until they are as long as a heartbeat, and come by way of shorter ones, on which the exchanges of a
    // connection get in step.
    format!(
        r#"public-url = "https://localhost"
[store]
kind = "{kind}"
{store}maximum-operations = 10000000
maximum-size = "100GiB"
{callback}[limits]
maximum-concurrent-streams = 1000
[[listeners]]
address = "{public}"
protocols = ["http/1.1", "h2"]
tls = {{ certificate = "certificate.pem", private-key = "key.pem" }}
[[upstreams]]
name = "origin"
servers = [{servers}]
[[routes]]
name = "{ROUTE}"
upstream = "origin"
[routes.progress]
deadline = "1d"
minimum-interval = "250ms"
heartbeat-interval = "1s"
"#,
        kind = terms.store.name(),
        servers = servers.join(", "),
    )
}

/// The route's name.
pub(super) const ROUTE: &str = "measured";
