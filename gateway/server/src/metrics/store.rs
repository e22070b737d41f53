//! What the store does and how long it takes.

use std::time::Duration;

use prometheus::{Error, Histogram, IntCounter};

use super::buckets;
use super::exposition::Registry;
use super::labels::{Label, StoreFault, StoreOperation};
use super::names;
use super::registrar::Family;
use super::table::Table;

/// The handles of the store.
#[derive(Debug)]
pub struct StoreMetrics {
    operations: Table<StoreOperation, IntCounter>,
    durations: Table<StoreOperation, Histogram>,
    errors: Table<StoreOperation, Table<StoreFault, IntCounter>>,
}

impl StoreMetrics {
    pub(super) fn register(registry: &Registry) -> Result<Self, Error> {
        let (operations, errors) = (OPERATIONS.counters(registry)?, ERRORS.counters(registry)?);
        let durations = DURATION.histograms(registry, buckets::STORE)?;
        Ok(Self {
            operations: Table::build(|operation: StoreOperation| operations.of(&[operation.text()]))?,
            durations: Table::build(|operation: StoreOperation| durations.of(&[operation.text()]))?,
            errors: Table::build(|operation: StoreOperation| {
                Table::build(|kind: StoreFault| errors.of(&[operation.text(), kind.text()]))
            })?,
        })
    }

    /// The store did something, in `elapsed`; with or without success.
    pub fn did(&self, operation: StoreOperation, elapsed: Duration) {
        self.operations.of(operation).inc();
        self.durations.of(operation).observe(elapsed.as_secs_f64());
    }

    /// What the store did failed.
    pub fn failed(&self, operation: StoreOperation, kind: StoreFault) {
        self.errors.of(operation).of(kind).inc();
    }
}

const OPERATIONS: Family = Family {
    name: names::STORE_OPERATIONS_TOTAL,
    help: "What the store was asked to do, failures included.",
    labels: &["operation"],
};

const DURATION: Family =
    Family { name: names::STORE_DURATION_SECONDS, help: "Time that the store took.", labels: &["operation"] };

const ERRORS: Family = Family {
    name: names::STORE_ERRORS_TOTAL,
    help: "What the store failed to do.",
    labels: &["operation", "kind"],
};
