//! HTTP/1.x that is broken, or ends too early.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use super::http1::request;
use super::{Event, exchange, get, limits, listen, post, run, target};
use crate::client::{Failure, Pool};
use crate::scenario::Protocol;

/// How an exchange ends that is answered so, by a server that closes then.
fn ended(protocol: Protocol, response: &'static str) -> Result<(), Failure> {
    let outcome = Rc::new(RefCell::new(Ok(())));
    let kept = Rc::clone(&outcome);
    run(async move {
        let address = listen(move |mut tcp, _| {
            Box::pin(async move {
                let _ = request(&mut tcp).await;
                tcp.write_all(response.as_bytes()).await.expect("it is read");
            })
        })
        .await;
        let pool = Pool::new(protocol, target(address), limits(1, 1));
        *kept.borrow_mut() = exchange(&pool, &get("/")).await.0;
    });
    outcome.borrow().clone()
}

#[test]
fn what_breaks_the_protocol_is_told_as_that() {
    for response in [
        "garbage",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 99 Low\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 102 Processing\r\nContent-Length: 0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        // Beyond the end: a head after the final one, and octets.
        "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
        // Framing.
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        // Chunks.
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 1\r\na\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ng\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n",
    ] {
        let ended = ended(Protocol::Http11, response);
        assert!(matches!(ended, Err(Failure::Protocol(_))), "{response:?}: {ended:?}");
    }
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert!(matches!(ended(Protocol::Http10, chunked), Err(Failure::Protocol(_))), "chunks towards HTTP/1.0");
}

#[test]
fn what_ends_too_early_is_told_as_closed() {
    for response in [
        "",
        "HTTP/1.1 102 Processing\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
    ] {
        assert_eq!(ended(Protocol::Http11, response), Err(Failure::Closed), "{response:?}");
    }
}

#[test]
fn a_reset_is_told_as_one() {
    run(async {
        let address = listen(|mut tcp, _| {
            Box::pin(async move {
                let _ = request(&mut tcp).await;
                tcp.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await.expect("it is read");
                tcp.set_zero_linger().expect("a socket");
            })
        })
        .await;
        let pool = Pool::new(Protocol::Http11, target(address), limits(1, 1));
        let ended = exchange(&pool, &get("/")).await.0;
        assert!(matches!(ended, Err(Failure::Reset(_))), "{ended:?}");
    });
}

#[test]
fn a_head_after_the_final_one_is_noticed_before_the_next_request() {
    run(async {
        let (late, came) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
        let (wait, note) = (Rc::clone(&late), Rc::clone(&came));
        let address = listen(move |mut tcp, _| {
            let (wait, note) = (Rc::clone(&wait), Rc::clone(&note));
            Box::pin(async move {
                let _ = request(&mut tcp).await;
                tcp.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("it is read");
                wait.notified().await;
                tcp.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await.expect("it is read");
                note.notify_one();
                std::future::pending::<()>().await;
            })
        })
        .await;
        let pool = Pool::new(Protocol::Http11, target(address), limits(1, 1));
        assert_eq!(exchange(&pool, &get("/")).await.0, Ok(()));
        late.notify_one();
        came.notified().await;
        let (ended, events) = exchange(&pool, &get("/")).await;
        assert!(matches!(ended, Err(Failure::Protocol(_))), "{ended:?}");
        assert_eq!(events, [], "nothing was sent after it");
    });
}

#[test]
fn a_kept_connection_that_closes_is_replaced() {
    run(async {
        let address = listen(|mut tcp, nth| {
            Box::pin(async move {
                let _ = request(&mut tcp).await;
                tcp.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("it is read");
                // The first two read another request and close without a word.
                if nth < 2 {
                    let _ = request(&mut tcp).await;
                }
            })
        })
        .await;
        let pool = Pool::new(Protocol::Http11, target(address), limits(1, 1));
        assert_eq!(exchange(&pool, &get("/first")).await.0, Ok(()));
        let (ended, events) = exchange(&pool, &get("/again")).await;
        assert_eq!((ended, events), (Ok(()), vec![Event::Sent, Event::Sent, Event::Answered(204)]));
        // What is not idempotent is not sent again.
        assert_eq!(exchange(&pool, &post("/", 0)).await.0, Err(Failure::Closed));
    });
}
