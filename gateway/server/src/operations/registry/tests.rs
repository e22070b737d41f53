use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use http::Method;
use progress_core::document::RequestSummary;
use status_store::{Bounds, MemoryStore};

use super::*;
use crate::operations::Beginning;

pub(in crate::operations) fn operations() -> Arc<Operations> {
    let bounds = Bounds { maximum_operations: 10, maximum_size: 1 << 20, retention: Duration::from_secs(60) };
    let store = Store::Memory(MemoryStore::new(bounds));
    let origin = Origin::new(Some("https://gateway.example"), "/.operations/");
    let metrics = Metrics::new(&["jobs".into()], &["origin".into()], clock::now()).unwrap();
    Operations::new(store, origin, Arc::new(metrics))
}

pub(in crate::operations) fn cell() -> Arc<OperationCell> {
    let request = RequestSummary::new(Method::POST, "https://gateway.example", "/jobs");
    let (route_name, request) = ("jobs".into(), Arc::new(request));
    let beginning = Beginning { route: 0, route_name, request, owner: None, place: None };
    OperationCell::new(beginning, clock::now())
}

/// An operation that is registered.
pub(in crate::operations) async fn registered(operations: &Operations) -> (Arc<OperationCell>, OperationId) {
    let cell = cell();
    assert!(cell.begin_registration());
    let id = operations.register(&cell).await.expect("there is room").id;
    (cell, id)
}

/// Looks an operation up at the very moment at which it is woken, and notes what it finds.
pub(in crate::operations) struct Curious {
    operations: Arc<Operations>,
    id: OperationId,
    found: Mutex<Vec<&'static str>>,
}

impl Curious {
    pub(in crate::operations) fn new(operations: &Arc<Operations>, id: OperationId) -> Arc<Self> {
        Arc::new(Self { operations: Arc::clone(operations), id, found: Mutex::default() })
    }

    pub(in crate::operations) fn found(&self) -> Vec<&'static str> {
        self.found.lock().unwrap().clone()
    }
}

impl Wake for Curious {
    fn wake(self: Arc<Self>) {
        let found = match self.operations.find(self.id).now_or_never().expect("memory does not wait") {
            Ok(Seen::Running(_)) => "running",
            Ok(Seen::Finished(record)) if record.snapshot.is_finished() => "finished",
            _ => "nothing",
        };
        self.found.lock().unwrap().push(found);
    }
}

#[tokio::test]
async fn who_is_woken_by_the_end_finds_the_record() {
    let operations = operations();
    let (cell, id) = registered(&operations).await;
    let curious = Curious::new(&operations, id);
    let watcher = cell.watch();
    watcher.register(&Context::from_waker(&Waker::from(Arc::clone(&curious))));
    operations.finish(&cell, Outcome::Canceled, None).await;
    assert_eq!(curious.found(), ["finished"]);
}

#[tokio::test]
async fn a_cancellation_while_the_end_is_stored_changes_nothing() {
    let operations = operations();
    let (cell, _) = registered(&operations).await;
    let stored = cell.end(Outcome::Canceled, clock::now()).expect("it runs");
    let during = cell.cancel();
    assert!(!during.is_finished());
    assert_ne!(during.revision, stored.revision, "two states with one entity tag");
    assert!(cell.poll_control(&Context::from_waker(Waker::noop())).is_pending());
    cell.finished(None);
    assert_eq!(cell.snapshot().revision, stored.revision);
    assert!(cell.cancel().is_finished());
    assert!(cell.end(Outcome::Canceled, clock::now()).is_none(), "S-12");
}

#[tokio::test]
async fn a_registration_that_is_dropped_leaves_nothing_pending() {
    let operations = operations();
    let cell = cell();
    assert!(cell.begin_registration());
    let id = random_id().unwrap();
    operations.running().insert(id, Arc::clone(&cell));
    let settled = || cell.poll_settled(&Context::from_waker(Waker::noop()));
    assert_eq!(settled(), Poll::Pending);
    drop(Registering { operations: &operations, cell: &cell, id: Some(id), stage: Stage::Open });
    assert_eq!(settled(), Poll::Ready(()));
    assert!(operations.running().is_empty());
}

#[tokio::test]
async fn a_full_store_leaves_nothing_pending() {
    let operations = operations();
    for _ in 0..10 {
        registered(&operations).await;
    }
    let cell = cell();
    assert!(cell.begin_registration());
    assert!(operations.register(&cell).await.is_none());
    assert_eq!(cell.poll_settled(&Context::from_waker(Waker::noop())), Poll::Ready(()));
    assert_eq!(operations.running().len(), 10);
}
