//! From the configuration as written to the configuration as meant: what no key can know alone.

mod callback;
mod certificates;
mod listeners;
mod routes;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::Path;

use super::file::{ConfigFile, LimitsFile, StoreFile, StoreWord, UpstreamFile};
use super::grammar::{Scheme, ServerAddress};
use super::profiles::ClientProfiles;
use super::reader::{Located, Place, Problems};
use super::section::absent;
use super::settings::{Limits, Settings, StoreKind, StoreSettings, UpstreamSettings};

/// What `file` means; file names in it are relative to `directory`. The settings are whole if
/// `problems` stays empty.
pub(super) fn settings_of(file: &ConfigFile, directory: &Path, problems: &mut Problems) -> Settings {
    refuse_repeated_names(file.upstreams.iter().map(|upstream| &upstream.name), problems);
    refuse_repeated_names(file.routes.iter().map(|route| &route.name), problems);
    listeners::refuse_shared_addresses(file, problems);
    routes::refuse_equal_matches(&file.routes, problems);
    demand_public_url(file, problems);
    let listeners =
        file.listeners.iter().filter_map(|listener| listeners::listener(listener, directory, problems));
    Settings {
        public_url: value_of(file.public_url.as_ref()),
        status_path: file.status_path.value.clone(),
        service_name: file.service_name.value.clone(),
        trusted_proxies: values_of(&file.trusted_proxies),
        listeners: listeners.collect(),
        admin: file.admin.as_ref().and_then(|admin| value_of(admin.address.as_ref())),
        callback: file.callback.as_ref().and_then(|written| callback::callback(written, problems)),
        store: store(&file.store, directory),
        upstreams: file.upstreams.iter().filter_map(|entry| upstream(entry, directory, problems)).collect(),
        limits: limits(&file.limits),
        routes: file
            .routes
            .iter()
            .filter_map(|entry| routes::route(entry, &file.upstreams, problems))
            .collect(),
        profiles: ClientProfiles::with_additions(routes::profiles(&file.client_profiles, problems)),
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        store(&absent(), Path::new(""))
    }
}

impl Default for Limits {
    fn default() -> Self {
        limits(&absent())
    }
}

impl UpstreamSettings {
    /// An upstream of these servers with every other key at its default.
    pub fn new(name: &str, servers: Vec<ServerAddress>) -> Self {
        let file: UpstreamFile = absent();
        Self {
            name: name.to_owned(),
            servers,
            connect_timeout: file.connect_timeout.value,
            idle_timeout: file.idle_timeout.value,
            ca: None,
        }
    }
}

fn store(file: &StoreFile, directory: &Path) -> StoreSettings {
    StoreSettings {
        kind: match file.kind.value {
            StoreWord::Embedded => StoreKind::Embedded(directory.join(&file.path.value)),
            StoreWord::Memory => StoreKind::Memory,
        },
        retention: file.retention.value,
        maximum_operations: file.maximum_operations.value,
        maximum_size: file.maximum_size.value,
    }
}

fn limits(file: &LimitsFile) -> Limits {
    Limits {
        drain_timeout: file.drain_timeout.value,
        maximum_connections: NonZeroU32::new(file.maximum_connections.value),
        maximum_connections_per_address: NonZeroU32::new(file.maximum_connections_per_address.value),
        maximum_operations_per_owner: NonZeroU32::new(file.maximum_operations_per_owner.value),
        maximum_operations_per_address: NonZeroU32::new(file.maximum_operations_per_address.value),
        maximum_misses_per_address: NonZeroU32::new(file.maximum_misses_per_address.value),
        maximum_body: Some(file.maximum_body.value).filter(|bytes| *bytes > 0),
        request_head_timeout: file.request_head_timeout.value,
        idle_timeout: file.idle_timeout.value,
        maximum_concurrent_streams: file.maximum_concurrent_streams.value,
    }
}

fn upstream(file: &UpstreamFile, directory: &Path, problems: &mut Problems) -> Option<UpstreamSettings> {
    let servers = file.servers.as_ref().map(values_of).unwrap_or_default();
    let mut ca = None;
    if let Some(tls) = &file.tls {
        ca = tls.ca.as_ref().and_then(|ca| certificates::trusted(ca, directory, problems));
        let speaks_tls = servers.iter().any(|server| server.scheme == Scheme::Https);
        if !speaks_tls && !servers.is_empty() {
            problems.wrong(
                &tls.place,
                "is without use because no server is https, write https:// servers or remove tls",
            );
        }
    }
    Some(UpstreamSettings {
        name: value_of(file.name.as_ref())?,
        servers,
        connect_timeout: file.connect_timeout.value,
        idle_timeout: file.idle_timeout.value,
        ca,
    })
}

fn demand_public_url(file: &ConfigFile, problems: &mut Problems) {
    let asking = file.routes.iter().find_map(|route| route.progress.as_ref());
    let place = Place::default().child("public-url");
    if let Some(progress) = asking.filter(|_| file.public_url.is_none() && !problems.concern(&place)) {
        let message = format!(
            "is missing although {} needs it, write public-url = \"https://HOST\" at the top of the file",
            progress.place.key
        );
        problems.missing(&place.at(progress.place.offset), message);
    }
}

fn refuse_repeated_names<'a>(
    names: impl Iterator<Item = &'a Option<Located<String>>>,
    problems: &mut Problems,
) {
    let mut seen: HashMap<&str, &Place> = HashMap::new();
    for Located { value, place } in names.flatten() {
        if let Some(earlier) = seen.insert(value, place) {
            problems.wrong(place, format!("{value:?} is taken by {}, write another one", earlier.key));
            seen.insert(value, earlier);
        }
    }
}

fn value_of<T: Clone>(located: Option<&Located<T>>) -> Option<T> {
    located.map(|located| located.value.clone())
}

fn values_of<T: Clone>(list: &Located<Vec<Located<T>>>) -> Vec<T> {
    list.value.iter().map(|located| located.value.clone()).collect()
}
