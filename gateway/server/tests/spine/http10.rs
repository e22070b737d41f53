//! What HTTP/1.0 gets: never a 1xx, and a 202 in its place.

use crate::client::{Ask, Wire};
use crate::world::{World, path_of};

#[tokio::test]
async fn v10_01_v10_02_a_202_with_an_absolute_location_and_no_interim() {
    let world = World::new().await;
    let ask = Ask::post("/jobs", "x").prefer("processing, progress").field("expect", "100-continue");
    let talk = world.begin(Wire::Http10, ask);
    let seen = world.origin.next().await;
    seen.processing("Progress: 1/3 (one)\r\n");
    seen.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    let heard = talk.rest().await;
    assert!(heard.interims.is_empty(), "V10-01: {:?}", heard.interims);
    assert_eq!(heard.last.status, 202);
    assert_eq!(heard.last.field("connection").to_ascii_lowercase(), "close");
    assert!(!heard.last.field("content-length").is_empty());
    assert_eq!(heard.last.field("transfer-encoding"), "");
    let path = path_of(heard.last.field("location"));
    // V10-05: plain polling, without any preference.
    let running = world.ask(Wire::Http10, Ask::get(&path)).await;
    assert_eq!(running.last.status, 202);
    seen.respond("201 Created", "Content-Type: text/plain\r\n", "done");
    let finished = loop {
        let polled = world.ask(Wire::Http10, Ask::get(&path)).await;
        if polled.last.status != 202 {
            break polled;
        }
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    };
    assert_eq!(finished.last.status, 200);
    let result = world.ask(Wire::Http10, Ask::get(&format!("{path}/result"))).await;
    assert_eq!((result.last.status, &result.body[..]), (201, &b"done"[..]));
    assert_eq!(world.metric("progress_gateway_downgrades_total{reason=\"http10\"}"), 1);
}

#[tokio::test]
async fn v10_02_a_response_in_time_is_the_plain_final() {
    let world = World::new().await;
    let talk = world.begin(Wire::Http10, Ask::get("/jobs"));
    world.origin.next().await.respond("200 OK", "", "quick");
    let heard = talk.rest().await;
    assert_eq!((heard.last.status, &heard.body[..]), (200, &b"quick"[..]));
}

#[tokio::test]
async fn v10_02_respond_async_now_is_a_202_now() {
    let world = World::new().await;
    let heard = world.ask(Wire::Http10, Ask::get("/jobs").prefer("respond-async, wait=0")).await;
    assert_eq!(heard.last.status, 202);
}

#[tokio::test]
async fn v10_01_a_response_without_a_length_ends_with_the_connection() {
    let world = World::new().await;
    let talk = world.begin(Wire::Http10, Ask::get("/plain"));
    let seen = world.origin.next().await;
    seen.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    let heard = talk.rest().await;
    assert_eq!(heard.last.field("transfer-encoding"), "");
    assert_eq!(heard.body, "hello");
}

#[tokio::test]
async fn v10_events_end_with_the_connection() {
    let world = World::new().await;
    let talk = world.begin(Wire::Http10, Ask::get("/jobs").prefer("respond-async, wait=0"));
    let seen = world.origin.next().await;
    let path = path_of(talk.rest().await.last.field("location"));
    let stream = world.begin(Wire::Http10, Ask::get(&path).field("accept", "text/event-stream"));
    seen.respond("200 OK", "", "");
    let heard = stream.rest().await;
    assert_eq!((heard.last.status, heard.last.field("content-type")), (200, "text/event-stream"));
    assert_eq!((heard.last.field("transfer-encoding"), heard.last.field("content-length")), ("", ""));
    assert!(heard.body.windows(11).any(|part| part == b"event: done"), "{:?}", heard.body);
}
