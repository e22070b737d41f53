//! What it costs to read and write the fields. `cargo bench -p progress-core --bench fields`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue};
use progress_core::language::LanguageTag;
use progress_core::prefer::{self, Honoured, Preferences};
use progress_core::progress::{Dialect, Fraction, Grammar, Label, Progress, Reported};
use progress_core::status_uri::StatusPairs;

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
        fraction: Fraction { completed: 3, total: Some(10) },
        unit: None,
        label: Label::sanitized(text, language),
        step: None,
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

criterion_group!(benches, progress, neighbours);
criterion_main!(benches);
