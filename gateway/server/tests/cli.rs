//! The program as a user meets it: what it prints where, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_progress-gateway"));
    // What the developer has set must not change what is tested.
    command.env_remove("PROGRESS_GATEWAY_LOG").env_remove("TOKIO_WORKER_THREADS").stdin(Stdio::null());
    command
}

/// Exit code, standard output, standard error.
type Told = (Option<i32>, String, String);

fn told(output: Output) -> Told {
    let text = |octets| String::from_utf8(octets).expect("it prints text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn run(arguments: &[&str]) -> Told {
    told(program().args(arguments).output().expect("the program can be started"))
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("there is room for a file");
    path
}

const VALID: &str = r#"
public-url = "https://api.example"

[[listeners]]
address = "127.0.0.1:0"

[[upstreams]]
name    = "reports"
servers = ["http://127.0.0.1:9"]

[[routes]]
name     = "reports"
upstream = "reports"

[routes.progress]
"#;

#[test]
fn help_and_version_are_answers() {
    let (code, out, err) = run(&["--help"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    for command in ["run", "check", "demo", "schema", "request", "--log-format"] {
        assert!(out.contains(command), "{command} is missing: {out}");
    }
    let (code, out, err) = run(&["--version"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out.trim(), concat!("progress-gateway ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn bad_usage_ends_with_2_and_says_what_is_wrong() {
    for (arguments, complaint) in [
        (&[][..], "Usage:"),
        (&["--bogus"], "--bogus"),
        (&["walk"], "walk"),
        (&["check"], "--config"),
        (&["--log-format", "yaml", "schema"], "yaml"),
        (&["run", "--config", "a.toml", "--listen", "127.0.0.1:0"], "cannot be used with"),
        (&["run", "--listen", "nowhere", "--upstream", "http://127.0.0.1:9"], "nowhere"),
        (&["run", "--tls", "none", "--upstream", "http://127.0.0.1:9"], "self-signed"),
        (&["run"], "--upstream: is missing"),
        (&["run", "--upstream", "ftp://127.0.0.1"], "--upstream: "),
        (&["demo", "--twice"], "--twice"),
    ] {
        let (code, out, err) = run(arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
        assert!(err.contains(complaint), "{arguments:?}: {err}");
    }
}

#[test]
fn check_says_that_a_file_is_right() {
    let path = file("valid.toml", VALID);
    let path = path.to_str().expect("it is text");
    let (code, out, err) = run(&["check", "--config", path]);
    assert_eq!((code, out, err.as_str()), (Some(0), format!("{path}: ok\n"), ""));
}

#[test]
fn check_says_everything_that_is_wrong_one_line_each() {
    let wrong = VALID.replace("upstream = \"reports\"", "upstream = \"report\"\nfast = true");
    let path = file("wrong.toml", &format!("status-path = \"nowhere\"\n{wrong}"));
    let path = path.to_str().expect("it is text");
    let (code, out, err) = run(&["check", "--config", path]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    let lines: Vec<_> = err.lines().collect();
    assert_eq!(lines.len(), 3, "{err}");
    for (line, (place, key)) in lines.iter().zip([
        ("1:15", "status-path"),
        ("14:12", "routes[0].upstream"),
        ("15:1", "routes[0].fast"),
    ]) {
        let start = format!("{path}:{place}: {key}: ");
        assert!(line.starts_with(&start) && line.len() > start.len(), "{start} expected: {line}");
    }

    // `run` says the same.
    let (code, _, same) = run(&["run", "--config", path]);
    assert_eq!((code, same), (Some(2), err));
}

#[test]
fn a_file_that_is_not_there_is_bad_configuration() {
    for command in ["check", "run"] {
        let (code, out, err) = run(&[command, "--config", "/nonexistent/gateway.toml"]);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(err.starts_with("/nonexistent/gateway.toml: "), "{err}");
    }
}

#[test]
fn the_schema_is_json_and_nothing_else() {
    let (code, out, err) = run(&["schema"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let schema: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut child = piped(program().arg("schema"));
    drop(child.stdout.take());
    let (code, _, err) = told(child.wait_with_output().expect("it ends"));
    assert_eq!((code, err.as_str()), (Some(0), ""));
}

#[test]
fn an_address_that_is_taken_ends_with_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let address = taken.local_addr().expect("it has an address").to_string();
    let (code, out, err) = run(&["run", "--listen", &address, "--upstream", "http://127.0.0.1:9"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    let complaint = format!("progress-gateway: {address}: cannot listen (tcp): ");
    assert!(err.contains(&complaint), "{err}");
}

#[test]
fn a_number_of_threads_that_is_none_is_bad_usage() {
    let mut command = program();
    command.args(["run", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:9"]);
    let (code, _, err) = told(command.env("TOKIO_WORKER_THREADS", "none").output().expect("it ends"));
    assert_eq!(code, Some(2));
    assert!(err.contains("progress-gateway: TOKIO_WORKER_THREADS: "), "{err}");
}

#[test]
fn a_gateway_serves_until_it_is_stopped_and_logs_json() {
    let arguments =
        ["--log-format", "json", "run", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:9"];
    let mut child = piped(program().args(arguments));
    let mut log = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let mut event = || {
        let line = log.next().expect("the log goes on").expect("it is text");
        serde_json::from_str::<Value>(&line).expect(&line)
    };
    let serving = std::iter::repeat_with(&mut event).find(|event| event["message"] == "serving");
    let address = serving.expect("it says so")["address"].as_str().expect("it says where").to_owned();

    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 502 "), "nobody listens upstream: {answer}");

    signal(&child, "TERM");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let rest: Vec<Value> =
        log.map(|line| serde_json::from_str(&line.expect("text")).expect("JSON")).collect();
    assert!(rest.iter().any(|event| event["message"] == "drained"), "{rest:?}");
}

#[test]
fn a_demo_that_is_stopped_before_its_end_has_not_succeeded() {
    let mut child = piped(program().arg("demo"));
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut shown = String::new();
    while !shown.contains("HTTP/1.0  POST") {
        assert_ne!(out.read_line(&mut shown).expect("it is text"), 0, "the tour does not begin: {shown}");
    }
    signal(&child, "INT");
    out.read_to_string(&mut shown).expect("it ends");
    let (code, _, err) = told(child.wait_with_output().expect("it ends"));
    assert_eq!((code, err.as_str()), (Some(1), "progress-gateway: stopped before the tour was over\n"));
    let files = shown.lines().find_map(|line| line.trim().strip_prefix("files")).expect("it says where");
    let folder = files.split_whitespace().next().expect("it says where");
    assert!(!PathBuf::from(folder).exists(), "{folder} is left behind");
}

fn piped(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started")
}

fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("there is a shell").success(), "{kill}");
}
