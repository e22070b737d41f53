//! What a run needs besides clients: an origin, a gateway, somebody who watches it.

use std::net::SocketAddr;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::time::{Instant, sleep};

use crate::client::{Target, TlsTarget, trust};
use crate::origin::Running;
use crate::process::Process;
use crate::stage::{Gateway, raise_descriptors};
use crate::trouble::Trouble;
use crate::watch::{Reading, Watched, Watcher};

use super::Plan;
use super::target::Targets;

/// How long the gateway may take to close what clients have left.
const SETTLING: Duration = Duration::from_secs(3);
/// How often is looked whether it has.
const LOOK: Duration = Duration::from_millis(50);

/// All that runs beside the clients.
#[derive(Debug)]
pub(super) struct Staged {
    pub(super) targets: Targets,
    pub(super) watcher: Watcher,
    /// The target's URL, or the gateway's version.
    description: String,
    own: Option<Own>,
}

/// What the run has started itself.
#[derive(Debug)]
struct Own {
    gateway: Gateway,
    watched: Watched,
    /// Its descriptors before the first client.
    descriptors: u64,
    /// Goes before the gateway, whose operations end with it.
    origin: Running,
}

/// What is left once everything has ended.
#[derive(Debug)]
pub(super) struct Parting {
    /// The target's URL, or the gateway's version.
    pub(super) target: String,
    /// CPU time of the origin, if the run started it.
    pub(super) origin_cpu: Option<Duration>,
    /// Connections that the gateway still kept to it when the last reading was taken.
    pub(super) kept: u64,
    /// What was wrong with the gateway's end.
    pub(super) trouble: Option<Trouble>,
}

impl Staged {
    /// Starts what has to be started.
    pub(super) async fn prepare(plan: &Plan) -> Result<Self, Trouble> {
        if let Some(remote) = &plan.remote {
            raise_descriptors()?;
            let targets = Targets { usual: remote.resolve().await?, cleartext: None };
            let watcher = Watcher::start(None)?;
            return Ok(Self { targets, watcher, description: remote.url.to_string(), own: None });
        }
        let origin = Running::start(&plan.scenario.origin, plan.scenario.seed)?;
        let gateway = Gateway::start(&plan.scenario, &origin.url(), plan.admin)?;
        let watched = gateway.watched();
        let targets = targets(&gateway)?;
        let watcher = Watcher::start(Some(watched))?;
        let descriptors = watcher.latest().gateway.map(|usage| usage.descriptors).unwrap_or_default();
        let description = gateway.version.clone();
        let own = Some(Own { gateway, watched, descriptors, origin });
        Ok(Self { targets, watcher, description, own })
    }

    /// An error if the gateway has died.
    pub(super) fn alive(&mut self) -> Result<(), Trouble> {
        self.own.as_mut().and_then(|own| own.gateway.died()).map_or(Ok(()), Err)
    }

    /// Takes the last reading, once the gateway has closed what clients have left or had time for it, and ends everything.
    pub(super) async fn end(self) -> (Vec<Reading>, Parting) {
        let kept = match &self.own {
            Some(own) => own.settle().await,
            None => 0,
        };
        let readings = self.watcher.stop();
        let (origin_cpu, trouble) = self.own.map_or((None, None), |own| {
            let cpu = own.origin.stop();
            (cpu, own.gateway.stop().err())
        });
        (readings, Parting { target: self.description, origin_cpu, kept, trouble })
    }
}

/// Its two listeners.
fn targets(gateway: &Gateway) -> Result<Targets, Trouble> {
    let name = ServerName::try_from("localhost").map_err(Trouble::unexpected("naming the gateway"))?;
    let config = trust::given(gateway.certificate.as_bytes());
    let config = config.map_err(Trouble::unexpected("trusting the gateway"))?;
    let at = |address: SocketAddr, tls| Target {
        address,
        authority: format!("localhost:{}", address.port()),
        tls,
    };
    Ok(Targets {
        usual: at(gateway.address, Some(TlsTarget { name, config })),
        cleartext: Some(at(gateway.cleartext, None)),
    })
}

impl Own {
    /// Waits until the gateway has no more descriptors than before the first client, but for the connections that it keeps to
    /// the origin; or until it is clear that it will not. How many it keeps.
    async fn settle(&self) -> u64 {
        let until = Instant::now() + SETTLING;
        let process = Process::new(self.watched.process);
        loop {
            let kept = self.origin.counts().connections;
            let closed = process.descriptors().map_or(true, |open| open <= self.descriptors + kept);
            if closed || Instant::now() >= until {
                return kept;
            }
            sleep(LOOK).await;
        }
    }
}
