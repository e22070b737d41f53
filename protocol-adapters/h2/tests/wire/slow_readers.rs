//! Clients that stop reading (H2X-04, I-20).

use std::time::Duration;

use downstream::Limits;
use h2_adapter::serve;
use tokio::net::{TcpSocket, TcpStream};

use crate::frames::{self, HEADERS, RawClient};
use crate::script::{Event, Events, Step, scripted, whole};
use crate::support::{Served, outcome, service, soon};

const ATTEMPTS: u32 = 100_000;

/// Longer than any of these tests, so that the stall itself is not what ends them.
fn patient() -> Limits {
    Limits { write_stall: Duration::from_secs(86_400), ..Limits::default() }
}

#[tokio::test(start_paused = true)]
async fn i_20_heads_are_withheld_while_the_client_does_not_read() {
    const PACE: Duration = Duration::from_millis(1);
    let (handler, mut events) = scripted(|_| vec![Step::Flood(ATTEMPTS, PACE), whole(200, "at last")]);
    let (near, far) = tokio::io::duplex(1024);
    let served: Served = tokio::spawn(serve(far, service(handler, patient())));
    let mut client = RawClient::connect(near, &[]).await;
    client.send(&[frames::get(1, "/")]).await;
    let (taken, withheld) = flooded(&mut events).await;
    assert_eq!(taken + withheld, ATTEMPTS);
    // 1 KiB holds a hundred heads of ten octets; one more waits in the codec.
    assert!(taken < 110, "{taken} heads were taken");
    assert_eq!(outcome(&mut events).await, Event::Answered);

    let seen = client.until_end(1).await;
    let heads = seen.iter().filter(|frame| frame.kind == HEADERS).count();
    assert_eq!(heads, usize::try_from(taken).expect("few") + 1, "what was taken arrives, then the response");
    assert!(!served.is_finished());
}

#[tokio::test]
async fn i_20_an_origin_that_never_stops_is_held_back_over_tcp() {
    const HEADS: u32 = 20_000;
    let (handler, mut events) = scripted(|_| vec![Step::Flood(HEADS, Duration::ZERO), whole(200, "at last")]);
    let (near, far) = narrow_tcp().await;
    let served: Served = tokio::spawn(serve(far, service(handler, patient())));
    let mut client = RawClient::connect(near, &[]).await;
    client.send(&[frames::get(1, "/")]).await;
    // Until nothing moves any more.
    let mut written = 0;
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_millis(300), events.recv()).await {
        written += u32::from(event == Event::Written);
    }
    assert!(written > 100 && written < HEADS / 2, "{written} heads fit the kernel's buffers");
    // It goes on by itself once the client reads.
    let mut heads = 0;
    let end = async {
        loop {
            let frame = client.next().await.expect("more");
            heads += u32::from(frame.kind == HEADERS);
            if frame.ends_stream() {
                return;
            }
        }
    };
    soon(end).await;
    assert_eq!(heads, HEADS + 1);
    assert!(!served.is_finished());
}

/// The end of a flood: heads taken and withheld.
async fn flooded(events: &mut Events) -> (u32, u32) {
    loop {
        match events.recv().await.expect("an event") {
            Event::Flooded { taken, withheld } => return (taken, withheld),
            Event::Written | Event::Opened(_) => {}
            event => panic!("{event:?}"),
        }
    }
}

/// A TCP connection whose buffers hold little.
async fn narrow_tcp() -> (TcpStream, TcpStream) {
    let socket = || {
        let socket = TcpSocket::new_v4().expect("socket");
        socket.set_send_buffer_size(4096).expect("an option");
        socket.set_recv_buffer_size(4096).expect("an option");
        socket
    };
    let listener = socket();
    listener.bind(([127, 0, 0, 1], 0).into()).expect("bind");
    let listener = listener.listen(1).expect("listen");
    let near = socket().connect(listener.local_addr().expect("address")).await.expect("connect");
    let (far, _) = listener.accept().await.expect("accept");
    (near, far)
}

#[tokio::test(start_paused = true)]
async fn int_13_a_client_that_stops_reading_one_stream_stops_no_other_connection() {
    let (handler, mut events) = scripted(|target| match target {
        "/flood" => vec![Step::Flood(ATTEMPTS, Duration::from_micros(10))],
        _ => vec![whole(200, "")],
    });
    let (near, far) = tokio::io::duplex(1024);
    tokio::spawn(serve(far, service(handler.clone(), patient())));
    let mut stuck = RawClient::connect(near, &[]).await;
    stuck.send(&[frames::get(1, "/flood")]).await;

    let (near, far) = tokio::io::duplex(1024);
    tokio::spawn(serve(far, service(handler, patient())));
    let mut honest = RawClient::connect(near, &[]).await;
    honest.send(&[frames::get(1, "/")]).await;
    assert_eq!(frames::status(&honest.until_end(1).await[0]), 200);
    assert_eq!(outcome(&mut events).await, Event::Answered);
    let (taken, withheld) = flooded(&mut events).await;
    assert!(taken < 110 && taken + withheld == ATTEMPTS, "{taken} {withheld}");
}
