//! What the tap costs a QUIC packet: at most 50 ns (INT-18). The packets are not really encrypted:
//! `bare` is what the measurement itself costs.
//!
//! `cargo bench -p h3-adapter`

#[path = "../tests/support/plain.rs"]
#[expect(dead_code, unreachable_pub, reason = "shared with the tests")]
mod plain;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use criterion::{Criterion, criterion_group, criterion_main};
use downstream::{Audit, Page, Source};
use h3_adapter::tap::Pen;
use plain::{HEADER, Plain, bare, packet};
use quinn_proto::crypto::PacketKey;

#[derive(Debug)]
struct Deaf;

impl Audit for Deaf {
    fn written(&self) {}
    fn acknowledged(&self, _: Source, _: Duration) {}
    fn lost(&self, _: usize) {}
}

/// Streams that wait for an acknowledgement beside.
const STREAMS: u64 = 100;
/// Octets of a bare 102 in its frame.
const HEAD: u64 = 9;

fn pen(plain: &Plain, stream: u64) -> Pen {
    let audit: Arc<dyn Audit> = Arc::new(Deaf);
    plain.tap.pen(stream, Page::new(&audit))
}

/// Heads that nobody acknowledges, in packets from 1,000,000 on.
fn watched(plain: &Plain) -> Vec<Pen> {
    let now = tokio::time::Instant::now().into_std();
    let pens: Vec<_> = (0..STREAMS).map(|stream| pen(plain, stream * 4)).collect();
    for (pen, stream) in pens.iter().zip(0_u8..) {
        pen.head(0..HEAD, now);
        let payload = [&[0x0a, 0x40 | (stream >> 6), stream << 2, 9][..], b"123456789"].concat();
        plain.application.local.encrypt(1_000_000, &mut packet(&payload), HEADER);
    }
    pens
}

/// Content of a stream without heads, as much as fits.
fn content() -> Vec<u8> {
    packet(&[&b"\x0c\x42\x00\x80\x01\x00\x00"[..], &[7; 1_300]].concat())
}

/// A probe of the path: PING and padding.
fn probe() -> Vec<u8> {
    packet(&[&[1][..], &[0; 1_400]].concat())
}

/// Packets 999,999 and before, in so many ranges; the window of a stream.
fn acknowledgement(ranges: u8) -> BytesMut {
    let more = [3, 40].repeat(usize::from(ranges) - 1);
    let ack = [&b"\x02\x80\x0f\x42\x3f\x20"[..], &[ranges - 1, 5], &more].concat();
    BytesMut::from([&ack, &b"\x11\x40\x40\x80\x01\x00\x00"[..]].concat().as_slice())
}

fn encrypt(criterion: &mut Criterion, name: &str, key: &dyn PacketKey, mut packet: Vec<u8>) {
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| key.encrypt(black_box(2_000_000), black_box(&mut packet), HEADER));
    });
}

fn decrypt(criterion: &mut Criterion, name: &str, key: &dyn PacketKey, mut packet: BytesMut) {
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| key.decrypt(black_box(1), b"", black_box(&mut packet)).is_ok());
    });
}

fn packets(criterion: &mut Criterion) {
    let key = bare();
    encrypt(criterion, "bare/content", &*key, content());
    decrypt(criterion, "bare/ack", &*key, acknowledgement(1));
    let idle = Plain::new();
    encrypt(criterion, "idle/content", &*idle.application.local, content());
    encrypt(criterion, "idle/probe", &*idle.application.local, probe());
    decrypt(criterion, "idle/ack", &*idle.application.remote, acknowledgement(1));
    let busy = Plain::new();
    let pens = watched(&busy);
    encrypt(criterion, "watching/content", &*busy.application.local, content());
    encrypt(criterion, "watching/probe", &*busy.application.local, probe());
    decrypt(criterion, "watching/ack", &*busy.application.remote, acknowledgement(1));
    decrypt(criterion, "watching/ack_of_4_ranges", &*busy.application.remote, acknowledgement(4));
    assert_eq!(busy.tap.unreadable(), 0, "all of them were read");
    assert!(pens.iter().all(|pen| pen.page().acknowledged() == Some(0)), "nothing was told of them");
}

/// A head from its entry to its acknowledgement, beside a hundred others.
fn heads(criterion: &mut Criterion) {
    let plain = Plain::new();
    let _others = watched(&plain);
    let pen = pen(&plain, 800);
    let now = tokio::time::Instant::now().into_std();
    let mut number = 2_000_000_u32;
    let mut start = 0_u32;
    criterion.bench_function("head", |bencher| {
        bencher.iter(|| {
            let [a, b, c, d] = (start | 0x8000_0000).to_be_bytes();
            let mut carrying = packet(&[&[0x0e, 0x43, 0x20, a, b, c, d, 9][..], b"123456789"].concat());
            let octets = u64::from(start)..u64::from(start) + HEAD;
            pen.head(octets, now);
            plain.application.local.encrypt(number.into(), &mut carrying, HEADER);
            let [a, b, c, d] = (number | 0x8000_0000).to_be_bytes();
            let mut ack = BytesMut::from(&[2, a, b, c, d, 0, 0, 0][..]);
            assert!(plain.application.remote.decrypt(1, b"", &mut ack).is_ok());
            number += 1;
            start = (start + 9) % 0x2000_0000;
        });
    });
    assert!(pen.page().is_clear(), "all were acknowledged");
}

criterion_group!(benches, packets, heads);
criterion_main!(benches);
