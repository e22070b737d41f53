//! All heads of one beat leave together.

use std::sync::atomic::Ordering;
use std::time::Duration;

use downstream::Limits;
use h2_adapter::serve;

use crate::frames::{self, PREFACE};
use crate::script::{Step, silent};
use crate::support::{Sink, service};

const BEAT: Duration = Duration::from_secs(1);

/// A client that opens `streams` requests and then only listens.
pub(crate) fn requests(streams: u32) -> Vec<u8> {
    let gets = (0..streams).flat_map(|index| frames::get(index * 2 + 1, "/").encode());
    [PREFACE.to_vec(), frames::settings(&[]).encode()].into_iter().flatten().chain(gets).collect()
}

#[tokio::test(start_paused = true)]
async fn a_beat_of_a_hundred_streams_is_one_write() {
    const STREAMS: usize = 100;
    const BEATS: usize = 50;
    let (sink, tally) = Sink::new(requests(100));
    let service = service(silent(|_| vec![Step::Beat(BEAT)]), Limits::default());
    let served = tokio::spawn(serve(sink, service));
    tokio::time::sleep(BEAT * 5).await;
    let (writes, octets) = (tally.writes.load(Ordering::Relaxed), tally.octets.load(Ordering::Relaxed));
    tokio::time::sleep(BEAT * u32::try_from(BEATS).expect("few")).await;
    let writes = tally.writes.load(Ordering::Relaxed) - writes;
    let octets = tally.octets.load(Ordering::Relaxed) - octets;
    assert_eq!(octets, STREAMS * BEATS * 10, "ten octets a head");
    assert_eq!(writes, BEATS, "one write a beat: 0.01 for each head");
    assert!(!served.is_finished());
}
