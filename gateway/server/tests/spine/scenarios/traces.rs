//! Which trace a request belongs to, and what the access log says of it.

use serde_json::Value;

use crate::client::{Ask, Wire};
use crate::log;
use crate::origin::Seen;
use crate::world::World;

/// A client's trace; each wire has its own, so that its lines can be told apart.
fn trace_of(wire: Wire, request: u8) -> String {
    format!("{:016x}{request:016x}", wire as u8 + 1)
}

/// The `traceparent` and `tracestate` that came to the origin.
fn came(seen: &Seen) -> (String, Vec<String>) {
    let of = |name: &str| -> Vec<String> {
        let fields = seen.head.lines().filter_map(|line| line.split_once(": "));
        fields
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
            .collect()
    };
    let mut parents = of("traceparent");
    assert_eq!(parents.len(), 1, "{}", seen.head);
    (parents.remove(0), of("tracestate"))
}

fn seconds(line: &Value, key: &str) -> f64 {
    line[key].as_f64().unwrap_or_else(|| panic!("no {key} in {line}"))
}

pub async fn a_trace_goes_on_to_the_origin_and_into_the_log(wire: Wire) {
    log::keep();
    let world = World::new().await;
    for (request, (path, prefer)) in [("/plain", "x"), ("/jobs", "processing")].into_iter().enumerate() {
        let trace = trace_of(wire, u8::try_from(request).expect("two"));
        let parent = format!("00-{trace}-b7ad6b7169203331-01");
        let ask = Ask::get(path).prefer(prefer).field("traceparent", &parent);
        let ask = ask.field("tracestate", "foo=1").field("tracestate", "bar=2");
        let mut talk = world.begin(wire, ask);
        let seen = world.origin.next().await;
        let (told, state) = came(&seen);
        assert!(told.starts_with(&format!("00-{trace}-")) && told.ends_with("-01"), "{told}");
        assert_ne!(told, parent, "the gateway has a span of its own");
        assert_eq!(state, ["foo=1,bar=2"]);
        if prefer == "processing" {
            talk.interim().await;
        }
        seen.respond("200 OK", "", "done");
        let heard = talk.rest().await;
        assert_eq!(heard.last.field("traceparent"), "", "it is for requests");
        let line = log::line_of(&trace).await;
        assert_eq!(
            (&line["trace"], &line["bytes"], &line["status"]),
            (&trace.into(), &4.into(), &200.into())
        );
        assert!(seconds(&line, "upstream_seconds") <= seconds(&line, "seconds"), "{line}");
        if path == "/plain" {
            assert_eq!((&line["mode"], &line["heads"]), (&"plain".into(), &0.into()));
            assert_eq!(line.get("operation"), None);
        } else {
            assert_eq!((&line["mode"], line["heads"].as_u64() > Some(0)), (&"interim".into(), true));
            assert!(seconds(&line, "upstream_seconds") >= 0.02, "the origin answered after a head: {line}");
            assert_eq!(line["operation"].as_str().map(str::len), Some(6), "S-03");
        }
    }
}

pub async fn hostile_traces_begin_anew_and_are_in_no_log(wire: Wire) {
    log::keep();
    let world = World::new().await;
    for parent in ["00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "<script>", ""] {
        let ask = Ask::get("/plain").field("traceparent", parent).field("tracestate", "evil=1");
        let talk = world.begin(wire, ask);
        let seen = world.origin.next().await;
        let (told, state) = came(&seen);
        assert!(told.starts_with("00-") && told.ends_with("-01") && told.len() == 55, "{told}");
        assert!(!told.contains("0af7651916cd43dd8448eb211c80319c") && state.is_empty(), "{told} {state:?}");
        seen.respond("200 OK", "", "");
        talk.rest().await;
        let line = log::line_of(&told[3..35]).await.to_string();
        assert!(!line.contains("evil") && !line.contains("script") && !line.contains("0AF7"), "{line}");
    }
}

pub async fn a_202_is_logged_without_an_origins_time(wire: Wire) {
    log::keep();
    let world = World::new().await;
    let trace = trace_of(wire, 7);
    let parent = format!("00-{trace}-b7ad6b7169203331-00");
    let ask = Ask::get("/jobs").prefer("respond-async, wait=0").field("traceparent", &parent);
    let heard = world.ask(wire, ask).await;
    assert_eq!(heard.last.status, 202);
    let line = log::line_of(&trace).await;
    assert_eq!((&line["mode"], &line["status"]), (&"async".into(), &202.into()));
    assert_eq!(line.get("upstream_seconds"), None, "{line}");
    // A request that goes no further is in its client's trace, too.
    let elsewhere = trace_of(wire, 8);
    let parent = format!("00-{elsewhere}-b7ad6b7169203331-00");
    world.ask(wire, Ask::get("/nowhere").field("traceparent", &parent)).await;
    let line = log::line_of(&elsewhere).await;
    assert_eq!((&line["route"], &line["status"]), (&"none".into(), &404.into()));
}
