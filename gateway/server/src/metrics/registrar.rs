//! Makes families and registers them.

use prometheus::{
    Error, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

/// What a family is called and what it tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family {
    /// Of [`super::names`].
    pub(super) name: &'static str,
    /// One sentence for whoever meets the metric first.
    pub(super) help: &'static str,
    /// The names of the labels.
    pub(super) labels: &'static [&'static str],
}

impl Family {
    fn opts(self) -> Opts {
        Opts::new(self.name, self.help)
    }

    pub(super) fn counters(self, registry: &Registry) -> Result<IntCounterVec, Error> {
        let family = IntCounterVec::new(self.opts(), self.labels)?;
        registry.register(Box::new(family.clone()))?;
        Ok(family)
    }

    pub(super) fn counter(self, registry: &Registry) -> Result<IntCounter, Error> {
        let counter = IntCounter::with_opts(self.opts())?;
        registry.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    pub(super) fn gauges(self, registry: &Registry) -> Result<IntGaugeVec, Error> {
        let family = IntGaugeVec::new(self.opts(), self.labels)?;
        registry.register(Box::new(family.clone()))?;
        Ok(family)
    }

    pub(super) fn gauge(self, registry: &Registry) -> Result<IntGauge, Error> {
        let gauge = IntGauge::with_opts(self.opts())?;
        registry.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    pub(super) fn histograms(self, registry: &Registry, buckets: &[f64]) -> Result<HistogramVec, Error> {
        let opts = HistogramOpts::from(self.opts()).buckets(buckets.to_vec());
        let family = HistogramVec::new(opts, self.labels)?;
        registry.register(Box::new(family.clone()))?;
        Ok(family)
    }
}
