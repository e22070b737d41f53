use serde_json::Value;

use super::*;
use crate::event::ProgressEvent;
use crate::operation::Operation;
use crate::progress::{Grammar, Progress};

fn request() -> RequestSummary {
    RequestSummary::new(Method::POST, "https://api.example", "/reports")
}

fn times() -> Times {
    let create = Timestamp::from_second(1_767_603_600).unwrap();
    Times { create, update: create, end: None, expire: None }
}

fn json_of(operation: &Operation) -> Value {
    json_in(operation, &Languages::ANY)
}

fn json_in(operation: &Operation, languages: &Languages) -> Value {
    let request = request();
    serde_json::from_slice(&document(operation, &request, languages).json()).unwrap()
}

fn document<'a>(
    operation: &'a Operation,
    request: &'a RequestSummary,
    languages: &'a Languages,
) -> StatusDocument<'a> {
    StatusDocument {
        id: OperationId::from_random([7; 16]),
        uri: "https://api.example/.operations/x",
        snapshot: operation.snapshot(),
        request,
        times: times(),
        languages,
    }
}

fn at(value: &str) -> Operation {
    let mut operation = Operation::new();
    let progress = Progress::parse(value.as_bytes(), Grammar::Strict).unwrap();
    operation.apply(ProgressEvent::Progress(Reported::from_progress(&progress)));
    operation
}

#[test]
fn sdm_01_to_07_the_members_while_it_runs() {
    let json = json_of(&at("3/10 \"Copying a(1).txt\" 8020/8591489 (bytes)"));
    assert_eq!(json["status"], "Running");
    assert_eq!(json["done"], false);
    assert_eq!(json["percentComplete"], 30.0);
    assert_eq!(json["progress"]["message"], "Copying a(1).txt");
    assert_eq!(json["progress"]["steps"][0]["completed"], 8020);
    assert_eq!(json["name"], format!("operations/{}", json["id"].as_str().unwrap()));
    assert_eq!(json["createTime"], "2026-01-05T09:00:00Z");
    assert_eq!(json["resourceLocation"], "https://api.example/.operations/x/result");
    assert!(json.get("response").is_none() && json.get("error").is_none());
}

#[test]
fn sdm_05_no_percentage_without_a_total() {
    assert_eq!(json_of(&at("66/"))["percentComplete"], Value::Null);
    assert_eq!(json_of(&at("0/0"))["percentComplete"], Value::Null);
}

#[test]
fn sdm_09_success_has_a_response_and_failure_an_error() {
    let mut operation = at("2/3");
    let response = ResponseSummary {
        status: StatusCode::CREATED,
        location: Some("/reports/881".into()),
        content_type: Some("text/plain".into()),
        content_length: 9,
    };
    operation.finish(Outcome::Responded(response));
    let json = json_of(&operation);
    assert_eq!(json["status"], "Succeeded");
    assert_eq!(json["response"]["status"], 201);
    assert_eq!(json["percentComplete"], 66.7, "100 is not implied by Succeeded");
    let mut operation = Operation::new();
    operation.finish(Outcome::Failed(Failure {
        code: "UpstreamConnectionLost",
        message: "The origin closed the connection.",
        status: StatusCode::BAD_GATEWAY,
        problem: "upstream-lost",
    }));
    let json = json_of(&operation);
    assert_eq!(json["error"]["code"], "UpstreamConnectionLost");
    assert_eq!(json["error"]["problem"]["status"], 502);
    assert!(json.get("response").is_none());
}

#[test]
fn an_error_is_told_in_a_sentence_only_by_what_did_not_succeed() {
    let sentence = |operation: &Operation| {
        let request = request();
        let id = OperationId::from_random([7; 16]);
        let snapshot = operation.snapshot();
        let document = StatusDocument {
            id,
            uri: "x",
            snapshot,
            request: &request,
            times: times(),
            languages: &Languages::ANY,
        };
        document.error().map(str::to_owned)
    };
    let ended = |status: StatusCode| {
        let mut operation = at("2/3");
        operation.finish(Outcome::Responded(ResponseSummary {
            status,
            location: None,
            content_type: None,
            content_length: 0,
        }));
        operation
    };
    assert_eq!(sentence(&at("2/3")), None);
    assert_eq!(sentence(&ended(StatusCode::OK)), None);
    assert!(sentence(&ended(StatusCode::BAD_REQUEST)).unwrap().contains("origin"));
    let mut canceled = at("2/3");
    canceled.finish(Outcome::Canceled);
    assert!(sentence(&canceled).unwrap().contains("cancelled"));
}

#[test]
fn sdm_13_one_line_of_text() {
    let request = request();
    let operation = at("3/10 (message)");
    let document = document(&operation, &request, &Languages::ANY);
    assert_eq!(document.text(), "Running 3/10 message\n");
}

#[test]
fn sec_08_labels_are_escaped_as_json() {
    let json = json_of(&at("1/2 \"<script>\\\"\""));
    assert_eq!(json["progress"]["message"], "<script>\"");
}

#[test]
fn l10_04_each_reader_negotiates_anew() {
    let operation = at("1/2 UTF-8'en'Checking%20sizes UTF-8'de'Gr%C3%B6%C3%9Fe%20pr%C3%BCfen");
    let request = request();
    for (accept, language, message) in [
        ("en", "en", "Checking sizes"),
        ("de;q=0.9, en;q=0.8", "de", "Größe prüfen"),
        ("fr", "en", "Checking sizes"),
    ] {
        let accept = (http::header::ACCEPT_LANGUAGE, http::HeaderValue::from_static(accept));
        let languages = Languages::from_headers(&http::HeaderMap::from_iter([accept]));
        let json = json_in(&operation, &languages);
        assert_eq!(json["progress"]["language"], language);
        assert_eq!(json["progress"]["message"], message);
        let text = document(&operation, &request, &languages).text();
        assert_eq!(text, format!("Running 1/2 {message}\n"));
    }
}
