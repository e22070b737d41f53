//! One suite for every store.

mod directory;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use progress_core::document::{RequestSummary, Status, Times};
use progress_core::event::{Outcome, ProgressEvent};
use progress_core::operation::{Operation, OperationId};
use progress_core::progress::{Grammar, Progress, Reported};
use status_store::{
    Amendment, Bounds, Content, EmbeddedStore, Ending, Found, MemoryStore, Record, RequestKey, Sequel,
    StatusStore, Store, StoreError, StoredRequest, StoredResponse, random_id,
};

use crate::directory::Directory;

const RETENTION: Duration = Duration::from_secs(3_600);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn record(id: OperationId) -> Record {
    Record {
        id,
        route: "reports".into(),
        owner: None,
        request: Arc::new(RequestSummary::new(Method::POST, "https://a", "/reports")),
        snapshot: Arc::clone(Operation::new().snapshot()),
        times: Times { create: at(0), update: at(0), end: None, expire: None },
        response: None,
        key: None,
        sequel: Sequel::Interrupted,
    }
}

/// A record with a key.
fn keyed(id: OperationId, digest: [u8; 32]) -> Record {
    Record { key: Some(RequestKey { digest, fingerprint: None }), ..record(id) }
}

/// A request with several lines of a field, credentials, and content that is no text.
fn resend(octets: usize) -> Sequel {
    let mut fields = HeaderMap::new();
    fields.append("cookie", HeaderValue::from_static("a=1"));
    fields.append("authorization", HeaderValue::from_bytes(b"Bearer \xFF").unwrap());
    fields.append("cookie", HeaderValue::from_static("b=2"));
    let content = Bytes::from((0..=255).cycle().take(octets).collect::<Vec<u8>>());
    let target = "/reports?x=%20".to_owned();
    Sequel::Resend(Arc::new(StoredRequest { method: Method::PUT, target, fields, content }))
}

fn ending(room: Option<status_store::Reservation>) -> Ending {
    let mut operation = Operation::new();
    operation.finish(Outcome::Canceled);
    let response = StoredResponse {
        status: StatusCode::CREATED,
        fields: HeaderMap::new(),
        content: Content::Kept {
            pieces: vec![Bytes::from_static(b"all "), Bytes::from_static(b"done")],
            room,
        },
    };
    Ending { snapshot: Arc::clone(operation.snapshot()), response: Some(Arc::new(response)), at: at(10) }
}

async fn present(store: &impl StatusStore, id: OperationId, now: Timestamp) -> Arc<Record> {
    match store.find(id, now).await.unwrap() {
        Found::Present(record) => record,
        other => panic!("expected a record, found {other:?}"),
    }
}

async fn life_of_an_operation(store: impl StatusStore) {
    let id = random_id().unwrap();
    assert!(matches!(store.find(id, at(0)).await.unwrap(), Found::Unknown));
    store.accept(record(id)).await.unwrap();
    let mut operation = Operation::new();
    let progress = Progress::parse(b"3/10", Grammar::Strict).unwrap();
    operation.apply(ProgressEvent::Progress(Reported::from_progress(&progress)));
    store.checkpoint(id, Arc::clone(operation.snapshot()), at(5)).await.unwrap();
    let running = present(&store, id, at(6)).await;
    assert_eq!(running.snapshot.revision, 1);
    assert_eq!(running.times.update, at(5));
    assert!(
        present(&store, id, at(1_000_000)).await.times.end.is_none(),
        "a running operation never expires"
    );
    store.finish(id, ending(None)).await.unwrap();
    let finished = present(&store, id, at(11)).await;
    assert_eq!(finished.response.as_ref().unwrap().content.len(), 8);
    assert_eq!(finished.times.expire, Some(at(10 + 3_600)));
}

async fn doc_11_gone_then_unknown(store: impl StatusStore) {
    let id = random_id().unwrap();
    store.accept(record(id)).await.unwrap();
    store.finish(id, ending(None)).await.unwrap();
    present(&store, id, at(3_609)).await;
    assert_eq!(store.sweep(at(3_611)).await, 1);
    assert!(matches!(store.find(id, at(3_611)).await.unwrap(), Found::Expired { owner: None }));
    assert!(matches!(store.find(id, at(7_200)).await.unwrap(), Found::Expired { owner: None }));
    assert!(matches!(store.find(id, at(7_300)).await.unwrap(), Found::Unknown));
}

async fn the_census_counts_what_is_finished<S: StatusStore>(store: S) {
    let id = random_id().unwrap();
    let canceled = |store: &S| store.census().iter().find(|(s, _)| *s == Status::Canceled).unwrap().1;
    store.accept(record(id)).await.unwrap();
    assert_eq!(canceled(&store), 0);
    store.finish(id, ending(None)).await.unwrap();
    assert_eq!(canceled(&store), 1);
    store.forget(id, at(11)).await.unwrap();
    assert_eq!(canceled(&store), 0);
}

async fn doc_10_forgotten_is_gone(store: impl StatusStore) {
    let id = random_id().unwrap();
    store.accept(record(id)).await.unwrap();
    store.forget(id, at(1)).await.unwrap();
    assert!(matches!(store.find(id, at(2)).await.unwrap(), Found::Expired { .. }));
    assert_eq!(store.forget(id, at(3)).await, Err(StoreError::Missing));
    assert_eq!(store.finish(id, ending(None)).await.unwrap_err(), StoreError::Missing);
}

async fn d_09_a_full_store_refuses_and_evicts_nothing(store: impl StatusStore) {
    let ids: Vec<_> = (0..4).map(|_| random_id().unwrap()).collect();
    for id in &ids {
        store.accept(record(*id)).await.unwrap();
    }
    assert_eq!(store.accept(record(random_id().unwrap())).await, Err(StoreError::Full));
    for id in &ids {
        present(&store, *id, at(1)).await;
    }
    store.forget(ids[0], at(2)).await.unwrap();
    store.accept(record(random_id().unwrap())).await.unwrap();
}

async fn results_take_room_until_they_expire(store: impl StatusStore) {
    let id = random_id().unwrap();
    store.accept(record(id)).await.unwrap();
    let room = store.reserve(8_000).unwrap();
    assert!(store.reserve(8_000).is_none(), "no room for a second one");
    store.finish(id, ending(Some(room))).await.unwrap();
    assert!(store.reserve(8_000).is_none());
    store.sweep(at(4_000)).await;
    assert!(store.reserve(8_000).is_some());
}

async fn idk_04_a_key_leads_to_its_operation_until_it_is_over(store: impl StatusStore) {
    let (one, other) = (random_id().unwrap(), random_id().unwrap());
    assert_eq!(store.keyed(&[1; 32]), None);
    store.accept(keyed(one, [1; 32])).await.unwrap();
    store.accept(keyed(other, [2; 32])).await.unwrap();
    assert_eq!((store.keyed(&[1; 32]), store.keyed(&[2; 32])), (Some(one), Some(other)));
    assert_eq!(store.keyed(&[3; 32]), None);
    store.finish(one, ending(None)).await.unwrap();
    assert_eq!(store.keyed(&[1; 32]), Some(one));
    assert_eq!(present(&store, one, at(11)).await.key.unwrap().digest, [1; 32]);
    store.forget(other, at(12)).await.unwrap();
    assert_eq!((store.keyed(&[1; 32]), store.keyed(&[2; 32])), (Some(one), None));
    store.sweep(at(3_611)).await;
    assert_eq!(store.keyed(&[1; 32]), None);
}

async fn idk_04_a_key_is_used_again_once_its_operation_is_over(store: impl StatusStore) {
    let (one, other) = (random_id().unwrap(), random_id().unwrap());
    store.accept(keyed(one, [1; 32])).await.unwrap();
    store.finish(one, ending(None)).await.unwrap();
    // No sweep has come by yet.
    assert!(!matches!(store.find(one, at(3_611)).await.unwrap(), Found::Present(_)));
    store.accept(keyed(other, [1; 32])).await.unwrap();
    assert_eq!(store.keyed(&[1; 32]), Some(other));
    store.sweep(at(3_611)).await;
    assert_eq!(store.keyed(&[1; 32]), Some(other));
}

async fn a_running_operation_keeps_its_key(store: impl StatusStore) {
    let (one, other) = (random_id().unwrap(), random_id().unwrap());
    for id in [one, other] {
        store.accept(keyed(id, [1; 32])).await.unwrap();
    }
    assert_eq!(store.keyed(&[1; 32]), Some(one));
    store.forget(other, at(1)).await.unwrap();
    assert_eq!(store.keyed(&[1; 32]), Some(one));
}

async fn idk_02_a_running_record_is_amended(store: impl StatusStore) {
    let id = random_id().unwrap();
    let until = at(500);
    store.accept(keyed(id, [1; 32])).await.unwrap();
    for sequel in [Sequel::Call { until }, resend(600), Sequel::Interrupted, resend(300)] {
        store.amend(id, Amendment::Sequel(sequel.clone())).await.unwrap();
        let found = present(&store, id, at(1)).await;
        assert_eq!((&found.sequel, found.key.unwrap().fingerprint), (&sequel, None));
    }
    store.amend(id, Amendment::Fingerprint([5; 32])).await.unwrap();
    let found = present(&store, id, at(1)).await;
    let key = Some(RequestKey { digest: [1; 32], fingerprint: Some([5; 32]) });
    assert_eq!((&found.sequel, found.key), (&resend(300), key));
    let ended = store.finish(id, ending(None)).await.unwrap();
    assert_eq!((&ended.sequel, ended.key), (&Sequel::Interrupted, key), "what may not be sent is not kept");
    let found = present(&store, id, at(11)).await;
    assert_eq!((&found.sequel, found.key), (&Sequel::Interrupted, key));
}

async fn what_does_not_run_is_not_amended(store: impl StatusStore) {
    let [unknown, ended, forgotten] = [(); 3].map(|()| random_id().unwrap());
    for id in [ended, forgotten] {
        store.accept(keyed(id, [1; 32])).await.unwrap();
    }
    store.finish(ended, ending(None)).await.unwrap();
    store.forget(forgotten, at(11)).await.unwrap();
    for id in [unknown, ended, forgotten] {
        for amendment in [Amendment::Fingerprint([5; 32]), Amendment::Sequel(resend(100))] {
            assert_eq!(store.amend(id, amendment).await, Err(StoreError::Missing));
        }
    }
    assert_eq!(present(&store, ended, at(12)).await.key.unwrap().fingerprint, None);
    assert_eq!(present(&store, ended, at(12)).await.sequel, Sequel::Interrupted);
}

async fn a_record_without_a_key_keeps_no_fingerprint(store: impl StatusStore) {
    let id = random_id().unwrap();
    store.accept(record(id)).await.unwrap();
    store.amend(id, Amendment::Fingerprint([5; 32])).await.unwrap();
    assert_eq!(present(&store, id, at(1)).await.key, None);
}

async fn stored_requests_take_room_until_the_end(store: impl StatusStore) {
    let id = random_id().unwrap();
    let large = Record { sequel: resend(12 * 1_024), ..record(id) };
    assert_eq!(store.accept(large).await, Err(StoreError::Full));
    store.accept(Record { sequel: resend(8_000), ..record(id) }).await.unwrap();
    assert!(store.reserve(4_000).is_none());
    assert_eq!(store.amend(id, Amendment::Sequel(resend(4_000))).await, Err(StoreError::Full));
    assert_eq!(present(&store, id, at(1)).await.sequel, resend(8_000));
    store.amend(id, Amendment::Sequel(Sequel::Interrupted)).await.unwrap();
    store.amend(id, Amendment::Sequel(resend(8_000))).await.unwrap();
    assert!(store.reserve(4_000).is_none());
    store.finish(id, ending(None)).await.unwrap();
    assert!(store.reserve(11_000).is_some());
}

async fn s_02_a_tombstone_tells_whose_it_was(store: impl StatusStore) {
    let owner = Some([9; 32]);
    let [ended, forgotten] = [(); 2].map(|()| random_id().unwrap());
    for id in [ended, forgotten] {
        store.accept(Record { owner, ..record(id) }).await.unwrap();
    }
    store.forget(forgotten, at(20)).await.unwrap();
    store.finish(ended, ending(None)).await.unwrap();
    // A record that no sweep has come by yet tells it too.
    for _ in 0..2 {
        for id in [forgotten, ended] {
            let found = store.find(id, at(3_611)).await.unwrap();
            assert!(matches!(found, Found::Expired { owner: told } if told == owner), "{found:?}");
        }
        store.sweep(at(3_611)).await;
    }
}

macro_rules! conformance {
    ($store:ident: $new:expr) => {
        mod $store {
            use super::*;

            macro_rules! case {
                ($case:ident) => {
                    #[tokio::test]
                    async fn $case() {
                        let (store, _kept) = $new;
                        super::$case(store).await;
                    }
                };
            }
            case!(the_census_counts_what_is_finished);
            case!(life_of_an_operation);
            case!(doc_11_gone_then_unknown);
            case!(doc_10_forgotten_is_gone);
            case!(d_09_a_full_store_refuses_and_evicts_nothing);
            case!(results_take_room_until_they_expire);
            case!(idk_04_a_key_leads_to_its_operation_until_it_is_over);
            case!(idk_04_a_key_is_used_again_once_its_operation_is_over);
            case!(a_running_operation_keeps_its_key);
            case!(idk_02_a_running_record_is_amended);
            case!(what_does_not_run_is_not_amended);
            case!(a_record_without_a_key_keeps_no_fingerprint);
            case!(stored_requests_take_room_until_the_end);
            case!(s_02_a_tombstone_tells_whose_it_was);
        }
    };
}

const BOUNDS: Bounds = Bounds { maximum_operations: 4, maximum_size: 12 * 1_024, retention: RETENTION };

conformance!(memory: (Store::Memory(MemoryStore::new(BOUNDS)), ()));
conformance!(embedded: {
    let directory = Directory::new();
    (Store::Embedded(EmbeddedStore::open(directory.path(), BOUNDS).unwrap()), directory)
});
