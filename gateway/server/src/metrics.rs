//! Metrics: the families of `gateway/docs/metrics.md`, each with its handles resolved once.
//!
//! Every gateway has a registry of its own, so two fit in one process. Counting is one atomic
//! addition: whoever counts holds a handle, and label values are enums. Series whose labels are
//! known exist at zero from the start.

mod buckets;
mod cadence;
mod codes;
mod configuration;
mod connections;
mod exchanges;
mod exposition;
pub mod labels;
pub mod names;
mod operations;
mod process;
mod registrar;
mod store;
mod table;
mod upstreams;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use downstream::{Audit, Protocol};
use jiff::Timestamp;
use prometheus::Error;

pub use cadence::CadenceMetrics;
pub use configuration::ConfigMetrics;
pub use connections::{ConnectionMetrics, OpenConnection};
pub use exchanges::{ExchangeMetrics, InFlight};
pub use operations::{OperationMetrics, RouteOperationMetrics, Watching};
pub use store::StoreMetrics;
pub use upstreams::UpstreamMetrics;

use cadence::CadenceFamilies;
use exchanges::ExchangeFamilies;
use exposition::Registry;
use operations::OperationFamilies;
use table::Table;
use upstreams::UpstreamFamilies;

/// The media type of [`Metrics::text`].
pub const TEXT_FORMAT: &str = prometheus::TEXT_FORMAT;

/// The `route` of requests that match none.
pub const NO_ROUTE: &str = "none";

/// All metrics of one gateway.
#[derive(Debug)]
pub struct Metrics {
    /// Listeners and connections.
    pub connections: ConnectionMetrics,
    /// Operations and status documents, over all routes.
    pub operations: OperationMetrics,
    /// The store.
    pub store: StoreMetrics,
    /// The configuration.
    pub config: ConfigMetrics,
    registry: Registry,
    cadences: Table<Protocol, Arc<CadenceMetrics>>,
    /// One per configured route, and the last for requests that match none.
    routes: Vec<RouteMetrics>,
    upstreams: Vec<UpstreamMetrics>,
    scrapes: Scrapes,
}

/// The handles of one route.
#[derive(Debug)]
pub struct RouteMetrics {
    /// The route's operations.
    pub operations: RouteOperationMetrics,
    exchanges: Table<Protocol, ExchangeMetrics>,
}

/// What is asked to bring its gauges up to date before they are read. One per room: few.
#[derive(Default)]
struct Scrapes(Mutex<Vec<Box<dyn Fn() + Send + Sync>>>);

// === impl Metrics ===

impl Metrics {
    /// Registers everything. Routes and upstreams are known by their place in these lists;
    /// `now` is when the configuration was taken into use.
    pub fn new(routes: &[String], upstreams: &[String], now: Timestamp) -> Result<Self, Error> {
        let registry = Registry::default();
        let cadences = CadenceFamilies::register(&registry)?;
        let upstream = UpstreamFamilies::register(&registry)?;
        process::register(&registry)?;
        let metrics = Self {
            connections: ConnectionMetrics::register(&registry)?,
            operations: OperationMetrics::register(&registry)?,
            store: StoreMetrics::register(&registry)?,
            config: ConfigMetrics::register(&registry)?,
            cadences: Table::build(|wire| cadences.handles(wire).map(Arc::new))?,
            routes: RouteMetrics::of_all(routes, &registry)?,
            upstreams: upstreams.iter().map(|name| upstream.handles(name)).collect::<Result<_, _>>()?,
            registry,
            scrapes: Scrapes::default(),
        };
        metrics.config.taken(now);
        Ok(metrics)
    }

    /// The handles of a route by its place in the configuration; of `none` for any other place.
    pub fn route(&self, index: Option<usize>) -> &RouteMetrics {
        let none = self.routes.len() - 1;
        &self.routes[index.map_or(none, |index| index.min(none))]
    }

    /// The handles of an upstream by its place in the configuration; `None` if there is no such.
    pub fn upstream(&self, index: usize) -> Option<&UpstreamMetrics> {
        self.upstreams.get(index)
    }

    /// The handles of a protocol's cadence.
    pub fn cadence(&self, protocol: Protocol) -> &CadenceMetrics {
        self.cadences.of(protocol)
    }

    /// Where acknowledgements of a protocol's heads are counted.
    pub fn audit(&self, protocol: Protocol) -> Arc<dyn Audit> {
        Arc::clone(self.cadences.of(protocol)) as _
    }

    /// Calls `update` before each scrape, for gauges that are counted only then.
    pub fn on_scrape(&self, update: Box<dyn Fn() + Send + Sync>) {
        self.scrapes.0.lock().unwrap_or_else(PoisonError::into_inner).push(update);
    }

    /// Everything, as [`TEXT_FORMAT`].
    pub fn text(&self) -> Result<String, Error> {
        self.scrapes.0.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|update| update());
        self.registry.text()
    }
}

// === impl RouteMetrics ===

impl RouteMetrics {
    /// The handles of one protocol.
    pub fn exchange(&self, protocol: Protocol) -> &ExchangeMetrics {
        self.exchanges.of(protocol)
    }

    fn of_all(routes: &[String], registry: &Registry) -> Result<Vec<Self>, Error> {
        let exchanges = ExchangeFamilies::register(registry)?;
        let operations = OperationFamilies::register(registry)?;
        let names = routes.iter().map(String::as_str).chain([NO_ROUTE]);
        names
            .map(|name| {
                Ok(Self {
                    operations: operations.handles(name)?,
                    exchanges: Table::build(|wire| exchanges.handles(name, wire))?,
                })
            })
            .collect()
    }
}

impl fmt::Debug for Scrapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scrapes").finish_non_exhaustive()
    }
}
