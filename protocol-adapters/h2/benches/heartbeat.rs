//! What a bare 102 costs on HTTP/2: a beat of a hundred streams, written into an in-memory pipe
//! that takes everything; reported per head. And what a DATA frame of 16 KiB does. Both without and
//! with the count of what is acknowledged: the difference is what that count costs.
//!
//! `cargo bench -p h2-adapter`

#[path = "../tests/wire/books.rs"]
#[expect(dead_code, reason = "shared with the tests of the wire")]
mod books;
#[path = "../tests/wire/frames.rs"]
#[expect(dead_code, reason = "shared with the tests of the wire")]
mod frames;
#[path = "../tests/wire/script.rs"]
#[expect(dead_code, reason = "shared with the tests of the wire")]
mod script;
#[path = "../tests/wire/support.rs"]
#[expect(dead_code, reason = "shared with the tests of the wire")]
mod support;

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use downstream::Limits;
use h2_adapter::{ServeError, serve};
use http_body::Frame;
use tokio::runtime::Builder;

use books::Books;
use script::{Scripted, Step, answer, silent};
use support::{Sink, service};

const STREAMS: u32 = 100;
const BEAT: Duration = Duration::from_secs(1);

/// Frames of one download, which its client takes without opening a window again.
const FRAMES: u32 = 2_000;
const FRAME: u32 = 16 * 1024;

type Serving = Pin<Box<dyn Future<Output = Result<(), ServeError>> + Send>>;

/// A connection to `sink`, with books or without.
fn connection(sink: Sink, handler: Scripted, counted: Option<&Books>) -> Serving {
    match counted {
        Some(books) => Box::pin(serve(books.count(sink), books.service(handler))),
        None => Box::pin(serve(sink, service(handler, Limits::default()))),
    }
}

fn heartbeats(criterion: &mut Criterion) {
    beat(criterion, "heartbeat_100_streams", None);
    beat(criterion, "heartbeat_100_streams_counted", Some(&Books::new()));
}

fn downloads(criterion: &mut Criterion) {
    download(criterion, "data_16_kib", None);
    download(criterion, "data_16_kib_counted", Some(&Books::new()));
}

fn download(criterion: &mut Criterion, name: &str, counted: Option<&Books>) {
    const INITIAL_WINDOW_SIZE: u16 = 4;
    let most = i32::MAX.unsigned_abs();
    let start = [frames::settings(&[(INITIAL_WINDOW_SIZE, most)]), frames::window(0, most - 65_535)];
    let start =
        start.iter().chain(&[frames::get(1, "/")]).flat_map(frames::Frame::encode).collect::<Vec<_>>();
    let start = [frames::PREFACE, &start].concat();
    let chunk = Bytes::from(vec![b'x'; FRAME.try_into().expect("small")]);
    let size = usize::try_from(FRAMES * FRAME).expect("small");

    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    let mut group = criterion.benchmark_group("h2");
    group.throughput(Throughput::Elements(FRAMES.into()));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let chunk = chunk.clone();
            let handler = silent(move |_| {
                vec![answer(200, (0..FRAMES).map(|_| Ok(Frame::data(chunk.clone()))).collect())]
            });
            let (sink, tally) = Sink::new(start.clone());
            runtime.block_on(async {
                let served = tokio::spawn(connection(sink, handler, counted));
                while tally.octets.load(Ordering::Relaxed) < size {
                    tokio::task::yield_now().await;
                }
                served.abort();
            });
        });
    });
    group.finish();
}

fn beat(criterion: &mut Criterion, name: &str, counted: Option<&Books>) {
    let gets = (0..STREAMS).flat_map(|index| frames::get(index * 2 + 1, "/").encode());
    let start = [frames::PREFACE, &frames::settings(&[]).encode()].concat();
    let (sink, tally) = Sink::new(start.into_iter().chain(gets).collect());

    // The clock is paused: it leaps from beat to beat, so only work is measured.
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let served = runtime.spawn(connection(sink, silent(|_| vec![Step::Beat(BEAT)]), counted));
    runtime.block_on(async { tokio::time::sleep(BEAT * 3).await });
    let (writes, octets) = (tally.writes.load(Ordering::Relaxed), tally.octets.load(Ordering::Relaxed));

    let mut group = criterion.benchmark_group("h2");
    group.throughput(Throughput::Elements(STREAMS.into()));
    group.bench_function(name, |bencher| {
        bencher.iter(|| runtime.block_on(async { tokio::time::sleep(BEAT).await }));
    });
    group.finish();

    assert!(!served.is_finished(), "the connection lives");
    let writes = tally.writes.load(Ordering::Relaxed) - writes;
    let heads = (tally.octets.load(Ordering::Relaxed) - octets) / 10;
    let share = writes * 1_000 / heads.max(1);
    assert!(share <= 20, "{writes} writes for {heads} heads");
}

criterion_group!(benches, heartbeats, downloads);
criterion_main!(benches);
