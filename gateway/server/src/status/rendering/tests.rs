use http::Method;
use http::header::LOCATION;
use progress_core::document::Status;
use progress_core::event::{Failure, ProgressEvent, ResponseSummary};
use progress_core::operation::Operation;
use progress_core::progress::{Grammar, Progress, Reported};

use super::*;

const URI: &str = "https://api.example/.operations/00112233445566778899aabbccddeeff";

pub(in crate::status) fn operation(progress: &str) -> Operation {
    let mut operation = Operation::new();
    let progress = Progress::parse(progress.as_bytes(), Grammar::Strict).unwrap();
    operation.apply(ProgressEvent::Progress(Reported::from_progress(&progress)));
    operation
}

pub(in crate::status) fn view(operation: &Operation) -> View {
    let now = clock::now();
    View {
        id: OperationId::from_random([1; 16]),
        uri: URI.into(),
        snapshot: Arc::clone(operation.snapshot()),
        request: Arc::new(RequestSummary::new(Method::POST, "https://api.example", "/reports?x=1")),
        times: Times { create: now, update: now, end: None, expire: None },
    }
}

pub(in crate::status) fn rendering(fields: &[(&'static str, &'static str)]) -> Rendering {
    let fields: HeaderMap =
        fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    Rendering::of(&fields, &Preferences::from_headers(&fields))
}

fn responded(status: u16) -> Outcome {
    let status = StatusCode::from_u16(status).unwrap();
    Outcome::Responded(ResponseSummary { status, location: None, content_type: None, content_length: 9 })
}

#[test]
fn doc_03_a_running_operation_is_a_202() {
    let response = rendering(&[]).document(&view(&operation("1/3 (Rendering pages)")));
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let fields = response.headers();
    assert_eq!(fields[CONTENT_TYPE], "application/json");
    assert_eq!(fields[CACHE_CONTROL], "no-store");
    assert_eq!(fields[REFERRER_POLICY], "no-referrer");
    assert_eq!(fields[PROGRESS], "1/3 \"Rendering pages\"");
    assert_eq!(fields[VARY], "Accept, Accept-Language, Prefer");
    assert_eq!(fields[ETAG], "W/\"1\"");
    let seconds: u32 = fields[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&seconds), "ASY-02: {seconds}");
    assert!(!fields.contains_key(STATUS_URI) && !fields.contains_key(LOCATION));
}

#[test]
fn doc_04_stu_01_a_finished_one_is_a_200_whatever_its_outcome() {
    for (outcome, status_uri, word) in [
        (responded(201), Some("201 </reports?x=1>"), Status::Succeeded),
        (responded(500), Some("500 </reports?x=1>"), Status::Failed),
        (
            Outcome::Failed(Failure {
                code: "X",
                message: "x",
                status: StatusCode::BAD_GATEWAY,
                problem: "x",
            }),
            Some("502 </reports?x=1>"),
            Status::Failed,
        ),
        (Outcome::Canceled, None, Status::Canceled),
    ] {
        let mut operation = operation("2/3");
        operation.finish(outcome);
        let response = rendering(&[]).document(&view(&operation));
        assert_eq!(response.status(), StatusCode::OK);
        let found = response.headers().get(STATUS_URI).map(|value| value.to_str().unwrap());
        assert_eq!(found, status_uri);
        assert!(!response.headers().contains_key(RETRY_AFTER));
        let json: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(json["status"], word.word());
    }
}

#[test]
fn sdm_13_prf_10_text_and_the_dialect_of_the_reader() {
    let view = view(&operation("1/3 (Rendering pages)"));
    let response = rendering(&[("accept", "text/plain"), ("prefer", "progress")]).document(&view);
    assert_eq!(response.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_eq!(response.headers()[PROGRESS], "1/3 (Rendering pages)");
    assert_eq!(response.body(), "Running 1/3 Rendering pages\n");
}

#[test]
fn prf_11_minimal_means_fields_only() {
    let response = rendering(&[("prefer", "return=minimal")]).document(&view(&operation("1/3")));
    assert!(response.body().is_empty());
    assert!(!response.headers().contains_key(CONTENT_TYPE));
    assert!(response.headers().contains_key(RETRY_AFTER));
}

#[test]
fn l10_04_each_language_is_a_representation() {
    let view = view(&operation("1/2 UTF-8'en'Checking UTF-8'de'Pr%C3%BCfen"));
    let read = |accept: &'static str| rendering(&[("accept-language", accept)]).document(&view);
    for (accept, language, etag) in
        [("en", "en", "W/\"1\""), ("de-AT", "de", "W/\"1-1\""), ("fr", "en", "W/\"1\"")]
    {
        let response = read(accept);
        assert_eq!(response.headers()[CONTENT_LANGUAGE], language, "{accept}");
        assert_eq!(response.headers()[ETAG], etag, "{accept}");
        assert_eq!(response.headers()[VARY], "Accept, Accept-Language, Prefer");
    }
}

#[test]
fn l10_04_the_language_of_the_label_is_named() {
    let response = rendering(&[]).document(&view(&operation("1/2 UTF-8'de'Pr%C3%BCfen")));
    assert_eq!(response.headers()[CONTENT_LANGUAGE], "de");
}
