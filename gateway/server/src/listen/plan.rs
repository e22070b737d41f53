//! What is to listen where.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

use downstream::Limits;
use jiff::Timestamp;

use super::{Caps, ListenError};
use crate::config::{Limits as LimitSettings, ListenerSettings, Protocols, Settings};
use crate::metrics::Metrics;
use crate::tls::Identity;

/// Everything that [`start`](super::start) has to know.
#[derive(Debug)]
pub struct ListenPlan {
    /// The listeners, in the order of the configuration.
    pub doors: Vec<DoorPlan>,
    /// How many threads serve.
    pub workers: NonZeroUsize,
    /// What one connection may cost.
    pub limits: Arc<Limits>,
    /// How many connections there may be.
    pub caps: Caps,
    /// Where everything is counted.
    pub metrics: Arc<Metrics>,
}

/// One listener.
#[derive(Clone, Debug)]
pub struct DoorPlan {
    /// Where it listens. With port 0 the system chooses one, the same for TCP and UDP. An IPv6
    /// address takes no IPv4 connections.
    pub address: SocketAddr,
    /// What it speaks.
    pub protocols: Protocols,
    /// What it proves itself with; `None`: cleartext.
    pub identity: Option<Identity>,
}

impl ListenPlan {
    /// The plan of a configuration. Reads certificates, or makes them valid from `now`.
    pub fn new(settings: &Settings, metrics: Arc<Metrics>, now: Timestamp) -> Result<Self, ListenError> {
        let doors = settings.listeners.iter().map(|listener| DoorPlan::new(listener, now));
        let plan = Self {
            doors: doors.collect::<Result<_, _>>()?,
            workers: worker_count(std::env::var("TOKIO_WORKER_THREADS").ok().as_deref())?,
            limits: Arc::new(limits(&settings.limits)),
            caps: Caps {
                connections: settings.limits.maximum_connections,
                per_address: settings.limits.maximum_connections_per_address,
            },
            metrics,
        };
        for identity in plan.doors.iter().filter_map(|door| door.identity.as_ref()) {
            plan.metrics.connections.certificate(identity.name(), identity.expiry());
        }
        Ok(plan)
    }
}

impl DoorPlan {
    fn new(listener: &ListenerSettings, now: Timestamp) -> Result<Self, ListenError> {
        let address = listener.address;
        let load = |tls| {
            let identity = Identity::load(tls, now)?;
            match &listener.client_ca {
                Some(authorities) => identity.asking_clients(authorities),
                None => Ok(identity),
            }
        };
        let identity = listener.tls.as_ref().map(load).transpose();
        let identity = identity.map_err(|source| ListenError::Tls { address, source })?;
        Ok(Self { address, protocols: listener.protocols, identity })
    }
}

/// How many threads serve: what `TOKIO_WORKER_THREADS` says, else one per core.
pub fn worker_count(variable: Option<&str>) -> Result<NonZeroUsize, ListenError> {
    match variable {
        Some(text) => text.trim().parse().map_err(|_| ListenError::Workers(text.to_owned())),
        None => Ok(std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)),
    }
}

fn limits(settings: &LimitSettings) -> Limits {
    Limits {
        head_timeout: settings.request_head_timeout,
        idle_timeout: settings.idle_timeout,
        body_size: settings.maximum_body.unwrap_or(u64::MAX),
        concurrent_streams: settings.maximum_concurrent_streams,
        ..Limits::default()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::config::{self, Protocol};

    #[test]
    fn a_plan_says_what_the_settings_mean() {
        let text = r#"
            public-url = "https://api.example"
            [[listeners]]
            address = "127.0.0.1:0"
            protocols = ["h2", "h3"]
            tls = { self-signed = ["localhost"] }
            [[listeners]]
            address = "127.0.0.1:1"
            [limits]
            maximum-connections = 5
            request-head-timeout = "3s"
            maximum-body = "1MiB"
            [[upstreams]]
            name = "origin"
            servers = ["http://127.0.0.1:2"]
            [[routes]]
            name = "all"
            upstream = "origin"
        "#;
        let settings = config::parse(text, Path::new("gateway.toml")).unwrap();
        let metrics = Arc::new(Metrics::new(&[], &[], Timestamp::UNIX_EPOCH).unwrap());
        let plan = ListenPlan::new(&settings, Arc::clone(&metrics), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(plan.doors[0].protocols, [Protocol::H2, Protocol::H3].into_iter().collect());
        assert_eq!(plan.doors[0].identity.as_ref().unwrap().expiry(), 13 * 24 * 60 * 60);
        assert_eq!(plan.doors[1].address.port(), 1);
        assert!(plan.doors[1].identity.is_none());
        assert_eq!(plan.caps.connections.unwrap().get(), 5);
        assert!(plan.caps.per_address.is_none());
        assert_eq!(plan.limits.head_timeout, Duration::from_secs(3));
        assert_eq!(plan.limits.body_size, 1 << 20);
        let expiry = "tls_certificate_expiry_timestamp_seconds{certificate=\"self-signed\"} 1123200\n";
        assert!(metrics.text().unwrap().contains(expiry));
    }

    #[test]
    fn the_environment_may_name_the_number_of_threads() {
        assert_eq!(worker_count(Some("3")).unwrap().get(), 3);
        assert!(worker_count(None).unwrap().get() >= 1);
        for text in ["0", "", "-1", "two"] {
            let error = worker_count(Some(text)).unwrap_err().to_string();
            assert!(error.starts_with("TOKIO_WORKER_THREADS: "), "{error}");
        }
    }
}
