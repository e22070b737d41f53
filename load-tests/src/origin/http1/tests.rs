//! The origin over HTTP/1.1, byte for byte.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytesize::ByteSize;

use crate::origin::Running;
use crate::origin::content::fill;
use crate::scenario::{Fault, Framing, Job, Origin};

const GET: &[u8] = b"GET /jobs/a HTTP/1.1\r\nHost: o\r\n\r\n";

fn running(job: Job) -> Running {
    let origin = Origin { jobs: vec![job], ..Origin::default() };
    Running::start(&origin, 1).expect("an origin")
}

fn quick(steps: u32) -> Job {
    Job { steps, every: Duration::from_millis(1), ..Job::default() }
}

fn connected(origin: &Running) -> TcpStream {
    let stream = TcpStream::connect(origin.address()).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    stream
}

/// All that comes back on a connection of its own, and how it ended.
fn exchange(origin: &Running, request: &[u8]) -> (String, Result<(), ErrorKind>) {
    let mut stream = connected(origin);
    stream.write_all(request).expect("written");
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).map(drop).map_err(|error| error.kind());
    (String::from_utf8_lossy(&answer).into_owned(), end)
}

fn content(path: &str, length: usize) -> Vec<u8> {
    let mut content = vec![0; length];
    fill(path, 0, &mut content);
    content
}

#[test]
fn steps_are_told_and_the_content_follows() {
    let origin = running(Job {
        hints: 1,
        label: Some("part".to_owned()),
        content: ByteSize::b(300_000),
        status: 201,
        ..quick(3)
    });
    let mut stream = connected(&origin);
    stream.write_all(b"GET /a HTTP/1.1\r\nHost: o\r\nConnection: close\r\n\r\n").expect("written");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let head = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n\
        HTTP/1.1 102 Processing\r\nProgress: 1/3 \"part\"\r\n\r\n\
        HTTP/1.1 102 Processing\r\nProgress: 2/3 \"part\"\r\n\r\n\
        HTTP/1.1 201 Created\r\nContent-Length: 300000\r\nload-octets: 300000\r\n\
        Content-Type: application/octet-stream\r\nConnection: close\r\n\r\n";
    assert!(answer.starts_with(head.as_bytes()), "{}", String::from_utf8_lossy(&answer[..400]));
    assert!(answer[head.len()..] == content("/a", 300_000));
    let counts = origin.counts();
    assert_eq!((counts.requests, counts.interim, counts.responses, counts.faults), (1, 3, 1, 0));
}

#[test]
fn a_connection_is_kept_whatever_the_request_had() {
    let origin = running(Job { content: ByteSize::b(5), framing: Framing::Chunked, ..quick(1) });
    let answers = |request: &[u8]| {
        let last = b"HEAD /jobs/a HTTP/1.1\r\nHost: o\r\nConnection: close\r\n\r\n";
        let (answer, end) = exchange(&origin, &[request, GET, last].concat());
        assert_eq!(end, Ok(()));
        assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3, "{answer}");
        assert_eq!(answer.matches("\r\n\r\n5\r\n").count(), 2, "{answer}");
        assert!(answer.ends_with("chunked\r\nConnection: close\r\n\r\n"), "{answer}");
        answer
    };
    answers(b"POST /jobs/a HTTP/1.1\r\nHost: o\r\nContent-Length: 4\r\n\r\n0000");
    let chunked =
        b"POST /jobs/a HTTP/1.1\r\nHost: o\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n\
        3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nTrailer: t\r\n\r\n";
    assert!(answers(chunked).starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"));
    assert_eq!(origin.counts().requests, 6);
}

#[test]
fn a_status_without_content_has_none() {
    let origin = running(Job { status: 204, content: ByteSize::b(5), ..quick(0) });
    let (answer, _) = exchange(&origin, b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!(answer, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

#[test]
fn faults_come_after_the_steps() {
    let told = "HTTP/1.1 102 Processing\r\nProgress: 1/2\r\n\r\n";
    let of = |fault| {
        let origin = running(Job { fault, content: ByteSize::b(10), ..quick(2) });
        let answer = exchange(&origin, GET);
        assert_eq!(origin.counts().faults, 1);
        assert_eq!(origin.counts().responses, 0);
        answer
    };
    // A reset may overtake what was sent before it.
    assert_eq!(of(Fault::Reset).1, Err(ErrorKind::ConnectionReset));
    assert_eq!(of(Fault::Close), (told.to_owned(), Ok(())));
    assert_eq!(of(Fault::Garbage), (format!("{told}this is not a head\r\n\r\n"), Ok(())));
    let (answer, end) = of(Fault::Truncate);
    let (head, sent) = answer.rsplit_once("\r\n\r\n").expect("a head");
    assert!(head.contains("\r\nContent-Length: 10\r\n"), "{head}");
    // Hashes seldom are UTF-8, but each invalid octet or sequence shows as at most one character.
    assert!(sent.chars().count() <= 5 && end == Ok(()), "{sent:?}");
}

#[test]
fn a_flood_comes_at_once_and_its_progress_never_falls() {
    let origin = running(Job { fault: Fault::Flood { heads: 5000 }, ..quick(2) });
    let (answer, _) = exchange(&origin, b"GET / HTTP/1.0\r\n\r\n");
    let told: Vec<u32> = answer
        .lines()
        .filter_map(|line| line.strip_prefix("Progress: ")?.strip_suffix("/5002")?.parse().ok())
        .collect();
    assert_eq!(told, (1..=5001).collect::<Vec<_>>());
    assert!(answer.contains("HTTP/1.1 200 OK"));
}

#[test]
fn a_job_ends_when_the_other_side_leaves() {
    let long = Job { steps: 1, every: Duration::from_secs(3600), ..Job::default() };
    for job in [long, Job { fault: Fault::Hang, ..quick(1) }] {
        let origin = running(job);
        let mut stream = connected(&origin);
        stream.write_all(GET).expect("written");
        while origin.counts().requests == 0 {
            std::thread::yield_now();
        }
        drop(stream);
        while origin.counts().connections > 0 {
            std::thread::yield_now();
        }
        assert_eq!(origin.counts().responses, 0);
    }
}
