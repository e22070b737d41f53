//! What a bare 102 costs on HTTP/2: a beat of a hundred streams, written into an in-memory pipe
//! that takes everything. Reported per head.
//!
//! `cargo bench -p h2-adapter`

#[path = "../tests/wire/frames.rs"]
#[expect(dead_code, reason = "shared with the tests of the wire")]
mod frames;
#[path = "../tests/wire/script.rs"]
#[expect(dead_code, reason = "shared with the tests of the wire")]
mod script;
#[path = "../tests/wire/support.rs"]
#[expect(dead_code, reason = "shared with the tests of the wire")]
mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use downstream::Limits;
use h2_adapter::serve;
use tokio::runtime::Builder;

use script::{Step, silent};
use support::{Sink, service};

const STREAMS: u32 = 100;
const BEAT: Duration = Duration::from_secs(1);

fn heartbeats(criterion: &mut Criterion) {
    let gets = (0..STREAMS).flat_map(|index| frames::get(index * 2 + 1, "/").encode());
    let start = [frames::PREFACE, &frames::settings(&[]).encode()].concat();
    let (sink, tally) = Sink::new(start.into_iter().chain(gets).collect());

    // The clock is paused: it leaps from beat to beat, so only work is measured.
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let service = service(silent(|_| vec![Step::Beat(BEAT)]), Limits::default());
    let served = runtime.spawn(serve(sink, service));
    runtime.block_on(async { tokio::time::sleep(BEAT * 3).await });
    let (writes, octets) = (tally.writes.load(Ordering::Relaxed), tally.octets.load(Ordering::Relaxed));

    let mut group = criterion.benchmark_group("h2");
    group.throughput(Throughput::Elements(STREAMS.into()));
    group.bench_function("heartbeat_100_streams", |bencher| {
        bencher.iter(|| runtime.block_on(async { tokio::time::sleep(BEAT).await }));
    });
    group.finish();

    assert!(!served.is_finished(), "the connection lives");
    let writes = tally.writes.load(Ordering::Relaxed) - writes;
    let heads = (tally.octets.load(Ordering::Relaxed) - octets) / 10;
    let share = writes * 1_000 / heads.max(1);
    assert!(share <= 20, "{writes} writes for {heads} heads");
}

criterion_group!(benches, heartbeats);
criterion_main!(benches);
