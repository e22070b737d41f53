//! HTTP/2: against the `h2` crate's server, and against frames by hand where that does nothing wrong.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;

use bytes::Bytes;
use h2::Reason;
use h2::server::SendResponse;
use http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::spawn_local;

use super::{Event, Seen, Served, begin, content, exchange, get, interim, limits, listen, post, run, target};
use crate::client::{Ask, Failure, Pool, Reading};
use crate::scenario::Protocol;

type Asked = (Request<h2::RecvStream>, SendResponse<Bytes>);

/// Serves every request of a connection by `script`, of which the peer allows `streams` at a time.
async fn serve(tcp: TcpStream, streams: u32, script: impl Fn(Asked) -> Served) {
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(streams);
    let Ok(mut connection) = builder.handshake::<_, Bytes>(tcp).await else { return };
    while let Some(Ok(asked)) = connection.accept().await {
        spawn_local(script(asked));
    }
}

fn head(status: u16, progress: &str) -> Response<()> {
    Response::builder().status(status).header("progress", progress).body(()).expect("a head")
}

fn answer((_, mut respond): Asked) {
    for progress in ["1/2", "2/2"] {
        respond.send_informational(head(102, progress)).expect("it is sent");
    }
    let mut stream = respond.send_response(Response::new(()), false).expect("it is sent");
    stream.send_data(Bytes::from_static(b"done"), false).expect("it is sent");
    stream.send_trailers(http::HeaderMap::new()).expect("it is sent");
}

fn pool(address: std::net::SocketAddr, connections: usize, streams: usize) -> Pool {
    Pool::new(Protocol::H2, target(address), limits(connections, streams))
}

#[test]
fn every_interim_head_is_seen() {
    run(async {
        let connections = Rc::new(RefCell::new(0));
        let counted = Rc::clone(&connections);
        let address = listen(move |tcp, nth| {
            *counted.borrow_mut() = nth + 1;
            Box::pin(serve(tcp, 10, |asked| Box::pin(async { answer(asked) })))
        })
        .await;
        let pool = pool(address, 4, 10);
        for _ in 0..3 {
            let (ended, events) = exchange(&pool, &get("/a?b")).await;
            assert_eq!(ended, Ok(()));
            let expected =
                [Event::Sent, interim("1/2"), interim("2/2"), Event::Answered(200), content("done")];
            assert_eq!(events, expected);
        }
        assert_eq!(*connections.borrow(), 1);
    });
}

#[test]
fn streams_fill_a_connection_up_to_what_both_sides_allow_before_another_is_made() {
    run(async {
        let (went, go): (Seen<(usize, String)>, _) = (Seen::default(), Rc::new(Notify::new()));
        let (seen, wait) = (Rc::clone(&went), Rc::clone(&go));
        let address = listen(move |tcp, nth| {
            let (seen, wait) = (Rc::clone(&seen), Rc::clone(&wait));
            Box::pin(serve(tcp, 2, move |(request, mut respond)| {
                let (seen, wait) = (Rc::clone(&seen), Rc::clone(&wait));
                Box::pin(async move {
                    seen.borrow_mut().push((nth, request.uri().path().to_owned()));
                    wait.notified().await;
                    respond.send_response(Response::new(()), true).expect("it is sent");
                })
            }))
        })
        .await;
        let pool = pool(address, 2, 100);
        // So that the connection knows what its peer allows.
        go.notify_one();
        assert_eq!(exchange(&pool, &get("/0")).await.0, Ok(()));
        let all = ["/1", "/2", "/3", "/4", "/5", "/6"].map(|path| begin(&pool, get(path)));
        while went.borrow().len() < 5 {
            tokio::task::yield_now().await;
        }
        let mut first: Vec<_> = went.borrow()[1..].to_vec();
        first.sort();
        let expected = [(0, "/1"), (0, "/2"), (1, "/3"), (1, "/4")];
        assert_eq!(first, expected.map(|(nth, path)| (nth, path.to_owned())));
        for exchange in all {
            go.notify_waiters();
            go.notify_one();
            assert_eq!(exchange.await.expect("it runs").0, Ok(()));
        }
        assert_eq!(went.borrow()[5].1, "/5", "in turn");
    });
}

#[test]
fn a_dropped_exchange_is_cancelled_and_the_connection_lasts() {
    run(async {
        let (asked, reason) = (Rc::new(Notify::new()), Rc::new(RefCell::new(None)));
        let (note, kept) = (Rc::clone(&asked), Rc::clone(&reason));
        let address = listen(move |tcp, nth| {
            assert_eq!(nth, 0, "no other connection");
            let (note, kept) = (Rc::clone(&note), Rc::clone(&kept));
            Box::pin(serve(tcp, 10, move |(request, mut respond)| {
                let (note, kept) = (Rc::clone(&note), Rc::clone(&kept));
                Box::pin(async move {
                    if request.uri().path() == "/ok" {
                        return answer((request, respond));
                    }
                    note.notify_one();
                    *kept.borrow_mut() = poll_fn(|cx| respond.poll_reset(cx)).await.ok();
                    note.notify_one();
                })
            }))
        })
        .await;
        let pool = pool(address, 1, 10);
        let dropped = begin(&pool, get("/"));
        asked.notified().await;
        dropped.abort();
        asked.notified().await;
        assert_eq!(*reason.borrow(), Some(Reason::CANCEL));
        assert_eq!(exchange(&pool, &get("/ok")).await.0, Ok(()));
    });
}

#[test]
fn resets_are_told_and_refusals_tried_again() {
    run(async {
        let refused = Rc::new(RefCell::new(0));
        let count = Rc::clone(&refused);
        let address = listen(move |tcp, _| {
            let count = Rc::clone(&count);
            Box::pin(serve(tcp, 10, move |(request, mut respond)| {
                let count = Rc::clone(&count);
                Box::pin(async move {
                    if request.uri().path() == "/reset" {
                        respond.send_informational(head(102, "1/2")).expect("it is sent");
                        return respond.send_reset(Reason::INTERNAL_ERROR);
                    }
                    *count.borrow_mut() += 1;
                    if *count.borrow() == 1 {
                        respond.send_reset(Reason::REFUSED_STREAM);
                    } else {
                        answer((request, respond));
                    }
                })
            }))
        })
        .await;
        let pool = pool(address, 1, 10);
        let ended = exchange(&pool, &get("/reset")).await.0;
        assert!(matches!(ended, Err(Failure::Reset(_))), "{ended:?}");
        assert_eq!(exchange(&pool, &get("/refused")).await.0, Ok(()));
        assert_eq!(*refused.borrow(), 2);
    });
}

#[test]
fn after_a_goodbye_there_is_another_connection() {
    run(async {
        let paths: Seen<(usize, String)> = Seen::default();
        let seen = Rc::clone(&paths);
        let address = listen(move |tcp, nth| {
            let seen = Rc::clone(&seen);
            Box::pin(async move {
                let mut connection = h2::server::handshake(tcp).await.expect("HTTP/2");
                while let Some(Ok(asked)) = connection.accept().await {
                    seen.borrow_mut().push((nth, asked.0.uri().path().to_owned()));
                    answer(asked);
                    if nth == 0 {
                        connection.graceful_shutdown();
                    }
                }
            })
        })
        .await;
        let pool = pool(address, 1, 10);
        for path in ["/1", "/2", "/3"] {
            assert_eq!(exchange(&pool, &get(path)).await.0, Ok(()), "{path}");
        }
        let connections: Vec<usize> = paths.borrow().iter().map(|(nth, _)| *nth).collect();
        assert_eq!((connections[0], connections[2]), (0, 1));
    });
}

#[test]
fn content_goes_out_and_comes_in_whole() {
    const LENGTH: u64 = 3_000_000;
    run(async {
        let address = listen(|tcp, _| {
            Box::pin(serve(tcp, 10, |(request, mut respond)| {
                Box::pin(async move {
                    let mut body = request.into_body();
                    respond.send_informational(head(102, "1/2")).expect("it is sent");
                    let mut length = 0;
                    while let Some(Ok(octets)) = body.data().await {
                        length += octets.len() as u64;
                        body.flow_control().release_capacity(octets.len()).expect("it came");
                    }
                    let mut stream = respond.send_response(Response::new(()), false).expect("it is sent");
                    stream.send_data(length.to_string().into(), true).expect("it is sent");
                })
            }))
        })
        .await;
        let (ended, events) = exchange(&pool(address, 1, 1), &post("/", LENGTH)).await;
        assert_eq!((ended, events.last()), (Ok(()), Some(&content("3000000"))));
        assert!(events.contains(&Event::Sent) && events.contains(&interim("1/2")), "{events:?}");
    });
}

/// Frames of the first stream: type, flags, payload.
type Frames = &'static [(u8, u8, &'static [u8])];

/// SETTINGS without any, and then `frames` in answer to a request.
async fn by_hand(tcp: &mut TcpStream, frames: Frames) {
    tcp.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.expect("it is read");
    let mut octets = [0; 24];
    tcp.read_exact(&mut octets).await.expect("the preface");
    let mut kind = 0;
    while kind != 1 {
        let mut start = [0; 9];
        tcp.read_exact(&mut start).await.expect("a frame");
        kind = start[3];
        let mut payload = vec![0; usize::from(start[1]) << 8 | usize::from(start[2])];
        tcp.read_exact(&mut payload).await.expect("a frame");
    }
    for (kind, flags, payload) in frames {
        let length = u8::try_from(payload.len()).expect("a short frame");
        let frame = [&[0, 0, length, *kind, *flags, 0, 0, 0, 1], *payload].concat();
        tcp.write_all(&frame).await.expect("it is read");
    }
}

/// Waits until the client has gone.
async fn linger(tcp: &mut TcpStream) {
    let mut octets = [0; 64];
    while tcp.read(&mut octets).await.is_ok_and(|count| count > 0) {}
}

/// HEADERS with `END_HEADERS`, and with `END_STREAM` besides; and DATA.
const HEADERS: u8 = 1;
const DATA: u8 = 0;
const WHOLE: u8 = 4;
const LAST: u8 = 5;
/// `:status`, literally.
const PROCESSING: &[u8] = b"\x08\x03102";
const OK: &[u8] = b"\x08\x03200";

#[test]
fn what_breaks_the_protocol_is_told_as_that() {
    let cases: [(&str, Frames); 5] = [
        ("an interim head with END_STREAM", &[(HEADERS, WHOLE, PROCESSING), (HEADERS, LAST, PROCESSING)]),
        (
            "a head after the final one",
            &[(HEADERS, WHOLE, OK), (DATA, 0, b"a"), (HEADERS, WHOLE, PROCESSING)],
        ),
        ("content before the final head", &[(HEADERS, WHOLE, PROCESSING), (DATA, 1, b"a")]),
        ("less content than was said", &[(HEADERS, WHOLE, b"\x08\x03200\x0f\x0d\x012"), (DATA, 1, b"a")]),
        ("content of an interim head", &[(HEADERS, WHOLE, b"\x08\x03102\x0f\x0d\x012"), (HEADERS, LAST, OK)]),
    ];
    for (what, frames) in cases {
        run(async move {
            let address = listen(move |mut tcp, _| {
                Box::pin(async move {
                    by_hand(&mut tcp, frames).await;
                    linger(&mut tcp).await;
                })
            })
            .await;
            let ended = exchange(&pool(address, 1, 1), &get("/")).await.0;
            assert!(matches!(ended, Err(Failure::Protocol(_))), "{what}: {ended:?}");
        });
    }
}

#[test]
fn a_connection_that_closes_is_told_as_that() {
    run(async {
        let address = listen(|mut tcp, _| {
            Box::pin(async move {
                by_hand(&mut tcp, &[(HEADERS, WHOLE, PROCESSING)]).await;
                tcp.shutdown().await.expect("it is open");
                linger(&mut tcp).await;
            })
        })
        .await;
        let (ended, events) = exchange(&pool(address, 1, 1), &get("/")).await;
        assert_eq!((ended, events), (Err(Failure::Closed), vec![Event::Sent, Event::Interim(102, None)]));
    });
}

#[test]
fn one_that_never_reads_has_a_connection_of_its_own_and_takes_nothing_off_it() {
    run(async {
        let (asked, go) = (Rc::new(Notify::new()), Rc::new(RefCell::new(Vec::new())));
        let (note, seen) = (Rc::clone(&asked), Rc::clone(&go));
        let address = listen(move |tcp, nth| {
            let (note, seen) = (Rc::clone(&note), Rc::clone(&seen));
            Box::pin(serve(tcp, 10, move |asked| {
                seen.borrow_mut().push((nth, asked.0.uri().path().to_owned()));
                note.notify_one();
                Box::pin(async { answer(asked) })
            }))
        })
        .await;
        let pool = pool(address, 2, 10);
        let never = begin(&pool, Ask { reading: Reading::Never, ..get("/never") });
        asked.notified().await;
        assert_eq!(exchange(&pool, &get("/beside")).await.0, Ok(()));
        assert!(!never.is_finished());
        never.abort();
        assert!(never.await.expect_err("it was dropped").is_cancelled());
        assert_eq!(*go.borrow(), [(0, "/never".to_owned()), (1, "/beside".to_owned())]);
    });
}
