//! What routes, preferences and profiles of clients decide.

mod counts;
mod documents;

use std::time::Duration;

use crate::client::{Ask, Heard, Wire};
use crate::origin::Seen;
use crate::world::{World, path_of};

pub use counts::*;
pub use documents::*;

fn label(wire: Wire) -> &'static str {
    match wire {
        Wire::Http10 => "http10",
        Wire::Http11 => "http11",
        Wire::H2 => "h2",
        Wire::H3 => "h3",
    }
}

/// The value of a family's series with these labels.
fn count(world: &World, family: &str, labels: &str) -> u64 {
    world.metric(&format!("progress_gateway_{family}{{{labels}}}"))
}

fn suppressed(world: &World, wire: Wire, reason: &str, route: &str) -> u64 {
    let labels = format!("protocol=\"{}\",reason=\"{reason}\",route=\"{route}\"", label(wire));
    count(world, "interim_suppressed_total", &labels)
}

/// The series of heads that were due when the budget was spent.
fn budget(wire: Wire, route: &str) -> String {
    let wire = label(wire);
    format!("interim_suppressed_total{{protocol=\"{wire}\",reason=\"budget\",route=\"{route}\"}}")
}

/// Waits until a series has a value.
pub(super) async fn comes_to(world: &World, series: &str, value: u64) {
    let series = format!("progress_gateway_{series}");
    let reached = async {
        while world.metric(&series) != value {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(20), reached).await;
    assert!(reached.is_ok(), "{series} is {} and never {value}", world.metric(&series));
}

/// An operation that runs, by the path of its status URI. It ends with what is returned.
async fn running(world: &World, wire: Wire, route: &str) -> (Seen, String) {
    let talk = world.begin(wire, Ask::post(route, "x").prefer("respond-async, wait=0"));
    let seen = world.origin.next().await;
    (seen, path_of(talk.rest().await.last.field("location")))
}

fn json(heard: &Heard) -> serde_json::Value {
    serde_json::from_slice(&heard.body).expect("JSON")
}

pub async fn accept_async_always_answers_everybody(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::post("/always-202", "x"));
    let seen = world.origin.next().await;
    let accepted = talk.rest().await;
    assert_eq!((accepted.last.status, accepted.interims.len()), (202, 0));
    assert_eq!(accepted.last.field("preference-applied"), "", "nothing was asked for");
    assert_eq!(count(&world, "downgrades_total", "reason=\"policy\""), 1);
    let labels =
        format!("code=\"202\",mode=\"downgraded\",protocol=\"{}\",route=\"always-202\"", label(wire));
    assert_eq!(count(&world, "requests_total", &labels), 1);
    seen.respond("200 OK", "", "done");
    let path = path_of(accepted.last.field("location"));
    world.ask(wire, Ask::get(&path).prefer("processing")).await;
    assert_eq!(world.ask(wire, Ask::get(&format!("{path}/result"))).await.body, "done");
}

pub async fn accept_async_never_holds_to_the_end(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::post("/never-202", "x").prefer("respond-async, wait=0"));
    let seen = world.origin.next().await;
    assert!(seen.head.contains("respond-async"), "PRF-15: not honoured, so passed on: {}", seen.head);
    tokio::time::sleep(Duration::from_millis(150)).await;
    seen.respond("200 OK", "", "late");
    let heard = talk.rest().await;
    assert_eq!((heard.last.status, heard.last.field("preference-applied")), (200, ""));
    assert_eq!(heard.body, "late");
}

pub async fn interim_always_needs_no_preference(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/always-102", "x"));
    let seen = world.origin.next().await;
    let first = talk.interim().await;
    assert_eq!((first.status, first.field("preference-applied")), (102, ""));
    path_of(first.field("location"));
    seen.respond("200 OK", "", "done");
    assert_eq!(talk.rest().await.body, "done");
    assert_eq!(suppressed(&world, wire, "not_preferred", "always-102"), 0);
}

/// Neither the request itself nor a read of its status document gets heads there.
pub async fn interim_never_is_silent_also_to_held_reads(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::post("/never-102", "x").prefer("processing"));
    let seen = world.origin.next().await;
    seen.processing("Progress: 1/2\r\n");
    tokio::time::sleep(Duration::from_millis(100)).await;
    seen.respond("200 OK", "", "done");
    let heard = talk.rest().await;
    assert_eq!((heard.last.status, heard.interims.len()), (200, 0));
    let (_seen, path) = running(&world, wire, "/never-102").await;
    let read = world.ask(wire, Ask::get(&path).prefer("processing")).await;
    assert_eq!((read.last.status, read.interims.len()), (202, 0), "at once");
    assert_eq!(read.last.field("preference-applied"), "");
}

pub async fn on_disconnect_cancel_ends_what_was_announced(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/leaving", "x").prefer("processing"));
    let mut seen = world.origin.next().await;
    let path = path_of(talk.interim().await.field("location"));
    drop(talk);
    seen.closed().await;
    let document = world.ask(wire, Ask::get(&path).prefer("processing")).await;
    assert_eq!((document.last.status, json(&document)["status"].clone()), (200, "Canceled".into()));
    assert_eq!(count(&world, "operations_total", "outcome=\"canceled\",route=\"leaving\""), 1);
}

/// INT-12: silence, or a 202 for who asked for one.
pub async fn maximum_heads_is_a_budget(wire: Wire) {
    let world = World::new().await;
    for (prefer, status) in [("processing", 200), ("processing, respond-async, wait=60", 202)] {
        let mut talk = world.begin(wire, Ask::post("/budgeted", "x").prefer(prefer));
        let seen = world.origin.next().await;
        talk.interim().await;
        seen.processing("Progress: 1/9\r\n");
        assert_eq!(talk.interim().await.field("progress"), "1/9");
        seen.processing("Progress: 2/9\r\n");
        if status == 200 {
            comes_to(&world, &budget(wire, "budgeted"), 1).await;
            seen.respond("200 OK", "", "");
        }
        let heard = talk.rest().await;
        assert_eq!((heard.last.status, heard.interims.len()), (status, 0), "{prefer}");
    }
}

pub async fn client_profiles_are_kept_to(wire: Wire) {
    let world = World::new().await;
    let opted = Ask::post("/jobs", "x").prefer("processing");
    let talk = world.begin(wire, opted.clone().field("user-agent", "deaf/1"));
    let seen = world.origin.next().await;
    seen.processing("Progress: 1/9\r\n");
    tokio::time::sleep(Duration::from_millis(100)).await;
    seen.respond("200 OK", "", "");
    assert!(talk.rest().await.interims.is_empty());
    assert_eq!(suppressed(&world, wire, "denied_client", "jobs"), 1);
    let mut talk = world.begin(wire, opted.field("user-agent", "brief/1"));
    let seen = world.origin.next().await;
    talk.interim().await;
    seen.processing("Progress: 1/9\r\n");
    comes_to(&world, &budget(wire, "jobs"), 1).await;
    seen.respond("200 OK", "", "");
    let heard = talk.rest().await;
    assert_eq!((heard.last.status, heard.interims.len()), (200, 0), "one head is all that it bears");
}

/// The longest wait of all: the default that is switched off is 5 seconds.
#[tokio::test]
async fn http10_accept_after_never_holds_to_the_end() {
    let world = World::new().await;
    let talk = world.begin(Wire::Http10, Ask::post("/never-10", "x").prefer("processing"));
    let seen = world.origin.next().await;
    tokio::time::sleep(Duration::from_millis(5_300)).await;
    seen.respond("200 OK", "", "late");
    let heard = talk.rest().await;
    assert_eq!((heard.last.status, &heard.body[..]), (200, &b"late"[..]));
    assert_eq!(suppressed(&world, Wire::Http10, "http10", "never-10"), 1);
    assert_eq!(count(&world, "downgrades_total", "reason=\"http10\""), 0);
}
