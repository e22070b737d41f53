//! What heads cost in memory: nothing per heartbeat, and no growth for a client that does not read.
//!
//! `allocation_counter` counts what the measuring thread allocates, so both ends run on it.

#[path = "wire/books.rs"]
#[expect(dead_code, reason = "shared with the tests of the wire")]
mod books;
#[path = "wire/frames.rs"]
#[expect(dead_code, reason = "shared with the tests of the wire")]
mod frames;
#[path = "wire/script.rs"]
#[expect(dead_code, reason = "shared with the tests of the wire")]
mod script;
#[path = "wire/support.rs"]
#[expect(dead_code, reason = "shared with the tests of the wire")]
mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use allocation_counter::measure;
use downstream::Limits;
use h2_adapter::{ServeError, serve};
use tokio::io::AsyncWriteExt;
use tokio::runtime::{Builder, Runtime};

use books::Books;
use script::{Step, silent};
use support::{Sink, Tally, service};

const BEAT: Duration = Duration::from_secs(1);
const STREAMS: u32 = 100;

fn paused() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime")
}

fn requests() -> Vec<u8> {
    let gets = (0..STREAMS).flat_map(|index| frames::get(index * 2 + 1, "/").encode());
    [frames::PREFACE, &frames::settings(&[]).encode()].concat().into_iter().chain(gets).collect()
}

#[test]
fn a_heartbeat_allocates_nothing() {
    let (sink, tally) = Sink::new(requests());
    let service = service(silent(|_| vec![Step::Beat(BEAT)]), Limits::default());
    assert_beats_are_free(serve(sink, service), &tally);
}

#[test]
fn int18_neither_does_one_whose_acknowledgement_is_counted() {
    let (sink, tally) = Sink::new(requests());
    let books = Books::new();
    let service = books.service(silent(|_| vec![Step::Beat(BEAT)]));
    assert_beats_are_free(serve(books.count(sink), service), &tally);
    assert!(tally.pings.load(Ordering::Relaxed) >= 12);
    let (by_kernel, by_client) = books.counts.acknowledged();
    assert_eq!((by_kernel + by_client, books.counts.outstanding()), (books.counts.written(), 0));
}

fn assert_beats_are_free(
    serving: impl Future<Output = Result<(), ServeError>> + Send + 'static,
    tally: &Tally,
) {
    const BEATS: usize = 60;
    let runtime = paused();
    let served = runtime.spawn(serving);
    runtime.block_on(async { tokio::time::sleep(BEAT * 5).await });
    let before = tally.octets.load(Ordering::Relaxed);
    let cost = measure(|| runtime.block_on(async { tokio::time::sleep(BEAT * 60).await }));
    let heads = (tally.octets.load(Ordering::Relaxed) - before) / 10;
    eprintln!("{heads} heartbeats: {cost:?}");
    assert_eq!(heads, BEATS * usize::try_from(STREAMS).expect("few"));
    assert_eq!(cost.count_total, 0);
    assert!(!served.is_finished());
}

#[test]
fn h2x_04_a_client_that_does_not_read_costs_no_more_for_a_hundred_thousand_heads() {
    let attempts = 1_000;
    let limits = Limits { write_stall: Duration::from_secs(86_400), ..Limits::default() };
    let runtime = paused();
    let (mut near, far) = tokio::io::duplex(1024);
    let heads = script::head(102, &[("progress", "3/10 \"a label that makes the head larger\"")]);
    let plan = move |_: &str| {
        let say = (0..attempts).flat_map(|_| [Step::Wait(BEAT), Step::Say(heads.clone())]);
        say.chain([Step::Flood(u32::MAX, BEAT)]).collect()
    };
    let served = runtime.spawn(serve(far, service(silent(plan), limits)));
    runtime.block_on(async {
        near.write_all(&requests()).await.expect("written");
        tokio::time::sleep(BEAT * 10).await;
    });
    // A hundred streams with a head each second: a hundred thousand, and none can be written.
    let cost = measure(|| runtime.block_on(async { tokio::time::sleep(BEAT * 1_000).await }));
    eprintln!("a hundred thousand withheld heads: {cost:?}");
    assert!(cost.bytes_max < 64 * 1024, "{cost:?}");
    assert!(!served.is_finished());
}

#[test]
fn i_20_an_origin_that_never_stops_costs_no_more_than_the_bound() {
    let limits = Limits { write_stall: Duration::from_secs(86_400), ..Limits::default() };
    let runtime = paused();
    let (mut near, far) = tokio::io::duplex(1024);
    let plan = |_: &str| vec![Step::Flood(100_000, Duration::ZERO)];
    let cost = measure(|| {
        let served = runtime.spawn(serve(far, service(silent(plan), limits)));
        runtime.block_on(async {
            near.write_all(&requests()).await.expect("written");
            tokio::time::sleep(BEAT * 60).await;
        });
        assert!(!served.is_finished());
    });
    eprintln!("a hundred streams that attempt a hundred thousand heads each: {cost:?}");
    // The connection itself and a hundred exchanges are in this figure.
    assert!(cost.bytes_max < 1024 * 1024, "{cost:?}");
}
