//! What it costs to read and write the fields. `cargo bench -p progress-core --bench fields`.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue};
use progress_core::language::LanguageTag;
use progress_core::prefer::{self, Honoured, Preferences};
use progress_core::progress::{Dialect, Fraction, Grammar, Label, Progress, Reported};
use progress_core::status_uri::StatusPairs;
use progress_core::trace_context::{self, Fresh, SpanId, TraceId};

fn progress(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("progress");
    let values: [(&str, &[u8]); 3] = [
        ("parse a comment", b"3/10 (message)"),
        ("parse an ext-value", b"13/13 UTF-8'de'Gr%C3%B6%C3%9Fe%20pr%C3%BCfen"),
        ("parse a step", b"3/20 \"POST http://example.com/item/3\" 8020/8591489 (bytes)"),
    ];
    for (name, value) in values {
        group.bench_function(name, |bencher| {
            bencher.iter(|| Progress::parse(black_box(value), Grammar::Lenient));
        });
    }
    let many = format!("1/2{}", " (a)".repeat(2000));
    group.bench_function("parse 2,000 remarks", |bencher| {
        bencher.iter(|| Progress::parse(black_box(many.as_bytes()), Grammar::Lenient));
    });

    let point = |text: &str, language: Option<LanguageTag>| Reported {
        label: Label::sanitized(text, language),
        ..Reported::of_fraction(Fraction { completed: 3, total: Some(10) })
    };
    let points = [
        ("print a bare fraction", point("", None)),
        ("print a comment", point("message", None)),
        ("print an ext-value", point("Größe prüfen", LanguageTag::parse("de"))),
    ];
    for (name, point) in points {
        group.bench_function(name, |bencher| bencher.iter(|| black_box(&point).print(Dialect::Comment)));
    }
    let last = point("message", None);
    group.bench_function("parse and succeed", |bencher| {
        bencher.iter(|| {
            let parsed = Progress::parse(black_box(b"4/10 (message)"), Grammar::Lenient);
            parsed.map(|parsed| Reported::from_progress(&parsed).succeed(Some(&last)))
        });
    });
    group.finish();
}

fn neighbours(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("prefer");
    let requests = [
        ("read nothing", None),
        ("read one", Some(HeaderValue::from_static("processing"))),
        ("read four", Some(HeaderValue::from_static("processing, progress, respond-async, wait=20"))),
        ("read a bomb", HeaderValue::try_from("x=\"y\",".repeat(2000)).ok()),
    ];
    for (name, value) in requests {
        let headers: HeaderMap = value.map(|value| (prefer::FIELD, value)).into_iter().collect();
        group.bench_function(name, |bencher| bencher.iter(|| Preferences::from_headers(black_box(&headers))));
    }
    let headers: HeaderMap =
        [(prefer::FIELD, HeaderValue::from_static("processing, respond-async, wait=20"))]
            .into_iter()
            .collect();
    group.bench_function("forward", |bencher| {
        let honoured = Honoured { respond_async: true, wait: true };
        bencher.iter(|| Preferences::forwarded(black_box(&headers), honoured));
    });
    group.finish();

    let value: &[u8] = b"507 <http://example.com/photo/41>, 200 <http://example.com/a,b>";
    criterion.bench_function("status-uri parse two pairs", |bencher| {
        bencher.iter(|| StatusPairs::parse(black_box(value)));
    });
}

/// What each request pays for its trace, beside the eight fields that it has anyway.
fn traces(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("trace context");
    let fresh = Fresh {
        trace: TraceId::new([0xab; 16]).expect("not zero"),
        span: SpanId::new([0xcd; 8]).expect("not zero"),
    };
    let names = ["host", "accept", "user-agent", "cookie", "origin", "referer", "x-one", "x-two"];
    let plain: HeaderMap = names
        .iter()
        .map(|name| (name.parse().expect("a name"), HeaderValue::from_static("a value")))
        .collect();
    let mut traced = plain.clone();
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    traced.insert(trace_context::TRACEPARENT, HeaderValue::from_static(parent));
    traced.insert(
        trace_context::TRACESTATE,
        HeaderValue::from_static("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"),
    );
    for (name, fields) in [("begin", plain), ("go on", traced)] {
        group.bench_function(name, |bencher| {
            let of_one = || fields.clone();
            let pass_on = |mut fields: HeaderMap| {
                trace_context::pass_on(&mut fields, black_box(fresh));
                fields
            };
            bencher.iter_batched(of_one, pass_on, BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group!(benches, progress, neighbours, traces);
criterion_main!(benches);
