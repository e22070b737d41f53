use std::sync::Arc;
use std::time::{Duration, Instant};

use downstream::{Audit, Source};
use proptest::prelude::*;

use super::*;

/// Counts nothing; pages count for themselves.
#[derive(Debug)]
struct Deaf;

impl Audit for Deaf {
    fn written(&self) {}
    fn acknowledged(&self, _: Source, _: Duration) {}
    fn lost(&self, _: usize) {}
}

fn page() -> Page {
    let audit: Arc<dyn Audit> = Arc::new(Deaf);
    Page::new(&audit)
}

/// How many heads these packets acknowledge.
fn struck(sent: &mut Sent, packets: RangeInclusive<u64>) -> usize {
    let mut struck = SmallVec::new();
    sent.arrived(packets, &mut struck);
    struck.into_iter().map(|(_, count)| count).sum()
}

#[test]
fn a_head_in_pieces_needs_all_of_them() {
    let mut sent = Sent::default();
    sent.expect(4, 0..30, &page());
    for (packet, octets) in [(1, 0..10), (2, 10..20), (3, 20..30)] {
        sent.carried(packet, 4, octets);
    }
    assert_eq!(struck(&mut sent, 3..=3), 0);
    assert_eq!(struck(&mut sent, 1..=1), 0);
    assert_eq!(struck(&mut sent, 3..=3), 0, "twice is once");
    // It was lost, and goes out again in other pieces.
    sent.carried(4, 4, 8..15);
    sent.carried(5, 4, 15..22);
    assert_eq!(struck(&mut sent, 5..=5), 0);
    assert_eq!(struck(&mut sent, 4..=4), 1);
    assert!(sent.is_clear());
    assert_eq!(sent.records.capacity(), 0);
}

#[test]
fn heads_of_a_stream_are_acknowledged_in_order() {
    let mut sent = Sent::default();
    let page = page();
    sent.expect(4, 0..10, &page);
    sent.expect(4, 10..20, &page);
    sent.expect(8, 0..10, &page);
    sent.carried(1, 4, 0..10);
    sent.carried(2, 4, 10..20);
    sent.carried(2, 8, 0..10);
    assert_eq!(struck(&mut sent, 2..=2), 1, "that of the other stream");
    assert_eq!(struck(&mut sent, 0..=9), 2);
}

#[test]
fn only_octets_of_heads_are_recorded() {
    let mut sent = Sent::default();
    sent.carried(1, 4, 0..10);
    sent.expect(4, 0..10, &page());
    sent.carried(2, 8, 0..10);
    sent.carried(3, 4, 10..500);
    assert_eq!(sent.records.len(), 0);
    sent.carried(4, 4, 5..500);
    assert_eq!((sent.records.len(), sent.records[0].octets.clone()), (1, 5..10));
}

#[test]
fn a_packet_that_is_retracted_tells_nothing() {
    let mut sent = Sent::default();
    sent.expect(4, 0..10, &page());
    sent.carried(1, 4, 0..5);
    sent.carried(2, 4, 0..5);
    sent.carried(2, 4, 5..10);
    sent.retract(2);
    assert_eq!(struck(&mut sent, 0..=2), 0);
    sent.carried(3, 4, 5..10);
    assert_eq!(struck(&mut sent, 3..=3), 1);
}

#[test]
fn a_stream_that_is_forgotten_is_acknowledged_no_more() {
    let mut sent = Sent::default();
    sent.expect(4, 0..10, &page());
    sent.expect(8, 0..10, &page());
    sent.carried(1, 4, 0..10);
    sent.carried(2, 8, 0..10);
    sent.forget(4);
    assert_eq!(struck(&mut sent, 1..=1), 0);
    assert_eq!(struck(&mut sent, 2..=2), 1);
    assert!(sent.is_clear());
}

#[test]
fn records_are_bounded_and_the_oldest_goes() {
    let mut sent = Sent::default();
    let count = RECORDS as u64 + 10;
    sent.expect(4, 0..count, &page());
    for packet in 0..count {
        sent.carried(packet, 4, packet..packet + 1);
    }
    assert_eq!(sent.records.len(), RECORDS);
    // The first ten arrived, and nobody knows any more.
    assert_eq!(struck(&mut sent, 0..=count), 0);
    sent.carried(count + 1, 4, 0..10);
    assert_eq!(struck(&mut sent, count + 1..=count + 1), 1);
}

#[test]
fn packets_far_below_the_largest_that_arrived_are_lost() {
    let mut sent = Sent::default();
    sent.expect(4, 0..30, &page());
    sent.carried(1, 4, 0..10);
    sent.carried(LATE, 4, 10..20);
    sent.carried(2 * LATE, 4, 20..30);
    assert_eq!(struck(&mut sent, 2 * LATE..=2 * LATE), 0);
    assert_eq!(sent.records.len(), 1, "one is only late");
    assert_eq!(struck(&mut sent, 0..=LATE), 0);
    sent.carried(3 * LATE, 4, 0..10);
    assert_eq!(struck(&mut sent, 3 * LATE..=3 * LATE), 1);
}

#[test]
fn pieces_are_bounded_and_what_is_beyond_is_never_acknowledged() {
    let mut sent = Sent::default();
    let count = 2 * PIECES as u64 + 10;
    sent.expect(4, 0..count, &page());
    for packet in 0..count {
        sent.carried(packet, 4, packet..packet + 1);
    }
    for packet in (1..count).step_by(2) {
        assert_eq!(struck(&mut sent, packet..=packet), 0);
    }
    assert_eq!(sent.streams[&4].pieces.len(), PIECES);
    assert_eq!(struck(&mut sent, 0..=count), 0);
    assert_eq!(sent.streams[&4].pieces.len(), 4, "those between them have joined the others");
}

/// What happens to a connection.
#[derive(Clone, Debug)]
enum Act {
    /// A head of so many octets on one of the streams.
    Head(u64, u64),
    /// A packet with octets of one of the streams: from where, and how many.
    Packet(u64, u64, u64),
    /// An acknowledgement: from how far back, how many.
    Ack(u64, u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => (0..3_u64, 1..20_u64).prop_map(|(stream, size)| Act::Head(stream, size)),
        3 => (0..3_u64, 0..60_u64, 1..40_u64).prop_map(|(stream, from, size)| Act::Packet(stream, from, size)),
        2 => (0..12_u64, 0..6_u64).prop_map(|(back, more)| Act::Ack(back, more)),
    ]
}

/// A stream octet by octet: whether each has arrived; and where its heads end.
#[derive(Default)]
struct Model {
    arrived: Vec<bool>,
    ends: Vec<usize>,
}

impl Model {
    /// Heads that have arrived whole, with all before them.
    fn acknowledged(&self) -> usize {
        let whole = self.arrived.iter().take_while(|arrived| **arrived).count();
        self.ends.iter().filter(|end| **end <= whole).count()
    }
}

proptest! {
    #[test]
    fn heads_are_acknowledged_exactly_when_all_their_octets_are(acts in proptest::collection::vec(act(), 1..300)) {
        let mut sent = Sent::default();
        let pages: Vec<_> = (0..3).map(|_| page()).collect();
        let mut models: Vec<_> = (0..3).map(|_| Model::default()).collect();
        let mut packets: Vec<(usize, Range<usize>)> = Vec::new();
        let index = |number: u64| usize::try_from(number).expect("it is small");
        let now = tokio::time::Instant::now().into_std();
        for act in acts {
            match act {
                Act::Head(stream, size) => {
                    let model = &mut models[index(stream)];
                    let start = model.arrived.len() as u64;
                    model.arrived.resize(index(start + size), false);
                    model.ends.push(index(start + size));
                    pages[index(stream)].enter(now);
                    sent.expect(stream, start..start + size, &pages[index(stream)]);
                }
                Act::Packet(stream, from, size) => {
                    // What quinn would send: octets that have been written.
                    let end = models[index(stream)].arrived.len().min(index(from + size));
                    packets.push((index(stream), index(from).min(end)..end));
                    sent.carried(packets.len() as u64, stream, from.min(end as u64)..end as u64);
                }
                Act::Ack(back, more) => {
                    let first = (packets.len() as u64).saturating_sub(back).max(1);
                    let last = (first + more).min(packets.len() as u64);
                    if last < first {
                        continue;
                    }
                    for (stream, octets) in &packets[index(first) - 1..index(last)] {
                        models[*stream].arrived[octets.clone()].fill(true);
                    }
                    let mut struck = SmallVec::new();
                    sent.arrived(first..=last, &mut struck);
                    strike(&struck, now);
                }
            }
            for (page, model) in pages.iter().zip(&models) {
                prop_assert_eq!(page.acknowledged().map(|heads| heads as usize), Some(model.acknowledged()));
            }
        }
    }
}

fn strike(struck: &[Struck], now: Instant) {
    for (page, count) in struck {
        (0..*count).for_each(|_| page.strike(Source::Quic, now));
    }
}
