//! Status documents, by the preferences of who reads them.

use std::time::Duration;

use http::Method;

use super::{budget, comes_to, count, json, running};
use crate::client::{Ask, Wire};
use crate::world::{World, path_of};

/// SEC-05. On one connection each the requests take longer than the burst alone would.
pub async fn too_many_reads_are_429(wire: Wire) {
    let world = World::new().await;
    let (_seen, path) = running(&world, wire, "/jobs").await;
    let (_other_seen, other) = running(&world, wire, "/jobs").await;
    let mut refused = None;
    for _ in 0..40 {
        let talks: Vec<_> = (0..25).map(|_| world.begin(wire, Ask::get(&path))).collect();
        for talk in talks {
            let heard = talk.rest().await;
            if heard.last.status == 429 {
                refused = Some(heard);
            } else {
                assert_eq!(heard.last.status, 202);
            }
        }
        if refused.is_some() {
            break;
        }
    }
    let refused = refused.expect("more than 20 reads a second");
    assert_eq!(refused.last.field("retry-after"), "1");
    assert_eq!(refused.last.field("content-type"), "application/problem+json");
    assert_eq!(refused.last.field("cache-control"), "no-store");
    assert!(count(&world, "status_document_requests_total", "code=\"429\",format=\"other\"") >= 1);
    assert_eq!(world.ask(wire, Ask::get(&other)).await.last.status, 202, "each operation has its own");
    let removed = world.ask(wire, Ask::get(&path).method(&Method::DELETE)).await;
    assert_eq!(removed.last.status, 202, "a cancellation is no read");
}

/// DOC-08; and of two `If-None-Match` lines both are read.
pub async fn a_long_poll_without_a_change_is_304(wire: Wire) {
    let world = World::new().await;
    let (seen, path) = running(&world, wire, "/jobs").await;
    let etag = world.ask(wire, Ask::get(&path)).await.last.field("etag").to_owned();
    let known = Ask::get(&path).field("if-none-match", "\"another\"").field("if-none-match", &etag);
    let at_once = world.ask(wire, known.clone()).await;
    assert_eq!((at_once.last.status, at_once.body.len()), (304, 0));
    assert_eq!(at_once.last.field("preference-applied"), "");
    let asked = tokio::time::Instant::now();
    let held = world.ask(wire, known.prefer("wait=1")).await;
    assert!(asked.elapsed() >= Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!((held.last.status, held.interims.len(), held.body.len()), (304, 0, 0));
    assert_eq!(held.last.field("etag"), etag);
    assert_eq!(held.last.field("cache-control"), "no-store");
    assert_eq!(held.last.field("preference-applied"), "wait=1", "PRF-13");
    assert_eq!(count(&world, "status_document_requests_total", "code=\"304\",format=\"json\""), 2);
    seen.respond("200 OK", "", "");
}

/// PRF-11.
pub async fn return_minimal_is_fields_alone(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::post("/jobs", "x").prefer("respond-async, wait=0, return=minimal"));
    let seen = world.origin.next().await;
    assert!(seen.head.contains("return=minimal"), "passed on: {}", seen.head);
    let accepted = talk.rest().await;
    assert_eq!((accepted.last.status, accepted.body.len()), (202, 0));
    assert_eq!(accepted.last.field("content-type"), "");
    assert_eq!(accepted.last.field("content-location"), "");
    assert!(!accepted.last.field("retry-after").is_empty());
    let path = path_of(accepted.last.field("location"));
    let minimal = Ask::get(&path).prefer("return=minimal");
    let document = world.ask(wire, minimal.clone()).await;
    assert_eq!((document.last.status, document.body.len()), (202, 0));
    assert!(!document.last.field("etag").is_empty());
    let both = world.ask(wire, minimal.clone().prefer("return=representation")).await;
    assert_eq!(json(&both)["status"], "Running", "both is neither");
    seen.respond("200 OK", "", "");
    let ended = world.ask(wire, minimal.prefer("processing")).await;
    assert_eq!((ended.last.status, ended.body.len()), (200, 0));
    assert_eq!(ended.last.field("status-uri"), "200 </jobs>");
}

pub async fn d_a_result_is_not_deleted_by_itself(wire: Wire) {
    let world = World::new().await;
    let (seen, path) = running(&world, wire, "/jobs").await;
    seen.respond("200 OK", "", "kept");
    world.ask(wire, Ask::get(&path).prefer("processing")).await;
    let result = format!("{path}/result");
    let refused = world.ask(wire, Ask::get(&result).method(&Method::DELETE)).await;
    assert_eq!((refused.last.status, refused.last.field("allow")), (405, "GET, HEAD, OPTIONS"));
    let options = world.ask(wire, Ask::get(&result).method(&Method::OPTIONS)).await;
    assert_eq!((options.last.status, options.last.field("allow")), (204, "GET, HEAD, OPTIONS"));
    let options = world.ask(wire, Ask::get(&path).method(&Method::OPTIONS)).await;
    assert_eq!(options.last.field("allow"), "GET, HEAD, DELETE, OPTIONS");
    assert_eq!(world.ask(wire, Ask::get(&result)).await.body, "kept");
}

/// PRF-13 for who follows by the status URI; and status answers announce HTTP/3 as others do.
pub async fn d_a_held_read_says_what_is_honoured(wire: Wire) {
    let world = World::new().await;
    let (seen, path) = running(&world, wire, "/jobs").await;
    let mut watcher = world.begin(wire, Ask::get(&path).prefer("processing, progress, wait=20"));
    let first = watcher.interim().await;
    assert_eq!(first.field("preference-applied"), "processing, progress, wait=20");
    seen.processing("Progress: 1/2\r\n");
    assert_eq!(watcher.interim().await.field("preference-applied"), "", "only the first");
    seen.respond("200 OK", "", "");
    let last = watcher.rest().await.last;
    assert_eq!(last.status, 200);
    assert_eq!(last.field("preference-applied"), "processing, progress, wait=20");
    let unknown = "/.operations/00000000000000000000000000000000";
    for path in [&path, &format!("{path}/result"), unknown] {
        let announced = world.ask(wire, Ask::get(path)).await.last.field("alt-svc").to_owned();
        assert_eq!(announced.starts_with("h3="), wire != Wire::H3, "{path}: {announced}");
    }
}

/// B7: the budget of a route is kept here too, and when it is spent the hold goes on.
pub async fn b7_a_held_read_keeps_to_its_routes_budget(wire: Wire) {
    let world = World::new().await;
    let (seen, path) = running(&world, wire, "/budgeted").await;
    let mut watcher = world.begin(wire, Ask::get(&path).prefer("processing"));
    watcher.interim().await;
    seen.processing("Progress: 1/9\r\n");
    assert_eq!(watcher.interim().await.field("progress"), "1/9");
    seen.processing("Progress: 2/9\r\n");
    comes_to(&world, &budget(wire, "none"), 1).await;
    seen.respond("200 OK", "", "");
    let heard = watcher.rest().await;
    assert_eq!((heard.last.status, heard.interims.len()), (200, 0), "{:?}", heard.interims);
}

/// B9: who cannot be sent heads is answered at once.
pub async fn b9_a_denied_client_is_not_held_in_silence(wire: Wire) {
    let world = World::new().await;
    let (_seen, path) = running(&world, wire, "/jobs").await;
    let deaf = Ask::get(&path).prefer("processing, wait=600").field("user-agent", "deaf/1");
    let heard = world.ask(wire, deaf).await;
    assert_eq!((heard.last.status, heard.interims.len()), (202, 0));
    assert_eq!(heard.last.field("preference-applied"), "");
    let old = world.ask(Wire::Http10, Ask::get(&path).prefer("processing")).await;
    assert_eq!(old.last.status, 202);
}
