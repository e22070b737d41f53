//! Origins that misbehave.

use crate::client::{Ask, Heard, Wire};
use crate::world::{World, path_of};

fn problem(heard: &Heard) -> serde_json::Value {
    assert_eq!(heard.last.field("content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_slice(&heard.body).expect("JSON");
    assert_eq!(problem["status"], heard.last.status);
    problem
}

pub async fn a_silent_origin_stalls(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::post("/stalling", "x").prefer("processing"));
    let seen = world.origin.next().await;
    for _ in 0..4 {
        // FWD-07: each sign of life restarts the timer.
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        seen.processing("");
    }
    let heard = talk.rest().await;
    assert_eq!(heard.last.status, 504);
    assert!(problem(&heard)["type"].as_str().expect("a type").ends_with("stalled"));
}

pub async fn origin_faults_are_502_with_their_cause(wire: Wire) {
    let world = World::new().await;
    let refused = world.ask(wire, Ask::post("/refused", "x")).await;
    assert_eq!(refused.last.status, 502, "U-01");
    assert_eq!(refused.last.field("proxy-status"), "progress-gateway; error=connection_refused");
    problem(&refused);
    for (id, octets, cause) in [
        ("U-02", &b"HTTP/1.1 200 O"[..], "http_response_incomplete"),
        ("I-18", b"HTTP/1.1 600 Odd\r\n\r\n", "http_protocol_error"),
        ("I-15", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "http_protocol_error"),
        (
            "U-06",
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            "http_protocol_error",
        ),
        ("I-05", b"HTTP/1.1 102 Processing\r\nProgress: 1/2\nX: y\r\n\r\n", "http_protocol_error"),
    ] {
        for path in ["/plain", "/jobs"] {
            let talk = world.begin(wire, Ask::post(path, "x").prefer("processing"));
            let seen = world.origin.next().await;
            seen.send(octets).close();
            let heard = talk.rest().await;
            assert_eq!(heard.last.status, 502, "{id} on {path}");
            let told = heard.last.field("proxy-status").to_owned();
            assert_eq!(told, format!("progress-gateway; error={cause}"), "{id} on {path}");
            problem(&heard);
        }
    }
}

pub async fn an_origin_that_dies_after_heads(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    let seen = world.origin.next().await;
    let uri = talk.interim().await.field("location").to_owned();
    seen.processing("Progress: 1/3\r\n").close();
    let heard = talk.rest().await;
    assert_eq!(heard.last.status, 502, "I-14, X11");
    assert_eq!(problem(&heard)["instance"], uri);
    assert_eq!(heard.last.field("progress"), "1/3", "the last reported value, whatever the outcome");
    let document = world.ask(wire, Ask::get(&path_of(&uri))).await;
    assert_eq!(document.last.status, 200);
    let json: serde_json::Value = serde_json::from_slice(&document.body).expect("JSON");
    assert_eq!(json["error"]["code"], "UpstreamConnectionLost");
    assert_eq!(json["error"]["problem"]["status"], 502, "PRB-04");
}
