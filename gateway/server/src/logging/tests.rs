use std::sync::{Arc, Mutex};
use std::time::Duration;

use downstream::Protocol;
use http::{Method, StatusCode};
use progress_core::operation::OperationId;

use super::*;
use crate::access_log::{self, Entry};
use crate::metrics::labels::Mode;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What `work` logs.
fn logged(format: LogFormat, directives: &str, work: impl FnOnce()) -> String {
    let lines = Lines::default();
    let subscriber = subscriber(format, filter(directives).unwrap(), lines.clone());
    tracing::subscriber::with_default(subscriber, work);
    let octets = lines.0.lock().unwrap().clone();
    String::from_utf8(octets).unwrap()
}

fn record_one() {
    access_log::record(&Entry {
        protocol: Protocol::H2,
        method: &Method::POST,
        route: "reports",
        status: StatusCode::ACCEPTED,
        elapsed: Duration::from_nanos(1_500_999_999),
        bytes: 512,
        heads: 3,
        mode: Mode::Async,
        operation: Some(OperationId::from_random([0xab; OperationId::SIZE])),
        peer: "192.0.2.7:4711".parse().unwrap(),
    });
}

#[test]
fn an_access_line_is_one_json_object_without_the_capability() {
    let text = logged(LogFormat::Json, "", record_one);
    assert_eq!(text.lines().count(), 1);
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (key, value) in [
        ("level", serde_json::json!("INFO")),
        ("target", "access".into()),
        ("protocol", "h2".into()),
        ("method", "POST".into()),
        ("route", "reports".into()),
        ("status", 202.into()),
        ("seconds", 1.500_999.into()),
        ("bytes", 512.into()),
        ("heads", 3.into()),
        ("mode", "async".into()),
        ("operation", "ababab".into()),
        ("peer", "192.0.2.7:4711".into()),
    ] {
        assert_eq!(line[key], value, "{key} in {text}");
    }
}

#[test]
fn a_human_line_says_the_same() {
    let text = logged(LogFormat::Human, "", record_one);
    assert_eq!(text.lines().count(), 1);
    for part in [
        " INFO ",
        "access: protocol=\"h2\"",
        " status=202 seconds=1.500999 ",
        "operation=\"ababab\"",
        "peer=192.0.2.7:4711",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

/// S-03: what a client or an origin says cannot make lines, nor move a cursor.
#[test]
fn s_03_no_text_of_others_leaves_its_line() {
    let text = logged(LogFormat::Human, "", || {
        let evil = "a\u{1b}[2J\nb\u{9b}\u{e9}";
        tracing::info!(quoted = evil, shown = %evil, "{evil}");
    });
    assert_eq!(text.lines().count(), 1);
    assert!(text.contains("a\\u{1b}[2J\\nb\\u{9b}\u{e9}"), "{text}");
    assert!(!text.trim_end().contains(char::is_control), "{text}");

    let text = logged(LogFormat::Human, "", || {
        let evil = "a\u{2028}b\u{202e}c";
        tracing::info!(quoted = evil, shown = %evil, "{evil}");
    });
    assert_eq!(text.matches("a\\u{2028}b\\u{202e}c").count(), 3, "{text}");
}

#[test]
fn directives_choose_what_is_logged() {
    let both = || {
        record_one();
        tracing::debug!("details");
    };
    assert_eq!(logged(LogFormat::Human, "", both).lines().count(), 1);
    assert_eq!(logged(LogFormat::Human, "debug", both).lines().count(), 2);
    assert_eq!(logged(LogFormat::Human, "info,access=off", both), "");
}

#[test]
fn broken_directives_name_the_variable() {
    let error = filter("info,access=loud").unwrap_err().to_string();
    assert!(error.starts_with("PROGRESS_GATEWAY_LOG: "), "{error}");
}
