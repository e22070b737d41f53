//! How requests end when time, or the gateway, does.

use downstream::Phase;

use crate::client::{Ask, Wire};
use crate::world::{World, path_of};

/// Interface section 8: who asked for heads or a 202 gets a 202, others a 503.
pub async fn a_drain_answers_each_as_it_asked(wire: Wire) {
    let world = World::new().await;
    let waits = world.begin(wire, Ask::post("/jobs", "x").prefer("respond-async, wait=30"));
    let mut hears = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    let silent = world.begin(wire, Ask::post("/jobs", "x"));
    let plain = world.begin(wire, Ask::post("/plain", "x"));
    let mut kept = Vec::new();
    for _ in 0..4 {
        kept.push(world.origin.next().await);
    }
    hears.interim().await;
    world.drain.advance(Phase::Concluding);
    for (talk, what) in [(waits, "respond-async"), (hears, "processing")] {
        let heard = talk.rest().await;
        assert_eq!(heard.last.status, 202, "{what}");
        path_of(heard.last.field("location"));
    }
    for (talk, what) in [(silent, "nothing"), (plain, "a plain route")] {
        let heard = talk.rest().await;
        assert_eq!(heard.last.status, 503, "{what}");
        assert_eq!(heard.last.field("retry-after"), "1");
    }
    assert_eq!(world.metric("progress_gateway_downgrades_total{reason=\"drain\"}"), 2);
}

/// INT-19: the 202 is complete, and its operation still runs.
pub async fn who_asked_gets_a_whole_202_before_the_deadline(wire: Wire) {
    let world = World::new().await;
    let heard = world.ask(wire, Ask::post("/short", "x").prefer("respond-async, wait=60")).await;
    assert_eq!((heard.last.status, heard.interims.len()), (202, 0));
    assert!(!heard.last.field("retry-after").is_empty());
    assert_eq!(heard.last.field("status-uri"), "");
    let document: serde_json::Value = serde_json::from_slice(&heard.body).expect("JSON");
    assert_eq!(document["status"], "Running");
    let path = path_of(heard.last.field("location"));
    let ended = world.ask(wire, Ask::get(&path).prefer("processing")).await;
    let document: serde_json::Value = serde_json::from_slice(&ended.body).expect("JSON");
    assert_eq!(document["error"]["code"], "DeadlineExceeded");
    assert_eq!(world.metric("progress_gateway_downgrades_total{reason=\"deadline\"}"), 1);
}

/// LOC-04: an upload that only the origin knows to be one.
pub async fn an_origin_that_sends_104_keeps_its_location(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/jobs", "part").prefer("processing"));
    let seen = world.origin.next().await;
    seen.send("HTTP/1.1 104 Upload Resumption Supported\r\nLocation: https://a/uploads/1\r\n\r\n");
    let mut head = talk.interim().await;
    if wire != Wire::Http11 {
        assert_eq!(head.status, 104);
        head = talk.interim().await;
    }
    assert_eq!((head.status, head.field("location")), (102, ""));
    assert!(head.field("link").ends_with("rel=\"status\""));
    seen.respond("200 OK", "", "");
    talk.rest().await;
}

/// Section 4: `Progress` on the final response is for who opted in.
pub async fn who_did_not_opt_in_is_not_told_of_progress(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::post("/jobs", "x").prefer("respond-async, wait=20"));
    let seen = world.origin.next().await;
    seen.processing("Progress: 1/2\r\n").respond("200 OK", "", "done");
    let heard = talk.rest().await;
    assert_eq!((heard.last.field("progress"), heard.last.field("link")), ("", ""));
}
