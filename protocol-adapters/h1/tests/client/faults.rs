//! Origins that break the rules, break off, or never come to an end.

use std::io::ErrorKind;
use std::time::Duration;

use h1_adapter::client::{ClientEvent, ClientFault};
use tokio::time::Instant;

use super::origin::{Pool, connect, content, failure, get, in_memory, interim, next, response};

/// What a head that is no head is called.
async fn fault_of(octets: impl AsRef<[u8]>) -> ClientFault {
    let (connection, mut origin) = connect().await;
    let pool = Pool::new();
    let mut exchange = connection.send(get(), pool.clone());
    origin.say(octets).await;
    let error = failure(&mut exchange).await;
    assert!(!error.is_stale());
    assert_eq!(pool.len(), 0);
    let fault = error.fault().clone();
    // The connection is closed, not kept (rule b).
    origin.closed().await;
    fault
}

/// I-05, I-15, I-18, U-06, fact 6: what cannot be framed with certainty is refused, as a final head
/// and as an interim one.
#[tokio::test]
async fn i_05_i_15_i_18_u_06_ambiguous_heads_are_refused() {
    let table = [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 000 Nothing\r\n\r\n",
        "HTTP/1.1 099 Below\r\n\r\n",
        "HTTP/1.1 600 Above\r\n\r\n",
        "HTTP/1.1 999 Far above\r\n\r\n",
        "HTTP/1.1 102abc\r\n\r\n",
        "HTTP/1.1 1020 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 102 Processing\r\nProgress: 1/2\nX: y\r\n\r\n",
        "HTTP/1.1 102 Processing\r\nProgress: 1\r/2\r\n\r\n",
        "HTTP/1.1 102 Processing\r\nProgress: 1\0/2\r\n\r\n",
        "HTTP/1.1 102 Processing\r\nProgress: 1\r\n /2\r\n\r\n",
        "HTTP/1.1 102 Processing\r\nLocation : /x\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
    ];
    for octets in table {
        assert!(matches!(fault_of(octets).await, ClientFault::Malformed(_)), "{octets:?}");
    }
}

/// U-06: lengths that agree are one; chunks in HTTP/1.0 are read, and the connection is not kept.
#[tokio::test]
async fn u_06_what_can_be_made_regular_is() {
    let table = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 1),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc", 1),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0),
    ];
    for (octets, kept) in table {
        let (connection, mut origin) = connect().await;
        let pool = Pool::new();
        let mut exchange = connection.send(get(), pool.clone());
        origin.say(octets).await;
        let response = response(&mut exchange).await;
        assert!(response.headers().get_all("content-length").iter().count() <= 1, "{octets:?}");
        assert_eq!(content(response).await.expect("content").0, "abc", "{octets:?}");
        assert_eq!(pool.len(), kept, "{octets:?}");
    }
}

/// I-11.
#[tokio::test]
async fn i_11_giant_heads_are_refused() {
    for status in ["102 Processing", "200 OK"] {
        let long = format!("HTTP/1.1 {status}\r\nX: {}\r\n\r\n", "a".repeat(40 * 1024));
        assert_eq!(fault_of(long).await, ClientFault::HeadTooLarge, "{status}");
        let many = format!("HTTP/1.1 {status}\r\n{}\r\n", "X: y\r\n".repeat(101));
        assert_eq!(fault_of(many).await, ClientFault::HeadTooLarge, "{status}");
        let endless = format!("HTTP/1.1 {status}\r\nX: {}", "a".repeat(40 * 1024));
        assert_eq!(fault_of(endless).await, ClientFault::HeadTooLarge, "{status}");
    }
}

/// I-10, FWD-08: 10,000 heads at once are borne, a flood is not.
#[tokio::test(start_paused = true)]
async fn i_10_a_flood_of_heads_ends_the_exchange() {
    let (connection, mut origin) = in_memory();
    let mut exchange = connection.send(get(), Pool::new());
    let flood = async {
        // It is cut off somewhere after the burst.
        for _ in 0..20_000 {
            if tokio::io::AsyncWriteExt::write_all(&mut origin.0, b"HTTP/1.1 102 \r\n\r\n").await.is_err() {
                return;
            }
        }
    };
    let ours = async {
        let mut heads = 0;
        loop {
            match next(&mut exchange).await {
                Ok(ClientEvent::Informational(..)) => heads += 1,
                Ok(ClientEvent::Response(_)) => panic!("no response was sent"),
                Err(error) => return (heads, error.fault().clone()),
            }
        }
    };
    let (seen, ()) = tokio::join!(ours, flood);
    assert_eq!(seen, (10_000, ClientFault::InterimFlood));
}

/// I-12: a head that dribbles is cut off by its own clock, octets or not.
#[tokio::test(start_paused = true)]
async fn i_12_a_dribbled_head_is_cut_off() {
    let (connection, mut origin) = in_memory();
    let mut exchange = connection.send(get(), Pool::new());
    let dribble = async {
        tokio::time::sleep(Duration::from_secs(300)).await;
        let begun = Instant::now();
        for octet in b"HTTP/1.1 102 Processing\r\nProgress: 1/2".chunks(1).cycle() {
            if tokio::io::AsyncWriteExt::write_all(&mut origin.0, octet).await.is_err() {
                return begun.elapsed();
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        begun.elapsed()
    };
    let ours = async {
        let error = std::future::poll_fn(|cx| exchange.poll_event(cx)).await.expect_err("no head");
        assert_eq!(*error.fault(), ClientFault::HeadTimeout);
        drop(exchange);
    };
    // Silence before the first octet is not the head's.
    let (lasted, ()) = tokio::join!(dribble, ours);
    assert!((9..=12).contains(&lasted.as_secs()), "{lasted:?}");
}

/// I-12: slow heads that are each whole in time go on for ever.
#[tokio::test(start_paused = true)]
async fn i_12_slow_heads_that_end_are_fine() {
    let (connection, mut origin) = in_memory();
    let mut exchange = connection.send(get(), Pool::new());
    let slow = async {
        for _ in 0..100 {
            origin.say("HTTP/1.1 102 Proc").await;
            tokio::time::sleep(Duration::from_secs(9)).await;
            origin.say("essing\r\n\r\nH").await;
            tokio::time::sleep(Duration::from_secs(9)).await;
            origin.say("TTP/1.1 103 \r\n\r\n").await;
            tokio::time::sleep(Duration::from_secs(3600)).await;
        }
        origin.say("HTTP/1.1 204 \r\n\r\n").await;
    };
    let ours = async {
        let mut heads = 0;
        loop {
            match std::future::poll_fn(|cx| exchange.poll_event(cx)).await.expect("fine") {
                ClientEvent::Informational(..) => heads += 1,
                ClientEvent::Response(_) => return heads,
            }
        }
    };
    assert_eq!(tokio::join!(ours, slow).0, 200);
}

/// I-13: what follows an interim head is a head, never its content.
#[tokio::test]
async fn i_13_an_interim_head_has_no_content() {
    let (connection, mut origin) = connect().await;
    let mut exchange = connection.send(get(), Pool::new());
    origin.say("HTTP/1.1 102 Processing\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n").await;
    assert_eq!(interim(&mut exchange).await.0, 102);
    assert!(matches!(failure(&mut exchange).await.fault(), ClientFault::Malformed(_)));
}

/// I-14, U-02: an end before the final head, at every place.
#[tokio::test]
async fn i_14_u_02_an_end_before_the_final_head() {
    for (begun, heads) in [("", 0), ("HTTP/1.1 102 \r\n\r\n", 1), ("HTTP/1.1 200 OK\r\nContent-Le", 0)] {
        for is_reset in [false, true] {
            let (connection, mut origin) = connect().await;
            let mut exchange = connection.send(get(), Pool::new());
            let ours = async {
                for _ in 0..heads {
                    assert_eq!(interim(&mut exchange).await.0, 102);
                }
                failure(&mut exchange).await
            };
            let theirs = async {
                origin.head().await;
                origin.say(begun).await;
                if is_reset {
                    origin.reset();
                }
            };
            let (error, ()) = tokio::join!(ours, theirs);
            let expected = if is_reset { ErrorKind::ConnectionReset } else { ErrorKind::UnexpectedEof };
            assert_eq!(*error.fault(), ClientFault::Closed(expected), "{begun:?}");
            // A fresh connection is not stale: nothing is sent twice.
            assert!(!error.is_stale() && error.into_request().is_none(), "{begun:?}");
        }
    }
}
