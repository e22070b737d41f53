//! Which octets of which stream went out in which packet, and which of them have arrived.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Range, RangeInclusive};

use downstream::Page;
use smallvec::SmallVec;

/// Records of a connection: one for each packet and stream whose heads are in it. When there are
/// more, the oldest goes: it is the likeliest to be lost, and then its octets are sent again and
/// recorded again. If it does arrive, its head counts as unacknowledged for as long as its exchange
/// lasts. 128 KiB, an eighth of what the connection may have unacknowledged.
const RECORDS: usize = 4_096;
/// A packet that is so far below the largest that has arrived is taken for lost. quinn does so from
/// three on, and sends its octets again; what is between them is for packets that are only late.
const LATE: u64 = 1_000;
/// Pieces of a stream that have arrived while something before them has not. Nobody gets here whose
/// network loses less than every other packet; what is beyond is never acknowledged.
const PIECES: usize = 128;

/// The heads of a connection that have not been acknowledged, and the packets that carried them.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Those that have such heads. Bound: the streams that a client may have open.
    streams: BTreeMap<u64, Heads>,
    /// In the order of their packets. Bound: [`RECORDS`].
    records: VecDeque<Record>,
    /// The largest packet number that was acknowledged.
    largest: u64,
}

/// The heads of one stream.
#[derive(Debug)]
struct Heads {
    page: Page,
    /// Everything below has arrived, or does not matter.
    arrived: u64,
    /// What has arrived beyond, in order; the pieces do not touch. Bound: [`PIECES`].
    pieces: SmallVec<[Range<u64>; 1]>,
    /// Where they end, in order. Bound: what [`Page::poll_window`] lets out.
    ends: SmallVec<[u64; 2]>,
}

#[derive(Debug)]
struct Record {
    packet: u64,
    stream: u64,
    octets: Range<u64>,
}

/// How many heads of a page were acknowledged; the oldest.
pub(super) type Struck = (Page, usize);

impl Sent {
    /// Whether there is no head to be acknowledged.
    pub(super) fn is_clear(&self) -> bool {
        self.streams.is_empty()
    }

    /// These octets of a stream will be a head of `page`. They follow the head before them, and no
    /// packet has carried them yet.
    pub(super) fn expect(&mut self, stream: u64, octets: Range<u64>, page: &Page) {
        let heads = self.streams.entry(stream).or_insert_with(|| Heads {
            page: page.clone(),
            arrived: octets.start,
            pieces: SmallVec::new(),
            ends: SmallVec::new(),
        });
        heads.ends.push(octets.end);
    }

    /// A packet carries these octets of a stream. Packets are told in the order of their numbers.
    pub(super) fn carried(&mut self, packet: u64, stream: u64, octets: Range<u64>) {
        let Some(heads) = self.streams.get(&stream) else { return };
        let octets = octets.start.max(heads.arrived)..octets.end.min(heads.end());
        if octets.is_empty() {
            return;
        }
        if self.records.len() == RECORDS {
            self.records.pop_front();
        }
        self.records.push_back(Record { packet, stream, octets });
    }

    /// Nothing is known of a packet after all.
    pub(super) fn retract(&mut self, packet: u64) {
        while self.records.back().is_some_and(|record| record.packet == packet) {
            self.records.pop_back();
        }
    }

    /// These packets have arrived. Adds what they acknowledge to `struck`.
    pub(super) fn arrived(&mut self, packets: RangeInclusive<u64>, struck: &mut SmallVec<[Struck; 2]>) {
        let (first, last) = packets.into_inner();
        self.largest = self.largest.max(last);
        if self.records.front().is_none_or(|record| record.packet > last) {
            return;
        }
        let from = self.records.partition_point(|record| record.packet < first);
        let to = self.records.partition_point(|record| record.packet <= last);
        for Record { stream, octets, .. } in self.records.drain(from..to) {
            let Some(heads) = self.streams.get_mut(&stream) else { continue };
            heads.cover(octets);
            let count = heads.take_arrived();
            if heads.ends.is_empty() {
                struck.extend(self.streams.remove(&stream).map(|heads| (heads.page, count)));
            } else if count > 0 {
                struck.push((heads.page.clone(), count));
            }
        }
        self.tidy();
    }

    /// Nobody wants to know any more about the heads of a stream.
    pub(super) fn forget(&mut self, stream: u64) {
        if self.streams.remove(&stream).is_some() {
            self.tidy();
        }
    }

    /// Drops records that will tell nothing.
    fn tidy(&mut self) {
        if self.is_clear() {
            // A connection that waits keeps no memory for records.
            self.records = VecDeque::new();
        }
        let late = self.largest.saturating_sub(LATE);
        while self.records.front().is_some_and(|record| record.packet < late) {
            self.records.pop_front();
        }
    }
}

impl Heads {
    /// Where the last of them ends.
    fn end(&self) -> u64 {
        self.ends.last().copied().unwrap_or(self.arrived)
    }

    fn cover(&mut self, mut octets: Range<u64>) {
        if octets.start > self.arrived {
            let from = self.pieces.partition_point(|piece| piece.end < octets.start);
            let to = self.pieces.partition_point(|piece| piece.start <= octets.end);
            if from == to && self.pieces.len() == PIECES {
                return;
            }
            for piece in self.pieces.drain(from..to) {
                octets = octets.start.min(piece.start)..octets.end.max(piece.end);
            }
            self.pieces.insert(from, octets);
            return;
        }
        self.arrived = self.arrived.max(octets.end);
        while let Some(piece) = self.pieces.first()
            && piece.start <= self.arrived
        {
            self.arrived = self.arrived.max(piece.end);
            self.pieces.remove(0);
        }
    }

    /// Takes off the heads that have arrived whole, with all before them.
    fn take_arrived(&mut self) -> usize {
        let count = self.ends.partition_point(|end| *end <= self.arrived);
        self.ends.drain(..count);
        count
    }
}

#[cfg(test)]
mod tests;
