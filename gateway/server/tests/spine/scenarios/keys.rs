//! Requests with an `Idempotency-Key` (IDK-01 to IDK-04, S-07).

mod unsettled;

use bytes::Bytes;
use http::Method;

use crate::callback::{self, Answered, Line};
use crate::client::{Ask, Heard, Talk, Wire};
use crate::origin::Seen;
use crate::world::{World, path_of};

pub use unsettled::*;

/// Clients that leave are what keys are for: here they would cancel without one.
const ROUTES: &str = r#"
[[routes]]
name = "keyed"
match = { path = "/keyed" }
upstream = "origin"
[routes.progress]
interim-after = "20ms"
minimum-interval = "20ms"
accept-after = "50ms"
maximum-result = "128KiB"
on-disconnect = "cancel"
idempotency = true
[[routes]]
name = "keyed-patient"
match = { path = "/keyed-patient" }
upstream = "origin"
[routes.progress]
interim-after = "1m"
idempotency = true
[[routes]]
name = "keyed-nobody"
match = { path = "/keyed-nobody" }
upstream = "nobody"
[routes.progress]
idempotency = true
"#;

async fn world() -> World {
    World::with(ROUTES).await
}

fn ask(key: &str) -> Ask {
    Ask::post("/keyed/7?a=1", "content").field("idempotency-key", &format!("\"{key}\""))
}

/// Which problem it is.
fn problem(heard: &Heard) -> String {
    assert_eq!(heard.last.field("content-type"), "application/problem+json", "{heard:?}");
    let name = json(heard)["type"].as_str().expect("a type").to_owned();
    name.rsplit('/').next().unwrap_or_default().to_owned()
}

fn json(heard: &Heard) -> serde_json::Value {
    serde_json::from_slice(&heard.body).expect("JSON")
}

/// The next request that the origin sees is this one: it has got no other since.
async fn nothing_was_forwarded(world: &World, wire: Wire) {
    let talk = world.begin(wire, Ask::post("/plain", "the next"));
    let seen = world.origin.next().await;
    assert_eq!(seen.body, b"the next", "{}", seen.head);
    seen.respond("200 OK", "", "");
    talk.rest().await;
}

/// A request that has arrived at the origin.
async fn begun(world: &World, wire: Wire, ask: Ask) -> (Talk, Seen) {
    let talk = world.begin(wire, ask);
    (talk, world.origin.next().await)
}

/// A request that is over.
async fn done(world: &World, wire: Wire, ask: Ask, body: &str) -> Heard {
    let (talk, seen) = begun(world, wire, ask).await;
    seen.respond("200 OK", "", body);
    talk.rest().await
}

pub async fn idk_01_the_field_goes_on_as_it_is(wire: Wire) {
    let world = world().await;
    for value in ["\"a b\\\"c\"", "a", "\"a\", \"b\""] {
        let ask = Ask::post("/keyed", "x").field("idempotency-key", value);
        let (talk, seen) = begun(&world, wire, ask).await;
        assert!(seen.head.to_ascii_lowercase().contains(&format!("\r\nidempotency-key: {value}\r\n")));
        seen.respond("200 OK", "", "");
        talk.rest().await;
    }
}

/// Neither what is no key, nor what changes nothing, nor on other routes.
pub async fn idk_01_what_is_not_recognized_is_forwarded_each_time(wire: Wire) {
    let world = world().await;
    let keyed = |ask: Ask| ask.field("idempotency-key", "\"k\"");
    let asks = [
        Ask::post("/keyed", "x").field("idempotency-key", "k"),
        keyed(keyed(Ask::post("/keyed", "x"))),
        keyed(Ask::get("/keyed")),
        keyed(Ask::post("/jobs", "x")),
        keyed(Ask::post("/plain", "x")),
    ];
    for ask in asks {
        for body in ["first", "second"] {
            let heard = done(&world, wire, ask.clone(), body).await;
            assert_eq!((heard.last.status, &heard.body[..]), (200, body.as_bytes()), "{ask:?}");
        }
    }
}

pub async fn idk_03_what_has_ended_is_replayed(wire: Wire) {
    let world = world().await;
    let (talk, seen) = begun(&world, wire, ask("k")).await;
    let fields = "Location: /reports/1\r\nX-Made: once\r\nSet-Cookie: a=1\r\nCache-Control: max-age=7\r\n";
    seen.respond("201 Created", fields, "the one result");
    let first = talk.rest().await;
    assert_eq!(
        (first.last.field("link"), first.last.field("set-cookie")),
        ("", "a=1"),
        "as if without a key"
    );
    assert_eq!((first.last.field("location"), first.interims.len()), ("/reports/1", 0));
    for prefer in ["", "processing", "respond-async, wait=0", "respond-async"] {
        let again = world.ask(wire, ask("k").prefer(prefer)).await;
        assert_eq!((again.last.status, &again.body[..]), (201, &b"the one result"[..]), "{prefer}");
        let told = ["location", "x-made", "cache-control", "set-cookie", "status-uri", "referrer-policy"];
        let told = told.map(|name| again.last.field(name));
        assert_eq!(told, ["/reports/1", "once", "max-age=7", "", "", ""]);
        let uri = again.last.field("link").strip_prefix('<').and_then(|link| link.split_once('>'));
        let (uri, relation) = uri.expect("a link");
        assert_eq!(relation, "; rel=\"status\"");
        assert_eq!(world.ask(wire, Ask::get(&path_of(uri))).await.last.status, 200);
        assert!(again.last.field("vary").contains("Prefer"));
    }
    nothing_was_forwarded(&world, wire).await;
}

pub async fn idk_03_another_content_is_422(wire: Wire) {
    let world = world().await;
    let (talk, seen) = begun(&world, wire, ask("k")).await;
    let other = |prefer: &str| Ask { body: Bytes::from_static(b"another"), ..ask("k") }.prefer(prefer);
    for prefer in ["", "processing", "respond-async"] {
        let refused = world.ask(wire, other(prefer)).await;
        assert_eq!((refused.last.status, problem(&refused)), (422, "idempotency-key-reused".to_owned()));
        assert_eq!(refused.last.field("link"), "");
    }
    seen.respond("200 OK", "", "");
    talk.rest().await;
    assert_eq!(world.ask(wire, other("")).await.last.status, 422);
    let none = Ask { body: Bytes::new(), ..ask("k") };
    assert_eq!(world.ask(wire, none).await.last.status, 422);
    nothing_was_forwarded(&world, wire).await;
}

pub async fn s_07_a_key_belongs_to_its_owner_method_and_target(wire: Wire) {
    let world = world().await;
    let named = |ask: Ask, who: &str| ask.field("authorization", &format!("Bearer {who}"));
    let asks = [
        ask("k"),
        named(ask("k"), "one"),
        named(ask("k"), "two"),
        named(ask("k"), "one").method(&Method::PUT),
        named(Ask { path: "/keyed/7?a=2".to_owned(), ..ask("k") }, "one"),
        named(Ask { path: "/keyed/7".to_owned(), ..ask("k") }, "one"),
        named(ask("K"), "one"),
    ];
    for (at, ask) in asks.iter().enumerate() {
        assert_eq!(done(&world, wire, ask.clone(), &at.to_string()).await.body, at.to_string());
    }
    for (at, ask) in asks.iter().enumerate() {
        assert_eq!(world.ask(wire, ask.clone()).await.body, at.to_string(), "{ask:?}");
    }
    nothing_was_forwarded(&world, wire).await;
}

pub async fn idk_03_what_runs_is_409_to_who_asks_for_nothing(wire: Wire) {
    let world = world().await;
    let (talk, seen) = begun(&world, wire, ask("k")).await;
    let refused = world.ask(wire, ask("k")).await;
    assert_eq!((refused.last.status, problem(&refused)), (409, "idempotency-key-in-use".to_owned()));
    assert!(refused.last.field("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    let path = path_of(json(&refused)["instance"].as_str().expect("the status URI"));
    assert_eq!(world.ask(wire, Ask::get(&path)).await.last.status, 202);
    seen.respond("200 OK", "", "done");
    assert_eq!(talk.rest().await.body, "done");
    assert_eq!(world.ask(wire, ask("k")).await.body, "done");
    nothing_was_forwarded(&world, wire).await;
}

pub async fn idk_03_who_opts_in_follows_what_runs(wire: Wire) {
    let world = world().await;
    let (mut first, seen) = begun(&world, wire, ask("k").prefer("processing")).await;
    let uri = first.interim().await.field("location").to_owned();
    let mut second = world.begin(wire, ask("k").prefer("processing"));
    assert_eq!(second.interim().await.field("location"), uri, "LOC-02");
    let mut third = world.begin(wire, ask("k").prefer("processing, progress"));
    assert_eq!(third.interim().await.field("location"), uri);
    seen.processing("Progress: 1/2 (half)\r\n");
    assert_eq!(first.interim().await.field("progress"), "1/2 \"half\"");
    assert_eq!(second.interim().await.field("progress"), "1/2 \"half\"");
    assert_eq!(third.interim().await.field("progress"), "1/2 (half)");
    // Who follows may leave as it likes.
    drop(third);
    seen.respond("201 Created", "Location: /reports/1\r\n", "for everybody");
    for talk in [first, second] {
        let heard = talk.rest().await;
        assert_eq!((heard.last.status, heard.last.field("location")), (201, "/reports/1"));
        assert_eq!(heard.last.field("link"), format!("<{uri}>; rel=\"status\""));
        assert_eq!(heard.last.field("progress"), "1/2 \"half\"");
        assert_eq!(heard.body, "for everybody");
    }
    nothing_was_forwarded(&world, wire).await;
}

pub async fn idk_03_respond_async_gets_the_same_202(wire: Wire) {
    let world = world().await;
    let (talk, seen) = begun(&world, wire, ask("k").prefer("respond-async, wait=0")).await;
    let accepted = talk.rest().await.last;
    assert_eq!(accepted.status, 202);
    for prefer in ["respond-async, wait=0", "respond-async", "processing, respond-async, wait=0"] {
        let again = world.ask(wire, ask("k").prefer(prefer)).await.last;
        assert_eq!((again.status, again.field("location")), (202, accepted.field("location")), "{prefer}");
        assert!(again.field("preference-applied").contains("respond-async"), "{prefer}");
    }
    let held = world.begin(wire, ask("k").prefer("respond-async, wait=15"));
    seen.respond("200 OK", "", "in time");
    assert_eq!(held.rest().await.body, "in time");
    nothing_was_forwarded(&world, wire).await;
}

/// No Location has been announced, and the route would cancel: with a key the operation goes on.
pub async fn idk_03_who_leaves_comes_back_to_the_same_operation(wire: Wire) {
    let world = world().await;
    for prefer in ["", "processing"] {
        let keyed = || Ask { path: "/keyed-patient".to_owned(), ..ask(&format!("k{prefer}")) };
        let (talk, seen) = begun(&world, wire, keyed().prefer(prefer)).await;
        drop(talk);
        let again = world.begin(wire, keyed().prefer("respond-async, wait=15"));
        seen.respond("200 OK", "", "still here");
        assert_eq!(again.rest().await.body, "still here");
    }
    let (mut talk, seen) = begun(&world, wire, ask("k").prefer("processing")).await;
    let uri = talk.interim().await.field("location").to_owned();
    drop(talk);
    let mut again = world.begin(wire, ask("k").prefer("processing"));
    assert_eq!(again.interim().await.field("location"), uri);
    seen.respond("200 OK", "", "still here");
    assert_eq!(again.rest().await.body, "still here");
    nothing_was_forwarded(&world, wire).await;
}

pub async fn idk_03_of_two_at_the_same_moment_one_is_forwarded(wire: Wire) {
    let world = world().await;
    for round in ["a", "b", "c"] {
        let talks: Vec<Talk> = (0..8).map(|_| world.begin(wire, ask(round).prefer("processing"))).collect();
        let seen = world.origin.next().await;
        seen.respond("200 OK", "", round);
        for talk in talks {
            let heard = talk.rest().await;
            assert_eq!((heard.last.status, &heard.body[..]), (200, round.as_bytes()));
        }
        nothing_was_forwarded(&world, wire).await;
    }
}

pub async fn idk_03_a_result_that_is_not_kept_is_410(wire: Wire) {
    let world = world().await;
    let (talk, seen) = begun(&world, wire, ask("k")).await;
    let long = "x".repeat(200 * 1024);
    seen.respond("200 OK", "", &long);
    assert_eq!(talk.rest().await.body, long);
    let gone = world.ask(wire, ask("k")).await;
    assert_eq!((gone.last.status, problem(&gone)), (410, "result-not-kept".to_owned()));
    nothing_was_forwarded(&world, wire).await;
}

/// Nobody knows what the origin has done: it is not asked again.
pub async fn idk_03_a_failure_stays_what_it_was(wire: Wire) {
    let world = world().await;
    let (talk, seen) = begun(&world, wire, ask("k")).await;
    seen.close();
    let first = talk.rest().await;
    assert_eq!((first.last.status, problem(&first)), (502, "upstream-lost".to_owned()));
    let again = world.ask(wire, ask("k")).await;
    assert_eq!((again.last.status, problem(&again)), (502, "upstream-lost".to_owned()));
    let (mut talk, _seen) = begun(&world, wire, ask("c").prefer("processing")).await;
    let path = path_of(talk.interim().await.field("location"));
    assert_eq!(world.ask(wire, Ask::get(&path).method(&Method::DELETE)).await.last.status, 202);
    assert_eq!(talk.rest().await.last.status, 409);
    let again = world.ask(wire, ask("c")).await;
    assert_eq!((again.last.status, problem(&again)), (409, "canceled".to_owned()));
    nothing_was_forwarded(&world, wire).await;
}

/// IDK-04: as long as the operation, and no longer.
pub async fn idk_04_a_key_is_forgotten_with_its_operation(wire: Wire) {
    let world = world().await;
    done(&world, wire, ask("k"), "first").await;
    let again = world.ask(wire, ask("k")).await;
    assert_eq!(again.body, "first");
    let link = again.last.field("link");
    let path = path_of(&link[1..link.find('>').expect("a link")]);
    assert_eq!(world.ask(wire, Ask::get(&path).method(&Method::DELETE)).await.last.status, 204);
    assert_eq!(done(&world, wire, ask("k"), "second").await.body, "second");
    assert_eq!(world.ask(wire, ask("k")).await.body, "second");
}

pub async fn sec_04_a_repetition_takes_no_place(wire: Wire) {
    let world = World::with(&format!("{ROUTES}[limits]\nmaximum-operations-per-owner = 1\n")).await;
    let mine = |key: &str| ask(key).field("authorization", "Bearer mine");
    let (talk, seen) = begun(&world, wire, mine("k")).await;
    let again = world.begin(wire, mine("k").prefer("respond-async, wait=15"));
    assert_eq!(world.ask(wire, mine("k")).await.last.status, 409);
    assert_eq!(world.ask(wire, mine("another")).await.last.status, 429);
    seen.respond("200 OK", "", "done");
    assert_eq!((talk.rest().await.body, again.rest().await.body), ("done".into(), "done".into()));
    assert_eq!(done(&world, wire, mine("another"), "its turn").await.body, "its turn");
}

/// An origin that finishes by callback: the repetition waits with everybody else.
pub async fn idk_03_what_ends_by_callback_is_repeated(wire: Wire) {
    let world = World::with(&format!("{ROUTES}{}", callback::CONFIGURED)).await;
    let (talk, seen) = begun(&world, wire, ask("k")).await;
    let line = Line::of(&seen);
    seen.respond("202 Accepted", "Operation-Completion: callback\r\n", "");
    let again = world.begin(wire, ask("k").prefer("respond-async, wait=15"));
    assert_eq!(world.ask(wire, ask("k")).await.last.status, 409);
    assert_eq!(line.deliver("by call").await, Answered::taken());
    assert_eq!((talk.rest().await.body, again.rest().await.body), ("by call".into(), "by call".into()));
    assert_eq!(world.ask(wire, ask("k")).await.body, "by call");
    nothing_was_forwarded(&world, wire).await;
}
