//! Resources that an origin has named and is still making (CRE-01 to CRE-04).

use downstream::Phase;
use http::Method;

use crate::callback::{self, Answered, Line};
use crate::client::{Ask, Heard, Wire};
use crate::world::{World, path_of};

/// The credential that everything of one client's is bound to.
const MINE: &str = "Bearer owl-7c1f0d";

fn mine(ask: Ask) -> Ask {
    ask.field("authorization", MINE)
}

fn json(heard: &Heard) -> serde_json::Value {
    serde_json::from_slice(&heard.body).expect("JSON")
}

/// A resource of which the client has heard and that its origin is making.
struct Making {
    line: Line,
    created: Heard,
}

/// The origin's answer to the next request is a `201` that is not the end.
async fn created(world: &World, wire: Wire, (ask, location): (Ask, &str)) -> Making {
    let talk = world.begin(wire, ask);
    let seen = world.origin.next().await;
    let line = Line::of(&seen);
    let fields = format!("Location: {location}\r\nOperation-Completion: callback\r\nProgress: 1/4\r\n");
    seen.respond("201 Created", &fields, "its head");
    Making { line, created: talk.rest().await }
}

impl Making {
    /// Where the operation's document is.
    fn document(&self) -> String {
        path_of(self.created.last.field("operation-location"))
    }

    async fn ends(&self, content: &str) {
        assert_eq!(self.line.deliver(content).await, Answered::taken());
    }
}

/// Whatever the client asked for, it gets the `201` at once, as the origin wrote it.
pub async fn cre_01_a_201_is_final_and_its_operation_goes_on(wire: Wire) {
    let world = World::with(callback::CONFIGURED).await;
    for prefer in ["processing", "respond-async, wait=10", "handling=lenient"] {
        let ask = Ask::post("/jobs", "x").prefer(prefer);
        let making = created(&world, wire, (ask, "/jobs/files/7")).await;
        let Heard { last, body, interims } = &making.created;
        assert_eq!(
            (last.status, last.field("location"), &body[..]),
            (201, "/jobs/files/7", &b"its head"[..])
        );
        assert!(interims.iter().all(|head| head.field("location") != "/jobs/files/7"));
        assert_eq!(last.field("operation-completion"), "");
        let uri = last.field("operation-location");
        assert_eq!(last.field("link"), format!("<{uri}>; rel=\"status\""));
        let path = making.document();
        let running = world.ask(wire, Ask::get(&path)).await;
        assert_eq!((running.last.status, json(&running)["status"].clone()), (202, "Running".into()));
        assert_eq!(running.last.field("progress"), "1/4");
        assert_eq!(making.line.report("2/4").await, Answered::taken());
        making.ends("made").await;
        let over = world.ask(wire, Ask::get(&path)).await;
        let response = json(&over)["response"].clone();
        assert_eq!((over.last.status, response["status"].clone()), (200, 200.into()));
        assert_eq!(response["location"], "/jobs/files/7", "CRE-04");
        assert_eq!(world.ask(wire, Ask::get(&format!("{path}/result"))).await.body, "made");
        assert_eq!(making.line.report("3/4").await, Answered::over());
    }
}

/// A client that has heard of the operation before hears of the same one again.
pub async fn cre_03_the_operation_is_the_one_that_was_announced(wire: Wire) {
    let world = World::with(callback::CONFIGURED).await;
    let mut talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    let seen = world.origin.next().await;
    let uri = talk.interim().await.field("location").to_owned();
    seen.respond("201 Created", "Location: 7\r\nOperation-Completion: CALLBACK\r\n", "");
    let last = talk.rest().await.last;
    assert_eq!((last.status, last.field("location"), last.field("operation-location")), (201, "7", &*uri));
    // Who was answered before is not answered again, and the operation goes on all the same.
    let talk = world.begin(wire, Ask::post("/jobs", "x").prefer("respond-async, wait=0"));
    let seen = world.origin.next().await;
    let path = path_of(talk.rest().await.last.field("location"));
    seen.respond("201 Created", "Location: 8\r\nOperation-Completion: callback\r\nProgress: 1/2\r\n", "");
    let changed = Ask::get(&path).prefer("processing");
    let mut watcher = world.begin(wire, changed);
    while watcher.interim().await.field("progress") != "1/2" {}
    assert_eq!(Line::of(&seen).deliver("made").await, Answered::taken());
    assert_eq!(json(&watcher.rest().await)["response"]["location"], "8");
}

/// Only who opts in and may know of the operation is held, on whatever route the resource is.
pub async fn cre_03_who_opts_in_is_held_until_it_is_made(wire: Wire) {
    let world = World::with(callback::CONFIGURED).await;
    let own = "https://localhost/jobs/files/7?v=1";
    for (location, path) in [("/plain/7", "/plain/7"), (own, "/jobs/files/7?v=1"), ("7", "/jobs/7")] {
        let ask = mine(Ask::post("/jobs/new", "x"));
        let making = created(&world, wire, (ask, location)).await;
        let mut held = world.begin(wire, mine(Ask::get(path).prefer("processing")));
        let first = held.interim().await;
        assert_eq!(first.field("location"), making.created.last.field("operation-location"), "{location}");
        assert_eq!((first.field("progress"), first.field("preference-applied")), ("1/4", "processing"));
        assert_eq!(making.line.report("2/4").await, Answered::taken());
        assert_eq!(held.interim().await.field("progress"), "2/4");
        let strange = |ask: Ask| ask.field("authorization", "Bearer another");
        for passing in [
            mine(Ask::get(path)),
            mine(Ask::get(path).prefer("wait=10")),
            mine(Ask::post(path, "x").prefer("processing")),
            strange(Ask::get(path).prefer("processing")),
            Ask::get(path).prefer("progress"),
            mine(Ask::get(&format!("{path}x")).prefer("processing")),
        ] {
            let talk = world.begin(wire, passing.field("x-passes", "yes"));
            let seen = world.origin.next().await;
            assert!(seen.has("x-passes"), "who is held has not come to the origin: {}", seen.head);
            seen.respond("404 Not Found", "", "not yet");
            assert_eq!(talk.rest().await.body, "not yet");
        }
        making.ends("").await;
        let seen = world.origin.next().await;
        assert!(seen.head.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{}", seen.head);
        seen.respond("200 OK", "ETag: \"1\"\r\n", "the content");
        let Heard { last, body, .. } = held.rest().await;
        assert_eq!((last.status, last.field("etag"), &body[..]), (200, "\"1\"", &b"the content"[..]));
        assert_eq!((last.field("progress"), last.field("vary")), ("2/4", "Prefer"));
        assert!(last.field("link").ends_with("rel=\"status\""));
        // It is made: who asks now is not held for it.
        let talk = world.begin(wire, mine(Ask::get(path).prefer("processing")));
        world.origin.next().await.respond("200 OK", "", "the content");
        assert_eq!(talk.rest().await.interims.len(), 0);
    }
}

pub async fn cre_03_head_is_held_and_respond_async_gets_a_202(wire: Wire) {
    let world = World::with(callback::CONFIGURED).await;
    let making = created(&world, wire, (mine(Ask::post("/jobs", "x")), "/plain/7")).await;
    let head = mine(Ask::get("/plain/7").method(&Method::HEAD));
    let mut held = world.begin(wire, head.prefer("progress"));
    held.interim().await;
    let uri = making.created.last.field("operation-location");
    for prefer in ["respond-async, wait=0", "processing, respond-async, wait=1"] {
        let accepted = world.ask(wire, mine(Ask::get("/plain/7").prefer(prefer))).await;
        assert_eq!((accepted.last.status, accepted.last.field("location")), (202, uri), "{prefer}");
        assert_eq!(accepted.last.field("content-location"), uri);
        assert_eq!(json(&accepted)["self"], uri);
        assert_eq!(accepted.last.field("preference-applied"), prefer);
    }
    // One that waits long enough gets what it asked for, and its origin does not hear of the waiting.
    let patient = mine(Ask::get("/plain/7").prefer("respond-async, wait=30, lenient"));
    let patient = world.begin(wire, patient);
    let silent = "progress_gateway_operation_watchers{via=\"poll\"}";
    while world.metric(silent) == 0 {
        tokio::task::yield_now().await;
    }
    making.ends("").await;
    for _ in 0..2 {
        let seen = world.origin.next().await;
        assert!(!seen.head.contains("respond-async"), "PRF-15: {}", seen.head);
        let content = if seen.head.starts_with("HEAD") { "" } else { "the content" };
        seen.respond("200 OK", "X-Made: yes\r\n", content);
    }
    assert_eq!(held.rest().await.last.field("x-made"), "yes");
    let Heard { last, body, interims } = patient.rest().await;
    assert_eq!((last.status, &body[..], interims.len()), (200, &b"the content"[..], 0));
}

/// However it ends: what there is then, only the origin knows.
pub async fn cre_03_a_canceled_or_failed_operation_holds_nobody(wire: Wire) {
    let world = World::with(callback::CONFIGURED).await;
    let making = created(&world, wire, (mine(Ask::post("/jobs", "x")), "/plain/7")).await;
    let mut held = world.begin(wire, mine(Ask::get("/plain/7").prefer("processing")));
    held.interim().await;
    let delete = mine(Ask::get(&making.document()).method(&Method::DELETE));
    assert_eq!(world.ask(wire, delete).await.last.status, 202);
    world.origin.next().await.respond("404 Not Found", "", "never made");
    assert_eq!(held.rest().await.body, "never made");
    assert_eq!(making.line.deliver("late").await, Answered::canceled());
    let making = created(&world, wire, (mine(Ask::post("/short", "x")), "/plain/8")).await;
    let held = world.begin(wire, mine(Ask::get("/plain/8").prefer("processing")));
    // The deadline of its route is a second.
    world.origin.next().await.respond("404 Not Found", "", "never made");
    let held = held.rest().await;
    assert!(!held.interims.is_empty());
    assert_eq!(held.body, "never made");
    let document = world.ask(wire, mine(Ask::get(&making.document()))).await;
    assert_eq!(json(&document)["error"]["code"], "DeadlineExceeded");
}

/// Whoever waits when the gateway ends is told where to go on, if that is theirs to know.
pub async fn cre_03_a_drain_answers_who_is_held(wire: Wire) {
    let world = World::with(callback::CONFIGURED).await;
    let owned = created(&world, wire, (mine(Ask::post("/jobs", "x")), "/plain/7")).await;
    let _open = created(&world, wire, (Ask::post("/jobs", "x"), "/plain/8")).await;
    let mut held = world.begin(wire, mine(Ask::get("/plain/7").prefer("processing")));
    let mut nameless = world.begin(wire, Ask::get("/plain/8").prefer("processing"));
    held.interim().await;
    nameless.interim().await;
    world.drain.advance(Phase::Concluding);
    let last = held.rest().await.last;
    assert_eq!(last.status, 202);
    assert_eq!(last.field("location"), owned.created.last.field("operation-location"));
    let last = nameless.rest().await.last;
    assert_eq!((last.status, last.field("retry-after"), last.field("link")), (503, "1", ""));
}

/// What belongs to somebody else's server is passed on and not watched.
pub async fn cre_03_a_foreign_location_is_not_watched(wire: Wire) {
    let world = World::with(callback::CONFIGURED).await;
    let location = "https://elsewhere.example/plain/7";
    let making = created(&world, wire, (mine(Ask::post("/jobs", "x")), location)).await;
    assert_eq!(making.created.last.field("location"), location, "LOC-05");
    let talk = world.begin(wire, mine(Ask::get("/plain/7").prefer("processing")));
    world.origin.next().await.respond("200 OK", "", "another's");
    let heard = talk.rest().await;
    assert_eq!((heard.interims.len(), &heard.body[..]), (0, &b"another's"[..]));
    making.ends("made").await;
}

/// Where nothing binds an operation its URI is a capability: who only knows the resource is held, and is
/// not told of the operation (SEC-01).
pub async fn sec_01_a_capability_is_not_told_to_who_finds_the_resource(wire: Wire) {
    let world = World::with(callback::CONFIGURED).await;
    let making = created(&world, wire, (Ask::post("/jobs", "x"), "/plain/7")).await;
    let mut held = world.begin(wire, Ask::get("/plain/7").prefer("processing, respond-async, wait=0"));
    let first = held.interim().await;
    assert_eq!((first.field("progress"), first.field("location"), first.field("link")), ("1/4", "", ""));
    let asked = world.begin(wire, Ask::get("/plain/7").prefer("respond-async, wait=0"));
    world.origin.next().await.respond("404 Not Found", "", "not yet");
    assert_eq!(asked.rest().await.body, "not yet");
    making.ends("").await;
    world.origin.next().await.respond("200 OK", "", "the content");
    let heard = held.rest().await;
    assert_eq!((heard.last.field("link"), &heard.body[..]), ("", &b"the content"[..]));
}

/// CRE-02, U-12: without the origin's word, or a line to call on, or room, a `201` is the end.
pub async fn cre_02_any_other_201_is_the_end(wire: Wire) {
    for (world, completion) in [
        (World::with(callback::CONFIGURED).await, ""),
        (World::with(callback::CONFIGURED).await, "Operation-Completion: later\r\n"),
        (World::new().await, "Operation-Completion: callback\r\n"),
        (World::small(callback::CONFIGURED).await, "Operation-Completion: callback\r\n"),
    ] {
        let first = world.begin(wire, Ask::post("/jobs", "x").prefer("respond-async, wait=0"));
        let first_seen = world.origin.next().await;
        assert_eq!(first.rest().await.last.status, 202);
        let talk = world.begin(wire, Ask::post("/jobs", "x"));
        let seen = world.origin.next().await;
        seen.respond("201 Created", &format!("Location: /plain/7\r\n{completion}"), "made");
        let Heard { last, body, .. } = talk.rest().await;
        assert_eq!((last.status, last.field("location"), &body[..]), (201, "/plain/7", &b"made"[..]));
        assert_eq!((last.field("operation-location"), last.field("operation-completion")), ("", ""));
        if seen.has("progress-callback") {
            assert_eq!(Line::of(&seen).deliver("more").await, Answered::over());
        }
        drop(first_seen);
    }
}
