//! What a run needs besides clients: an origin, a gateway, somebody who watches it.

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

/// How long the gateway may take to close what clients have left.
const SETTLING: Duration = Duration::from_secs(3);
/// How often is looked whether it has.
const LOOK: Duration = Duration::from_millis(50);

/// All that runs beside the clients.
#[derive(Debug)]
pub(super) struct Staged {
    pub(super) target: Target,
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
    /// What was wrong with the gateway's end.
    pub(super) trouble: Option<Trouble>,
}

impl Staged {
    /// Starts what has to be started.
    pub(super) async fn prepare(plan: &Plan) -> Result<Self, Trouble> {
        if let Some(remote) = &plan.remote {
            raise_descriptors()?;
            let target = remote.resolve().await?;
            let watcher = Watcher::start(None)?;
            return Ok(Self { target, watcher, description: remote.url.to_string(), own: None });
        }
        let origin = Running::start(&plan.scenario.origin, plan.scenario.seed)?;
        let gateway = Gateway::start(&plan.scenario, &origin.url())?;
        let watched = gateway.watched();
        let name = ServerName::try_from("localhost").map_err(Trouble::unexpected("naming the gateway"))?;
        let config = trust::given(gateway.certificate.as_bytes());
        let config = config.map_err(Trouble::unexpected("trusting the gateway"))?;
        let target = Target {
            address: gateway.address,
            authority: gateway.url.trim_start_matches("https://").to_owned(),
            tls: Some(TlsTarget { name, config }),
        };
        let watcher = Watcher::start(Some(watched))?;
        let descriptors = watcher.latest().gateway.map(|usage| usage.descriptors).unwrap_or_default();
        let description = gateway.version.clone();
        let own = Some(Own { gateway, watched, descriptors, origin });
        Ok(Self { target, watcher, description, own })
    }

    /// An error if the gateway has died.
    pub(super) fn alive(&mut self) -> Result<(), Trouble> {
        self.own.as_mut().and_then(|own| own.gateway.died()).map_or(Ok(()), Err)
    }

    /// Takes the last reading, once the gateway has at most `growth` descriptors more than at the start or had time for it, and
    /// ends everything.
    pub(super) async fn end(self, growth: Option<u64>) -> (Vec<Reading>, Parting) {
        if let (Some(own), Some(growth)) = (&self.own, growth) {
            own.settle(own.descriptors + growth).await;
        }
        let readings = self.watcher.stop();
        let trouble = self.own.and_then(|own| {
            drop(own.origin);
            own.gateway.stop().err()
        });
        (readings, Parting { target: self.description, trouble })
    }
}

impl Own {
    async fn settle(&self, most: u64) {
        let until = Instant::now() + SETTLING;
        let process = Process::new(self.watched.process);
        while Instant::now() < until && process.descriptors().is_ok_and(|open| open > most) {
            sleep(LOOK).await;
        }
    }
}
