//! Clients that leave, that do not read, and that ask too much.

mod support;

use std::cell::Cell;
use std::pin::Pin;
use std::time::Duration;

use downstream::{BodyError, Limits, Window};
use h3::error::Code;
use http_body_util::BodyExt;
use quinn::TransportConfig;
use support::client::{
    answered, asked, bidi, client, client_over, close_code, connected, connected_from, endpoint, fetch,
    frame, get, narrow, raw, request_with, reset_code, stop_code,
};
use support::script::{Beat, Content, Event, Step, heartbeat, ok, response};
use support::{Gateway, within};

/// Polls once; whether there is something to wait for.
async fn waits<F: Future>(mut future: Pin<&mut F>) -> bool {
    std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

/// Reads events until the exchange is dropped.
async fn dropped(gateway: &mut Gateway) {
    while !matches!(gateway.event().await, Event::Dropped) {}
}

#[tokio::test]
async fn h3_4_a_cancelled_get_is_noticed_though_nothing_is_written() {
    let mut gateway = Gateway::start(|_| vec![heartbeat(), Step::Hold]);
    let (connection, mut sender) = client(&gateway).await;
    let mut stream = asked(&mut sender, get("/")).await;
    assert_eq!(within(stream.recv_response()).await.expect("a head").status(), 102);
    // The request has ended: STOP_SENDING is all that is left to say.
    stream.stop_sending(Code::H3_REQUEST_CANCELLED);
    dropped(&mut gateway).await;
    drop(stream);
    let _next = asked(&mut sender, get("/")).await;
    assert!(matches!(gateway.event().await, Event::Opened(_)), "the connection goes on");
    assert!(connection.close_reason().is_none());
}

#[tokio::test]
async fn h3x_06_a_reset_request_is_a_departure() {
    let mut gateway = Gateway::start(|_| vec![Step::Read, ok("fine")]);
    let (connection, _control) = raw(&gateway).await;
    let bytes = [request_with("POST", "/", &[]), frame(0, b"the beginning")].concat();
    let (mut send, mut recv) = bidi(&connection, &bytes).await;
    assert!(matches!(gateway.event().await, Event::Opened(_)));
    send.reset(0x10c_u32.into()).expect("it is open");
    assert!(matches!(gateway.event().await, Event::Content(Err(BodyError::Departed))));
    assert!(matches!(gateway.event().await, Event::Dropped));
    assert_eq!(reset_code(&mut recv).await, Code::H3_REQUEST_CANCELLED.value());
}

#[tokio::test]
async fn h3_2_a_stream_that_is_dropped_before_its_end_does_not_seem_whole() {
    let mut gateway = Gateway::start(|_| vec![Step::Lend, Step::Hold]);
    let (_connection, mut sender) = client(&gateway).await;
    let request = http::Request::post("https://localhost/").body(()).expect("a request");
    let mut stream = within(sender.send_request(request)).await.expect("it is sent");
    within(stream.send_data(bytes::Bytes::from_static(b"the beginning"))).await.expect("it is sent");
    assert!(matches!(gateway.event().await, Event::Opened(_)));
    let Event::Lent(content) = gateway.event().await else { panic!("there is content") };
    drop(stream);
    assert_eq!(within(content.collect()).await.expect_err("it is cut off"), BodyError::Departed);
}

#[tokio::test]
async fn a_connection_that_breaks_drops_its_exchanges() {
    let mut gateway = Gateway::start(|_| vec![Step::Hold]);
    let (connection, mut sender) = client(&gateway).await;
    let _streams = [asked(&mut sender, get("/1")).await, asked(&mut sender, get("/2")).await];
    for _ in 0..2 {
        assert!(matches!(gateway.event().await, Event::Opened(_)));
    }
    connection.close(0_u32.into(), b"");
    for _ in 0..2 {
        assert!(matches!(gateway.event().await, Event::Dropped));
    }
    gateway.end().await.expect("a close without an error is orderly");
}

#[tokio::test]
async fn i21_a_client_that_does_not_read_blocks_its_own_heads_only() {
    let beat = Beat::default();
    let ends = beat.clone();
    let mut gateway = Gateway::start(move |request| match request.uri().path() {
        "/flood" => vec![Step::Flood(ends.clone(), 1), ok("at last")],
        _ => vec![heartbeat(), ok("fine")],
    });
    let transport = connected(&gateway, narrow(600)).await;
    let (_connection, mut sender) = client_over(transport).await;
    let mut blocked = asked(&mut sender, get("/flood")).await;
    let mut written = 0;
    loop {
        match gateway.event().await {
            Event::Written => written += 1,
            // INT-13: the next one is withheld, not queued, and the exchange hears why.
            Event::Withheld(window) => break assert_eq!(window, Window::Stalled),
            other => assert!(matches!(other, Event::Opened(_))),
        }
    }
    assert!((10..150).contains(&written), "600 octets hold some heads: {written}");
    for _ in 0..3 {
        assert_eq!(fetch(&mut sender, get("/other")).await.statuses(), [102, 200], "others go on");
    }
    // I-22: what was half written is finished, the final response follows, nothing was lost.
    beat.raise(1);
    let answer = answered(&mut blocked).await.expect("a response");
    let statuses = answer.statuses();
    assert_eq!(statuses.last(), Some(&200));
    assert!(statuses[..statuses.len() - 1].iter().all(|status| *status == 102));
    assert_eq!(answer.content, b"at last");
}

#[tokio::test]
async fn i22_a_final_response_waits_for_the_head_before_it() {
    let beat = Beat::default();
    let ends = beat.clone();
    let mut gateway = Gateway::start(move |_| vec![Step::Flood(ends.clone(), 1), ok("at last")]);
    let (_connection, mut sender) = client_over(connected(&gateway, narrow(100)).await).await;
    let mut stream = asked(&mut sender, get("/")).await;
    while !matches!(gateway.event().await, Event::Withheld(_)) {}
    beat.raise(1);
    assert_eq!(answered(&mut stream).await.expect("a response").content, b"at last");
}

#[tokio::test]
async fn d03_a_client_that_takes_nothing_loses_its_final_response_only() {
    let limits = Limits { write_stall: Duration::from_millis(200), ..Limits::default() };
    let mut gateway = Gateway::with_limits(
        |request| match request.uri().path() {
            "/large" => vec![response(http::StatusCode::OK, Content::of([vec![b'x'; 100_000]]))],
            _ => vec![ok("fine")],
        },
        limits,
    );
    let connection = connected(&gateway, narrow(2_000)).await;
    let (_connection, mut sender) = client_over(connection).await;
    let mut stalled = asked(&mut sender, get("/large")).await;
    dropped(&mut gateway).await;
    let error = answered(&mut stalled).await.expect_err("it was given up");
    assert!(
        matches!(error, h3::error::StreamError::RemoteTerminate { code: Code::H3_REQUEST_CANCELLED, .. }),
        "{error}"
    );
    assert_eq!(fetch(&mut sender, get("/fine")).await.content, b"fine");
}

#[tokio::test]
async fn a_client_that_leaves_during_the_content_is_noticed() {
    let mut gateway = Gateway::start(|_| {
        let content = Content::of(["the beginning"]).endless();
        vec![response(http::StatusCode::OK, content)]
    });
    let (_connection, mut sender) = client(&gateway).await;
    let mut stream = asked(&mut sender, get("/")).await;
    assert_eq!(within(stream.recv_response()).await.expect("a head").status(), 200);
    stream.stop_sending(Code::H3_REQUEST_CANCELLED);
    dropped(&mut gateway).await;
}

#[tokio::test]
async fn q20_content_may_be_dropped_while_a_read_waits() {
    let mut gateway = Gateway::start(|_| vec![Step::Lend, Step::Hold]);
    let (connection, _control) = raw(&gateway).await;
    let (mut send, _recv) = bidi(&connection, &request_with("POST", "/", &[])).await;
    assert!(matches!(gateway.event().await, Event::Opened(_)));
    let Event::Lent(mut content) = gateway.event().await else { panic!("there is content") };
    {
        let mut reading = std::pin::pin!(content.frame());
        assert!(waits(reading.as_mut()).await);
    }
    drop(content);
    assert_eq!(stop_code(&mut send).await, Some(Code::H3_NO_ERROR.value()));
}

#[tokio::test]
async fn content_outlives_its_exchange() {
    // U-08: the origin may still take content that its response did not wait for.
    let mut gateway = Gateway::start(|_| vec![Step::Lend, ok("fine")]);
    let (connection, _control) = raw(&gateway).await;
    let (mut send, mut recv) = bidi(&connection, &request_with("POST", "/", &[])).await;
    assert!(matches!(gateway.event().await, Event::Opened(_)));
    let Event::Lent(content) = gateway.event().await else { panic!("there is content") };
    within(recv.read_to_end(1 << 16)).await.expect("a whole response");
    dropped(&mut gateway).await;
    send.write_all(&frame(0, b"late")).await.expect("it is sent");
    send.finish().expect("it is open");
    let read = within(content.collect()).await.expect("it is whole").to_bytes();
    assert_eq!(read, "late");
}

#[tokio::test]
async fn small_frames_are_not_read_ahead_of_the_gateway() {
    // `h3` alone would keep what arrives while one frame after the other is taken.
    let mut gateway = Gateway::start(|_| vec![Step::Lend, Step::Hold]);
    let (connection, _control) = raw(&gateway).await;
    let (mut send, _recv) = bidi(&connection, &request_with("POST", "/", &[])).await;
    assert!(matches!(gateway.event().await, Event::Opened(_)));
    let Event::Lent(mut content) = gateway.event().await else { panic!("there is content") };
    let flood = b"\x00\x01x".repeat(100_000);
    let sent = Cell::new(0);
    let sending = async {
        loop {
            sent.set(sent.get() + send.write(&flood).await.expect("it is open"));
        }
    };
    let mut sending = std::pin::pin!(sending);
    for _ in 0..1_000 {
        assert!(waits(sending.as_mut()).await, "nothing holds it back");
        let frame = within(content.frame()).await.expect("it is not over").expect("it is well-formed");
        assert_eq!(frame.into_data().expect("it is content"), "x");
    }
    assert!(waits(sending.as_mut()).await, "nothing holds it back");
    // What fits into the stream's window, and little more for the 3,000 octets that were taken.
    assert!(sent.get() < 400 * 1024, "{} octets", sent.get());
}

#[tokio::test]
async fn q17_requests_given_up_one_after_the_other_end_the_connection() {
    let mut gateway = Gateway::start(|_| vec![Step::Hold]);
    let (connection, _control) = raw(&gateway).await;
    let bytes = request_with("GET", "/", &[]);
    let churn = async {
        for opened in 0.. {
            let Ok((mut send, mut recv)) = connection.open_bi().await else { return opened };
            if send.write_all(&bytes).await.is_err() {
                return opened;
            }
            let _ = send.finish();
            let _ = recv.stop(0x10c_u32.into());
        }
        unreachable!("it is endless")
    };
    let opened = within(churn).await;
    assert!((100..5_000).contains(&opened), "{opened} requests");
    assert_eq!(close_code(&connection).await, Code::H3_EXCESSIVE_LOAD.value());
    assert!(gateway.end().await.expect_err("it was cut off").to_string().contains("0x107"));
}

#[tokio::test]
async fn fact_9_the_heads_of_a_beat_leave_together() {
    const HELD: usize = 100;
    const BEATS: u64 = 20;
    let beat = Beat::default();
    let beats = beat.clone();
    let mut gateway = Gateway::start(move |_| {
        let mut steps = Vec::new();
        for count in 1..=BEATS {
            steps.extend([Step::Until(beats.clone(), count), heartbeat()]);
        }
        steps.push(Step::Hold);
        steps
    });
    let (_connection, mut sender) = client_over(connected(&gateway, TransportConfig::default()).await).await;
    let mut streams = Vec::new();
    for _ in 0..HELD {
        streams.push(asked(&mut sender, get("/")).await);
    }
    for _ in 0..HELD {
        assert!(matches!(gateway.event().await, Event::Opened(_)));
    }
    let server = gateway.connection();
    let before = server.stats().udp_tx.datagrams;
    for count in 1..=BEATS {
        beat.raise(count);
        for stream in &mut streams {
            assert_eq!(within(stream.recv_response()).await.expect("a head").status(), 102);
        }
    }
    let heads = BEATS * HELD as u64;
    let datagrams = server.stats().udp_tx.datagrams - before;
    eprintln!("{datagrams} datagrams for {heads} heads");
    assert!(datagrams * 10 <= heads, "{datagrams} datagrams for {heads} heads");
}

#[tokio::test]
async fn q22_random_bytes_do_no_harm() {
    let gateway = Gateway::start(|_| vec![Step::Read, ok("fine")]);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..60 {
        let (connection, _control) = raw(&gateway).await;
        for _ in 0..4 {
            let mut bytes = if round % 2 == 0 { request_with("POST", "/", &[]) } else { Vec::new() };
            for _ in 0..40 {
                // xorshift64: the seed is above.
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                bytes.extend(&random.to_be_bytes()[..3]);
            }
            let Ok((mut send, _)) = within(connection.open_bi()).await else { break };
            let _ = send.write_all(&bytes).await;
            let _ = send.finish();
        }
    }
    let (_connection, mut sender) = client(&gateway).await;
    assert_eq!(fetch(&mut sender, get("/")).await.content, b"fine");
}

#[tokio::test]
async fn q18_a_client_may_move_but_not_for_ever() {
    let gateway = Gateway::start(|_| vec![heartbeat(), ok("fine")]);
    let moving = endpoint(&gateway, TransportConfig::default());
    let (connection, mut sender) = client_over(connected_from(&moving, &gateway).await).await;
    let mut moves = 0;
    let reason = loop {
        let Ok(mut stream) = within(sender.send_request(get("/"))).await else {
            break close_code(&connection).await;
        };
        let _ = within(stream.finish()).await;
        match answered(&mut stream).await {
            Ok(answer) => assert_eq!(answer.statuses(), [102, 200]),
            Err(_) => break close_code(&connection).await,
        }
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
        moving.rebind(socket).expect("a socket like the one before");
        moves += 1;
        assert!(moves < 10, "it may move for ever");
    };
    assert_eq!(reason, Code::H3_EXCESSIVE_LOAD.value());
    assert!(moves > 5, "{moves} moves");
}
