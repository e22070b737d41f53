use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use progress_core::document::{RequestSummary, Times};
use progress_core::event::{Failure, Outcome, ProgressEvent, ResponseSummary};
use progress_core::operation::Operation;
use progress_core::progress::{Grammar, Progress, Reported};
use progress_core::status_uri::StatusPair;

use super::super::spool::Spooled;
use super::*;
use crate::{Content, RequestKey, Sequel, StoredRequest, StoredResponse};

fn key() -> Key {
    Key { sequence: 7, id: OperationId::from_random([9; 16]) }
}

fn results() -> Arc<Path> {
    Path::new("results").into()
}

/// A record with everything in it that a record can have.
fn record(outcome: Outcome, content: Content) -> Record {
    let mut operation = Operation::new();
    for value in [
        "3/10 (copying files) 2/8 (bytes)",
        "4/ \"reading\"",
        "5/ utf-8'en'packing utf-8'de'packe utf-8'fr'emballe",
    ] {
        let progress = Progress::parse(value.as_bytes(), Grammar::Lenient).unwrap();
        operation.apply(ProgressEvent::Progress(Reported::from_progress(&progress)));
    }
    operation.apply(ProgressEvent::SubResult(StatusPair { status: 404, uri: "/part".into() }));
    let last = operation.snapshot().progress.as_ref().unwrap().reported.translations.as_ref();
    assert_eq!(last.unwrap().texts().len(), 2, "the last one is in three languages");
    operation.finish(outcome);
    let mut fields = HeaderMap::new();
    fields.append("link", HeaderValue::from_static("</a>; rel=next"));
    fields.append("link", HeaderValue::from_bytes(b"\xFF opaque").unwrap());
    let at = Timestamp::new(1_800_000_000, 123_456_789).unwrap();
    Record {
        id: key().id,
        route: "reports".into(),
        owner: Some([3; 32]),
        request: Arc::new(RequestSummary::new(Method::POST, "https://a.example", "/reports?x=1")),
        snapshot: Arc::clone(operation.snapshot()),
        times: Times { create: at, update: at, end: Some(at), expire: Some(at) },
        response: Some(Arc::new(StoredResponse { status: StatusCode::CREATED, fields, content })),
        key: Some(RequestKey { digest: [4; 32], fingerprint: Some([6; 32]) }),
        sequel: Sequel::Call { until: at },
    }
}

/// A request with several lines of a field, and content that is no text.
fn request() -> Sequel {
    let mut fields = HeaderMap::new();
    fields.append("cookie", HeaderValue::from_static("a=1"));
    fields.append("authorization", HeaderValue::from_bytes(b"Bearer \xC3\xBC").unwrap());
    fields.append("cookie", HeaderValue::from_static("b=2"));
    let content = Bytes::from((0..=255).collect::<Vec<u8>>());
    let (method, target) = (Method::from_bytes(b"REPORT").unwrap(), "/reports?x=%20&y".to_owned());
    Sequel::Resend(Arc::new(StoredRequest { method, target, fields, content }))
}

/// A record of an operation that has not ended.
fn running(key: Option<RequestKey>, sequel: Sequel) -> Record {
    let mut record = record(Outcome::Canceled, Content::NotKept);
    record.snapshot = Arc::clone(Operation::new().snapshot());
    (record.times.end, record.times.expire, record.response) = (None, None, None);
    Record { key, sequel, ..record }
}

fn responded() -> Outcome {
    Outcome::Responded(ResponseSummary {
        status: StatusCode::CREATED,
        location: Some("/reports/1".into()),
        content_type: None,
        content_length: 6,
    })
}

fn failed() -> Outcome {
    Outcome::Failed(Failure {
        code: "Interrupted",
        message: "The gateway was restarted.",
        status: StatusCode::BAD_GATEWAY,
        problem: "interrupted",
    })
}

fn kept() -> Content {
    Content::Kept { pieces: vec![Bytes::from_static(b"all"), Bytes::from_static(b"done")], room: None }
}

/// Everything that a record tells, whatever pieces its content came in.
fn told(record: &Record) -> String {
    let content = record.response.as_ref().map(|response| match &response.content {
        Content::Kept { pieces, .. } => format!("{:?}", pieces.concat()),
        other => format!("{other:?}"),
    });
    let fields = record.response.as_ref().map(|response| (response.status, response.fields.clone()));
    let Record { id, route, owner, request, snapshot, times, key, .. } = record;
    format!("{id} {route} {owner:?} {request:?} {snapshot:?} {times:?} {key:?} {fields:?} {content:?}")
}

#[test]
fn what_is_written_is_read() {
    let spooled = Spooled::new(results(), SpoolName::from_bytes([5; 16]).unwrap(), 70_000);
    for (outcome, content) in
        [(responded(), kept()), (failed(), Content::NotKept), (Outcome::Canceled, Content::File(spooled))]
    {
        let record = record(outcome, content);
        let (row, written) = encode_record(key(), &record);
        let (read, summarized) = decode_record(key(), &row, &results()).unwrap().unwrap();
        assert_eq!(told(&read), told(&record));
        assert_eq!(read.sequel, record.sequel);
        assert_eq!(summarized, written);
        assert_eq!(summary(key(), &row), Ok(written));
    }
}

#[test]
fn every_key_and_sequel_is_read_as_it_was_written() {
    let until = Timestamp::new(1_900_000_000, 5).unwrap();
    let known = |fingerprint| Some(RequestKey { digest: [4; 32], fingerprint });
    for key_ in [None, known(None), known(Some([6; 32]))] {
        for sequel in [Sequel::Interrupted, Sequel::Canceled, Sequel::Call { until }, request()] {
            let record = running(key_, sequel);
            let (row, written) = encode_record(key(), &record);
            let (read, summarized) = decode_record(key(), &row, &results()).unwrap().unwrap();
            assert_eq!((read.key, read.owner, &read.sequel), (key_, Some([3; 32]), &record.sequel));
            assert_eq!(told(&read), told(&record));
            let stage = Stage::Running { octets: record.sequel.room() };
            let expected = Summary { stage, owner: Some([3; 32]), digest: key_.map(|key| key.digest) };
            assert_eq!([written, summarized, summary(key(), &row).unwrap()], [expected; 3]);
        }
    }
}

#[test]
fn a_summary_is_read_without_the_body() {
    let (row, written) = encode_record(key(), &running(record(Outcome::Canceled, kept()).key, request()));
    let cut = sealed(key(), row[..SUMMARY_END].to_vec());
    assert_eq!(summary(key(), &cut), Ok(written));
    assert!(decode_record(key(), &cut, &results()).is_err());
}

#[test]
fn a_tombstone_is_no_record() {
    for owner in [None, Some([3; 32])] {
        let row = encode_tombstone(key(), 12, owner);
        let stage = Stage::Tombstone { until: 12 };
        assert_eq!(summary(key(), &row), Ok(Summary { stage, owner, digest: None }));
        assert!(decode_record(key(), &row, &results()).unwrap().is_none());
    }
}

#[test]
fn g_06_every_flipped_bit_and_every_cut_is_found_out() {
    for record in [record(responded(), kept()), running(None, request())] {
        let (row, _) = encode_record(key(), &record);
        for bit in 0..row.len() * 8 {
            let mut flipped = row.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_record(key(), &flipped, &results()).is_err(), "bit {bit}");
            assert!(summary(key(), &flipped).is_err(), "bit {bit}");
        }
        for length in 0..row.len() {
            assert!(decode_record(key(), &row[..length], &results()).is_err(), "cut to {length}");
        }
    }
}

#[test]
fn g_06_a_row_below_anothers_key_is_found_out() {
    let (row, _) = encode_record(key(), &record(responded(), kept()));
    let other = Key { sequence: 8, ..key() };
    assert_eq!(summary(other, &row), Err(Unreadable));
}

#[test]
fn octets_with_a_right_checksum_are_not_trusted_either() {
    for record in [record(responded(), kept()), running(None, request())] {
        let (row, _) = encode_record(key(), &record);
        let body = &row[..row.len() - CHECKSUM];
        for at in 0..body.len() {
            for value in [0, 1, 2, 0x7F, 0xFF] {
                let mut changed = body.to_vec();
                changed[at] = value;
                // Any answer will do but a panic, or memory without bound.
                let _ = decode_record(key(), &sealed(key(), changed), &results());
            }
            let _ = decode_record(key(), &sealed(key(), body[..at].to_vec()), &results());
        }
    }
}

#[test]
fn times_are_rounded_up_so_that_nothing_expires_early() {
    let at = |second, nanosecond| milliseconds(Timestamp::new(second, nanosecond).unwrap());
    assert_eq!(at(1, 0), 1_000);
    assert_eq!(at(1, 1), 1_001);
    assert_eq!(at(1, 999_999), 1_001);
}
