use std::sync::{Arc, Mutex};
use std::time::Duration;

use downstream::Protocol;
use http::{Method, StatusCode};
use progress_core::operation::OperationId;
use progress_core::trace_context::TraceId;

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

/// An entry that knows everything.
fn whole() -> Entry<'static> {
    Entry {
        protocol: Protocol::H2,
        method: &Method::POST,
        route: "reports",
        status: StatusCode::CREATED,
        elapsed: Duration::from_nanos(61_500_999_999),
        bytes: 512,
        heads: 3,
        suppressed: 7,
        acknowledged: Some(2),
        mode: Mode::Interim,
        upstream: Some(Duration::from_nanos(61_250_000_999)),
        operation: Some(OperationId::from_random([0xab; OperationId::SIZE])),
        trace: TraceId::new(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes()),
        peer: "192.0.2.7:4711".parse().unwrap(),
    }
}

/// An entry of a request that nobody but the gateway has answered.
fn bare() -> Entry<'static> {
    Entry {
        protocol: Protocol::Http10,
        method: &Method::GET,
        route: "none",
        status: StatusCode::NOT_FOUND,
        elapsed: Duration::from_micros(250),
        bytes: 0,
        heads: 0,
        suppressed: 0,
        acknowledged: None,
        mode: Mode::Plain,
        upstream: None,
        operation: None,
        trace: None,
        peer: "[2001:db8::7]:4711".parse().unwrap(),
    }
}

fn record_one() {
    access_log::record(&whole());
}

/// A line without its time, which stands in it once.
fn timeless(line: &str, before: &str, after: &str) -> String {
    let (start, rest) = line.split_once(before).expect("a time begins");
    let (time, end) = rest.split_once(after).expect("a time ends");
    let time: jiff::Timestamp = time.parse().expect("a time as in RFC 3339");
    assert!(time > jiff::Timestamp::UNIX_EPOCH);
    format!("{start}{end}")
}

#[test]
fn s_03_an_access_line_is_one_json_object_without_the_capability() {
    for (entry, expected) in [
        (
            whole(),
            concat!(
                r#"{"level":"INFO","protocol":"h2","method":"POST","route":"reports","status":201,"#,
                r#""seconds":61.500999,"bytes":512,"heads":3,"suppressed":7,"acknowledged":2,"#,
                r#""mode":"interim","upstream_seconds":61.25,"operation":"ababab","#,
                r#""trace":"0af7651916cd43dd8448eb211c80319c","peer":"192.0.2.7:4711","#,
                r#""target":"access"}"#,
            ),
        ),
        (
            bare(),
            concat!(
                r#"{"level":"INFO","protocol":"http10","method":"GET","route":"none","status":404,"#,
                r#""seconds":0.00025,"bytes":0,"heads":0,"suppressed":0,"mode":"plain","#,
                r#""peer":"[2001:db8::7]:4711","target":"access"}"#,
            ),
        ),
    ] {
        let text = logged(LogFormat::Json, "", || access_log::record(&entry));
        assert_eq!(timeless(&text, r#""timestamp":""#, r#"","#), format!("{expected}\n"));
    }
}

#[test]
fn s_03_a_human_line_says_the_same() {
    for (entry, expected) in [
        (
            whole(),
            concat!(
                r#"INFO access: protocol="h2" method="POST" route="reports" status=201 "#,
                r#"seconds=61.500999 bytes=512 heads=3 suppressed=7 acknowledged=2 mode="interim" "#,
                r#"upstream_seconds=61.25 operation="ababab" "#,
                r#"trace=0af7651916cd43dd8448eb211c80319c peer=192.0.2.7:4711"#,
            ),
        ),
        (
            bare(),
            concat!(
                r#"INFO access: protocol="http10" method="GET" route="none" status=404 "#,
                r#"seconds=0.00025 bytes=0 heads=0 suppressed=0 mode="plain" peer=[2001:db8::7]:4711"#,
            ),
        ),
    ] {
        let text = logged(LogFormat::Human, "", || access_log::record(&entry));
        assert_eq!(timeless(&text, "", " ").trim_start(), format!("{expected}\n"));
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
