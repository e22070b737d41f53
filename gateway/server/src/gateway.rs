//! A whole gateway, from its settings to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use downstream::Drain;
use futures_util::Stream;
use rustls_pki_types::CertificateDer;
use status_store::{Bounds, EmbeddedStore, MemoryStore, OpenError, Store, clock};
use tokio::task::JoinHandle;

use crate::admin::{self, Watched};
use crate::config::{Settings, StoreKind, StoreSettings};
use crate::handler::{Gateway, Shared, no_route};
use crate::idempotency::Keys;
use crate::ingest::{self, Callbacks};
use crate::listen::{self, ListenError, ListenPlan, SideDoor};
use crate::metrics::Metrics;
use crate::metrics::labels::UpstreamResult;
use crate::operations::{Operations, Origin};
use crate::owners::{Budgets, Owners};
use crate::restart;
use crate::routes::Routes;
use crate::signals::{self, Ended, Signal};
use crate::status::{Misses, Reads, Room, Written, profiles};
use crate::upstream::{Outcome, UpstreamSetupError, UpstreamStats, Upstreams};

/// How often the store is asked to drop what is past its time.
const SWEEP: Duration = Duration::from_secs(10);

/// Why a gateway did not start. Each blames the operator or the machine.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The upstreams cannot be set up.
    #[error(transparent)]
    Upstream(#[from] UpstreamSetupError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Metrics cannot be registered: a defect.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// A gateway that serves. Dropping it ends it at once.
#[derive(Debug)]
pub struct Running {
    listening: listen::Running,
    admin: Option<SideDoor>,
    callback: Option<SideDoor>,
    certificates: Vec<Option<CertificateDer<'static>>>,
    operations: Arc<Operations>,
    metrics: Arc<Metrics>,
    drain: Drain,
    drain_timeout: Duration,
    housekeeping: JoinHandle<()>,
}

/// Starts a gateway with the store that its settings name. To be called within a runtime, on which the
/// side listeners, the store's housekeeping and what an earlier gateway left behind live; clients are
/// served by threads of its own.
pub async fn start(settings: &Settings, drain: Drain) -> Result<Running, StartError> {
    let store = open_store(settings.store.clone()).await?;
    start_with(settings, store, drain).await
}

/// The same with a store that is open already.
pub async fn start_with(settings: &Settings, store: Store, drain: Drain) -> Result<Running, StartError> {
    let now = clock::now();
    let routes: Vec<String> = settings.routes.iter().map(|route| route.name.clone()).collect();
    let upstreams: Vec<String> = settings.upstreams.iter().map(|upstream| upstream.name.clone()).collect();
    let metrics = Arc::new(Metrics::new(&routes, &upstreams, now)?);
    let plan = ListenPlan::new(settings, Arc::clone(&metrics), now)?;
    let origin = Origin::new(
        settings.public_url.as_ref().map(crate::config::PublicUrl::as_str),
        &settings.status_path,
    );
    let operations = Operations::new(store, origin, Arc::clone(&metrics));
    let opened = settings.callback.as_ref().map(|at| ingest::open(at, &operations, &metrics)).transpose()?;
    let (callback, callbacks) = opened.unzip();
    let shared = shared(settings, &operations, &metrics, callbacks);
    let origins = Upstreams::new(&settings.upstreams)?;
    count_upstreams(&origins, &metrics);
    restart::resume(&shared, &origins.for_another_core()).await;
    let announced = drain.clone();
    let make = move |_worker| {
        let gateway = Gateway::new(Arc::clone(&shared), origins.for_another_core(), announced.watch());
        Ok::<_, std::convert::Infallible>(gateway)
    };
    let listening = listen::start(&plan, make, &drain)?;
    if let Some(base) = derived_base(settings, listening.local_addrs()) {
        operations.origin().set_base(base);
    }
    let watched = Watched { metrics: Arc::clone(&metrics), operations: Arc::clone(&operations) };
    let admin = settings.admin.map(|at| admin::open(at, watched, drain.clone())).transpose()?;
    let certificate = |door: &listen::DoorPlan| door.identity.as_ref().map(|id| id.certificate().clone());
    Ok(Running {
        certificates: plan.doors.iter().map(certificate).collect(),
        listening,
        admin,
        callback,
        housekeeping: tokio::spawn(keep_house(Arc::clone(&operations))),
        operations,
        metrics,
        drain,
        drain_timeout: settings.limits.drain_timeout,
    })
}

fn shared(
    settings: &Settings,
    operations: &Arc<Operations>,
    metrics: &Arc<Metrics>,
    callbacks: Option<Callbacks>,
) -> Arc<Shared> {
    let routes = Routes::new(settings.routes.clone());
    let room = Room {
        operations: Arc::clone(operations),
        metrics: Arc::clone(metrics),
        reads: Reads::default(),
        misses: Misses::new(settings.limits.maximum_misses_per_address, settings.trusted_proxies.clone()),
        written: Written::default(),
        owners: Owners::new(&operations.secret(), &settings.routes),
        progress: routes.progress(),
        profiles: profiles(&settings.routes),
    };
    Arc::new(Shared {
        routes,
        profiles: settings.profiles.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        service_name: settings.service_name.as_str().into(),
        operations: Arc::clone(operations),
        callbacks,
        created: Arc::default(),
        room: Arc::new(room),
        keys: Keys::new(operations),
        budgets: Budgets::new(&settings.limits),
        metrics: Arc::clone(metrics),
        no_route: no_route(),
    })
}

/// Opening reads all that is stored: seconds, if that is a million operations.
async fn open_store(settings: StoreSettings) -> Result<Store, OpenError> {
    let bounds = Bounds {
        maximum_operations: usize::try_from(settings.maximum_operations).unwrap_or(usize::MAX),
        maximum_size: settings.maximum_size,
        retention: settings.retention,
    };
    let path = match settings.kind {
        StoreKind::Memory => return Ok(Store::Memory(MemoryStore::new(bounds))),
        StoreKind::Embedded(path) => path,
    };
    let opening = tokio::task::spawn_blocking(move || EmbeddedStore::open(&path, bounds));
    Ok(Store::Embedded(opening.await.expect("opening a store reports what it finds, and does not panic")?))
}

/// Brings the upstreams' gauges up to date before each scrape.
fn count_upstreams(origins: &Upstreams, metrics: &Arc<Metrics>) {
    let stats: Vec<Arc<UpstreamStats>> = origins.stats().cloned().collect();
    let counted = Arc::downgrade(metrics);
    metrics.on_scrape(Box::new(move || {
        let Some(metrics) = counted.upgrade() else { return };
        for (index, stats) in stats.iter().enumerate() {
            let Some(upstream) = metrics.upstream(index) else { continue };
            for outcome in Outcome::ALL {
                upstream.ended_in_all(result_of(outcome), stats.ended(outcome));
            }
            upstream.connections(stats.connections());
            upstream.healthy(stats.healthy());
        }
    }));
}

fn result_of(outcome: Outcome) -> UpstreamResult {
    match outcome {
        Outcome::Success => UpstreamResult::Success,
        Outcome::Redirect => UpstreamResult::Redirect,
        Outcome::ClientError => UpstreamResult::ClientError,
        Outcome::ServerError => UpstreamResult::ServerError,
        Outcome::Failed => UpstreamResult::Failed,
        Outcome::Canceled => UpstreamResult::Canceled,
    }
}

/// The public base after a quick start on port 0: only the bound socket knows it.
fn derived_base(settings: &Settings, bound: &[SocketAddr]) -> Option<String> {
    if settings.public_url.is_some() {
        return None;
    }
    let (listener, address) = settings.listeners.iter().zip(bound).next()?;
    let scheme = if listener.tls.is_some() { "https" } else { "http" };
    Some(format!("{scheme}://localhost:{}", address.port()))
}

async fn keep_house(operations: Arc<Operations>) {
    operations.settle().await;
    let mut beats = tokio::time::interval(SWEEP);
    loop {
        beats.tick().await;
        operations.sweep().await;
    }
}

// === impl Running ===

impl Running {
    /// Where each listener listens, in the order of the configuration, with its real port.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.listening.local_addrs()
    }

    /// Where the admin listener listens, if there is one.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(SideDoor::local_addr)
    }

    /// Where the callback listener listens, if there is one.
    pub fn callback_address(&self) -> Option<SocketAddr> {
        self.callback.as_ref().map(SideDoor::local_addr)
    }

    /// The certificate of each listener, in the order of the configuration; `None`: cleartext.
    pub fn certificates(&self) -> &[Option<CertificateDer<'static>>] {
        &self.certificates
    }

    /// The operations.
    pub fn operations(&self) -> &Arc<Operations> {
        &self.operations
    }

    /// The metrics.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Serves until `signals`, or whoever else holds the drain, ask it to stop; then drains. The
    /// admin and the callback listener go on to the end.
    pub async fn run<S>(self, signals: S) -> Ended
    where
        S: Stream<Item = Signal> + Unpin,
    {
        let Self { listening, admin, callback, drain, drain_timeout, housekeeping, .. } = self;
        let ended = signals::run_until_drained(listening, drain, drain_timeout, signals).await;
        housekeeping.abort();
        drop((admin, callback));
        ended
    }
}
