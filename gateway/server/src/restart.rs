//! What becomes of operations that an earlier gateway accepted and did not end (interface section 8).
//!
//! Whose origin calls back goes on here. Whose request was kept, on a route that says so, is sent again. Every
//! other one died with the gateway: it has failed, as interrupted.

use std::sync::Arc;
use std::time::Duration;

use downstream::RequestBody;
use http::Request;
use http_body_util::{BodyExt, Full};
use jiff::Timestamp;
use status_store::{Record, Sequel, StoredRequest, clock};

use crate::config::{OnRestart, ProgressSettings};
use crate::handler::Shared;
use crate::ingest::Terms;
use crate::operations::{Assignment, Beginning, OperationCell, begin};
use crate::owners::Claim;
use crate::relay::Relay;
use crate::routes::Route;
use crate::upstream::{Patience, UpstreamCall, Upstreams};

/// Takes over what is in the store. Afterwards every id is answered truthfully; to be called before
/// anything listens, within the runtime that the work shall live in.
pub(crate) async fn resume(shared: &Shared, upstreams: &Upstreams) {
    let records = shared.operations.inherited().await;
    let (mut resumed, mut interrupted) = (0_usize, 0_usize);
    for record in records {
        let route = shared.routes.named(&record.route);
        let goes_on = route.is_some_and(|route| resume_one(&record, route, (shared, upstreams)));
        if goes_on {
            resumed += 1;
        } else {
            interrupted += 1;
            shared.operations.interrupt(record.id, route.map(|route| route.index));
        }
    }
    if resumed + interrupted > 0 {
        tracing::info!(resumed, interrupted, "operations of an earlier gateway");
    }
}

/// Whether the operation goes on.
fn resume_one(record: &Record, route: &Route, (shared, upstreams): (&Shared, &Upstreams)) -> bool {
    let Some(settings) = &route.settings.progress else { return false };
    let now = clock::now();
    let age = elapsed(record.times.create, now);
    let cell = OperationCell::restored(record, beginning(record, route, (shared, settings)));
    let resumption = Resumption { record, route, settings, cell: &cell, shared, age };
    match &record.sequel {
        Sequel::Interrupted | Sequel::Canceled => false,
        Sequel::Call { until } => resumption.wait(elapsed(now, *until)),
        Sequel::Resend(request) => {
            settings.on_restart == OnRestart::Resend && resumption.send_again(request, upstreams)
        }
    }
}

fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// It counts in the budgets, but what was accepted once is not refused because of them.
fn beginning(record: &Record, route: &Route, (shared, settings): (&Shared, &ProgressSettings)) -> Beginning {
    let claim = Claim {
        owner: record.owner,
        address: None,
        route: route.index,
        per_route: settings.maximum_operations,
    };
    Beginning {
        route: route.index,
        route_name: Arc::clone(&route.name),
        request: Arc::clone(&record.request),
        owner: record.owner,
        place: shared.budgets.admit(&claim).ok().flatten(),
    }
}

/// An operation that goes on.
struct Resumption<'a> {
    record: &'a Record,
    route: &'a Route,
    settings: &'a ProgressSettings,
    cell: &'a Arc<OperationCell>,
    shared: &'a Shared,
    age: Duration,
}

impl Resumption<'_> {
    /// Its origin has been asked, and will call for so long. Nobody can call where nobody listens.
    fn wait(&self, deadline: Duration) -> bool {
        let Some(callbacks) = &self.shared.callbacks else { return false };
        let listed = callbacks.expect(self.record.id, self.cell, self.settings.maximum_result);
        let Some(listed) = listed else { return false };
        self.begin(Assignment { listed: Some(listed), ..self.assignment(deadline) }, None);
        true
    }

    /// Its request goes out once more, with a callback URL of its own if it may have one.
    fn send_again(&self, request: &StoredRequest, upstreams: &Upstreams) -> bool {
        let deadline = self.settings.deadline.saturating_sub(self.age);
        let Some(mut again) = request_of(request) else { return false };
        let terms = Terms { deadline, maximum_result: self.settings.maximum_result };
        let listed = self.shared.callbacks.as_ref().and_then(|callbacks| {
            callbacks.invite_again(self.record.id, self.cell, terms, again.headers_mut())
        });
        let call = upstreams.call(self.route.settings.upstream, again, Patience::Unlimited);
        self.begin(Assignment { listed, ..self.assignment(deadline) }, Some(call));
        true
    }

    fn begin(&self, assignment: Assignment, call: Option<UpstreamCall>) {
        self.shared.operations.adopt(self.record.id, self.cell);
        begin(assignment, call);
    }

    fn assignment(&self, deadline: Duration) -> Assignment {
        Assignment {
            cell: Arc::clone(self.cell),
            upstream: self.route.settings.upstream,
            deadline,
            age: self.age,
            stall_timeout: self.settings.stall_timeout,
            maximum_result: self.settings.maximum_result,
            relay: Relay::nothing(),
            listed: None,
            operations: Arc::clone(&self.shared.operations),
            metrics: Arc::clone(&self.shared.metrics),
        }
    }
}

fn request_of(stored: &StoredRequest) -> Option<Request<RequestBody>> {
    let content = Full::new(stored.content.clone()).map_err(|never| match never {});
    let mut request = Request::builder()
        .method(stored.method.clone())
        .uri(stored.target.as_str())
        .body(if stored.content.is_empty() { RequestBody::empty() } else { RequestBody::new(content) })
        .ok()?;
    request.headers_mut().clone_from(&stored.fields);
    Some(request)
}
