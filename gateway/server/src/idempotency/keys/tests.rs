use std::time::Duration;

use http::{Method, Request};
use progress_core::document::RequestSummary;
use status_store::{Bounds, MemoryStore, Store, clock};

use super::*;
use crate::metrics::Metrics;
use crate::operations::{Beginning, OperationCell, Origin};

fn keys() -> Arc<Keys> {
    let bounds = Bounds { maximum_operations: 10, maximum_size: 1 << 20, retention: Duration::from_secs(60) };
    let metrics = Metrics::new(&["jobs".into()], &["origin".into()], clock::now()).unwrap();
    let origin = Origin::new(Some("https://gateway.example"), "/.operations/");
    let store = Store::Memory(MemoryStore::new(bounds));
    Keys::new(&Operations::new(store, origin, Arc::new(metrics)))
}

fn request(method: Method, target: &str, fields: &[(&str, &str)]) -> Parts {
    let builder = Request::builder().method(method).uri(target);
    let builder = fields.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    builder.body(()).unwrap().into_parts().0
}

fn post(key: &str) -> Parts {
    request(Method::POST, "/jobs?a=1", &[("idempotency-key", key), ("host", "a.example")])
}

#[test]
fn idk_02_a_request_is_recognized_by_all_that_makes_it() {
    let keys = keys();
    let digest = |owner: Option<&Owner>, route, parts: &Parts| keys.digest(owner, route, parts).unwrap();
    let known = digest(Some(&[1; 32]), "jobs", &post("\"k\""));
    assert_eq!(known, digest(Some(&[1; 32]), "jobs", &post("\"k\"")));
    let host = |host| request(Method::POST, "/jobs?a=1", &[("idempotency-key", "\"k\""), ("host", host)]);
    assert_eq!(known, digest(Some(&[1; 32]), "jobs", &host("A.EXAMPLE")));
    let fields = [("idempotency-key", "\"k\""), ("host", "a.example")];
    let others = [
        digest(Some(&[2; 32]), "jobs", &post("\"k\"")),
        digest(None, "jobs", &post("\"k\"")),
        digest(Some(&[1; 32]), "others", &post("\"k\"")),
        digest(Some(&[1; 32]), "jobs", &post("\"K\"")),
        digest(Some(&[1; 32]), "jobs", &host("b.example")),
        digest(Some(&[1; 32]), "jobs", &request(Method::PUT, "/jobs?a=1", &fields)),
        digest(Some(&[1; 32]), "jobs", &request(Method::POST, "/jobs?a=2", &fields)),
        digest(Some(&[1; 32]), "jobs", &request(Method::POST, "/jobs", &fields)),
    ];
    for (at, other) in others.iter().enumerate() {
        assert_ne!(&known, other, "{at}");
        assert!(!others[..at].contains(other), "{at}");
    }
    assert_ne!(known, self::keys().digest(Some(&[1; 32]), "jobs", &post("\"k\"")).unwrap(), "another store");
}

/// What one part ends with is not what the next begins with.
#[test]
fn idk_02_parts_are_kept_apart() {
    let keys = keys();
    let digest = |route: &str, host: &str, key: &str| {
        let fields = [("idempotency-key", key), ("host", host)];
        keys.digest(None, route, &request(Method::POST, "/", &fields)).unwrap()
    };
    assert_ne!(digest("jobs", "a", "\"k\""), digest("job", "a", "\"sk\""));
    assert_ne!(digest("a", "", "\"b\""), digest("", "a", "\"b\""));
}

#[test]
fn idk_01_what_has_no_key_or_changes_nothing_is_not_recognized() {
    let keys = keys();
    for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE] {
        assert_eq!(keys.digest(None, "jobs", &request(method, "/", &[("idempotency-key", "\"k\"")])), None);
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        assert!(keys.digest(None, "jobs", &request(method, "/", &[("idempotency-key", "\"k\"")])).is_some());
    }
    assert_eq!(keys.digest(None, "jobs", &request(Method::POST, "/", &[])), None);
    assert_eq!(keys.digest(None, "jobs", &post("k")), None);
    let twice = [("idempotency-key", "\"k\""), ("idempotency-key", "\"k\"")];
    assert_eq!(keys.digest(None, "jobs", &request(Method::POST, "/", &twice)), None);
}

fn first(claim: Claim) -> Hold {
    match claim {
        Claim::First(hold) => hold,
        Claim::Underway(_) | Claim::Kept(_) => panic!("the key is bound"),
    }
}

fn bond(claim: Claim) -> Bond {
    match claim {
        Claim::Underway(bond) => bond,
        Claim::First(_) | Claim::Kept(_) => panic!("the key is not bound here"),
    }
}

fn kept(claim: &Claim) -> OperationId {
    match claim {
        Claim::Kept(id) => *id,
        Claim::First(_) | Claim::Underway(_) => panic!("the key is not bound in the store"),
    }
}

/// One that never begins leaves nothing, and whoever waits learns of it.
#[tokio::test(start_paused = true)]
async fn idk_03_a_key_is_free_again_if_nothing_begins() {
    let keys = keys();
    let hold = first(keys.claim(&[7; 32], None));
    let waiting = bond(keys.claim(&[7; 32], None));
    drop(first(keys.claim(&[8; 32], None)));
    drop(hold);
    assert_eq!(waiting.settled().await, None);
    assert!(keys.bonds().is_empty());
    drop(first(keys.claim(&[7; 32], None)));
}

/// From the first moment to the record's last, a key is bound: here, then in the store.
#[tokio::test(start_paused = true)]
async fn idk_03_a_key_is_bound_through_an_operations_life() {
    let keys = keys();
    let request = RequestSummary::new(Method::POST, "https://gateway.example", "/jobs");
    let (route_name, request) = ("jobs".into(), Arc::new(request));
    let cell = OperationCell::new(
        Beginning { route: 0, route_name, request, owner: None, place: None },
        clock::now(),
    );
    cell.bind(first(keys.claim(&[7; 32], None)));
    let waiting = tokio::spawn(bond(keys.claim(&[7; 32], None)).settled());
    assert!(cell.begin_registration());
    let id = keys.operations.register(&cell).await.expect("there is room").id;
    assert_eq!(keys.operations.keyed(&[7; 32]), Some(id), "before the content has come");
    cell.identify([9; 32]);
    assert_eq!(waiting.await.unwrap(), Some((id, [9; 32])));
    bond(keys.claim(&[7; 32], None));
    keys.operations.finish(&cell, progress_core::event::Outcome::Canceled, None).await;
    assert!(keys.bonds().is_empty());
    assert_eq!(kept(&keys.claim(&[7; 32], None)), id);
    // Of an operation that stands for it no more, the next request takes the key over.
    drop(first(keys.claim(&[7; 32], Some(id))));
    let record = keys.operations.find_stored(id).await.expect("memory does not fail");
    let crate::operations::Seen::Finished(record) = record else { panic!("it is over") };
    assert_eq!(record.key.and_then(|key| key.fingerprint), Some([9; 32]), "told at the end at the latest");
    keys.operations.forget(id).await.expect("it is there");
    drop(first(keys.claim(&[7; 32], None)));
}
