//! What is counted of it.

use http::Method;

use super::{comes_to, count, label, suppressed};
use crate::client::{Ask, Wire};
use crate::world::{World, path_of};

pub async fn what_origins_report_is_counted(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    let seen = world.origin.next().await;
    seen.processing("Progress: 1/3\r\n").processing("Progress: 2/3\r\n").processing("");
    seen.processing("Progress: nonsense\r\n").processing("Progress: 1/3\r\n");
    seen.processing("Progress: 3/3\r\nStatus-URI: 200 </a>, 201 </b>\r\n");
    seen.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    seen.respond("200 OK", "", "");
    talk.rest().await;
    let relayed = u64::from(wire != Wire::Http11);
    let expected =
        [("progress", 3), ("heartbeat", 1), ("invalid", 1), ("regressed", 1), ("relayed", relayed)];
    for (kind, times) in expected {
        let labels = format!("kind=\"{kind}\",route=\"jobs\"");
        assert_eq!(count(&world, "upstream_events_total", &labels), times, "{kind}");
    }
    let talk = world.begin(wire, Ask::get("/plain"));
    let seen = world.origin.next().await;
    seen.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").respond("200 OK", "", "");
    talk.rest().await;
    let plain = count(&world, "upstream_events_total", "kind=\"relayed\",route=\"plain\"");
    assert_eq!(plain, relayed, "without an operation too");
}

pub async fn who_follows_is_counted_while_it_does(wire: Wire) {
    let world = World::new().await;
    let interim = "operation_watchers{via=\"interim\"}";
    let poll = "operation_watchers{via=\"poll\"}";
    let mut talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    let seen = world.origin.next().await;
    let path = path_of(talk.interim().await.field("location"));
    comes_to(&world, interim, 1).await;
    let mut watcher = world.begin(wire, Ask::get(&path).prefer("processing"));
    watcher.interim().await;
    comes_to(&world, interim, 2).await;
    let etag = world.ask(wire, Ask::get(&path)).await.last.field("etag").to_owned();
    let poller = world.begin(wire, Ask::get(&path).prefer("wait=20").field("if-none-match", &etag));
    comes_to(&world, poll, 1).await;
    drop(watcher);
    comes_to(&world, interim, 1).await;
    seen.respond("200 OK", "", "");
    talk.rest().await;
    assert_eq!(poller.rest().await.last.status, 200);
    comes_to(&world, interim, 0).await;
    comes_to(&world, poll, 0).await;
}

pub async fn the_first_signal_is_counted_once(wire: Wire) {
    let world = World::new().await;
    let signals = |signal: &str| {
        let labels = format!("protocol=\"{}\",signal=\"{signal}\"", label(wire));
        count(&world, "first_signal_seconds_count", &labels)
    };
    let mut talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    let seen = world.origin.next().await;
    talk.interim().await;
    seen.processing("Progress: 1/2\r\n");
    talk.interim().await;
    seen.respond("200 OK", "", "");
    talk.rest().await;
    assert_eq!((signals("interim"), signals("final")), (1, 0));
    let talk = world.begin(wire, Ask::post("/jobs", "x"));
    world.origin.next().await.respond("200 OK", "", "");
    talk.rest().await;
    assert_eq!((signals("interim"), signals("final")), (1, 1));
    assert_eq!(suppressed(&world, wire, "not_preferred", "jobs"), 1, "once per exchange");
}

/// B15: on every wire; and a refusal, which takes no time, leaves no sample of 0 seconds.
pub async fn b15_trace_is_501_and_has_no_duration(wire: Wire) {
    let world = World::new().await;
    let heard = world.ask(wire, Ask::get("/jobs").method(&Method::TRACE)).await;
    assert_eq!(heard.last.status, 501);
    assert_eq!(heard.last.field("content-type"), "application/problem+json");
    let wire = label(wire);
    let labels = format!("code=\"501\",mode=\"plain\",protocol=\"{wire}\",route=\"none\"");
    assert_eq!(count(&world, "requests_total", &labels), 1);
    let labels = format!("mode=\"plain\",protocol=\"{wire}\",route=\"none\"");
    assert_eq!(count(&world, "request_duration_seconds_count", &labels), 0);
}
