//! A few operations in all stages of their lives, and what must be true of them ever after.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use progress_core::document::{RequestSummary, Times};
use progress_core::event::{Outcome, ProgressEvent, ResponseSummary};
use progress_core::operation::Operation;
use progress_core::progress::{Grammar, Progress, Reported};

use super::*;
use crate::{Amendment, RequestKey, Sequel, StoredRequest};

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(4_000_000_000 + seconds).unwrap()
}

pub(super) fn id(number: u8) -> OperationId {
    OperationId::from_random([number; 16])
}

/// Whose all of them are.
const OWNER: [u8; 32] = [7; 32];

/// The SHA-256 of the second one's content.
const FINGERPRINT: [u8; 32] = [8; 32];

/// Each operation's key is its own.
pub(super) fn digest(id: OperationId) -> [u8; 32] {
    id.as_bytes().repeat(2).try_into().unwrap()
}

/// What the first one is amended with.
pub(super) fn resend() -> Sequel {
    let mut fields = HeaderMap::new();
    for (name, value) in [("cookie", "a=1"), ("authorization", "Bearer hidden"), ("cookie", "b=2")] {
        fields.append(name, value.parse().unwrap());
    }
    let (target, content) = ("/reports?x=1".to_owned(), Bytes::from(result(700)));
    Sequel::Resend(Arc::new(StoredRequest { method: Method::POST, target, fields, content }))
}

pub(super) fn record(id: OperationId) -> Record {
    Record {
        id,
        route: "reports".into(),
        owner: Some(OWNER),
        request: Arc::new(RequestSummary::new(Method::POST, "https://a", "/reports")),
        snapshot: Arc::clone(Operation::new().snapshot()),
        times: Times { create: at(0), update: at(0), end: None, expire: None },
        response: None,
        key: Some(RequestKey { digest: digest(id), fingerprint: None }),
        sequel: Sequel::Interrupted,
    }
}

/// An end with a result of `octets`.
pub(super) fn ending(octets: usize) -> Ending {
    let mut operation = Operation::new();
    operation.finish(Outcome::Responded(ResponseSummary {
        status: StatusCode::OK,
        location: None,
        content_type: None,
        content_length: octets as u64,
    }));
    let content = Content::Kept { pieces: vec![Bytes::from(result(octets))], room: None };
    let response = StoredResponse { status: StatusCode::OK, fields: HeaderMap::new(), content };
    Ending { snapshot: Arc::clone(operation.snapshot()), response: Some(Arc::new(response)), at: at(10) }
}

pub(super) fn result(octets: usize) -> Vec<u8> {
    (0..octets).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect()
}

pub(super) fn reported(value: &str) -> Arc<Snapshot> {
    let mut operation = Operation::new();
    let progress = Progress::parse(value.as_bytes(), Grammar::Strict).unwrap();
    operation.apply(ProgressEvent::Progress(Reported::from_progress(&progress)));
    Arc::clone(operation.snapshot())
}

/// The content of a record, from wherever it is kept.
pub(super) fn content(record: &Record) -> Result<Vec<u8>, StoreError> {
    match &record.response.as_ref().unwrap().content {
        Content::Kept { pieces, .. } => Ok(pieces.concat()),
        Content::File(spooled) => {
            let mut reader = spooled.open()?;
            let mut octets = Vec::new();
            while let Some(piece) = reader.next_piece()? {
                octets.extend(piece);
            }
            Ok(octets)
        }
        Content::NotKept => panic!("the result was kept"),
    }
}

/// Octets of the results that the script stores: none, some in the record, and a file.
pub(super) const RESULTS: [usize; 3] = [0, 1_000, 150_000];

/// What an asker was told of an operation, in the order of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Refused,
    Accepted,
    AmendmentRefused,
    Amended,
    /// Accepted, and its end was refused.
    EndRefused(usize),
    Ended(usize),
    ForgettingRefused,
    Forgotten,
}

/// Operation 1 runs, and is to be sent again; 2 to 4 end, the first of them with a fingerprint; 5 is
/// forgotten. What the askers are told.
pub(super) async fn play(store: &EmbeddedStore) -> Vec<(OperationId, Told)> {
    let mut told = Vec::new();
    for number in 1..=5 {
        let accepted = store.accept(record(id(number))).await;
        told.push((id(number), if accepted.is_ok() { Told::Accepted } else { Told::Refused }));
    }
    let _ = store.checkpoint(id(1), reported("1/3"), at(1)).await;
    if told[0].1 == Told::Accepted {
        let amended = store.amend(id(1), Amendment::Sequel(resend())).await;
        told[0].1 = if amended.is_ok() { Told::Amended } else { Told::AmendmentRefused };
    }
    let _ = store.amend(id(2), Amendment::Fingerprint(FINGERPRINT)).await;
    for (number, octets) in (1..).zip(RESULTS) {
        if told[number].1 == Told::Accepted {
            let ended = store.finish(told[number].0, ending(octets)).await;
            told[number].1 = if ended.is_ok() { Told::Ended(octets) } else { Told::EndRefused(octets) };
        }
    }
    if told[4].1 == Told::Accepted {
        let forgotten = store.forget(id(5), at(11)).await;
        told[4].1 = if forgotten.is_ok() { Told::Forgotten } else { Told::ForgettingRefused };
    }
    told
}

/// Whether a key leads to its operation while there is one.
pub(super) fn leads(store: &EmbeddedStore, id: OperationId, found: &Found) -> bool {
    let kept = matches!(found, Found::Present(_));
    store.keyed(&digest(id)) == kept.then_some(id)
}

/// Whether what is found is what was told. What was refused may have happened all the same, whole or not
/// at all.
pub(super) fn agrees(told: Told, found: &Found) -> bool {
    let ended_with = |octets: usize| match found {
        Found::Present(record) if record.times.end.is_some() => {
            content(record).unwrap() == result(octets)
                && record.times.end == Some(at(10))
                && record.sequel == Sequel::Interrupted
        }
        _ => false,
    };
    let runs = matches!(found, Found::Present(record) if record.times.end.is_none());
    let over = matches!(found, Found::Expired { owner } if *owner == Some(OWNER));
    if let Found::Present(record) = found {
        let key = record.key.unwrap();
        assert!(record.owner == Some(OWNER) && key.digest == digest(record.id), "{record:?}");
        assert!(key.fingerprint.is_none_or(|is| is == FINGERPRINT && record.id == id(2)), "{record:?}");
    }
    let sequel = |is: fn(&Sequel) -> bool| matches!(found, Found::Present(record) if is(&record.sequel));
    let (dies, lives) = (sequel(|is| *is == Sequel::Interrupted), sequel(|is| *is == resend()));
    match told {
        Told::Refused => matches!(found, Found::Unknown),
        Told::Accepted => runs && dies,
        Told::AmendmentRefused => runs && (dies || lives),
        Told::Amended => runs && lives,
        Told::EndRefused(octets) => runs || ended_with(octets),
        Told::Ended(octets) => ended_with(octets),
        Told::ForgettingRefused => runs || over,
        Told::Forgotten => over,
    }
}
