//! Clients that opted in.

use crate::client::{Ask, Wire};
use crate::world::{World, path_of};

pub async fn opted_in_sees_heads_and_one_final(wire: Wire) {
    let world = World::new().await;
    let ask = Ask::post("/jobs/7", "{}").prefer("processing");
    let mut talk = world.begin(wire, ask);
    let seen = world.origin.next().await;
    assert!(seen.has("x-forwarded-for") && seen.has("via") && seen.has("forwarded"), "{}", seen.head);
    assert_eq!(seen.body, b"{}");
    seen.processing("Progress: 0/3 (Collecting rows)\r\nSet-Cookie: a=1\r\n");
    let first = talk.interim().await;
    assert_eq!(first.status, 102);
    let uri = first.field("location").to_owned();
    path_of(&uri);
    assert_eq!(first.field("preference-applied"), "processing");
    assert_eq!(first.field("set-cookie"), "", "FWD-05");
    let mut told = first.field("progress").to_owned();
    while told.is_empty() {
        talk.interim().await.field("progress").clone_into(&mut told);
    }
    assert_eq!(told, "0/3 \"Collecting rows\"");
    seen.processing("Progress: 2/3 (Storing)\r\nStatus-URI: 201 </a>\r\n");
    let second = talk.interim().await;
    assert_eq!(second.field("progress"), "2/3 \"Storing\"");
    assert_eq!(second.field("status-uri"), "201 </a>");
    assert_eq!(second.field("location"), "", "LOC-01: only the first");
    seen.respond("201 Created", "Location: /reports/881\r\nContent-Type: text/plain\r\n", "all done");
    let heard = talk.rest().await;
    assert_eq!(heard.last.status, 201);
    assert_eq!(heard.last.field("location"), "/reports/881", "LOC-05");
    assert_eq!(heard.last.field("link"), format!("<{uri}>; rel=\"status\""));
    assert_eq!(heard.last.field("progress"), "2/3 \"Storing\"", "PRG-16: never invented");
    assert!(heard.last.field("vary").contains("Prefer"));
    assert_eq!(heard.body, "all done");
    let label = if wire == Wire::Http11 {
        "http11"
    } else if wire == Wire::H2 {
        "h2"
    } else {
        "h3"
    };
    let finals = format!(
        "progress_gateway_requests_total{{code=\"201\",mode=\"interim\",protocol=\"{label}\",route=\"jobs\"}}"
    );
    assert_eq!(world.metric(&finals), 1);
    let heads = format!(
        "progress_gateway_interim_responses_total{{protocol=\"{label}\",reason=\"accepted\",route=\"jobs\",source=\"generated\",status=\"102\"}}"
    );
    assert_eq!(world.metric(&heads), 1);
}

pub async fn the_gist_dialect_has_comments(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing, progress"));
    let seen = world.origin.next().await;
    assert!(seen.head.to_ascii_lowercase().contains("prefer: processing, progress"), "PRF-15: {}", seen.head);
    seen.processing("Progress: 1/4 \"Copying\"\r\n");
    let mut head = talk.interim().await;
    assert_eq!(head.field("preference-applied"), "processing, progress");
    if head.field("progress").is_empty() {
        head = talk.interim().await;
    }
    assert_eq!(head.field("progress"), "1/4 (Copying)", "PRG-11");
    seen.respond("200 OK", "", "");
    assert_eq!(talk.rest().await.last.field("progress"), "1/4 (Copying)");
}

pub async fn not_opted_in_sees_the_final_alone(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::post("/jobs", "x"));
    let seen = world.origin.next().await;
    seen.processing("Progress: 1/2\r\n").processing("Progress: 2/2\r\n");
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    seen.respond("200 OK", "", "done");
    let heard = talk.rest().await;
    assert!(heard.interims.is_empty(), "SEC-07: {:?}", heard.interims);
    assert_eq!(heard.body, "done");
    assert!(heard.last.field("vary").contains("Prefer"), "PRF-14");
    assert_eq!(heard.last.field("link"), "");
    assert_eq!(heard.last.field("progress"), "");
    assert_eq!(world.metric("progress_gateway_operations{state=\"succeeded\"}"), 0, "no record");
}

pub async fn a_quick_response_is_just_sent(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    world.origin.next().await.respond("200 OK", "", "quick");
    let heard = talk.rest().await;
    assert!(heard.interims.is_empty(), "INT-08: {:?}", heard.interims);
    assert_eq!(heard.body, "quick");
    assert_eq!(heard.last.field("link"), "", "nothing was registered");
}

pub async fn silence_is_filled_with_bare_heads(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::get("/jobs").prefer("processing"));
    let seen = world.origin.next().await;
    assert!(!talk.interim().await.field("location").is_empty());
    for _ in 0..2 {
        let head = talk.interim().await;
        assert_eq!(head.status, 102);
        assert!(head.fields.is_empty(), "INT-09: {head:?}");
    }
    seen.respond("200 OK", "", "at last");
    assert_eq!(talk.rest().await.body, "at last");
}

pub async fn a_status_document_is_followed_with_heads(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    let seen = world.origin.next().await;
    let path = path_of(talk.interim().await.field("location"));
    seen.processing("Progress: 1/3 \"one\"\r\n");
    assert_eq!(talk.interim().await.field("progress"), "1/3 \"one\"");
    let mut watcher = world.begin(wire, Ask::get(&path).prefer("processing, wait=20"));
    let first = watcher.interim().await;
    assert_eq!(first.field("progress"), "1/3 \"one\"", "DOC-06: at once");
    assert_eq!(first.field("location"), "");
    seen.processing("Progress: 2/3 \"two\"\r\n");
    assert_eq!(talk.interim().await.field("progress"), "2/3 \"two\"");
    // Its minimum interval may have merged nothing: the next head with news is this one.
    assert_eq!(watcher.interim().await.field("progress"), "2/3 \"two\"");
    seen.respond("201 Created", "", "made");
    assert_eq!(talk.rest().await.body, "made");
    let document = watcher.rest().await;
    assert_eq!(document.last.status, 200);
    assert_eq!(document.last.field("status-uri"), "201 </jobs>");
    let json: serde_json::Value = serde_json::from_slice(&document.body).expect("JSON");
    assert_eq!(json["status"], "Succeeded");
    assert_eq!(json["progress"]["completed"], 2);
}
