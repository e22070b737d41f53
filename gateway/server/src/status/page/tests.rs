use progress_core::event::{Failure, ProgressEvent, ResponseSummary};
use progress_core::language::Languages;
use progress_core::operation::Operation;
use progress_core::progress::{Grammar, Progress, Reported};

use super::super::rendering::tests::{operation, rendering, view};
use super::*;
use http::StatusCode;
use http::header::CONTENT_TYPE;

fn finished(outcome: Outcome) -> String {
    let mut operation = operation("2/3");
    operation.finish(outcome);
    html(&view(&operation), &Languages::ANY)
}

#[test]
fn a_running_operation_has_a_bar_and_comes_back_without_a_script() {
    let html = html(&view(&operation("3/10 \"Copying\"")), &Languages::ANY);
    for expected in [
        "<title>30 % · Running</title>",
        "role=\"progressbar\"",
        "aria-valuenow=\"30\"",
        "<p id=\"fraction\">3 of 10</p>",
        "lang=\"\">Copying</bdi>",
        "<noscript><meta http-equiv=\"refresh\"",
        "data-uri=\"/.operations/00112233445566778899aabbccddeeff\"",
        "href=\"/.operations/page.css?v=",
        "src=\"/.operations/page.js?v=",
        "/result\" hidden>",
        "type=\"button\" hidden>",
    ] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
}

#[test]
fn without_a_total_the_bar_has_no_value() {
    let html = html(&view(&operation("66/")), &Languages::ANY);
    assert!(!html.contains("value=\"") && !html.contains("aria-valuenow"), "{html}");
    assert!(html.contains("<p id=\"fraction\">66</p>"), "{html}");
}

#[test]
fn an_end_is_shown_and_is_not_reloaded() {
    let response = ResponseSummary {
        status: StatusCode::CREATED,
        location: None,
        content_type: None,
        content_length: 9,
    };
    let succeeded = finished(Outcome::Responded(response.clone()));
    assert!(succeeded.contains("role=\"status\">Succeeded</h1>"), "{succeeded}");
    assert!(succeeded.contains("/result\">Open"), "{succeeded}");
    assert!(!succeeded.contains("http-equiv"), "{succeeded}");
    let status = StatusCode::BAD_GATEWAY;
    let failed =
        finished(Outcome::Failed(Failure { code: "X", message: "It <broke>.", status, problem: "x" }));
    assert!(failed.contains("It &lt;broke&gt;.") && failed.contains("/result\" hidden>"), "{failed}");
    let refused = finished(Outcome::Responded(ResponseSummary { status, ..response }));
    assert!(refused.contains(">Failed</h1>") && refused.contains("/result\">Open"), "{refused}");
}

#[test]
fn s_15_hostile_labels_are_text() {
    let mut operation = Operation::new();
    for label in ["<script>alert(1)</script>", "\u{202e}<img src=x onerror='a'>&\u{2066}", "\"><b lang=\"x"] {
        let mut progress = Progress::parse(b"1/2", Grammar::Strict).unwrap();
        progress.remarks.push(progress_core::progress::Remark::Comment(Some(label.to_owned())));
        operation.apply(ProgressEvent::Progress(Reported::from_progress(&progress)));
        let html = html(&view(&operation), &Languages::ANY);
        assert_eq!(html.matches("<script").count(), 1, "{html}");
        assert!(!html.contains("<img") && !html.contains("<b lang"), "{html}");
        assert!(html.contains(&Escaped(label).to_string()), "{html}");
    }
    let long = "x".repeat(10_000);
    let mut progress = Progress::parse(b"1/2", Grammar::Strict).unwrap();
    progress.remarks.push(progress_core::progress::Remark::Comment(Some(long)));
    operation.apply(ProgressEvent::Progress(Reported::from_progress(&progress)));
    assert!(html(&view(&operation), &Languages::ANY).len() < 4_096);
}

#[test]
fn s_15_the_page_is_confined() {
    let response = rendering(&[("accept", "text/html")]).document(&view(&operation("1/2")));
    let fields = response.headers();
    assert_eq!(fields[CONTENT_TYPE], "text/html; charset=utf-8");
    let policy = fields[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
    assert_eq!(fields["x-content-type-options"], "nosniff");
    assert_eq!(fields["referrer-policy"], "no-referrer");
    assert_eq!(fields["cross-origin-resource-policy"], "same-origin");
    let html = std::str::from_utf8(response.body()).unwrap();
    for inline in [" style=", " onclick=", "<style", "javascript:", "https://"] {
        assert!(!html.contains(inline), "{inline} in {html}");
    }
}

#[test]
fn where_the_page_lies() {
    assert_eq!(path_of("https://api.example/.operations/x"), "/.operations/x");
    assert_eq!(path_of("https://api.example/edge/.operations/x"), "/edge/.operations/x");
    assert_eq!(path_of("/.operations/x"), "/.operations/x");
}

#[test]
fn elapsed_time_is_readable() {
    for (seconds, text) in [(0, "0:00"), (62, "1:02"), (3_600, "1:00:00"), (36_061, "10:01:01")] {
        assert_eq!(Elapsed(seconds).to_string(), text);
    }
}
