//! Whose an operation is, and how many each may have (SEC-02, SEC-04, S-01 to S-06, S-19).

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::client::{Ask, Head, Heard, Wire};
use crate::log;
use crate::origin::Seen;
use crate::world::{World, path_of};

/// A credential that stands in no document, so that it can be looked for.
const MINE: &str = "Bearer owl-7c1f0d";

/// An id that nobody ever had.
const NEVER: &str = "/.operations/00000000000000000000000000000000";

/// Where an operation is in its life.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Running,
    Finished,
    Forgotten,
}

async fn begun(world: &World, wire: Wire, ask: Ask) -> (Seen, String) {
    let talk = world.begin(wire, ask.prefer("respond-async, wait=0"));
    let seen = world.origin.next().await;
    (seen, path_of(talk.rest().await.last.field("location")))
}

fn mine(ask: Ask) -> Ask {
    ask.field("authorization", MINE)
}

fn delete(path: &str) -> Ask {
    Ask::get(path).method(&Method::DELETE)
}

/// Everything of an answer that could tell one from another.
fn told(heard: Heard) -> (u16, HeaderMap, Bytes, usize) {
    let Head { status, mut fields } = heard.last;
    fields.remove("date");
    (status, fields, heard.body, heard.interims.len())
}

/// Who is not the owner of what [`MINE`] began.
fn strangers() -> [Vec<(&'static str, &'static str)>; 6] {
    [
        vec![],
        vec![("authorization", "Bearer owl-7c1f0e")],
        vec![("authorization", "Bearer")],
        vec![("authorization", "bearer OWL-7C1F0D")],
        vec![("cookie", "session=Bearer owl-7c1f0d; authorization=Bearer owl-7c1f0d")],
        vec![("x-user", MINE), ("proxy-authorization", MINE)],
    ]
}

/// Every way to ask for an operation.
fn questions(etag: &str) -> Vec<(Method, Vec<(&'static str, String)>)> {
    let field = |name: &'static str, value: &str| vec![(name, value.to_owned())];
    let get = |fields| (Method::GET, fields);
    let methods = [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS, Method::PUT, Method::POST];
    let mut questions: Vec<_> = methods.into_iter().map(|method| (method, vec![])).collect();
    questions.extend([
        get(field("if-none-match", etag)),
        get(field("if-none-match", "*")),
        get([field("if-none-match", etag), field("prefer", "wait=30")].concat()),
        get(field("prefer", "processing, wait=30")),
        get(field("accept", "text/event-stream")),
        get(field("accept", "text/html")),
        get(field("range", "bytes=0-0")),
    ]);
    questions
}

async fn is_unknown_to_strangers(world: &World, wire: Wire, (path, etag): (&str, &str), stage: Stage) {
    for stranger in strangers() {
        for (method, fields) in questions(etag) {
            for part in ["", "/result"] {
                let ask = |path: &str| {
                    let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
                    let ask = Ask::get(&format!("{path}{part}")).method(&method);
                    stranger
                        .iter()
                        .copied()
                        .chain(fields)
                        .fold(ask, |ask, (name, value)| ask.field(name, value))
                };
                let foreign = told(world.ask(wire, ask(path)).await);
                let case = format!("{stage:?} {method} {part} {stranger:?} {fields:?}");
                assert_eq!(foreign.0, 404, "{case}");
                assert_eq!(foreign, told(world.ask(wire, ask(NEVER)).await), "{case}");
            }
        }
    }
}

pub async fn s_02_to_anybody_else_an_operation_is_unknown(wire: Wire) {
    let world = World::new().await;
    let (seen, path) = begun(&world, wire, mine(Ask::post("/jobs", "x"))).await;
    let running = world.ask(wire, mine(Ask::get(&path))).await;
    assert_eq!(running.last.status, 202);
    is_unknown_to_strangers(&world, wire, (&path, running.last.field("etag")), Stage::Running).await;
    // Nobody has cancelled it, and what strangers ask is no read of its owner's (SEC-05).
    assert_eq!(told(world.ask(wire, mine(Ask::get(&path))).await).2, running.body);
    seen.respond("200 OK", "", "for the owner alone");
    let finished = world.ask(wire, mine(Ask::get(&path).prefer("processing"))).await;
    assert_eq!(finished.last.status, 200);
    is_unknown_to_strangers(&world, wire, (&path, finished.last.field("etag")), Stage::Finished).await;
    let result = mine(Ask::get(&format!("{path}/result")));
    assert_eq!(world.ask(wire, result).await.body, "for the owner alone");
    assert_eq!(world.ask(wire, mine(delete(&path))).await.last.status, 204);
    is_unknown_to_strangers(&world, wire, (&path, finished.last.field("etag")), Stage::Forgotten).await;
    assert_eq!(world.ask(wire, mine(Ask::get(&path))).await.last.status, 410, "its owner may know");
}

/// S-01: a flood of misses is refused, and what it hits is refused alike.
pub async fn s_01_an_address_has_a_budget_of_misses(wire: Wire) {
    let world = World::with("[limits]\nmaximum-misses-per-address = 1\n").await;
    let (_seen, path) = begun(&world, wire, mine(Ask::post("/jobs", "x"))).await;
    let mut unknown = 0;
    let refused = loop {
        let heard = world.ask(wire, Ask::get(if unknown % 2 == 0 { NEVER } else { &path })).await;
        match heard.last.status {
            404 => unknown += 1,
            _ => break heard,
        }
        assert!(unknown < 1_000, "one a second is no flood");
    };
    assert!(unknown >= 5, "{unknown}");
    assert_eq!((refused.last.status, refused.last.field("retry-after")), (429, "1"));
    assert_eq!(refused.last.field("content-type"), "application/problem+json");
    // A slow machine gives a miss back in between: then it is spent again.
    let refused = told(refused);
    let mut tries = 0;
    for ask in [Ask::get(NEVER), Ask::get(&path), mine(Ask::get(&path))] {
        while told(world.ask(wire, ask.clone()).await) != refused {
            tries += 1;
            assert!(tries < 100, "what it hits is not refused alike");
            world.ask(wire, Ask::get(NEVER)).await;
        }
    }
    // Nothing but operations is refused.
    let talk = world.begin(wire, Ask::post("/jobs", "x"));
    world.origin.next().await.respond("200 OK", "", "");
    assert_eq!(talk.rest().await.last.status, 200);
}

/// The owner can do everything, and its scheme is in any case.
pub async fn s_02_its_owner_reads_follows_and_cancels(wire: Wire) {
    let world = World::new().await;
    let (seen, path) = begun(&world, wire, mine(Ask::post("/jobs", "x"))).await;
    let mut watcher = world.begin(wire, mine(Ask::get(&path).prefer("processing")));
    watcher.interim().await;
    seen.processing("Progress: 1/2\r\n");
    assert_eq!(watcher.interim().await.field("progress"), "1/2");
    let spelled = Ask::get(&path).field("authorization", "BEARER owl-7c1f0d");
    let document = world.ask(wire, spelled.clone()).await;
    let known = spelled.field("if-none-match", document.last.field("etag"));
    assert_eq!(world.ask(wire, known).await.last.status, 304);
    assert_eq!(world.ask(wire, mine(Ask::get(&path).method(&Method::HEAD))).await.last.status, 202);
    let options = world.ask(wire, mine(Ask::get(&path).method(&Method::OPTIONS))).await;
    assert_eq!(options.last.field("allow"), "GET, HEAD, DELETE, OPTIONS");
    assert_eq!(world.ask(wire, mine(delete(&path))).await.last.status, 202);
    assert_eq!(watcher.rest().await.last.status, 200);
}

/// The first of the route's kinds that is present binds, and no other one does.
pub async fn sec_02_routes_choose_what_binds(wire: Wire) {
    let world = World::new().await;
    let status = async |path: &str, name: &'static str, value: &str| {
        world.ask(wire, Ask::get(path).field(name, value)).await.last.status
    };
    let by_cookie = mine(Ask::post("/owned", "x")).field("cookie", "a=1; session=mine").field("x-user", "me");
    let (_seen, path) = begun(&world, wire, by_cookie).await;
    assert_eq!(status(&path, "cookie", "session=mine").await, 202);
    assert_eq!(status(&path, "cookie", "session=mine; b=2").await, 202);
    assert_eq!(status(&path, "x-user", "me").await, 404);
    assert_eq!(status(&path, "authorization", MINE).await, 404);
    assert_eq!(status(&path, "cookie", "session=others; session=mine").await, 404);
    let by_header = Ask::post("/owned", "x").field("cookie", "session=").field("x-user", "me");
    let (_seen, path) = begun(&world, wire, by_header).await;
    assert_eq!(status(&path, "x-user", "me").await, 202);
    assert_eq!(status(&path, "x-user", "ME").await, 404);
    assert_eq!(status(&path, "cookie", "session=").await, 404);
    // Nothing that binds: a capability.
    let (_seen, path) = begun(&world, wire, mine(Ask::post("/owned", "x"))).await;
    assert_eq!(world.ask(wire, Ask::get(&path)).await.last.status, 202);
    let (_seen, path) = begun(&world, wire, mine(Ask::post("/free", "x"))).await;
    let anonymous = world.ask(wire, Ask::get(&path)).await.last;
    assert_eq!(anonymous.status, 202);
    assert_eq!(
        (anonymous.field("cache-control"), anonymous.field("referrer-policy")),
        ("no-store", "no-referrer")
    );
}

/// Whoever heard of an operation by a head is its owner as well.
pub async fn sec_02_heads_announce_to_the_owner(wire: Wire) {
    let world = World::new().await;
    let mut talk = world.begin(wire, mine(Ask::post("/jobs", "x").prefer("processing")));
    let seen = world.origin.next().await;
    assert!(seen.has("authorization"), "the origin still gets it");
    let path = path_of(talk.interim().await.field("location"));
    assert_eq!(world.ask(wire, Ask::get(&path)).await.last.status, 404);
    assert_eq!(world.ask(wire, mine(Ask::get(&path))).await.last.status, 202);
    drop(talk);
    seen.respond("200 OK", "", "kept");
    let result = format!("{path}/result");
    let kept = world.ask(wire, mine(Ask::get(&result).prefer("processing"))).await;
    assert_eq!(kept.body, "kept");
    assert_eq!(world.ask(wire, Ask::get(&result)).await.last.status, 404);
}

/// SEC-04: refused before anything is forwarded, and free again at the end.
pub async fn sec_04_an_owner_has_a_budget(wire: Wire) {
    let world = World::with("[limits]\nmaximum-operations-per-owner = 1\n").await;
    let (seen, path) = begun(&world, wire, mine(Ask::post("/jobs", "x"))).await;
    let more = mine(Ask::post("/jobs", "more")).prefer("processing");
    let refused = world.ask(wire, more.clone()).await;
    assert_eq!((refused.last.status, refused.last.field("retry-after")), (429, "5"));
    assert_eq!(refused.last.field("content-type"), "application/problem+json");
    assert_eq!(refused.last.field("proxy-status"), "", "PST-03");
    let talk = world.begin(wire, Ask::post("/jobs", "another").field("authorization", "Bearer another"));
    let another = world.origin.next().await;
    assert_eq!(another.body, b"another", "nothing was forwarded for the refused");
    another.respond("200 OK", "", "");
    talk.rest().await;
    let anonymous = || world.begin(wire, Ask::post("/jobs", "y").prefer("processing"));
    let talks = [anonymous(), anonymous()];
    // Both run at the same time, and either may have come first.
    for seen in [world.origin.next().await, world.origin.next().await] {
        seen.respond("200 OK", "", "");
    }
    for talk in talks {
        assert_eq!(talk.rest().await.last.status, 200, "without a credential nobody is counted");
    }
    seen.respond("200 OK", "", "");
    world.ask(wire, mine(Ask::get(&path).prefer("processing"))).await;
    let talk = world.begin(wire, more);
    world.origin.next().await.respond("200 OK", "", "its turn");
    assert_eq!(talk.rest().await.body, "its turn");
}

pub async fn sec_04_a_route_and_an_address_have_budgets(wire: Wire) {
    let world = World::with("[limits]\nmaximum-operations-per-address = 2\n").await;
    let (first, path) = begun(&world, wire, Ask::post("/few", "x")).await;
    let refused = world.ask(wire, Ask::post("/few", "x").prefer("processing")).await;
    assert_eq!((refused.last.status, refused.last.field("retry-after")), (503, "5"), "the route's");
    let (_second, _) = begun(&world, wire, Ask::post("/jobs", "x")).await;
    let refused = world.ask(wire, Ask::post("/jobs", "x").prefer("processing")).await;
    assert_eq!(refused.last.status, 429, "the address's");
    let talk = world.begin(wire, Ask::post("/jobs", "plain"));
    world.origin.next().await.respond("200 OK", "", "plain");
    assert_eq!(talk.rest().await.body, "plain", "where nothing is promised there is no operation");
    // A client that leaves before it has heard of its operation gives its place back, too.
    assert_eq!(world.ask(wire, delete(&path)).await.last.status, 202);
    drop(first);
    world.ask(wire, Ask::get(&path).prefer("processing")).await;
    let (_third, _) = begun(&world, wire, Ask::post("/few", "x")).await;
}

/// S-03: neither a credential nor a whole id is in any line of any level.
pub async fn s_03_no_credential_and_no_capability_is_logged(wire: Wire) {
    log::keep();
    let world = World::new().await;
    let secret = format!("owl-{wire:?}-29c6");
    let traceparent = format!("00-{:032x}-00f067aa0ba902b7-01", 0x5ec0 + wire as u128);
    let ask = |ask: Ask| ask.field("authorization", &format!("Bearer {secret}")).field("x-user", &secret);
    let traced = ask(Ask::post("/owned?key=owl-query", "x").field("traceparent", &traceparent))
        .field("cookie", &format!("session={secret}"));
    let (seen, path) = begun(&world, wire, traced).await;
    let owner = |path: &str| ask(Ask::get(path)).field("cookie", &format!("session={secret}"));
    assert_eq!(world.ask(wire, owner(&path)).await.last.status, 202);
    assert_eq!(world.ask(wire, ask(Ask::get(&path))).await.last.status, 404);
    seen.respond("200 OK", "", "");
    assert_eq!(world.ask(wire, owner(&path).prefer("processing")).await.last.status, 200);
    log::line_of(&traceparent[3..35]).await;
    let id = path.rsplit('/').next().expect("an id");
    for hidden in [secret.as_str(), id, "owl-query"] {
        assert_eq!(log::mentions(hidden), Vec::<String>::new(), "{hidden}");
    }
}
