use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use progress_core::document::{RequestSummary, Times};
use progress_core::event::{Failure, Outcome, ProgressEvent, ResponseSummary};
use progress_core::operation::Operation;
use progress_core::progress::{Grammar, Progress, Reported};
use progress_core::status_uri::StatusPair;

use super::super::spool::Spooled;
use super::*;
use crate::{Content, StoredResponse};

fn key() -> Key {
    Key { sequence: 7, id: OperationId::from_random([9; 16]) }
}

fn results() -> Arc<Path> {
    Path::new("results").into()
}

/// A record with everything in it that a record can have.
fn record(outcome: Outcome, content: Content) -> Record {
    let mut operation = Operation::new();
    for value in ["3/10 (copying files) 2/8 (bytes)", "4/ \"reading\"", "5/ utf-8'en'packing"] {
        let progress = Progress::parse(value.as_bytes(), Grammar::Lenient).unwrap();
        operation.apply(ProgressEvent::Progress(Reported::from_progress(&progress)));
    }
    operation.apply(ProgressEvent::SubResult(StatusPair { status: 404, uri: "/part".into() }));
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
    }
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
    let Record { id, route, owner, request, snapshot, times, .. } = record;
    format!("{id} {route} {owner:?} {request:?} {snapshot:?} {times:?} {fields:?} {content:?}")
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
        assert_eq!(summarized, written);
        assert_eq!(summary(key(), &row), Ok(written));
    }
}

#[test]
fn a_tombstone_is_no_record() {
    let row = encode_tombstone(key(), 12);
    assert_eq!(summary(key(), &row), Ok(Summary::Tombstone(12)));
    assert!(decode_record(key(), &row, &results()).unwrap().is_none());
}

#[test]
fn g_06_every_flipped_bit_and_every_cut_is_found_out() {
    let (row, _) = encode_record(key(), &record(responded(), kept()));
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

#[test]
fn g_06_a_row_below_anothers_key_is_found_out() {
    let (row, _) = encode_record(key(), &record(responded(), kept()));
    let other = Key { sequence: 8, ..key() };
    assert_eq!(summary(other, &row), Err(Unreadable));
}

#[test]
fn octets_with_a_right_checksum_are_not_trusted_either() {
    let (row, _) = encode_record(key(), &record(responded(), kept()));
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

#[test]
fn times_are_rounded_up_so_that_nothing_expires_early() {
    let at = |second, nanosecond| milliseconds(Timestamp::new(second, nanosecond).unwrap());
    assert_eq!(at(1, 0), 1_000);
    assert_eq!(at(1, 1), 1_001);
    assert_eq!(at(1, 999_999), 1_001);
}
