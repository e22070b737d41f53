//! A cancellation reaches whoever works on the operation, and whoever waits for it (DOC-10).

use h2::Reason;
use http::Method;

use crate::callback::{self, Answered, Line};
use crate::client::{Ask, Heard, Talk, Wire};
use crate::h2_origin::H2Origin;
use crate::world::{World, path_of};

fn json(heard: &Heard) -> serde_json::Value {
    serde_json::from_slice(&heard.body).expect("JSON")
}

/// Cancels the operation at `uri`, and is told that this is under way.
async fn cancel(world: &World, wire: Wire, uri: &str) {
    let canceling = world.ask(wire, Ask::get(&path_of(uri)).method(&Method::DELETE)).await;
    assert_eq!((canceling.last.status, json(&canceling)["status"].clone()), (202, "Canceling".into()));
}

/// Who holds a request open for the operation gets the final response, and the document is final as well.
async fn is_canceled(world: &World, wire: Wire, (talk, uri): (Option<Talk>, &str)) {
    if let Some(talk) = talk {
        let told = talk.rest().await;
        let problem = json(&told);
        assert_eq!((told.last.status, problem["status"].clone()), (409, 409.into()));
        assert_eq!(told.last.field("content-type"), "application/problem+json");
        assert!(problem["type"].as_str().expect("a type").ends_with("/canceled"), "{problem}");
        assert_eq!(problem["instance"], uri);
    }
    let path = path_of(uri);
    let document = world.ask(wire, Ask::get(&path).prefer("processing")).await;
    assert_eq!((document.last.status, json(&document)["status"].clone()), (200, "Canceled".into()));
    let result = world.ask(wire, Ask::get(&format!("{path}/result"))).await;
    assert_eq!(result.last.status, 409, "there is no result");
}

/// Before its response, and in the middle of it.
pub async fn doc_10_cancel_closes_the_connection_of_an_http1_origin(wire: Wire) {
    let world = World::new().await;
    for half in [None, Some("HTTP/1.1 200 OK\r\nProgress: 1/2\r\nContent-Length: 10\r\n\r\nhalf ")] {
        let mut talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
        let mut seen = world.origin.next().await;
        let uri = talk.interim().await.field("location").to_owned();
        if let Some(half) = half {
            seen.send(half);
            assert_eq!(talk.interim().await.field("progress"), "1/2", "the head has arrived");
        }
        cancel(&world, wire, &uri).await;
        seen.closed().await;
        is_canceled(&world, wire, (Some(talk), &uri)).await;
    }
}

/// The stream alone is reset: others share its connection.
pub async fn doc_10_cancel_resets_the_stream_of_an_h2_origin(wire: Wire) {
    let mut origin = H2Origin::start().await;
    let routes = format!(
        "[[upstreams]]\nname = \"h2\"\nservers = [\"h2c://{}\"]\n[[routes]]\nname = \"h2\"\n\
         match = {{ path = \"/h2\" }}\nupstream = \"h2\"\n[routes.progress]\ninterim-after = \"20ms\"\n\
         minimum-interval = \"20ms\"\n",
        origin.address
    );
    for part in [None, Some("half ")] {
        let world = World::with(&routes).await;
        let mut talk = world.begin(wire, Ask::post("/h2", "x").prefer("processing"));
        let mut seen = origin.next().await;
        let uri = talk.interim().await.field("location").to_owned();
        if let Some(part) = part {
            seen.begin(&[("progress", "1/2"), ("content-length", "10")], part);
            assert_eq!(talk.interim().await.field("progress"), "1/2", "the head has arrived");
        }
        cancel(&world, wire, &uri).await;
        assert_eq!(seen.reset().await, Reason::CANCEL);
        assert!(seen.is_connected().await);
        is_canceled(&world, wire, (Some(talk), &uri)).await;
    }
}

/// An origin that works with no connection open hears of it when it calls the next time.
pub async fn doc_10_cancel_is_what_the_next_callback_hears(wire: Wire) {
    let world = World::with(callback::CONFIGURED).await;
    let mut talk = world.begin(wire, Ask::post("/jobs", "x").prefer("processing"));
    let seen = world.origin.next().await;
    let line = Line::of(&seen);
    let uri = talk.interim().await.field("location").to_owned();
    seen.respond("202 Accepted", "Operation-Completion: callback\r\nProgress: 1/9\r\n", "see you");
    assert_eq!(talk.interim().await.field("progress"), "1/9");
    assert_eq!(line.report("2/9").await, Answered::taken());
    cancel(&world, wire, &uri).await;
    assert_eq!(line.report("3/9").await, Answered::canceled());
    assert_eq!(line.deliver("too late").await, Answered::canceled());
    is_canceled(&world, wire, (Some(talk), &uri)).await;
    // Also if nobody waits, and before the origin has said anything.
    let talk = world.begin(wire, Ask::post("/jobs", "x").prefer("respond-async, wait=0"));
    let mut seen = world.origin.next().await;
    let line = Line::of(&seen);
    let uri = talk.rest().await.last.field("location").to_owned();
    cancel(&world, wire, &uri).await;
    seen.closed().await;
    assert_eq!(line.deliver("too late").await, Answered::canceled());
    is_canceled(&world, wire, (None, &uri)).await;
}
