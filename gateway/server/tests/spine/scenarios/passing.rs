//! What only passes through.

use http::Method;

use crate::client::{Ask, Wire};
use crate::world::World;

pub async fn early_hints_are_relayed_except_on_http11(wire: Wire) {
    let world = World::new().await;
    for (path, prefer) in [("/plain", ""), ("/jobs", "processing")] {
        let mut ask = Ask::get(path);
        if !prefer.is_empty() {
            ask = ask.prefer(prefer);
        }
        let talk = world.begin(wire, ask);
        let seen = world.origin.next().await;
        seen.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nSet-Cookie: a=1\r\n\r\n");
        seen.send("HTTP/1.1 103 Early Hints\r\nLink: </b.css>; rel=preload\r\n\r\n");
        seen.respond("200 OK", "", &"x".repeat(300_000));
        let heard = talk.rest().await;
        let hints: Vec<_> = heard.interims.iter().filter(|head| head.status == 103).collect();
        if wire == Wire::Http11 {
            assert!(hints.is_empty(), "FWD-02 on {path}: {hints:?}");
        } else {
            let links: Vec<_> = hints.iter().map(|head| head.field("link")).collect();
            assert_eq!(links, ["</a.css>; rel=preload", "</b.css>; rel=preload"], "FWD-01 on {path}");
            assert_eq!(hints[0].field("set-cookie"), "", "FWD-05");
        }
        assert_eq!(heard.body.len(), 300_000);
        assert_eq!(heard.last.field("link"), "", "nothing of a 103 is in the 200");
    }
}

pub async fn an_upload_resumption_is_relayed_and_takes_location(wire: Wire) {
    let world = World::new().await;
    let ask = Ask::post("/jobs", "part").prefer("processing").field("upload-complete", "?1");
    let mut talk = world.begin(wire, ask);
    let seen = world.origin.next().await;
    seen.send("HTTP/1.1 104 Upload Resumption Supported\r\nLocation: https://a/uploads/1\r\n\r\n");
    let relayed = talk.interim().await;
    assert_eq!((relayed.status, relayed.field("location")), (104, "https://a/uploads/1"), "RUF-01");
    let ours = talk.interim().await;
    assert_eq!(ours.status, 102);
    assert_eq!(ours.field("location"), "", "LOC-04");
    assert!(ours.field("link").ends_with("rel=\"status\""));
    seen.respond("200 OK", "", "");
    talk.rest().await;
}

pub async fn plain_routes_stream_both_ways(wire: Wire) {
    let world = World::new().await;
    let long = "abcdefghij".repeat(60_000);
    let talk = world.begin(wire, Ask::post("/plain?q=1", &long).prefer("processing, respond-async"));
    let seen = world.origin.next().await;
    assert!(seen.head.starts_with("POST /plain?q=1 HTTP/1.1\r\n"), "{}", seen.head);
    assert!(seen.head.contains("respond-async"), "untouched: {}", seen.head);
    assert!(seen.body == long.as_bytes());
    seen.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\nConnection: x-b\r\nX-B: 2\r\n\r\n");
    seen.send("5\r\nhello\r\n").send("6\r\n world\r\n").send("0\r\n\r\n");
    let heard = talk.rest().await;
    assert!(heard.interims.is_empty());
    assert_eq!(heard.body, "hello world");
    assert_eq!(heard.last.field("x-a"), "1");
    assert_eq!(heard.last.field("x-b"), "", "FWH-07");
    assert_eq!(heard.last.field("vary"), "", "a plain route does not depend on Prefer");
    let announced = heard.last.field("alt-svc");
    assert_eq!(announced.starts_with("h3="), wire != Wire::H3, "{announced}");
}

/// The windows of HTTP/2 and 3 have to be opened again and again, on both legs and in both directions.
pub async fn bodies_larger_than_all_windows_pass_both_ways(wire: Wire) {
    let world = World::new().await;
    let long = "abcdefghij".repeat(300_000);
    for path in ["/plain", "/jobs"] {
        let talk = world.begin(wire, Ask::post(path, &long));
        let seen = world.origin.next().await;
        assert!(seen.body == long.as_bytes(), "{path}: {} octets came", seen.body.len());
        seen.respond("200 OK", "", &long);
        let heard = talk.rest().await;
        assert!(heard.body == long.as_bytes(), "{path}: {} octets came back", heard.body.len());
    }
}

pub async fn head_and_empty_responses(wire: Wire) {
    let world = World::new().await;
    let talk = world.begin(wire, Ask::get("/plain").method(&Method::HEAD));
    world.origin.next().await.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
    let heard = talk.rest().await;
    assert_eq!((heard.last.field("content-length"), heard.body.len()), ("1234", 0), "INT-16");
    for status in ["204 No Content", "304 Not Modified"] {
        let talk = world.begin(wire, Ask::get("/jobs").prefer("processing"));
        world.origin.next().await.send(format!("HTTP/1.1 {status}\r\nETag: \"1\"\r\n\r\n"));
        let heard = talk.rest().await;
        assert_eq!(heard.last.status.to_string(), status[..3], "I-23");
        assert!(heard.body.is_empty());
    }
}

pub async fn unknown_routes_are_404(wire: Wire) {
    let world = World::new().await;
    let heard = world.ask(wire, Ask::get("/nowhere")).await;
    assert_eq!(heard.last.status, 404);
    assert_eq!(heard.last.field("content-type"), "application/problem+json");
    let climbing = world.ask(wire, Ask::get("/a/%2e%2e/%2e%2e/jobs")).await;
    assert_eq!(climbing.last.status, 400, "H1-33");
    let loops = Ask::get("/plain").field("via", "1.1 progress-gateway");
    let looped = world.ask(wire, loops).await;
    assert_eq!(looped.last.status, 502, "FWH-02");
    assert_eq!(looped.last.field("proxy-status"), "progress-gateway; error=proxy_loop_detected");
}
