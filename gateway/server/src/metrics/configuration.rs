//! Which gateway this is, and since when its configuration is in use.

use jiff::Timestamp;
use prometheus::{Error, IntGauge};

use super::exposition::Registry;
use super::names;
use super::registrar::Family;

/// What the version of a build without a known revision is called.
const UNKNOWN: &str = "unknown";

/// The handles of the configuration; the build's identity needs none.
#[derive(Debug)]
pub struct ConfigMetrics {
    successful: IntGauge,
    timestamp: IntGauge,
}

impl ConfigMetrics {
    pub(super) fn register(registry: &Registry) -> Result<Self, Error> {
        let build = BUILD_INFO.gauges(registry)?;
        let revision = option_env!("PROGRESS_GATEWAY_REVISION").unwrap_or(UNKNOWN);
        build.of(&[env!("CARGO_PKG_VERSION"), revision])?.set(1);
        Ok(Self { successful: SUCCESSFUL.gauge(registry)?, timestamp: TIMESTAMP.gauge(registry)? })
    }

    /// A configuration was taken into use; the start counts as well.
    pub fn taken(&self, now: Timestamp) {
        self.successful.set(1);
        self.timestamp.set(now.as_second());
    }

    /// A configuration was refused; the one before stays in use.
    pub fn refused(&self) {
        self.successful.set(0);
    }
}

const SUCCESSFUL: Family = Family {
    name: names::CONFIG_LAST_RELOAD_SUCCESSFUL,
    help: "1 if the last configuration was taken into use, else 0; the start counts as one.",
    labels: &[],
};

const TIMESTAMP: Family = Family {
    name: names::CONFIG_LAST_RELOAD_TIMESTAMP_SECONDS,
    help: "When a configuration was last taken into use, in seconds since 1970.",
    labels: &[],
};

const BUILD_INFO: Family = Family {
    name: names::BUILD_INFO,
    help: "Always 1; the labels say which build this is.",
    labels: &["version", "revision"],
};
