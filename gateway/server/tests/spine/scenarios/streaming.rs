//! Status documents that are streams of events, and pages.

use http::Method;
use serde_json::Value;

use super::policies::comes_to;
use crate::client::{Ask, Heard, Wire};
use crate::origin::Seen;
use crate::world::{World, path_of};

const EVENTS: &str = "text/event-stream";

/// An operation that was accepted with a 202: the path of its status URI, and the request at the origin.
async fn accepted(world: &World, wire: Wire) -> (String, Seen) {
    let talk = world.begin(wire, Ask::post("/jobs", "x").prefer("respond-async, wait=0"));
    let seen = world.origin.next().await;
    let heard = talk.rest().await;
    assert_eq!(heard.last.status, 202);
    (path_of(heard.last.field("location")), seen)
}

/// The events of a stream: id, name and data.
fn events(heard: &Heard) -> Vec<(u64, String, Value)> {
    let text = std::str::from_utf8(&heard.body).expect("UTF-8");
    let blocks = text.split("\n\n").filter(|block| block.contains("event:"));
    let events = blocks.map(|block| {
        let field = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_else(|| panic!("no {name} in {block}")).to_owned()
        };
        let data = serde_json::from_str(&field("data")).expect("JSON");
        (field("id").parse().expect("a number"), field("event"), data)
    });
    events.collect()
}

pub async fn events_follow_an_operation_to_its_end(wire: Wire) {
    let world = World::new().await;
    let watchers = "operation_watchers{via=\"events\"}";
    let (path, seen) = accepted(&world, wire).await;
    let stream = world.begin(wire, Ask::get(&path).field("accept", EVENTS).prefer("processing"));
    comes_to(&world, watchers, 1).await;
    seen.processing("Progress: 1/3 (Collecting rows)\r\n");
    seen.respond("201 Created", "Content-Type: text/plain\r\n", "done");
    let heard = stream.rest().await;
    assert!(heard.interims.is_empty(), "events take the place of heads");
    assert_eq!((heard.last.status, heard.last.field("content-type")), (200, EVENTS));
    assert_eq!(heard.last.field("cache-control"), "no-store");
    assert_eq!(heard.last.field("content-length"), "");
    let events = events(&heard);
    assert!(events.is_sorted_by_key(|(id, ..)| *id), "{events:?}");
    let names: Vec<&str> = events.iter().map(|(_, name, _)| name.as_str()).collect();
    let (done, before) = names.split_last().expect("events");
    assert!(*done == "done" && before.iter().all(|name| *name == "progress"), "{names:?}");
    let (last, _, document) = events.last().expect("events");
    assert_eq!(
        (&document["status"], &document["progress"]["message"]),
        (&"Succeeded".into(), &"Collecting rows".into())
    );
    let etag = world.ask(wire, Ask::get(&path)).await.last.field("etag").to_owned();
    assert_eq!(etag, format!("W/\"{last}\""), "the id is the revision");
    comes_to(&world, watchers, 0).await;
    let counted = "progress_gateway_status_document_requests_total{code=\"200\",format=\"events\"}";
    assert_eq!(world.metric(counted), 1);
}

pub async fn a_stream_of_events_resumes_and_stops(wire: Wire) {
    let world = World::new().await;
    let (path, seen) = accepted(&world, wire).await;
    let ask = || Ask::get(&path).field("accept", EVENTS);
    let resumed = world.begin(wire, ask().field("last-event-id", "0"));
    comes_to(&world, "operation_watchers{via=\"events\"}", 1).await;
    seen.respond("500 Internal Server Error", "", "broken");
    let events_of_resumed = events(&resumed.rest().await);
    assert!(events_of_resumed.iter().all(|(id, ..)| *id > 0), "{events_of_resumed:?}");
    let (last, ..) = events_of_resumed.last().expect("the end").clone();
    let late = world.ask(wire, ask().field("last-event-id", "0")).await;
    let told: Vec<(u64, String)> = events(&late).into_iter().map(|(id, name, _)| (id, name)).collect();
    assert_eq!(told, [(last, "progress".to_owned()), (last, "done".to_owned())]);
    let head = world.ask(wire, ask().method(&Method::HEAD)).await;
    assert_eq!((head.last.status, head.last.field("content-type"), head.body.len()), (200, EVENTS, 0));
    let over = world.ask(wire, ask().field("last-event-id", &last.to_string())).await;
    assert_eq!((over.last.status, over.body.len()), (204, 0));
}

pub async fn the_page_is_confined_and_its_files_are_for_caches(wire: Wire) {
    let world = World::new().await;
    let (path, seen) = accepted(&world, wire).await;
    seen.processing("Progress: 1/2 (<script>alert(1)</script>)\r\n");
    let page = loop {
        let page = world.ask(wire, Ask::get(&path).field("accept", "text/html,*/*;q=0.8")).await;
        if page.last.field("progress").starts_with("1/2") {
            break page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    };
    assert_eq!((page.last.status, page.last.field("content-type")), (202, "text/html; charset=utf-8"));
    let policy = page.last.field("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "S-15: {policy}");
    assert_eq!(page.last.field("referrer-policy"), "no-referrer");
    assert_eq!(page.last.field("cross-origin-resource-policy"), "same-origin");
    let html = std::str::from_utf8(&page.body).expect("UTF-8");
    assert!(html.contains("&lt;script&gt;alert(1)") && html.matches("<script").count() == 1, "{html}");
    let addresses = html.split('"').filter(|text| text.contains("/page."));
    for address in addresses {
        let file = world.ask(wire, Ask::get(address)).await;
        assert_eq!(file.last.status, 200, "{address}");
        assert!(file.last.field("cache-control").contains("immutable"), "{address}");
        assert_eq!(file.last.field("x-content-type-options"), "nosniff");
        assert!(!file.body.is_empty());
    }
    seen.respond("200 OK", "", "");
}

pub async fn s_18_no_other_site_cancels(wire: Wire) {
    let world = World::new().await;
    let (path, mut seen) = accepted(&world, wire).await;
    let delete = || Ask::get(&path).method(&Method::DELETE);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
    ] {
        let refused = world.ask(wire, delete().field(name, value)).await;
        assert_eq!(refused.last.status, 403, "{name}: {value}");
    }
    assert_eq!(world.ask(wire, Ask::get(&path)).await.last.status, 202, "it still runs");
    let own = delete().field("sec-fetch-site", "same-origin").field("origin", "https://gateway.example");
    assert_eq!(world.ask(wire, own).await.last.status, 202);
    seen.closed().await;
}

pub async fn a_202_never_is_a_stream(wire: Wire) {
    let world = World::new().await;
    let ask = Ask::post("/jobs", "x").prefer("respond-async, wait=0").field("accept", EVENTS);
    let talk = world.begin(wire, ask);
    let seen = world.origin.next().await;
    let heard = talk.rest().await;
    assert_eq!((heard.last.status, heard.last.field("content-type")), (202, "application/json"));
    let document: Value = serde_json::from_slice(&heard.body).expect("JSON");
    assert_eq!(document["done"], false);
    seen.respond("200 OK", "", "");
}
