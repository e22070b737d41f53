//! Answers of 202, status documents, leaving and coming back.

use http::Method;

use crate::client::{Ask, Heard, Wire};
use crate::world::{World, path_of};

fn json(heard: &Heard) -> serde_json::Value {
    serde_json::from_slice(&heard.body).expect("JSON")
}

pub async fn respond_async_gets_a_202_and_the_result_later(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::post("/jobs", "x").prefer("respond-async"));
    let seen = world.origin.next().await;
    assert!(!seen.has("prefer"), "PRF-15: {}", seen.head);
    let accepted = talk.rest().await;
    assert_eq!(accepted.last.status, 202);
    assert!(accepted.interims.is_empty());
    let uri = accepted.last.field("location").to_owned();
    assert_eq!(accepted.last.field("operation-location"), uri);
    assert_eq!(accepted.last.field("content-location"), uri);
    assert_eq!(accepted.last.field("preference-applied"), "respond-async");
    assert!(accepted.last.field("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    assert_eq!(accepted.last.field("cache-control"), "no-store");
    let document = json(&accepted);
    assert_eq!(document["status"], "Running");
    assert_eq!(document["self"], uri);
    let path = path_of(&uri);
    let running = world.ask(wire, Ask::get(&path)).await;
    assert_eq!(running.last.status, 202, "DOC-03");
    let early = world.ask(wire, Ask::get(&format!("{path}/result"))).await;
    assert_eq!((early.last.status, json(&early)["done"].clone()), (202, false.into()), "DOC-05");
    seen.respond("201 Created", "X-Own: yes\r\nSet-Cookie: s=1\r\nContent-Type: text/plain\r\n", "all done");
    let finished = world.ask(wire, Ask::get(&path).prefer("processing")).await;
    assert_eq!(finished.last.status, 200, "DOC-04");
    assert_eq!(finished.last.field("status-uri"), "201 </jobs>");
    assert_eq!(json(&finished)["response"]["contentLength"], 8);
    let result = world.ask(wire, Ask::get(&format!("{path}/result"))).await;
    assert_eq!(result.last.status, 201);
    assert_eq!(result.last.field("x-own"), "yes");
    assert_eq!(result.last.field("set-cookie"), "");
    assert_eq!(result.last.field("status-uri"), "201 </jobs>");
    assert_eq!(result.body, "all done", "byte for byte");
    assert_eq!(world.ask(wire, Ask::get(&path).method(&Method::DELETE)).await.last.status, 204, "DOC-10");
    assert_eq!(world.ask(wire, Ask::get(&path)).await.last.status, 410);
}

pub async fn respond_async_gets_the_response_if_it_is_in_time(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::post("/jobs", "x").prefer("respond-async, wait=10"));
    let seen = world.origin.next().await;
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    seen.respond("200 OK", "", "in time");
    let heard = talk.rest().await;
    assert_eq!((heard.last.status, heard.interims.len()), (200, 0), "DOC-14");
    assert_eq!(heard.body, "in time");
    let now = world.ask(wire, Ask::post("/jobs", "x").prefer("respond-async, wait=0")).await;
    assert_eq!(now.last.status, 202, "PRF-07");
    assert_eq!(now.last.field("preference-applied"), "respond-async, wait=0");
}

pub async fn wait_alone_is_no_permission_for_a_202(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::post("/jobs", "x").prefer("wait=0"));
    let seen = world.origin.next().await;
    assert!(seen.head.to_ascii_lowercase().contains("prefer: wait=0"), "{}", seen.head);
    tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    seen.respond("200 OK", "", "later");
    assert_eq!(talk.rest().await.last.status, 200, "PRF-08");
}

pub async fn disconnect_and_return_by_the_status_uri(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    let seen = world.origin.next().await;
    let path = path_of(talk.interim().await.field("location"));
    drop(talk);
    let text = Ask::get(&path).field("accept", "text/plain");
    seen.processing("Progress: 1/2 (half)\r\n");
    let waiting = Ask::get(&path).prefer("wait=10").field("if-none-match", "W/\"0\"");
    let changed = world.ask(wire, waiting).await;
    assert_eq!(changed.last.status, 202, "DOC-08: told of the change");
    let line = world.ask(wire, text).await;
    assert_eq!(line.body, "Running 1/2 half\n");
    seen.respond("200 OK", "", "kept");
    let document = world.ask(wire, Ask::get(&path).prefer("processing")).await;
    assert_eq!(json(&document)["status"], "Succeeded", "DOC-09");
    assert_eq!(world.ask(wire, Ask::get(&format!("{path}/result"))).await.body, "kept");
}

pub async fn a_client_that_leaves_unannounced_cancels(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::post("/jobs", "x").prefer("respond-async, wait=30"));
    let mut seen = world.origin.next().await;
    drop(talk);
    seen.closed().await;
}

pub async fn cancel_by_delete(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    let mut seen = world.origin.next().await;
    let path = path_of(talk.interim().await.field("location"));
    let canceling = world.ask(wire, Ask::get(&path).method(&Method::DELETE)).await;
    assert_eq!(canceling.last.status, 202);
    assert!(["Canceling", "Canceled"].contains(&json(&canceling)["status"].as_str().expect("a word")));
    seen.closed().await;
    let told = talk.rest().await;
    assert_eq!(told.last.status, 409, "a waiting client is told");
    let document = world.ask(wire, Ask::get(&path)).await;
    assert_eq!((document.last.status, json(&document)["status"].clone()), (200, "Canceled".into()));
    assert_eq!(document.last.field("status-uri"), "", "X15");
}

pub async fn the_deadline_is_a_504_and_a_202_for_who_asked(wire: Wire) {
    let world = World::new().await;
    let plain = world.begin(wire, Ask::post("/short", "x"));
    let opted = world.begin(wire, Ask::post("/short", "x").prefer("processing"));
    let asked = world.begin(wire, Ask::post("/short", "x").prefer("processing, respond-async, wait=60"));
    let _kept = (world.origin.next().await, world.origin.next().await, world.origin.next().await);
    let plain = plain.rest().await;
    assert_eq!(plain.last.status, 504, "INT-19");
    assert!(plain.last.field("proxy-status").ends_with("error=http_response_timeout"));
    let opted = opted.rest().await;
    assert_eq!(opted.last.status, 504);
    let problem = json(&opted);
    let uri = problem["instance"].as_str().expect("the status URI").to_owned();
    assert_eq!(opted.last.field("link"), format!("<{uri}>; rel=\"status\""));
    let document = world.ask(wire, Ask::get(&path_of(&uri))).await;
    assert_eq!(json(&document)["error"]["code"], "DeadlineExceeded");
    let asked = asked.rest().await;
    // `wait` is clamped to the deadline, so either of the two may come first.
    assert_eq!(asked.last.status, 202);
    assert_eq!(asked.interims[0].field("location"), asked.last.field("location"), "LOC-02");
}

pub async fn a_long_result_streams_and_is_gone_later(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    let seen = world.origin.next().await;
    let path = path_of(talk.interim().await.field("location"));
    let long = "0123456789abcdef".repeat(64 * 1024);
    seen.respond("200 OK", "", &long);
    let heard = talk.rest().await;
    assert_eq!(heard.body.len(), long.len());
    assert!(heard.body == long.as_bytes());
    let document = world.ask(wire, Ask::get(&path).prefer("processing")).await;
    assert_eq!(json(&document)["status"], "Succeeded");
    assert_eq!(world.ask(wire, Ask::get(&format!("{path}/result"))).await.last.status, 410);
}

pub async fn no_media_type_no_label_breaks_a_document(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    let seen = world.origin.next().await;
    let path = path_of(talk.interim().await.field("location"));
    seen.processing("Progress: 1/2 UTF-8''%3Cscript%3E%0D%0ASet-Cookie%3A%20a%3D1%E2%80%AE\r\n");
    let head = talk.interim().await;
    assert!(!head.fields.contains_key("set-cookie"));
    let document = world.ask(wire, Ask::get(&path).field("accept", ";;,,q=,*/*;q=x")).await;
    let message = json(&document)["progress"]["message"].as_str().expect("a label").to_owned();
    assert!(message.starts_with("<script> Set-Cookie: a=1"), "SEC-08: {message:?}");
    let unknown = world.ask(wire, Ask::get("/.operations/00000000000000000000000000000000")).await;
    assert_eq!(unknown.last.status, 404);
    assert_eq!(unknown.last.field("proxy-status"), "", "PST-03");
    let wrong = world.ask(wire, Ask::get(&path).method(&Method::PUT)).await;
    assert_eq!((wrong.last.status, wrong.last.field("allow")), (405, "GET, HEAD, DELETE, OPTIONS"));
    let head = world.ask(wire, Ask::get(&path).method(&Method::HEAD)).await;
    assert_eq!((head.last.status, head.body.len()), (202, 0), "X10");
    seen.respond("200 OK", "", "");
    talk.rest().await;
}
