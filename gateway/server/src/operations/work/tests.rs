use std::sync::{Mutex, Weak};
use std::task::{Wake, Waker};

use bytes::Bytes;
use downstream::{Protocol, RequestBody};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use progress_core::operation::Phase;
use status_store::clock;

use super::super::registry::tests::{Curious, operations, registered};
use super::*;
use crate::config::RelayInformational;
use crate::relay::Processing;
use crate::upstream::{Patience, Upstreams};

async fn assignment() -> (Assignment, Arc<Curious>) {
    let operations = operations();
    let (cell, id) = registered(&operations).await;
    let curious = Curious::new(&operations, id);
    let names = (["jobs".to_owned()], ["origin".to_owned()]);
    let assignment = Assignment {
        cell,
        upstream: 0,
        deadline: Duration::from_secs(60),
        age: Duration::ZERO,
        stall_timeout: None,
        maximum_result: 1_000,
        relay: Relay::new(RelayInformational::Never, Protocol::H2, &HeaderMap::new(), Processing::Event),
        listed: None,
        operations,
        metrics: Arc::new(Metrics::new(&names.0, &names.1, clock::now()).unwrap()),
    };
    (assignment, curious)
}

#[tokio::test]
async fn a_task_that_panics_answers_and_fails_its_operation() {
    let (assignment, _) = assignment().await;
    assignment.guard(async { panic!("a test of the guard") }).await;
    assert!(matches!(assignment.cell.take_answer(), Some(Answer::Failed(Fault::INTERNAL))));
    let failed = Phase::Finished(Outcome::Failed(Fault::INTERNAL.failure()));
    assert_eq!(assignment.cell.snapshot().phase, failed);
}

#[tokio::test]
async fn a_cancellation_is_stored_before_it_is_told() {
    let (assignment, curious) = assignment().await;
    let watcher = assignment.cell.watch();
    watcher.register(&Context::from_waker(&Waker::from(Arc::clone(&curious))));
    assignment.cut(Cut::Control(Control::Cancel)).await;
    assert_eq!(curious.found(), ["finished"], "the first to be woken finds the outcome");
    assert!(matches!(assignment.cell.take_answer(), Some(Answer::Canceled)));
}

#[tokio::test]
async fn one_head_is_one_event() {
    let (assignment, _) = assignment().await;
    for (name, value) in [
        ("progress", "half way"),
        ("progress", "5/10"),
        ("progress", "4/10"),
        ("status-uri", "200 </a>, 404 </b>, 200 </c>"),
    ] {
        let fields = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
        assignment.hear(StatusCode::PROCESSING, fields);
    }
    assignment.hear(StatusCode::PROCESSING, HeaderMap::new());
    let text = assignment.metrics.text().unwrap();
    let counts = [("invalid", 1), ("progress", 2), ("regressed", 1), ("heartbeat", 1), ("relayed", 0)];
    for (kind, count) in counts {
        let line = text
            .lines()
            .find(|line| line.contains(&format!("upstream_events_total{{kind=\"{kind}\"")))
            .unwrap_or_else(|| panic!("no events of kind {kind}"));
        assert!(line.ends_with(&format!(" {count}")), "{line}");
    }
}

/// Looks, when it is woken, whether the origin is still asked.
struct Onlooker {
    request: Weak<()>,
    seen: Mutex<Vec<&'static str>>,
}

impl Wake for Onlooker {
    fn wake(self: Arc<Self>) {
        let seen = if self.request.upgrade().is_some() { "asked" } else { "let go" };
        self.seen.lock().unwrap().push(seen);
    }
}

/// A store that takes its time must not keep an origin at work for nobody.
#[tokio::test]
async fn an_origin_is_let_go_before_the_end_is_stored() {
    let (assignment, _) = assignment().await;
    let token = Arc::new(());
    let onlooker = Arc::new(Onlooker { request: Arc::downgrade(&token), seen: Mutex::default() });
    let content = Full::new(Bytes::new()).map_err(move |never| {
        let _ = &token;
        match never {}
    });
    let body = RequestBody::new(content);
    let call = Upstreams::new(&[]).unwrap().call(0, Request::new(body), Patience::Unlimited);
    let cell = Arc::clone(&assignment.cell);
    let watcher = cell.watch();
    watcher.register(&Context::from_waker(&Waker::from(Arc::clone(&onlooker))));
    Waiting::new(assignment, Some(call)).end(Err(Cut::Control(Control::Cancel))).await;
    assert_eq!(*onlooker.seen.lock().unwrap(), ["let go"]);
}
