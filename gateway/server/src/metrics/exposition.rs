//! The families of one gateway, and how they are written down: the text format of Prometheus, version
//! 0.0.4.
//!
//! A series' labels become text when the series is made, and series are kept in the order in which they
//! are shown: a scrape copies text and prints numbers. Cloning, sorting and escaping all labels at each
//! scrape, as the crate's own registry does, took fifteen times as long.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus::core::Metric;
use prometheus::{Error, Histogram, HistogramOpts, IntCounter, IntGauge};

use super::registrar::Family;

/// All families of one gateway, in the order of their names.
#[derive(Default)]
pub(super) struct Registry {
    /// Made when the gateway starts: as many as there are names.
    families: Mutex<Vec<Arc<dyn Shown>>>,
    /// The length of the last exposition: the next one will hardly be longer.
    length: AtomicUsize,
}

/// What a scrape shows.
pub(super) trait Shown: Send + Sync {
    /// What it is sorted by.
    fn name(&self) -> &str;

    /// Appends its families, unless they are empty.
    fn write(&self, text: &mut String) -> Result<(), Error>;
}

/// The series of one family, by the values of its labels.
pub(super) struct Series<M>(Arc<Shelf<M>>);

struct Shelf<M> {
    family: Family,
    /// Places of the family's labels in the order of their names, which is how they are shown.
    order: Vec<usize>,
    buckets: Buckets,
    /// By their labels as text. Bound: label values are known and few (D-12).
    series: Mutex<BTreeMap<Box<str>, M>>,
}

/// The upper bounds of a histogram's buckets, and each as text; none for other kinds.
struct Buckets {
    bounds: Vec<f64>,
    texts: Vec<String>,
}

/// A kind of metric.
pub(super) trait Kind: Clone + Send + Sync + 'static {
    /// The kind as the exposition calls it.
    const TYPE: &'static str;

    /// A metric at zero.
    fn make(family: Family, bounds: &[f64]) -> Result<Self, Error>;

    /// Appends the samples of one series.
    fn write(&self, line: &Line<'_>, text: &mut String);
}

/// What the samples of one series share.
pub(super) struct Line<'a> {
    name: &'a str,
    /// `a="1",b="2"`
    labels: &'a str,
    bounds: &'a [String],
}

// === impl Registry ===

impl Registry {
    /// Adds families. A name can be there once.
    pub(super) fn add(&self, shown: Arc<dyn Shown>) -> Result<(), Error> {
        let mut families = lock(&self.families);
        match families.binary_search_by(|known| known.name().cmp(shown.name())) {
            Ok(_) => Err(Error::AlreadyReg),
            Err(place) => {
                families.insert(place, shown);
                Ok(())
            }
        }
    }

    /// Everything as text.
    pub(super) fn text(&self) -> Result<String, Error> {
        let last = self.length.load(Ordering::Relaxed);
        let mut text = String::with_capacity(last + last / 16);
        for shown in lock(&self.families).iter() {
            shown.write(&mut text)?;
        }
        self.length.store(text.len(), Ordering::Relaxed);
        Ok(text)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

// === impl Series ===

impl<M: Kind> Series<M> {
    /// A family without series, registered. `bounds` are those of a histogram's buckets.
    pub(super) fn register(family: Family, bounds: &[f64], registry: &Registry) -> Result<Self, Error> {
        let mut order: Vec<usize> = (0..family.labels.len()).collect();
        order.sort_unstable_by_key(|place| family.labels[*place]);
        let buckets = Buckets { bounds: bounds.to_vec(), texts: bounds.iter().map(f64::to_string).collect() };
        let shelf = Arc::new(Shelf { family, order, buckets, series: Mutex::default() });
        registry.add(Arc::clone(&shelf) as Arc<dyn Shown>)?;
        Ok(Self(shelf))
    }

    /// The series with these values, in the order of the family's labels; made if there is none.
    pub(super) fn of(&self, values: &[&str]) -> Result<M, Error> {
        let Shelf { family, order, buckets, series } = &*self.0;
        if values.len() != family.labels.len() {
            return Err(Error::InconsistentCardinality { expect: family.labels.len(), got: values.len() });
        }
        let pairs = order.iter().map(|place| (family.labels[*place], values[*place]));
        let labels = labels(pairs);
        let mut series = lock(series);
        if let Some(metric) = series.get(labels.as_str()) {
            return Ok(metric.clone());
        }
        let metric = M::make(*family, &buckets.bounds)?;
        series.insert(labels.into(), metric.clone());
        Ok(metric)
    }
}

impl<M> Clone for Series<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> fmt::Debug for Series<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Series").field(&self.0.family.name).finish()
    }
}

impl<M: Kind> Shown for Shelf<M> {
    fn name(&self) -> &str {
        self.family.name
    }

    fn write(&self, text: &mut String) -> Result<(), Error> {
        let Family { name, help, .. } = self.family;
        let series = lock(&self.series);
        if !series.is_empty() {
            append(text, &["# HELP ", name, " ", help, "\n# TYPE ", name, " ", M::TYPE, "\n"]);
        }
        for (labels, metric) in &*series {
            metric.write(&Line { name, labels, bounds: &self.buckets.texts }, text);
        }
        Ok(())
    }
}

// === impl Kind ===

impl Kind for IntCounter {
    const TYPE: &'static str = "counter";

    fn make(family: Family, _: &[f64]) -> Result<Self, Error> {
        Self::new(family.name, family.help)
    }

    fn write(&self, line: &Line<'_>, text: &mut String) {
        line.write("", itoa::Buffer::new().format(self.get()), text);
    }
}

impl Kind for IntGauge {
    const TYPE: &'static str = "gauge";

    fn make(family: Family, _: &[f64]) -> Result<Self, Error> {
        Self::new(family.name, family.help)
    }

    fn write(&self, line: &Line<'_>, text: &mut String) {
        line.write("", itoa::Buffer::new().format(self.get()), text);
    }
}

impl Kind for Histogram {
    const TYPE: &'static str = "histogram";

    fn make(family: Family, bounds: &[f64]) -> Result<Self, Error> {
        Self::with_opts(HistogramOpts::new(family.name, family.help).buckets(bounds.to_vec()))
    }

    /// Counts and sum are of one moment: the crate sees to that.
    fn write(&self, line: &Line<'_>, text: &mut String) {
        let metric = self.metric();
        let histogram = metric.get_histogram();
        let mut number = itoa::Buffer::new();
        for (bound, bucket) in line.bounds.iter().zip(histogram.get_bucket()) {
            line.write_bucket(bound, number.format(bucket.cumulative_count()), text);
        }
        let count = number.format(histogram.get_sample_count());
        line.write_bucket("+Inf", count, text);
        line.write("_sum", &histogram.get_sample_sum().to_string(), text);
        line.write("_count", count, text);
    }
}

impl Line<'_> {
    fn write(&self, suffix: &str, value: &str, text: &mut String) {
        match self.labels {
            "" => append(text, &[self.name, suffix, " ", value, "\n"]),
            labels => append(text, &[self.name, suffix, "{", labels, "} ", value, "\n"]),
        }
    }

    fn write_bucket(&self, bound: &str, value: &str, text: &mut String) {
        let comma = if self.labels.is_empty() { "" } else { "," };
        let Self { name, labels, .. } = self;
        append(text, &[name, "_bucket{", labels, comma, "le=\"", bound, "\"} ", value, "\n"]);
    }
}

/// Labels as the exposition writes them, without braces.
fn labels<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        let comma = if text.is_empty() { "" } else { "," };
        append(&mut text, &[comma, name, "=\""]);
        for c in value.chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                c => text.push(c),
            }
        }
        text.push('"');
    }
    text
}

fn append(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
}

/// What is locked is whole after each change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
