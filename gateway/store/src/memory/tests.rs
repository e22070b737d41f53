use http::Method;
use progress_core::document::{RequestSummary, Times};
use progress_core::event::Outcome;
use progress_core::operation::Operation;

use super::*;
use crate::{RequestKey, Sequel, random_id};

const MOST: usize = 3;

fn store() -> MemoryStore {
    MemoryStore::new(Bounds {
        maximum_operations: MOST,
        maximum_size: 1 << 20,
        retention: Duration::from_secs(60),
    })
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// An operation that ended, and was forgotten by its client.
async fn come_and_gone(store: &MemoryStore, seconds: i64) -> OperationId {
    let id = random_id().unwrap();
    let request = Arc::new(RequestSummary::new(Method::POST, "https://a", "/"));
    let mut operation = Operation::new();
    let times = Times { create: at(seconds), update: at(seconds), end: None, expire: None };
    let snapshot = Arc::clone(operation.snapshot());
    let mut digest = [0; 32];
    digest[..OperationId::SIZE].copy_from_slice(id.as_bytes());
    let key = Some(RequestKey { digest, fingerprint: None });
    let (route, sequel) = ("a".into(), Sequel::Interrupted);
    let record = Record { id, route, owner: None, request, snapshot, times, response: None, key, sequel };
    store.accept(record).await.unwrap();
    operation.finish(Outcome::Canceled);
    let ending = Ending { snapshot: Arc::clone(operation.snapshot()), response: None, at: at(seconds) };
    store.finish(id, ending).await.unwrap();
    store.forget(id, at(seconds)).await.unwrap();
    id
}

#[tokio::test]
async fn forgotten_operations_leave_nothing_that_grows() {
    let store = store();
    for _ in 0..1_000 {
        come_and_gone(&store, 0).await;
    }
    let shelves = store.shelves();
    assert_eq!((shelves.records.len(), shelves.records_due.len()), (0, 0));
    assert_eq!(format!("{:?}", shelves.keys), format!("{:?}", Keys::default()));
    assert_eq!((shelves.tombstones.len(), shelves.tombstones_due.len()), (MOST, MOST));
}

#[tokio::test]
async fn the_oldest_tombstone_makes_room_for_a_new_one() {
    let store = store();
    let oldest = come_and_gone(&store, 0).await;
    let mut newer = Vec::new();
    for seconds in 1..=3 {
        newer.push(come_and_gone(&store, seconds).await);
    }
    assert!(matches!(store.find(oldest, at(4)).await, Ok(Found::Unknown)));
    for id in newer {
        assert!(matches!(store.find(id, at(4)).await, Ok(Found::Expired { owner: None })));
    }
}
