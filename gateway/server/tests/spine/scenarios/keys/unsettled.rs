//! First requests that their origin has not got, or not all of.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{ROUTES, ask, done, json, nothing_was_forwarded, problem, world};
use crate::client::{Ask, Wire};
use crate::scenarios::policies::comes_to;
use crate::world::{World, path_of};

/// Longer than a test takes: the rest of the content never comes.
const REST: Duration = Duration::from_secs(60);

/// The origin never got the request: the next one is the first.
pub async fn idk_03_who_broke_off_begins_anew(wire: Wire) {
    let world = world().await;
    let slow = ask("k").prefer("processing").resting(REST);
    let talk = world.begin(wire, slow);
    // The key is bound once there is a connection to the origin, at which the content stops.
    comes_to(&world, "operations{state=\"running\"}", 1).await;
    let again = world.begin(wire, ask("k").prefer("processing"));
    drop(talk);
    let seen = world.origin.next().await;
    assert_eq!(seen.body, b"content", "the one that came completely");
    seen.respond("200 OK", "", "at last");
    assert_eq!(again.rest().await.body, "at last");
    assert_eq!(world.ask(wire, ask("k")).await.body, "at last");
    nothing_was_forwarded(&world, wire).await;
}

/// Nobody can tell yet whether it is the same: after 5 seconds it is sent away, to come again.
pub async fn idk_03_what_is_still_received_is_409_after_a_while(wire: Wire) {
    let world = world().await;
    let _slow = world.begin(wire, ask("k").resting(REST));
    comes_to(&world, "operations{state=\"running\"}", 1).await;
    let refused = world.ask(wire, ask("k").prefer("processing")).await;
    assert_eq!((refused.last.status, problem(&refused)), (409, "idempotency-key-in-use".to_owned()));
    assert_eq!((refused.last.field("retry-after"), refused.interims.len()), ("1", 0));
    let path = path_of(json(&refused)["instance"].as_str().expect("the status URI"));
    assert_eq!(world.ask(wire, Ask::get(&path)).await.last.status, 202);
}

/// An origin that has answered before all content came: nobody can say what a repetition would repeat.
pub async fn idk_03_what_was_answered_too_soon_is_409(wire: Wire) {
    let hasty = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = hasty.local_addr().expect("it is bound");
    let world = World::with(&format!(
        "[[upstreams]]\nname = \"hasty\"\nservers = [\"http://{address}\"]\n[[routes]]\nname = \"hasty\"\n\
         match = {{ path = \"/keyed\" }}\nupstream = \"hasty\"\n[routes.progress]\nidempotency = true\n"
    ))
    .await;
    let slow = world.begin(wire, ask("k").resting(REST));
    let (mut io, _) = hasty.accept().await.expect("a request");
    let mut head = Vec::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        assert!(io.read_buf(&mut head).await.expect("its head") > 0);
    }
    io.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno").await.expect("it is read");
    let refused = world.ask(wire, ask("k").prefer("processing")).await;
    assert_eq!((refused.last.status, problem(&refused)), (409, "idempotency-key-unclear".to_owned()));
    let path = path_of(json(&refused)["instance"].as_str().expect("the status URI"));
    assert_eq!(world.ask(wire, Ask::get(&path)).await.last.status, 200);
    assert_eq!(world.ask(wire, Ask::get(&format!("{path}/result"))).await.body, "no");
    drop(slow);
}

/// No origin was reached, so that none can have done anything: each request is tried.
pub async fn idk_03_who_was_not_forwarded_may_try_again(wire: Wire) {
    let world = world().await;
    for tried in 1..=3 {
        let ask = Ask { path: "/keyed-nobody".to_owned(), ..ask("k") };
        assert_eq!(world.ask(wire, ask).await.last.status, 502);
        let series = "progress_gateway_operations_total{outcome=\"failed\",route=\"keyed-nobody\"}";
        assert_eq!(world.metric(series), tried);
    }
}

/// What cannot be kept is not forwarded: its client relies on the key.
pub async fn idk_02_without_room_nothing_is_forwarded(wire: Wire) {
    let world = World::small(ROUTES).await;
    done(&world, wire, ask("k"), "kept").await;
    let refused = world.ask(wire, ask("another").prefer("processing")).await;
    assert_eq!((refused.last.status, problem(&refused)), (503, "store-unavailable".to_owned()));
    assert_eq!(refused.last.field("retry-after"), "1");
    assert_eq!(world.ask(wire, ask("k")).await.body, "kept");
    nothing_was_forwarded(&world, wire).await;
    assert_eq!(world.ask(wire, ask("another")).await.last.status, 503, "and it is bound to nothing");
}
