//! Catalogue 2.1: what is refused, with which status, and that nothing of it is forwarded; and
//! what must go through.

use downstream::Limits;

use crate::script::{Bench, Scripted};

const OK: u16 = 200;

/// Octets, the status of the last response before the connection ends.
type Row = (&'static str, &'static [u8], u16);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("H1-01", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", 400),
    ("H1-02", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nA\r\n0\r\n\r\n", 400),
    ("H1-03", b"OPTIONS / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n0\r\n\r\n", OK),
    ("H1-04", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", OK),
    ("H1-05 twice", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nA", 400),
    ("H1-05 list", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 0\r\n\r\n", 400),
    ("H1-06", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nAB", 400),
    ("H1-07", b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("H1-08 +0", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n", 400),
    ("H1-08 0x0", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x0\r\n\r\n", 400),
    ("H1-08 -1", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    ("H1-08 1_0", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\n", 400),
    ("H1-08 0 0", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0 0\r\n\r\n", 400),
    ("H1-08 empty", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", 400),
    ("H1-08 20 digits", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n", 400),
    ("H1-08 u64", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", 400),
    ("H1-08 zeros", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 00000000000000000001\r\n\r\nA", 400),
    ("H1-09 xchunked", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501),
    ("H1-09 identity", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 501),
    ("H1-09 gzip, chunked", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ("H1-09 chunked, gzip", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400),
    ("H1-09 ,chunked", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", 400),
    ("H1-09 chunked,", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", 400),
    ("H1-09 doubled", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    ("H1-09 vt", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    ("H1-09 ff", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \xffchunked\r\n\r\n0\r\n\r\n", 400),
    ("H1-09 two lines", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("H1-09 empty", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n", 400),
    ("H1-10 all", b"GET / HTTP/1.1\nHost: a\n\n", 400),
    ("H1-10 field", b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    ("H1-10 end", b"GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
    ("H1-11 value", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
    ("H1-11 end", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n", 400),
    ("H1-12 space", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
    ("H1-12 tab", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n", 400),
    ("H1-12 first", b"GET / HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n", 400),
    ("H1-13 before colon", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    ("H1-13 inside", b"GET / HTTP/1.1\r\nHost: a\r\nX Y: a\r\n\r\n", 400),
    ("H1-13 empty", b"GET / HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n", 400),
    ("H1-13 no colon", b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400),
    ("H1-14 NUL value", b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400),
    ("H1-14 01 value", b"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400),
    ("H1-14 7f value", b"GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400),
    ("H1-14 NUL name", b"GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n", 400),
    ("H1-14 NUL target", b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-14 tab target", b"GET /\t HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-15 value", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: \xa0\x85\xff\r\n\r\n", OK),
    ("H1-15 host", b"GET / HTTP/1.1\r\nHost: \xa0a\r\n\r\n", 400),
    ("H1-15 prefer", b"GET / HTTP/1.1\r\nHost: a\r\nPrefer: wait=1\xa0\r\n\r\n", 400),
    ("H1-15 progress", b"GET / HTTP/1.1\r\nHost: a\r\nProgress: \xff\r\n\r\n", 400),
    ("H1-15 length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \xa01\r\n\r\nA", 400),
    ("H1-16 empty", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\n\r\n", 400),
    ("H1-16 ;", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n;\r\n\r\n", 400),
    ("H1-16 0x0", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n", 400),
    ("H1-16 0_0", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0_0\r\n\r\n", 400),
    ("H1-16 -0", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-0\r\n\r\n", 400),
    ("H1-16 blank", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n 0\r\n\r\n", 400),
    ("H1-16 17 digits", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n00000000000000000\r\n\r\n", 400),
    ("H1-16 no line end", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1these-bytes", 400),
    ("H1-17 any", b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1;a;b=c ; d=\"e\\\"\"\r\nA\r\n0;z\r\n\r\n", OK),
    ("H1-17 LF", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\nA\r\n0\r\n\r\n", 400),
    ("H1-17 NUL", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\"\0\"\r\nA\r\n0\r\n\r\n", 400),
    ("H1-17 quoted CR", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\"\r\n\"\r\nA\r\n0\r\n\r\n", 400),
    ("H1-18 LF", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\n0\r\n\r\n", 400),
    ("H1-18 CR CR", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\r0\r\n\r\n", 400),
    ("H1-18 none", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nAB\r\n0\r\n\r\n", 400),
    ("H1-19", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\n\n", 400),
    ("H1-19 second", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\n", 400),
    ("H1-20 forbidden", b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\nHost: b\r\n\r\n", OK),
    ("H1-20 malformed", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX : 5\r\n\r\n", 400),
    ("H1-22", b"GET http://b/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", OK),
    ("H1-22 no host", b"GET http://b/x HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
    ("H1-22 user", b"GET http://u@b/x HTTP/1.1\r\nHost: b\r\n\r\n", 400),
    ("H1-22 scheme", b"GET ftp://b/x HTTP/1.1\r\nHost: b\r\n\r\n", 400),
    ("H1-23 none", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("H1-23 none in 1.0", b"GET / HTTP/1.0\r\n\r\n", OK),
    ("H1-23 two", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    ("H1-23 two in 1.0", b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("H1-23 user", b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    ("H1-23 blank", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("H1-23 #", b"GET / HTTP/1.1\r\nHost: a#b\r\n\r\n", 400),
    ("H1-23 /", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ("H1-23 NUL", b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 400),
    ("H1-23 port", b"GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", 400),
    ("H1-23 big port", b"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
    ("H1-23 empty", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    ("H1-24", b"GET /\r\n\r\n", 400),
    ("H1-24 line only", b"GET /\r\n", 400),
    ("H1-25 1.2", b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400),
    ("H1-25 2.0", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    ("H1-25 0.9", b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
    ("H1-25 1.10", b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
    ("H1-25 lower", b"GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-25 two blanks", b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-26", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("H1-27", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", OK),
    ("H1-29 other", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: y 100-continue\r\n\r\n", 417),
    ("H1-29 list", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue, x\r\n\r\n", 417),
    ("H1-29 no content", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n", OK),
    ("H1-32 odd", b"b!z-T HTTP/1.1\r\n\r\n", 400),
    ("H1-32 lower", b"get / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", OK),
    ("H1-32 long", b"AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDD / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-32 token", b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-32 CONNECT", b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("H1-32 TRACE", b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("H1-33 fragment", b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-33 non-ASCII", b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-33 no slash", b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-33 * GET", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-33 * OPTIONS", b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", OK),
    ("H1-34 two", b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", OK),
    ("H1-34 three", b"\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-34 LF", b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("H1-35 authorization", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Authorization\r\nAuthorization: x\r\n\r\n", 400),
    ("H1-35 prefer", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Prefer\r\n\r\n", 400),
    ("H1-35 forwarded", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Forwarded-For\r\n\r\n", 400),
    ("H1-35 other", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n\r\n", OK),
    ("H1-37", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ("H1-38", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", 413),
];

#[tokio::test(start_paused = true)]
async fn every_row_of_the_catalogue_is_answered_as_promised() {
    for (row, octets, status) in ROWS {
        let bench = Bench::new(Scripted::echo());
        let answer = bench.talk(octets).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{row}: {answer:?}");
        assert!(answer.contains("\r\nConnection: close\r\n"), "{row}: {answer:?}");
        let log = bench.handler.log.lock().unwrap();
        // Content can only be found wrong once it is read; everything else never gets that far.
        let late = ["H1-16", "H1-17", "H1-18", "H1-19", "H1-20"].iter().any(|id| row.starts_with(id));
        assert_eq!(log.opened.len(), usize::from(*status == OK || late), "{row}: {log:?}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{row}: {answer:?}");
    }
}

/// H1-28, and the same for one octet below.
#[tokio::test(start_paused = true)]
async fn h1_28_heads_that_are_too_large_or_too_many() {
    let limits = Limits::default();
    let fields = |count: usize| {
        let lines = (0..count).map(|n| format!("X-{n}: y\r\n")).collect::<Vec<_>>().concat();
        format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n")
    };
    let target = |size: usize| {
        format!("GET /{} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "x".repeat(size - 1))
    };
    let head = |size: usize| {
        let rest = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: \r\n\r\n".len();
        format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: {}\r\n\r\n", "x".repeat(size - rest))
    };
    let rows = [
        (fields(limits.head_fields - 2), 200),
        (fields(limits.head_fields - 1), 431),
        (fields(1000), 431),
        (target(limits.target_size), 200),
        (target(limits.target_size + 1), 414),
        (target(60 * 1024), 414),
        (head(limits.head_size), 200),
        (head(limits.head_size + 1), 431),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{}: x\r\n\r\n", "n".repeat(8 * 1024)), 431),
        // Never ends: the memory it takes is bounded all the same.
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(64 * 1024)), 431),
        ("x".repeat(64 * 1024), 400),
        (format!("GET /{}", "x".repeat(64 * 1024)), 414),
    ];
    for (octets, status) in rows {
        let answer = Bench::new(Scripted::echo()).talk(octets.as_bytes()).await;
        let row = &octets[..octets.len().min(40)];
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{row}: {answer:?}");
    }
}

/// H1-17: extensions are a way to send a lot for nothing.
#[tokio::test(start_paused = true)]
async fn h1_17_the_extensions_of_one_content_are_bounded_together() {
    let chunk = format!("1;{}\r\nA\r\n", "x".repeat(1000));
    let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (chunks, status) in [(16, 200), (17, 400)] {
        let octets = format!("{head}{}0\r\n\r\n", chunk.repeat(chunks));
        let answer = Bench::new(Scripted::echo()).talk(octets.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{chunks}: {answer:?}");
    }
}

/// H1-38: the limit holds for content of unknown length too.
#[tokio::test(start_paused = true)]
async fn h1_38_chunked_content_that_grows_too_large_is_413() {
    let octets = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n";
    let mut bench = Bench::new(Scripted::echo());
    bench.limits.body_size = 9;
    let answer = bench.talk(octets.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer:?}");
    assert!(answer.contains("\r\nConnection: close\r\n"), "{answer:?}");
}
