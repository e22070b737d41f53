//! Everything towards origins: pools, balancing, health, and the calls themselves.
//!
//! A worker core has one [`Upstreams`], with connections of its own; statistics and the servers'
//! health are shared by all cores. [`Upstreams::call`] starts a call; [`UpstreamCall::poll_event`]
//! yields the origin's interim heads as they come, then its final response.
//!
//! A request that was not sent is tried elsewhere. One that was sent is sent again only if it is
//! idempotent and a connection that had been idle failed before any octet of a response, once, on a
//! new connection (ASY-04, U-09).

mod body;
mod call;
mod dial;
mod error;
mod h2;
mod health;
mod link;
mod patience;
mod route;
mod server;
mod stats;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use downstream::RequestBody;
use http::Request;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;

use crate::config::{Scheme, ServerAddress, UpstreamSettings};
use dial::{Target, Tls};
use health::Health;
use server::Server;

pub use body::UpstreamBody;
pub use call::{UpstreamCall, UpstreamEvent};
pub use error::{Blame, TlsFault, UpstreamError, UpstreamSetupError};
pub use patience::{Patience, Silence};
pub use stats::{Outcome, UpstreamStats};

/// The upstreams of one worker core. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Upstreams {
    pools: Arc<[Upstream]>,
}

/// A named set of servers, as one core sees it.
#[derive(Debug)]
struct Upstream {
    servers: Box<[Arc<Server>]>,
    /// Whose turn it is.
    turn: AtomicUsize,
    idle_timeout: Duration,
    stats: Arc<UpstreamStats>,
}

impl Upstreams {
    /// Reads the trust anchors and prepares the pools; nothing is connected yet. An upstream's index
    /// is its place in `settings`. The other cores get theirs by [`Upstreams::for_another_core`].
    ///
    /// # Errors
    /// The operator's: see [`UpstreamSetupError`].
    pub fn new(settings: &[UpstreamSettings]) -> Result<Self, UpstreamSetupError> {
        let mut roots = tls::SystemRoots::default();
        let epoch = tokio::time::Instant::now().into_std();
        let pools: Result<_, _> =
            settings.iter().map(|settings| Upstream::new(settings, &mut roots, epoch)).collect();
        Ok(Self { pools: pools? })
    }

    /// The same upstreams with connections of their own, for another worker core. Statistics and
    /// health are shared.
    #[must_use]
    pub fn for_another_core(&self) -> Self {
        Self { pools: self.pools.iter().map(Upstream::for_another_core).collect() }
    }

    /// What is counted, one entry for each upstream, in the order of the settings.
    pub fn stats(&self) -> impl Iterator<Item = &Arc<UpstreamStats>> {
        self.pools.iter().map(|upstream| &upstream.stats)
    }

    /// Starts a call; nothing happens before it is polled.
    ///
    /// The request is in origin form (or `*`), with end-to-end fields only. Without `Host` it gets
    /// the server's own name. An `upstream` that does not exist fails as
    /// [`UpstreamError::Internal`].
    pub fn call(&self, upstream: usize, request: Request<RequestBody>, patience: Patience) -> UpstreamCall {
        UpstreamCall::new(self.clone(), upstream, request, patience)
    }
}

impl Upstream {
    fn new(
        settings: &UpstreamSettings,
        roots: &mut tls::SystemRoots,
        epoch: Instant,
    ) -> Result<Self, UpstreamSetupError> {
        let is_tls = settings.servers.iter().any(|server| server.scheme == Scheme::Https);
        let tls = is_tls.then(|| roots.client_config(settings)).transpose()?;
        let health: Box<[_]> = settings.servers.iter().map(|_| Arc::new(Health::new(epoch))).collect();
        let stats = UpstreamStats::new(&settings.name, health.clone());
        let servers = settings.servers.iter().zip(health).map(|(address, health)| {
            Ok(Server::new(Arc::new(Target {
                tls: tls_of(address, tls.as_ref(), settings)?,
                address: address.clone(),
                connect_timeout: settings.connect_timeout,
                health,
                stats: Arc::clone(&stats),
            })))
        });
        Ok(Self {
            servers: servers.collect::<Result<_, _>>()?,
            turn: AtomicUsize::new(0),
            idle_timeout: settings.idle_timeout,
            stats: Arc::clone(&stats),
        })
    }

    fn for_another_core(&self) -> Self {
        Self {
            servers: self.servers.iter().map(|server| Server::new(Arc::clone(server.target()))).collect(),
            turn: AtomicUsize::new(0),
            idle_timeout: self.idle_timeout,
            stats: Arc::clone(&self.stats),
        }
    }

    /// The server whose turn it is, by index.
    fn next_turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed) % self.servers.len().max(1)
    }
}

fn tls_of(
    address: &ServerAddress,
    config: Option<&Arc<ClientConfig>>,
    settings: &UpstreamSettings,
) -> Result<Option<Tls>, UpstreamSetupError> {
    let (Scheme::Https, Some(config)) = (address.scheme, config) else { return Ok(None) };
    let name = ServerName::try_from(address.host.clone()).map_err(|_| UpstreamSetupError::ServerName {
        upstream: settings.name.clone(),
        host: address.host.clone(),
    })?;
    Ok(Some(Tls { connector: TlsConnector::from(Arc::clone(config)), name }))
}
