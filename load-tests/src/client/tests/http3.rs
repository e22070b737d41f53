//! HTTP/3: against a QUIC server whose frames are written by hand.

use std::cell::RefCell;
use std::future::pending;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use h3::error::Code;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connection, Endpoint, RecvStream, SendStream, ServerConfig, VarInt};
use tokio::sync::{Mutex, Notify};
use tokio::task::spawn_local;

use super::{Event, Served, begin, content, exchange, get, identity, interim, limits, post, run, secured};
use crate::client::{Ask, Failure, Pool, Reading};
use crate::scenario::Protocol;

/// A control stream with empty SETTINGS.
const CONTROL: &[u8] = &[0x00, 0x04, 0x00];

/// A request: both sides of its stream, its connection, and how many came before that.
struct Asked {
    send: SendStream,
    recv: RecvStream,
    connection: Connection,
    control: Rc<Mutex<SendStream>>,
    nth: usize,
}

/// Serves every request by `script`.
fn serve(connections: usize, script: impl Fn(Asked) -> Served + 'static) -> Pool {
    let identity = identity(&[b"h3"]);
    let crypto = QuicServerConfig::try_from(identity.config).expect("TLS 1.3");
    let config = ServerConfig::with_crypto(Arc::new(crypto));
    let endpoint = Endpoint::server(config, "127.0.0.1:0".parse().expect("an address")).expect("a socket");
    let address: SocketAddr = endpoint.local_addr().expect("an address");
    let script = Rc::new(script);
    spawn_local(async move {
        for nth in 0.. {
            let incoming = endpoint.accept().await.expect("it is open");
            let (connection, script) = (incoming.await.expect("a connection"), Rc::clone(&script));
            spawn_local(async move {
                let mut control = connection.open_uni().await.expect("room");
                control.write_all(CONTROL).await.expect("it is sent");
                let control = Rc::new(Mutex::new(control));
                while let Ok((send, recv)) = connection.accept_bi().await {
                    let (connection, control) = (connection.clone(), Rc::clone(&control));
                    spawn_local(script(Asked { send, recv, connection, control, nth }));
                }
            });
        }
    });
    Pool::new(Protocol::H3, secured(address, &identity.pem), limits(connections, 10))
}

/// A HEADERS frame: the status, and a `progress` field if that is not empty.
fn head(status: &str, progress: &str) -> Vec<u8> {
    let mut section = [&[0, 0, 0x5f, 0x09, 3], status.as_bytes()].concat();
    if !progress.is_empty() {
        section.extend_from_slice(b"\x27\x01progress");
        section.push(u8::try_from(progress.len()).expect("it is short"));
        section.extend_from_slice(progress.as_bytes());
    }
    frame(1, &section)
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&[kind, u8::try_from(payload.len()).expect("it is short")], payload].concat()
}

/// Reads a request to its end, and returns its length.
async fn request(recv: &mut RecvStream) -> usize {
    let mut length = 0;
    while let Ok(Some(chunk)) = recv.read_chunk(usize::MAX, true).await {
        length += chunk.bytes.len();
    }
    length
}

async fn write(send: &mut SendStream, octets: &[u8], size: usize) {
    for piece in octets.chunks(size) {
        send.write_all(piece).await.expect("it is read");
        tokio::task::yield_now().await;
    }
}

#[test]
fn every_interim_head_is_seen_however_it_is_cut() {
    for size in [1, 5, 1000] {
        run(async move {
            let response = [
                head("102", "1/2"),
                frame(0x21, b"grease"),
                head("102", "2/2"),
                head("200", ""),
                frame(0, b""),
                frame(0, b"do"),
                frame(0, b"ne"),
                // Trailers.
                frame(1, b"\x00\x00\x21a\x01b"),
            ]
            .concat();
            let pool = serve(1, move |mut asked| {
                let response = response.clone();
                Box::pin(async move {
                    request(&mut asked.recv).await;
                    write(&mut asked.send, &response, size).await;
                    asked.send.finish().expect("it is open");
                })
            });
            for _ in 0..2 {
                let (ended, events) = exchange(&pool, &get("/")).await;
                assert_eq!(ended, Ok(()), "by {size}");
                let expected =
                    [Event::Sent, interim("1/2"), interim("2/2"), Event::Answered(200), content("done")];
                assert_eq!(events, expected, "by {size}");
            }
        });
    }
}

#[test]
fn what_breaks_the_protocol_is_told_as_that_and_costs_no_other_request() {
    let said = |length: u8| frame(1, &[&b"\x00\x00\xd9\x54\x01"[..], &[length]].concat());
    let cases = [
        ("no response", Vec::new()),
        ("an interim head at the end", head("102", "")),
        ("a head after the final one", [head("200", ""), frame(0, b"a"), head("102", "")].concat()),
        ("trailers twice", [head("200", ""), frame(1, b"\x00\x00"), frame(1, b"\x00\x00")].concat()),
        ("content before the final head", frame(0, b"a")),
        ("content after the trailers", [head("200", ""), frame(1, b"\x00\x00"), frame(0, b"a")].concat()),
        ("less content than was said", [said(b'2'), frame(0, b"a")].concat()),
        ("more content than was said", [said(b'1'), frame(0, b"ab")].concat()),
        ("content of a 204", [head("204", ""), frame(0, b"ab")].concat()),
        ("a frame cut short", [head("200", ""), vec![0, 5, b'a']].concat()),
        ("a head without a status", frame(1, b"\x00\x00")),
        ("101", head("101", "")),
        ("SETTINGS", frame(4, b"")),
    ];
    run(async move {
        let answers = cases.clone();
        let turn = RefCell::new(0);
        let pool = serve(1, move |mut asked| {
            assert_eq!(asked.nth, 0, "one connection is enough");
            let answer = answers[*turn.borrow()].1.clone();
            *turn.borrow_mut() += 1;
            Box::pin(async move {
                request(&mut asked.recv).await;
                // A client that has seen enough asks to stop.
                let _ = asked.send.write_all(&answer).await;
                let _ = asked.send.finish();
            })
        });
        for (what, _) in cases {
            let ended = exchange(&pool, &get("/")).await.0;
            assert!(matches!(ended, Err(Failure::Protocol(_))), "{what}: {ended:?}");
        }
    });
}

#[test]
fn resets_are_told_and_rejections_tried_again() {
    run(async {
        let turn = RefCell::new(0);
        let pool = serve(1, move |mut asked| {
            *turn.borrow_mut() += 1;
            let code = match *turn.borrow() {
                1 => Some(Code::H3_INTERNAL_ERROR),
                2 => Some(Code::H3_REQUEST_REJECTED),
                _ => None,
            };
            Box::pin(async move {
                request(&mut asked.recv).await;
                if let Some(code) = code {
                    asked.send.reset(VarInt::from_u64(code.value()).expect("a code")).expect("it is open");
                } else {
                    asked.send.write_all(&head("204", "")).await.expect("it is read");
                    asked.send.finish().expect("it is open");
                }
            })
        });
        let expected = Failure::Reset("H3_INTERNAL_ERROR".to_owned());
        assert_eq!(exchange(&pool, &get("/")).await.0, Err(expected));
        let (ended, events) = exchange(&pool, &get("/")).await;
        assert_eq!((ended, events), (Ok(()), vec![Event::Sent, Event::Sent, Event::Answered(204)]));
    });
}

#[test]
fn a_dropped_exchange_is_aborted_in_both_directions() {
    run(async {
        let (asked, codes) = (Rc::new(Notify::new()), Rc::new(RefCell::new(None)));
        let (note, kept) = (Rc::clone(&asked), Rc::clone(&codes));
        let pool = serve(1, move |mut asked| {
            let (note, kept) = (Rc::clone(&note), Rc::clone(&kept));
            Box::pin(async move {
                let first = asked.recv.read_chunk(usize::MAX, true).await.expect("a request");
                note.notify_one();
                let stopped = asked.send.stopped().await.expect("the connection lasts");
                // What is on its way, and then the reset.
                let reset = loop {
                    match asked.recv.read_chunk(usize::MAX, true).await {
                        Ok(Some(_)) => {}
                        Ok(None) => break None,
                        Err(error) => break Some(error),
                    }
                };
                *kept.borrow_mut() = Some((stopped, reset));
                drop(first);
                note.notify_one();
            })
        });
        // So much content that the request is never out.
        let dropped = begin(&pool, post("/", 1 << 30));
        asked.notified().await;
        dropped.abort();
        asked.notified().await;
        let code = VarInt::from_u64(Code::H3_REQUEST_CANCELLED.value()).expect("a code");
        assert_eq!(*codes.borrow(), Some((Some(code), Some(quinn::ReadError::Reset(code)))));
    });
}

#[test]
fn after_a_goodbye_there_is_another_connection() {
    run(async {
        let pool = serve(1, |mut asked| {
            Box::pin(async move {
                request(&mut asked.recv).await;
                if asked.nth == 0 {
                    let goodbye = frame(7, &[4]);
                    asked.control.lock().await.write_all(&goodbye).await.expect("it is read");
                }
                let which = asked.nth.to_string();
                let response = [head("200", ""), frame(0, which.as_bytes())].concat();
                asked.send.write_all(&response).await.expect("it is read");
                asked.send.finish().expect("it is open");
                drop(asked.connection);
            })
        });
        let (ended, events) = exchange(&pool, &get("/")).await;
        assert_eq!((ended, events.last()), (Ok(()), Some(&content("0"))));
        // It may cross the next request, but not all.
        let mut last = None;
        while last != Some(content("1")) {
            let (ended, events) = exchange(&pool, &get("/")).await;
            assert_eq!(ended, Ok(()));
            last = events.last().cloned();
        }
    });
}

#[test]
fn a_connection_that_closes_is_told_as_that() {
    run(async {
        let pool = serve(1, |mut asked| {
            Box::pin(async move {
                request(&mut asked.recv).await;
                asked.connection.close(VarInt::from_u32(0x100), b"");
            })
        });
        assert_eq!(exchange(&pool, &get("/")).await.0, Err(Failure::Closed));
    });
}

#[test]
fn content_goes_out_whole_and_slow_readers_rest() {
    run(async {
        let pool = serve(1, |mut asked| {
            Box::pin(async move {
                asked.send.write_all(&head("102", "1/2")).await.expect("it is read");
                let length = request(&mut asked.recv).await;
                asked.send.write_all(&head("200", "")).await.expect("it is read");
                if length > 1_000_000 {
                    let length = length.to_string();
                    asked.send.write_all(&frame(0, length.as_bytes())).await.expect("it is read");
                } else {
                    let large = [&[0, 0x80, 0, 0x4e, 0x20][..], &vec![b'x'; 20_000]].concat();
                    asked.send.write_all(&large).await.expect("it is read");
                }
                asked.send.finish().expect("it is open");
                pending::<()>().await;
            })
        });
        let (ended, events) = exchange(&pool, &post("/", 3_000_000)).await;
        assert_eq!(ended, Ok(()));
        let Some(Event::Content(text)) = events.last() else { panic!("no content: {events:?}") };
        let length: usize = String::from_utf8_lossy(text).parse().expect("a number");
        assert!((3_000_000..3_000_200).contains(&length), "{length}");

        let pause = std::time::Duration::from_millis(10);
        let before = tokio::time::Instant::now();
        let (ended, events) = exchange(&pool, &Ask { reading: Reading::Slowly(pause), ..get("/") }).await;
        assert_eq!((ended, events.last()), (Ok(()), Some(&Event::Content(vec![b'x'; 20_000]))));
        assert!(before.elapsed() >= pause * 4, "five buffers and four rests");
    });
}
