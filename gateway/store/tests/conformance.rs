//! One suite for every store.

mod directory;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use progress_core::document::{RequestSummary, Status, Times};
use progress_core::event::{Outcome, ProgressEvent};
use progress_core::operation::{Operation, OperationId};
use progress_core::progress::{Grammar, Progress, Reported};
use status_store::{
    Bounds, Content, EmbeddedStore, Ending, Found, MemoryStore, Record, StatusStore, Store, StoreError,
    StoredResponse, random_id,
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
    }
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
    assert!(matches!(store.find(id, at(3_611)).await.unwrap(), Found::Expired));
    assert!(matches!(store.find(id, at(7_200)).await.unwrap(), Found::Expired));
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
    assert!(matches!(store.find(id, at(2)).await.unwrap(), Found::Expired));
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
        }
    };
}

const BOUNDS: Bounds = Bounds { maximum_operations: 4, maximum_size: 12 * 1_024, retention: RETENTION };

conformance!(memory: (Store::Memory(MemoryStore::new(BOUNDS)), ()));
conformance!(embedded: {
    let directory = Directory::new();
    (Store::Embedded(EmbeddedStore::open(directory.path(), BOUNDS).unwrap()), directory)
});
