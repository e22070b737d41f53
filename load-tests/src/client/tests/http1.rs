//! HTTP/1.0 and 1.1, as it should be.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Event, Seen, begin, content, exchange, get, interim, limits, listen, post, run, target};
use crate::client::{Ask, Ending, Failure, Pool, Reading};
use crate::scenario::Protocol;

/// Reads a request's head; `None` at the end.
pub(super) async fn request(tcp: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tcp.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).expect("text"))
}

/// Answers every request in the same way.
pub(super) async fn answer(mut tcp: TcpStream, response: &'static str) {
    while request(&mut tcp).await.is_some() {
        if tcp.write_all(response.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Answers one request in pieces of `size`, and closes.
async fn pieces(mut tcp: TcpStream, response: &'static str, size: usize) {
    let _ = request(&mut tcp).await;
    for piece in response.as_bytes().chunks(size) {
        tcp.write_all(piece).await.expect("it is read");
        tokio::task::yield_now().await;
    }
}

fn pool(address: std::net::SocketAddr) -> Pool {
    Pool::new(Protocol::Http11, target(address), limits(4, 1))
}

#[test]
fn every_interim_head_is_seen_however_it_is_cut() {
    const RESPONSE: &str = "HTTP/1.1 102 Processing\r\nProgress: 1/2\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n\
        HTTP/1.1 103 Early Hints\r\nprogress: 2/2\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";
    for size in [1, 7, 40, RESPONSE.len()] {
        run(async move {
            let address = listen(move |tcp, _| Box::pin(pieces(tcp, RESPONSE, size))).await;
            let (ended, events) = exchange(&pool(address), &get("/a?b")).await;
            assert_eq!(ended, Ok(()), "by {size}");
            let second = Event::Interim(103, Some("2/2".to_owned()));
            let bare = Event::Interim(102, None);
            let expected = [Event::Sent, interim("1/2"), bare, second, Event::Answered(200), content("done")];
            assert_eq!(events, expected, "by {size}");
        });
    }
}

#[test]
fn chunks_are_decoded_however_they_are_cut() {
    const RESPONSE: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n\
        3\r\nabc\r\n00A ;name=\"v\"\r\n0123456789\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n";
    for size in [1, 2, 3, RESPONSE.len()] {
        run(async move {
            let address = listen(move |tcp, _| Box::pin(pieces(tcp, RESPONSE, size))).await;
            let (ended, events) = exchange(&pool(address), &get("/")).await;
            assert_eq!((ended, events.last()), (Ok(()), Some(&content("abc0123456789"))), "by {size}");
        });
    }
}

#[test]
fn a_connection_is_kept_for_the_next_request_whatever_framed_the_last() {
    run(async {
        let requests: Seen<String> = Seen::default();
        let (seen, connections) = (Rc::clone(&requests), Rc::new(RefCell::new(0)));
        let counted = Rc::clone(&connections);
        let address = listen(move |mut tcp, _| {
            *counted.borrow_mut() += 1;
            let seen = Rc::clone(&seen);
            Box::pin(async move {
                while let Some(head) = request(&mut tcp).await {
                    let response = match head.split_whitespace().nth(1) {
                        Some("/chunked") => {
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
                        }
                        Some("/304") => "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
                        Some("/204") => "HTTP/1.1 204 No Content\r\n\r\n",
                        Some("/head") => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                        _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                    };
                    seen.borrow_mut().push(head);
                    tcp.write_all(response.as_bytes()).await.expect("it is read");
                }
            })
        })
        .await;
        let pool = pool(address);
        let head = Ask { method: Method::HEAD, ..get("/head") };
        for ask in [get("/chunked"), get("/304"), get("/204"), head, post("/post", 0), get("/last")] {
            assert_eq!(exchange(&pool, &ask).await.0, Ok(()), "{}", ask.path);
        }
        assert_eq!(*connections.borrow(), 1);
        let requests = requests.borrow();
        assert_eq!(requests[0], "GET /chunked HTTP/1.1\r\nHost: a.example:80\r\nprefer: processing\r\n\r\n");
        assert!(requests[4].ends_with("\r\nContent-Length: 0\r\n\r\n"), "{}", requests[4]);
    });
}

#[test]
fn http10_takes_a_connection_for_each_request_and_reads_to_its_end() {
    run(async {
        let heads: Seen<String> = Seen::default();
        let seen = Rc::clone(&heads);
        let address = listen(move |mut tcp, _| {
            let seen = Rc::clone(&seen);
            Box::pin(async move {
                let head = request(&mut tcp).await;
                seen.borrow_mut().extend(head);
                tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\nto the end").await.expect("it is read");
            })
        })
        .await;
        let pool = Pool::new(Protocol::Http10, target(address), limits(2, 1));
        for _ in 0..2 {
            let (ended, events) = exchange(&pool, &get("/")).await;
            assert_eq!((ended, events.last()), (Ok(()), Some(&content("to the end"))));
        }
        assert!(heads.borrow().iter().all(|head| head.starts_with("GET / HTTP/1.0\r\nHost: ")));
        assert_eq!(heads.borrow().len(), 2);
    });
}

#[test]
fn who_finds_no_room_is_served_in_turn() {
    run(async {
        let paths: Seen<String> = Seen::default();
        let (seen, go) = (Rc::clone(&paths), Rc::new(Notify::new()));
        let wait = Rc::clone(&go);
        let address = listen(move |mut tcp, _| {
            let (seen, wait) = (Rc::clone(&seen), Rc::clone(&wait));
            Box::pin(async move {
                while let Some(head) = request(&mut tcp).await {
                    seen.borrow_mut().extend(head.split(' ').nth(1).map(str::to_owned));
                    wait.notified().await;
                    tcp.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("it is read");
                }
            })
        })
        .await;
        let pool = Pool::new(Protocol::Http11, target(address), limits(1, 1));
        let paths_in_turn = ["/1", "/2", "/3", "/4"];
        for exchange in paths_in_turn.map(|path| begin(&pool, get(path))) {
            go.notify_one();
            assert_eq!(exchange.await.expect("it runs").0, Ok(()));
        }
        assert_eq!(*paths.borrow(), paths_in_turn);
    });
}

#[test]
fn a_half_closed_request_is_still_answered() {
    run(async {
        let address = listen(|mut tcp, _| {
            Box::pin(async move {
                let mut all = Vec::new();
                tcp.read_to_end(&mut all).await.expect("it ends well");
                assert!(all.ends_with(&[0; 20]), "with its content");
                tcp.write_all(b"HTTP/1.1 102 P\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n").await.expect("read");
            })
        })
        .await;
        let ask = Ask { ending: Ending::HalfClosed, ..post("/", 20) };
        let (ended, events) = exchange(&pool(address), &ask).await;
        assert_eq!(ended, Ok(()));
        assert_eq!(events, [Event::Sent, Event::Interim(102, None), Event::Answered(204)]);
    });
}

#[test]
fn content_goes_out_whole_while_interim_heads_come_in() {
    const LENGTH: usize = 3_000_000;
    run(async {
        let address = listen(|mut tcp, _| {
            Box::pin(async move {
                let _ = request(&mut tcp).await;
                tcp.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await.expect("it is read");
                let mut all = vec![1; LENGTH];
                tcp.read_exact(&mut all).await.expect("all of it");
                assert!(all.iter().all(|octet| *octet == 0));
                tcp.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("it is read");
            })
        })
        .await;
        let (ended, events) = exchange(&pool(address), &post("/", LENGTH as u64)).await;
        assert_eq!(ended, Ok(()));
        assert!(events.contains(&Event::Interim(102, None)) && events.contains(&Event::Sent), "{events:?}");
    });
}

#[test]
fn an_early_answer_is_an_answer() {
    run(async {
        let address = listen(|mut tcp, _| {
            Box::pin(async move {
                let _ = request(&mut tcp).await;
                let early = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";
                tcp.write_all(early).await.expect("it is read");
                // Until the client gives up.
                let _ = tcp.read_u8().await;
                std::future::pending::<()>().await;
            })
        })
        .await;
        let (ended, events) = exchange(&pool(address), &post("/", 1 << 30)).await;
        assert_eq!((ended, events), (Ok(()), vec![Event::Answered(413)]));
    });
}

#[test]
fn a_slow_reader_rests_and_one_that_never_reads_leaves_by_a_reset() {
    const PAUSE: Duration = Duration::from_millis(10);
    run(async {
        let answer: &str = Box::leak(
            format!("HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n{}", "x".repeat(20_000))
                .into_boxed_str(),
        );
        let (asked, mut requests) = tokio::sync::mpsc::unbounded_channel();
        let (left, mut ends) = tokio::sync::mpsc::unbounded_channel();
        let address = listen(move |mut tcp, _| {
            let (asked, left) = (asked.clone(), left.clone());
            Box::pin(async move {
                asked.send(request(&mut tcp).await).expect("the test runs");
                let _ = tcp.write_all(answer.as_bytes()).await;
                left.send(tcp.read_u8().await.map_err(|error| error.kind())).expect("the test runs");
            })
        })
        .await;
        let before = Instant::now();
        let slow = Ask { reading: Reading::Slowly(PAUSE), ..get("/") };
        let (ended, _) = exchange(&pool(address), &slow).await;
        assert_eq!(ended, Ok(()));
        assert!(before.elapsed() >= PAUSE * 4, "five buffers and four rests");
        assert_eq!(ends.recv().await, Some(Err(ErrorKind::UnexpectedEof)), "a close, not a reset");

        requests.recv().await;
        let never = begin(&pool(address), Ask { reading: Reading::Never, ..get("/") });
        requests.recv().await;
        never.abort();
        assert_eq!(ends.recv().await, Some(Err(ErrorKind::ConnectionReset)));
    });
}

#[test]
fn a_dropped_exchange_is_a_reset() {
    run(async {
        let (seen, outcome) = (Rc::new(Notify::new()), Rc::new(RefCell::new(None)));
        let (notes, kept) = (Rc::clone(&seen), Rc::clone(&outcome));
        let address = listen(move |mut tcp, _| {
            let (notes, kept) = (Rc::clone(&notes), Rc::clone(&kept));
            Box::pin(async move {
                let _ = request(&mut tcp).await;
                notes.notify_one();
                *kept.borrow_mut() = Some(tcp.read_u8().await.map_err(|error| error.kind()));
                notes.notify_one();
            })
        })
        .await;
        let dropped = begin(&pool(address), get("/"));
        seen.notified().await;
        dropped.abort();
        seen.notified().await;
        assert_eq!(*outcome.borrow(), Some(Err(ErrorKind::ConnectionReset)));
    });
}

#[test]
fn nobody_listens() {
    run(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let (ended, _) = exchange(&pool(address), &get("/")).await;
        assert!(matches!(ended, Err(Failure::Connect(_))), "{ended:?}");
    });
}
