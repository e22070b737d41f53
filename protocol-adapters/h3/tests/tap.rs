//! The tap itself, packet by packet (INT-18).

#[path = "support/plain.rs"]
#[expect(unreachable_pub, reason = "shared with the benchmark")]
mod plain;

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use downstream::{Audit, Page, Source};
use h3_adapter::tap::{Handshake, Pen};
use plain::{FORGED, Plain, packet};
use quinn_proto::crypto::{KeyPair, PacketKey};

type Keys = KeyPair<Box<dyn PacketKey>>;

/// Stream 4, from 0, ten octets.
const HEAD: &[u8] = b"\x0a\x04\x0a0123456789";
/// Packets 7 to 0.
const ACK: &[u8] = b"\x02\x07\x00\x00\x07";

#[derive(Debug)]
struct Deaf;

impl Audit for Deaf {
    fn written(&self) {}
    fn acknowledged(&self, _: Source, _: Duration) {}
    fn lost(&self, _: usize) {}
}

/// A head of stream 4.
fn head(plain: &Plain) -> (Pen, Page) {
    let audit: Arc<dyn Audit> = Arc::new(Deaf);
    let page = Page::new(&audit);
    let pen = plain.tap.pen(4, page.clone());
    pen.head(0..10, tokio::time::Instant::now().into_std());
    (pen, page)
}

fn send(keys: &Keys, number: u64, payload: &[u8]) {
    keys.local.encrypt(number, &mut packet(payload), plain::HEADER);
}

fn receive(keys: &Keys, payload: &[u8]) -> bool {
    keys.remote.decrypt(0, b"", &mut BytesMut::from(payload)).is_ok()
}

#[test]
fn a_head_is_acknowledged_by_the_packet_that_carried_it() {
    let plain = Plain::new();
    let (_pen, page) = head(&plain);
    assert!(receive(&plain.application, ACK));
    assert_eq!(page.acknowledged(), Some(0), "it has not been sent");
    send(&plain.application, 7, HEAD);
    assert!(receive(&plain.application, ACK));
    assert_eq!((page.acknowledged(), page.is_clear()), (Some(1), true));
}

#[test]
fn keys_of_the_handshake_are_not_tapped_and_all_later_ones_are() {
    let mut plain = Plain::new();
    let (_pen, page) = head(&plain);
    send(&plain.application, 7, HEAD);
    assert!(receive(&plain.handshake, ACK));
    assert_eq!(page.acknowledged(), Some(0), "those are other packets");
    plain.session.next_1rtt_keys().expect("there are always more");
    let updated = plain.session.next_1rtt_keys().expect("there are always more");
    assert!(receive(&updated, ACK));
    assert_eq!(page.acknowledged(), Some(1));
}

#[test]
fn a_packet_that_cannot_be_decrypted_tells_nothing() {
    let plain = Plain::new();
    let (_pen, page) = head(&plain);
    send(&plain.application, 7, HEAD);
    assert!(!receive(&plain.application, &[&[FORGED], ACK].concat()));
    assert_eq!((page.acknowledged(), plain.tap.unreadable()), (Some(0), 0));
}

#[test]
fn a_packet_with_an_unknown_frame_tells_nothing_and_is_counted() {
    let plain = Plain::new();
    let (_pen, page) = head(&plain);
    send(&plain.application, 6, &[HEAD, b"\x21"].concat());
    assert!(receive(&plain.application, ACK));
    assert_eq!((page.acknowledged(), plain.tap.unreadable()), (Some(0), 1));
    send(&plain.application, 7, HEAD);
    assert!(receive(&plain.application, &[ACK, b"\x21"].concat()));
    assert_eq!((page.acknowledged(), plain.tap.unreadable()), (Some(0), 2));
    assert!(receive(&plain.application, ACK));
    assert_eq!((page.acknowledged(), plain.tap.unreadable()), (Some(1), 2));
}

#[test]
fn packets_are_not_looked_at_while_no_head_is_unacknowledged() {
    let plain = Plain::new();
    send(&plain.application, 1, b"\x21");
    let (pen, page) = head(&plain);
    drop(pen);
    send(&plain.application, 2, b"\x21");
    send(&plain.application, 7, HEAD);
    assert!(receive(&plain.application, ACK));
    assert_eq!((page.acknowledged(), plain.tap.unreadable()), (Some(0), 0));
}

#[test]
fn everything_else_is_handed_on() {
    let plain = Plain::new();
    let key = &plain.application.local;
    assert_eq!((key.tag_len(), key.confidentiality_limit(), key.integrity_limit()), (plain::TAG, 1, 2));
    let data = plain.session.handshake_data().expect("there is some");
    let handshake = data.downcast::<Handshake>().expect("it is tapped");
    assert_eq!(handshake.negotiated.downcast_ref(), Some(&"negotiated"));
    let peer = plain.session.peer_identity().expect("there is one");
    assert_eq!(peer.downcast_ref(), Some(&"peer"));
    assert!(plain.session.is_valid_retry(&quinn_proto::ConnectionId::new(&[]), b"", b""));
}
