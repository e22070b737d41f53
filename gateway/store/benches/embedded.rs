//! What the store on disk can do: acceptances a second with group commit, how long one takes at a
//! thousand a second, how long a look-up takes among a million, and how long a million take to open.
//!
//! `STATUS_STORE_BENCH_RECORDS` sets another number than a million. The latencies are printed, as
//! criterion measures means and these are about the slowest hundredth.

#[path = "../tests/directory/mod.rs"]
mod directory;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::Method;
use jiff::Timestamp;
use progress_core::document::{RequestSummary, Times};
use progress_core::event::Outcome;
use progress_core::operation::{Operation, OperationId};
use status_store::{
    Bounds, EmbeddedStore, Ending, Found, Record, RequestKey, Sequel, StatusStore, random_id,
};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::directory::Directory;

const BOUNDS: Bounds = Bounds {
    maximum_operations: usize::MAX,
    maximum_size: u64::MAX / 2,
    retention: Duration::from_secs(24 * 3_600),
};

/// Acceptances under way at a time.
const AT_A_TIME: usize = 256;

fn now() -> Timestamp {
    Timestamp::from_second(4_000_000_000).unwrap()
}

/// With an owner and a key, as it costs most.
fn record(id: OperationId) -> Record {
    let digest = id.as_bytes().repeat(2).try_into().unwrap();
    Record {
        id,
        route: "reports".into(),
        owner: Some(digest),
        request: Arc::new(RequestSummary::new(Method::POST, "https://api.example", "/reports/2026/11")),
        snapshot: Arc::clone(Operation::new().snapshot()),
        times: Times { create: now(), update: now(), end: None, expire: None },
        response: None,
        key: Some(RequestKey { digest, fingerprint: None }),
        sequel: Sequel::Interrupted,
    }
}

/// Accepts `many`, so many at a time, and ends them if there is an ending.
async fn accept(store: &Arc<EmbeddedStore>, many: usize, ending: Option<Ending>) -> Vec<OperationId> {
    let tasks: Vec<_> = (0..AT_A_TIME)
        .map(|task| {
            let (store, ending) = (Arc::clone(store), ending.clone());
            let share = many / AT_A_TIME + usize::from(task < many % AT_A_TIME);
            tokio::spawn(async move {
                let mut ids = Vec::with_capacity(share);
                for _ in 0..share {
                    let id = random_id().unwrap();
                    store.accept(record(id)).await.unwrap();
                    if let Some(ending) = &ending {
                        store.finish(id, ending.clone()).await.unwrap();
                    }
                    ids.push(id);
                }
                ids
            })
        })
        .collect();
    let mut ids = Vec::with_capacity(many);
    for task in tasks {
        ids.extend(task.await.unwrap());
    }
    ids
}

fn ending() -> Ending {
    let mut operation = Operation::new();
    operation.finish(Outcome::Canceled);
    Ending { snapshot: Arc::clone(operation.snapshot()), response: None, at: now() }
}

/// The time that all but one hundredth stay below, and the longest.
fn slowest(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() * 99 / 100], times[times.len() - 1])
}

fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A thousand a second for ten seconds, evenly.
async fn paced(store: &Arc<EmbeddedStore>) -> Vec<Duration> {
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    let mut tasks = Vec::new();
    for _ in 0..10_000 {
        tick.tick().await;
        let store = Arc::clone(store);
        tasks.push(tokio::spawn(async move {
            let began = Instant::now();
            store.accept(record(random_id().unwrap())).await.unwrap();
            began.elapsed()
        }));
    }
    let mut times = Vec::new();
    for task in tasks {
        times.push(task.await.unwrap());
    }
    times
}

async fn finds(store: &Arc<EmbeddedStore>, ids: &[OperationId]) -> Vec<Duration> {
    let mut times = Vec::new();
    for id in ids.iter().step_by((ids.len() / 50_000).max(1)) {
        let began = Instant::now();
        let found = store.find(*id, now()).await.unwrap();
        times.push(began.elapsed());
        assert!(matches!(found, Found::Present(_)));
    }
    times
}

fn small(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let directory = Directory::new();
    let store = Arc::new(EmbeddedStore::open(directory.path(), BOUNDS).unwrap());
    let mut group = criterion.benchmark_group("embedded");
    group.sample_size(10).throughput(Throughput::Elements(5_000));
    group.bench_function("accept 5000, 256 at a time", |bencher| {
        bencher.iter(|| runtime.block_on(accept(&store, 5_000, None)));
    });
    group.finish();
    let (p99, longest) = slowest(runtime.block_on(paced(&store)));
    say(&format!("accept at 1,000/s: p99 {p99:?}, longest {longest:?}"));
}

fn large(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let directory = Directory::new();
    let records = std::env::var("STATUS_STORE_BENCH_RECORDS").ok().and_then(|value| value.parse().ok());
    let store = Arc::new(EmbeddedStore::open(directory.path(), BOUNDS).unwrap());
    let began = Instant::now();
    let ids = runtime.block_on(accept(&store, records.unwrap_or(1_000_000), Some(ending())));
    say(&format!("accepted and ended {} in {:?}", ids.len(), began.elapsed()));
    let (p99, longest) = slowest(runtime.block_on(finds(&store, &ids)));
    say(&format!("find among {}: p99 {p99:?}, longest {longest:?}", ids.len()));
    let (p99, longest) = runtime.block_on(async {
        let writing = Arc::clone(&store);
        let paced = tokio::spawn(async move { paced(&writing).await });
        let found = slowest(finds(&store, &ids).await);
        let accepted = slowest(paced.await.unwrap());
        say(&format!(
            "accept at 1,000/s among {}: p99 {:?}, longest {:?}",
            ids.len(),
            accepted.0,
            accepted.1
        ));
        found
    });
    say(&format!("find among {} while 1,000/s are accepted: p99 {p99:?}, longest {longest:?}", ids.len()));
    // As after a kill: not closed.
    let image = Directory::new();
    for file in ["operations.redb", "witness"] {
        std::fs::copy(directory.path().join(file), image.path().join(file)).unwrap();
    }
    drop(store);
    for (what, path) in [("a killed", image.path()), ("a closed", directory.path())] {
        let began = Instant::now();
        let store = EmbeddedStore::open(path, BOUNDS).unwrap();
        say(&format!("open {what} store of {}: {:?}", ids.len(), began.elapsed()));
        assert!(matches!(runtime.block_on(store.find(ids[0], now())).unwrap(), Found::Present(_)));
    }
    let store = EmbeddedStore::open(directory.path(), BOUNDS).unwrap();
    criterion.bench_function("embedded/find", |bencher| {
        let mut next = ids.iter().cycle().step_by(7_919);
        bencher.iter(|| runtime.block_on(store.find(*next.next().unwrap(), now())));
    });
}

criterion_group!(embedded, small, large);
criterion_main!(embedded);
