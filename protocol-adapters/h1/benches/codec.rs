//! What the codec costs: one request in, one response out.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, criterion_group, criterion_main};
use downstream::Limits;
use h1_adapter::chunk::{ChunkDecoder, Decoded};
use h1_adapter::encode::{self, Length, Manner, Persistence};
use h1_adapter::head::{ResponseLimits, parse_request, parse_response};
use http::StatusCode;
use progress_core::interim::InterimHead;

const SMALL: &[u8] = b"GET /small HTTP/1.1\r\nHost: api.example\r\nUser-Agent: h2load\r\n\r\n";

const BROWSER: &[u8] = b"GET /reports/2026/11?format=html&lang=en HTTP/1.1\r\nHost: api.example\r\n\
    Connection: keep-alive\r\nsec-ch-ua: \"Chromium\";v=\"156\"\r\nsec-ch-ua-mobile: ?0\r\n\
    sec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\nPriority: u=0, i\r\n\r\n";

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
    Content-Type: text/plain\r\nContent-Length: 13\r\nConnection: keep-alive\r\nETag: \"abc\"\r\n\
    Accept-Ranges: bytes\r\n\r\n";

fn codec(c: &mut Criterion) {
    let limits = Limits::default();
    for (name, octets) in [("small", SMALL), ("browser", BROWSER)] {
        c.bench_function(&format!("parse_request/{name}"), |b| {
            b.iter(|| parse_request(black_box(octets), &limits));
        });
    }
    let response_limits = ResponseLimits::default();
    c.bench_function("parse_response", |b| b.iter(|| parse_response(black_box(RESPONSE), &response_limits)));

    let mut out = Vec::with_capacity(4096);
    let (request, _) = parse_request(BROWSER, &limits).unwrap().unwrap();
    let target = request.target.to_string();
    c.bench_function("encode/request_head", |b| {
        b.iter(|| {
            out.clear();
            encode::request_head(&mut out, &request.method, black_box(&target), &request.fields);
        });
    });
    let (response, _) = parse_response(RESPONSE, &response_limits).unwrap().unwrap();
    let manner = Manner { length: Length::Exactly(13), persistence: Persistence::KeepAlive };
    c.bench_function("encode/response_head", |b| {
        b.iter(|| {
            out.clear();
            encode::response_head(&mut out, StatusCode::OK, black_box(&response.fields), manner);
        });
    });
    let heartbeat = InterimHead::heartbeat();
    c.bench_function("encode/heartbeat", |b| {
        b.iter(|| {
            out.clear();
            encode::interim_head(&mut out, black_box(&heartbeat));
        });
    });
    let mut chunks = Vec::new();
    for _ in 0..16 {
        encode::chunk(&mut chunks, &Bytes::from_static(&[b'x'; 1000]));
    }
    encode::last_chunk(&mut chunks, None);
    c.bench_function("chunk/decode_16x1000", |b| {
        b.iter(|| {
            let mut buf = BytesMut::from(&chunks[..]);
            let mut decoder = ChunkDecoder::new();
            while let Ok(Decoded::Data(data)) = decoder.decode(&mut buf) {
                black_box(data);
            }
        });
    });
}

criterion_group!(benches, codec);
criterion_main!(benches);
