//! What is recorded of a response, and how.

use std::time::Duration;

use http::Method;

use crate::client::{Ask, Heard, Wire};
use crate::world::{World, path_of};

fn json(heard: &Heard) -> serde_json::Value {
    serde_json::from_slice(&heard.body).expect("JSON")
}

/// The content that is read before its head goes out is just as long as what may wait for a reader
/// of a result that is not kept: neither may wait for the other.
pub async fn a_result_that_is_not_kept_does_not_wait_for_itself(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/tight", "x").prefer("processing"));
    let seen = world.origin.next().await;
    talk.interim().await;
    seen.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 65546\r\n\r\n{}", "x".repeat(65_536)));
    // The rest comes as a piece of its own.
    tokio::time::sleep(Duration::from_millis(200)).await;
    seen.send("0123456789");
    let heard = talk.rest().await;
    assert_eq!((heard.last.status, heard.body.len()), (200, 65_546));
}

pub async fn the_result_of_a_head_has_no_length_of_another(wire: Wire) {
    let world = World::new().await;
    let ask = Ask::get("/jobs").method(&Method::HEAD).prefer("processing");
    let mut talk = world.begin(wire, ask);
    let seen = world.origin.next().await;
    let path = path_of(talk.interim().await.field("location"));
    seen.send("HTTP/1.1 200 OK\r\nContent-Length: 40\r\nX-Own: yes\r\n\r\n");
    assert_eq!(talk.rest().await.last.field("content-length"), "40");
    let result = world.ask(wire, Ask::get(&format!("{path}/result"))).await;
    assert_eq!((result.last.status, result.last.field("x-own"), result.body.len()), (200, "yes", 0));
    assert!(["", "0"].contains(&result.last.field("content-length")));
}

pub async fn a_result_that_nobody_reads_has_the_length_that_was_told(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/tight", "x").prefer("processing"));
    let seen = world.origin.next().await;
    let path = path_of(talk.interim().await.field("location"));
    drop(talk);
    seen.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{}", "x".repeat(90_000)));
    let document = world.ask(wire, Ask::get(&path).prefer("processing")).await;
    assert_eq!(json(&document)["status"], "Succeeded");
    assert_eq!(json(&document)["response"]["contentLength"], 100_000);
}

pub async fn the_last_progress_is_that_of_the_final_head(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    let seen = world.origin.next().await;
    let path = path_of(talk.interim().await.field("location"));
    seen.processing("Progress: 1/3\r\n");
    talk.interim().await;
    seen.respond("200 OK", "Progress: 3/3\r\n", "done");
    let heard = talk.rest().await;
    assert_eq!(heard.last.field("progress"), "3/3", "PRG-16");
    let document = world.ask(wire, Ask::get(&path)).await;
    assert_eq!(document.last.field("progress"), "3/3");
}
