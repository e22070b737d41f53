//! What the clients of one kind saw.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::report::Row;
use crate::scenario::Protocol;

use super::Spread;

/// Counts of one kind of client; the members mean what they mean in [`Row`].
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) requests: u64,
    pub(super) completed: u64,
    pub(super) failures: BTreeMap<&'static str, u64>,
    pub(super) unfinished: u64,
    pub(super) shed: u64,
    pub(super) codes: BTreeMap<u16, u64>,
    pub(super) interim: BTreeMap<u16, u64>,
    pub(super) received: u64,
    pub(super) heads_per_request: Spread,
    pub(super) cadence: Spread,
    pub(super) lateness: Spread,
    pub(super) late: u64,
    pub(super) longest_silence: Duration,
    pub(super) first_signal: Spread,
    pub(super) latency: Spread,
    pub(super) wrongs: BTreeMap<&'static str, u64>,
}

impl Counts {
    pub(super) fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.completed += other.completed;
        add(&mut self.failures, &other.failures);
        self.unfinished += other.unfinished;
        self.shed += other.shed;
        add(&mut self.codes, &other.codes);
        add(&mut self.interim, &other.interim);
        self.received += other.received;
        self.heads_per_request.merge(&other.heads_per_request);
        self.cadence.merge(&other.cadence);
        self.lateness.merge(&other.lateness);
        self.late += other.late;
        self.longest_silence = self.longest_silence.max(other.longest_silence);
        self.first_signal.merge(&other.first_signal);
        self.latency.merge(&other.latency);
        add(&mut self.wrongs, &other.wrongs);
    }

    pub(super) fn row(&self, name: &str, protocol: Option<Protocol>) -> Row {
        Row {
            name: name.to_owned(),
            protocol,
            requests: self.requests,
            completed: self.completed,
            failures: owned(&self.failures),
            unfinished: self.unfinished,
            shed: self.shed,
            codes: self.codes.clone(),
            interim: self.interim.clone(),
            received: self.received,
            heads_per_request: self.heads_per_request.counts(),
            cadence: self.cadence.seconds(),
            lateness: self.lateness.seconds(),
            late: self.late,
            longest_silence: self.longest_silence.as_secs_f64(),
            first_signal: self.first_signal.seconds(),
            latency: self.latency.seconds(),
            wrongs: owned(&self.wrongs),
        }
    }
}

fn add<K: Ord + Copy>(counts: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (key, count) in more {
        *counts.entry(*key).or_default() += count;
    }
}

fn owned(counts: &BTreeMap<&'static str, u64>) -> BTreeMap<String, u64> {
    counts.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect()
}
