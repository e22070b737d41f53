use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::Method;
use http::header::RETRY_AFTER;
use http_body::Body;
use progress_core::document::{RequestSummary, Times};
use progress_core::event::ResponseSummary;
use progress_core::operation::{Operation, OperationId};
use status_store::{Content as Stored, Sequel, StoredResponse, clock};

use super::super::rendering::tests::{operation, rendering, view};
use super::*;

const STATUS_PATH: &str = "https://api.example/.operations/00112233445566778899aabbccddeeff";

/// A record of an operation that ended in a response.
fn record(status: u16, fields: &[(&'static str, &'static str)]) -> Record {
    let status = StatusCode::from_u16(status).unwrap();
    let mut operation = operation("2/3");
    let summary = ResponseSummary { status, location: None, content_type: None, content_length: 4 };
    operation.finish(Outcome::Responded(summary));
    let fields = fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    let content =
        Stored::Kept { pieces: vec![Bytes::from_static(b"all "), Bytes::from_static(b"done")], room: None };
    let response = StoredResponse { status, fields: fields.collect(), content };
    Record { response: Some(Arc::new(response)), ..record_of(&operation) }
}

fn record_of(operation: &Operation) -> Record {
    let now = clock::now();
    Record {
        id: OperationId::from_random([1; 16]),
        route: "reports".into(),
        owner: None,
        request: Arc::new(RequestSummary::new(Method::POST, "https://api.example", "/reports")),
        snapshot: Arc::clone(operation.snapshot()),
        times: Times { create: now, update: now, end: Some(now), expire: Some(now) },
        response: None,
        key: None,
        sequel: Sequel::Interrupted,
    }
}

fn read(record: &Record, habit: Habit) -> (Response<()>, String) {
    let view = View::of_record(record, STATUS_PATH);
    let (parts, content) = habit.finished(record, &view).into_parts();
    let mut body = GatewayBody::new(content, None);
    let length = body.size_hint().exact();
    let mut text = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(frame)) = std::pin::Pin::new(&mut body).poll_frame(&mut cx) {
        text.extend(frame.unwrap().into_data().unwrap());
    }
    assert_eq!(length, Some(text.len() as u64), "what is told beforehand is true");
    assert!(body.is_end_stream());
    (Response::from_parts(parts, ()), String::from_utf8(text).unwrap())
}

#[test]
fn sdm_12_while_it_runs_there_is_a_202_without_content() {
    let view = view(&operation("3/10 \"Copying a.txt\""));
    for (profile, named) in [(StatusProfile::Odata, LOCATION), (StatusProfile::Fhir, CONTENT_LOCATION)] {
        for accept in ["application/json", "application/fhir+json", "*/*", "application/http"] {
            let response = rendering(&[("accept", accept)]).under(profile).document(&view);
            assert_eq!(response.status(), StatusCode::ACCEPTED);
            assert!(response.body().is_empty(), "{accept}");
            assert!(!response.headers().contains_key(CONTENT_TYPE));
            assert_eq!(response.headers()[&named], view.uri());
            assert!(response.headers().contains_key(RETRY_AFTER));
            let words = response.headers().get("x-progress").map(|words| words.to_str().unwrap());
            assert_eq!(words, (profile == StatusProfile::Fhir).then_some("30% Copying a.txt"));
        }
    }
}

#[test]
fn sdm_12_other_representations_are_those_of_every_route() {
    let view = view(&operation("3/10 \"Copying a.txt\""));
    for accept in
        ["text/plain", "text/html", "application/vnd.progress-gateway.operation+json", "text/event-stream"]
    {
        for profile in [StatusProfile::Odata, StatusProfile::Fhir] {
            let rendering = rendering(&[("accept", accept)]).under(profile);
            assert_eq!(rendering.habit(), None, "{accept}");
            assert!(!rendering.document(&view).body().is_empty(), "{accept}");
        }
    }
    for accept in ["application/json", "application/http", "*/*"] {
        assert_eq!(rendering(&[("accept", accept)]).habit(), None, "azure, {accept}");
    }
}

#[test]
fn sdm_12_odata_gives_the_result_and_its_status_beside_it() {
    let record = record(201, &[("location", "/reports/881"), ("content-type", "application/json")]);
    let (response, text) = read(&record, Habit::Odata(Envelope::Unwrapped));
    assert_eq!((response.status().as_u16(), text.as_str()), (200, "all done"));
    assert_eq!(response.headers()["asyncresult"], "201");
    assert_eq!(response.headers()[LOCATION], "/reports/881");
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[test]
fn sdm_12_odata_encloses_the_result_for_who_asks_so() {
    let record = record(404, &[("content-type", "application/json"), ("odata-version", "4.0")]);
    let (response, text) = read(&record, Habit::Odata(Envelope::Message));
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/http");
    assert!(
        !response.headers().contains_key("asyncresult") && !response.headers().contains_key("odata-version")
    );
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    lines[1..].sort_unstable();
    let expected = [
        "HTTP/1.1 404 Not Found",
        "content-length: 8",
        "content-type: application/json",
        "odata-version: 4.0",
    ];
    assert_eq!((lines, body), (expected.to_vec(), "all done"));
}

#[test]
fn sdm_12_who_asks_odata_for_a_message() {
    let habit = |fields| rendering(fields).under(StatusProfile::Odata).habit();
    let (bare, message) = (Some(Habit::Odata(Envelope::Unwrapped)), Some(Habit::Odata(Envelope::Message)));
    assert_eq!(habit(&[]), bare);
    assert_eq!(habit(&[("accept", "application/http")]), message);
    assert_eq!(habit(&[("odata-maxversion", "4.0")]), message);
    assert_eq!(habit(&[("odata-maxversion", "4.01")]), bare);
    assert_eq!(
        habit(&[("odata-maxversion", "4.0"), ("accept", "application/json;odata.metadata=minimal")]),
        bare
    );
}

#[test]
fn sdm_12_fhir_gives_the_result_or_the_way_to_it() {
    for status in [200, 404, 500] {
        let (response, text) = read(&record(status, &[("expires", "0")]), Habit::Fhir);
        assert_eq!((response.status().as_u16(), text.as_str()), (status, "all done"));
    }
    // A 202 in the place of the document would mean that it still runs.
    for status in [201, 202, 204] {
        let (response, text) = read(&record(status, &[]), Habit::Fhir);
        assert_eq!((response.status(), text.as_str()), (StatusCode::SEE_OTHER, ""));
        assert_eq!(response.headers()[LOCATION], format!("{STATUS_PATH}/result"));
    }
}

#[test]
fn sdm_12_what_was_cancelled_is_not_there() {
    let mut operation = Operation::new();
    operation.cancel();
    assert!(is_canceled(&view(&operation)));
    operation.finish(Outcome::Canceled);
    let record = record_of(&operation);
    for (habit, status) in [(Habit::Odata(Envelope::Unwrapped), 204), (Habit::Fhir, 202)] {
        assert_eq!(read(&record, habit).0.status(), StatusCode::NOT_FOUND);
        assert_eq!(habit.deleted().status().as_u16(), status);
    }
}

#[test]
fn x_progress_is_short_visible_ascii() {
    let words = |progress: &str| {
        let text = in_words(&view(&operation(progress)), &Languages::ANY);
        assert!(HeaderValue::try_from(&text).is_ok());
        text
    };
    assert_eq!(words("1/3 (Rendering)"), "33.3% Rendering");
    assert_eq!(words("66/"), "66 done");
    assert_eq!(words("1/2 UTF-8'de'Gr%C3%B6%C3%9Fe"), "50%", "no octet that a field cannot have");
    assert_eq!(words(&format!("1/2 ({})", "x".repeat(150))).len(), LONGEST_PROGRESS);
    assert_eq!(in_words(&view(&Operation::new()), &Languages::ANY), "in progress");
}

#[test]
fn only_other_profiles_than_the_default_are_kept() {
    let text = "public-url = \"https://a.example\"\n[[listeners]]\naddress = \"127.0.0.1:0\"\n\
                [[upstreams]]\nname = \"o\"\nservers = [\"http://127.0.0.1:1\"]\n";
    let route = |name: &str, more: &str| {
        format!("[[routes]]\nname = \"{name}\"\nmatch = {{ path = \"/{name}\" }}\nupstream = \"o\"\n{more}\n")
    };
    let routes = [
        route("plain", ""),
        route("usual", "[routes.progress]"),
        route("fhir", "[routes.progress]\nprofile = \"fhir\""),
    ];
    let settings =
        crate::config::parse(&[text, &routes.concat()].concat(), std::path::Path::new("x.toml")).unwrap();
    assert_eq!(profiles(&settings.routes), HashMap::from([("fhir".into(), StatusProfile::Fhir)]));
}
