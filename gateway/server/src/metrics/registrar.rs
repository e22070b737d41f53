//! Makes families and registers them.

use prometheus::{Error, Histogram, IntCounter, IntGauge};

use super::exposition::{Registry, Series};

/// What a family is called and what it tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family {
    /// Of [`super::names`].
    pub(super) name: &'static str,
    /// One sentence for whoever meets the metric first, in one line without a backslash.
    pub(super) help: &'static str,
    /// The names of the labels.
    pub(super) labels: &'static [&'static str],
}

impl Family {
    pub(super) fn counters(self, registry: &Registry) -> Result<Series<IntCounter>, Error> {
        Series::register(self, &[], registry)
    }

    pub(super) fn counter(self, registry: &Registry) -> Result<IntCounter, Error> {
        self.counters(registry)?.of(&[])
    }

    pub(super) fn gauges(self, registry: &Registry) -> Result<Series<IntGauge>, Error> {
        Series::register(self, &[], registry)
    }

    pub(super) fn gauge(self, registry: &Registry) -> Result<IntGauge, Error> {
        self.gauges(registry)?.of(&[])
    }

    /// `buckets` are the upper bounds, without the last one, which is infinite.
    pub(super) fn histograms(self, registry: &Registry, buckets: &[f64]) -> Result<Series<Histogram>, Error> {
        Series::register(self, buckets, registry)
    }
}
