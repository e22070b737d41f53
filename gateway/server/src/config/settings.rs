//! The configuration as meant: plain data that was checked as a whole.

mod listeners;
mod routes;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::grammar::{IpPrefix, PublicUrl, ServerAddress};
use super::profiles::ClientProfiles;
pub use listeners::{ListenerSettings, Protocol, Protocols, TlsSettings};
pub use routes::{
    AcceptAsync, InterimMode, OnDisconnect, OnRestart, OwnerKind, ProgressSettings, RelayInformational,
    RouteMatch, RouteSettings, StatusProfile,
};

/// Everything the gateway is told. Names are unique, references resolve, numbers are in range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Base of every status URI. Always there if a route has progress, except after a quick start
    /// on port 0, where only the bound socket knows it.
    pub public_url: Option<PublicUrl>,
    /// Path of the status documents on every listener: begins and ends with a slash.
    pub status_path: String,
    /// Our name in `Via` (FWH-01, FWH-02) and `Proxy-Status` (PST-01): a token.
    pub service_name: String,
    /// Peers whose `Forwarded` and `X-Forwarded-*` fields are believed (FWH-05).
    pub trusted_proxies: Vec<IpPrefix>,
    /// At least one; no two on one address.
    pub listeners: Vec<ListenerSettings>,
    /// Address of the admin listener, none of the public ones; `None`: no admin listener.
    pub admin: Option<SocketAddr>,
    /// Where origins call back; `None`: they cannot.
    pub callback: Option<CallbackSettings>,
    /// Where operations live.
    pub store: StoreSettings,
    /// At least one.
    pub upstreams: Vec<UpstreamSettings>,
    /// Bounds of the process as a whole.
    pub limits: Limits,
    /// At least one; the first that matches wins.
    pub routes: Vec<RouteSettings>,
    /// What is known about clients: the built-in table and what the file adds.
    pub profiles: ClientProfiles,
}

/// The listener on which origins report by callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackSettings {
    /// None of the public ones, nor that of the admin listener.
    pub address: SocketAddr,
    /// Where origins reach it; `None`: at its address, which is one of this machine's then.
    pub url: Option<PublicUrl>,
}

/// Where operations live. Its `Default` is that of an absent `[store]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// The kind of the store.
    pub kind: StoreKind,
    /// How long finished operations are kept; then 410, then 404.
    pub retention: Duration,
    /// How many operations the store holds at most, running ones included.
    pub maximum_operations: u32,
    /// How many bytes records and results take at most.
    pub maximum_size: u64,
}

/// The kinds of store that exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreKind {
    /// In the process's memory: gone with it.
    Memory,
    /// In this directory; absolute or relative to the working directory.
    Embedded(PathBuf),
}

/// A named set of servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamSettings {
    /// Unique; fit to be a metric label.
    pub name: String,
    /// At least one, each once.
    pub servers: Vec<ServerAddress>,
    /// How long connecting, the TLS handshake included, may take.
    pub connect_timeout: Duration,
    /// Plain routes: how long nothing at all may come from the server.
    pub idle_timeout: Duration,
    /// PEM file of certificates that are trusted in addition to the system's; absolute or relative
    /// to the working directory.
    pub ca: Option<PathBuf>,
}

/// Bounds of the process as a whole. Its `Default` is that of an absent `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long running exchanges may go on after SIGTERM; zero ends them at once.
    pub drain_timeout: Duration,
    /// Client connections at a time; `None`: as many as the system allows.
    pub maximum_connections: Option<NonZeroU32>,
    /// Client connections at a time from one IP address; `None`: no bound of its own.
    pub maximum_connections_per_address: Option<NonZeroU32>,
    /// Operations of one owner that run at a time (SEC-04); `None`: no bound of its own.
    pub maximum_operations_per_owner: Option<NonZeroU32>,
    /// Operations of one IP address that run at a time, trusted proxies aside; `None`: no bound of its own.
    pub maximum_operations_per_address: Option<NonZeroU32>,
    /// Requests a second of one IP address for operations that it is not told of (S-01); `None`: no bound.
    pub maximum_misses_per_address: Option<NonZeroU32>,
    /// Bytes of a request body; `None`: streamed without a bound.
    pub maximum_body: Option<u64>,
    /// From the first byte of a request head to its last (D-01).
    pub request_head_timeout: Duration,
    /// How long a client connection may stay open without a request.
    pub idle_timeout: Duration,
    /// HTTP/2 and HTTP/3 requests at a time on one connection.
    pub maximum_concurrent_streams: u32,
}

impl Settings {
    /// The upstream of a route.
    ///
    /// # Panics
    /// If `route` is not of these settings.
    pub fn upstream_of(&self, route: &RouteSettings) -> &UpstreamSettings {
        &self.upstreams[route.upstream]
    }
}
