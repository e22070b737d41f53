//! Content that takes its time.

use std::time::Duration;

use crate::client::{Ask, Event, Wire};
use crate::world::{World, path_of};

/// A response whose content stops after 4 of 40 octets.
const STOPPING: &str = "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nstop";

/// INT-19: also after the final head, and whether or not the client asked for anything.
pub async fn content_that_stops_is_cut_at_the_deadline(wire: Wire) {
    for preference in ["processing", "handling=lenient"] {
        let world = World::new().await;
        let mut talk = world.begin(wire, Ask::post("/short", "x").prefer(preference));
        let mut seen = world.origin.next().await;
        seen.send(STOPPING);
        let last = loop {
            match talk.next().await {
                Event::Interim(_) => {}
                last => break last,
            }
        };
        match last {
            Event::Broken(_) => {}
            // It was being recorded: the head had not gone out.
            Event::Final(head, _) => assert_eq!(head.status, 504, "{preference}"),
            Event::Interim(_) => unreachable!("they are skipped"),
        }
        seen.closed().await;
    }
}

pub async fn content_that_stops_has_stalled(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/stalling", "x").prefer("processing"));
    let mut seen = world.origin.next().await;
    let path = path_of(talk.interim().await.field("location"));
    seen.send(STOPPING);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        // FWD-07: each sign of life restarts the timer.
        seen.send("x");
    }
    assert_eq!(talk.rest().await.last.status, 504);
    seen.closed().await;
    let document = world.ask(wire, Ask::get(&path)).await;
    let document: serde_json::Value = serde_json::from_slice(&document.body).expect("JSON");
    assert_eq!(document["error"]["code"], "Stalled");
}

pub async fn a_slow_upload_is_not_the_origins_silence(wire: Wire) {
    let world = World::new().await;
    let ask = Ask::post("/stalling", "one two").prefer("processing").resting(Duration::from_millis(700));
    let talk = world.begin(wire, ask);
    let seen = world.origin.next().await;
    assert_eq!(seen.body, b"one two");
    seen.respond("200 OK", "", "taken");
    let heard = talk.rest().await;
    assert_eq!((heard.last.status, &heard.body[..]), (200, &b"taken"[..]));
}

pub async fn heads_relayed_on_plain_routes_are_counted(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::get("/plain"));
    let seen = world.origin.next().await;
    seen.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").respond("200 OK", "", "");
    talk.rest().await;
    let relayed = u64::from(wire != Wire::Http11);
    let series = "progress_gateway_upstream_events_total{kind=\"relayed\",route=\"plain\"}";
    assert_eq!(world.metric(series), relayed);
}
