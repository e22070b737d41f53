use downstream::Drain;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, sleep};

use super::*;

fn limits() -> Limits {
    Limits {
        idle_timeout: Duration::from_secs(60),
        head_timeout: Duration::from_secs(10),
        ..Limits::default()
    }
}

async fn sniffed(io: &mut DuplexStream) -> Result<Spoken, Silence> {
    sniff(io, Protocols::CLEARTEXT, &limits(), Drain::new().watch()).await
}

#[test]
fn only_the_whole_preface_is_http2_and_only_its_beginning_is_undecided() {
    for (octets, expected) in [
        (PREFACE, Verdict::H2c),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0", Verdict::H2c),
        (b"", Verdict::Open),
        (b"P", Verdict::Open),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", Verdict::Open),
        (b"PUT / HTTP/1.1\r\n", Verdict::Http1),
        (b"PROPFIND / HTTP/1.1\r\n", Verdict::Http1),
        (b"PRI * HTTP/1.1\r\n", Verdict::Http1),
        (b"pri", Verdict::Http1),
        (b"\x16\x03\x01", Verdict::Http1),
    ] {
        assert_eq!(verdict(octets, Protocols::CLEARTEXT), expected, "{octets:?}");
    }
}

#[tokio::test]
async fn what_was_read_is_handed_on_however_it_came() {
    for (pieces, expected) in [
        (vec![&b"GET / HT"[..]], Spoken::Http1(Bytes::from_static(b"GET / HT"))),
        (vec![b"P", b"O"], Spoken::Http1(Bytes::from_static(b"PO"))),
        (vec![&PREFACE[..3], &PREFACE[3..20], &PREFACE[20..]], Spoken::H2c(Bytes::from_static(PREFACE))),
    ] {
        // Room for one piece at a time: the second is written when the first was read.
        let (mut client, mut server) = duplex(20);
        let write = async {
            for piece in &pieces {
                client.write_all(piece).await.unwrap();
            }
        };
        let (spoken, ()) = tokio::join!(sniffed(&mut server), write);
        let spoken = spoken.unwrap();
        let (Spoken::Http1(octets) | Spoken::H2c(octets)) = &spoken;
        let all: Vec<u8> = pieces.concat();
        assert!(all.starts_with(octets), "{spoken:?}");
        assert_eq!(std::mem::discriminant(&spoken), std::mem::discriminant(&expected));
    }
}

#[test]
fn a_listener_with_one_protocol_takes_everything_for_that() {
    for octets in [PREFACE, b"PRI", b"GET / HTTP/1.1\r\n"] {
        assert_eq!(verdict(octets, [Protocol::Http1].into_iter().collect()), Verdict::Http1);
        assert_eq!(verdict(octets, [Protocol::H2c].into_iter().collect()), Verdict::H2c);
    }
}

#[tokio::test(start_paused = true)]
async fn d01_silence_is_waited_for_as_an_idle_connection_and_half_a_preface_as_a_head() {
    let (mut client, mut server) = duplex(20);
    let start = Instant::now();
    assert_eq!(sniffed(&mut server).await, Err(Silence::TooSlow));
    assert_eq!(start.elapsed(), limits().idle_timeout);
    client.write_all(b"PRI").await.unwrap();
    let start = Instant::now();
    assert_eq!(sniffed(&mut server).await, Err(Silence::TooSlow));
    assert_eq!(start.elapsed(), limits().head_timeout);
}

#[tokio::test(start_paused = true)]
async fn g19_a_gateway_that_closes_waits_a_moment_for_whoever_just_came_in() {
    let (mut client, mut server) = duplex(20);
    let drain = Drain::new();
    drain.advance(Phase::Draining);
    let start = Instant::now();
    let spoken = sniff(&mut server, Protocols::CLEARTEXT, &limits(), drain.watch()).await;
    assert_eq!((spoken, start.elapsed()), (Err(Silence::Draining), LAST_CALL));

    let request = async {
        sleep(LAST_CALL / 2).await;
        client.write_all(b"GET /").await.unwrap();
    };
    let limits = limits();
    let sniffing = sniff(&mut server, Protocols::CLEARTEXT, &limits, drain.watch());
    let (spoken, ()) = tokio::join!(sniffing, request);
    assert_eq!(spoken, Ok(Spoken::Http1(Bytes::from_static(b"GET /"))));
}

#[tokio::test(start_paused = true)]
async fn g19_a_silent_connection_ends_soon_after_the_drain_begins() {
    let (_client, mut server) = duplex(20);
    let drain = Drain::new();
    let start = Instant::now();
    let limits = limits();
    let sniffing = sniff(&mut server, Protocols::CLEARTEXT, &limits, drain.watch());
    let closing = async {
        sleep(Duration::from_secs(5)).await;
        drain.advance(Phase::Draining);
    };
    let (spoken, ()) = tokio::join!(sniffing, closing);
    assert_eq!((spoken, start.elapsed()), (Err(Silence::Draining), Duration::from_secs(5) + LAST_CALL));
}

#[tokio::test]
async fn a_client_that_left_is_gone() {
    let (client, mut server) = duplex(20);
    drop(client);
    assert_eq!(sniffed(&mut server).await, Err(Silence::Departed));
}
