//! Requests behind which operations are begun.

use std::sync::Arc;
use std::time::Duration;

use downstream::{Opening, RequestBody};
use http::request::Parts;
use http::{Request, header};
use progress_core::exchange::Course;
use progress_core::prefer::Preferences;
use status_store::clock;

use super::{Gateway, keep_from_origin};
use crate::answer::Finishing;
use crate::config::{OnRestart, ProgressSettings};
use crate::exchange::{Asking, Audience, Client, Creating, Followed, Manner, Naming, Plan};
use crate::idempotency::Hold;
use crate::ingest;
use crate::operations::{Assignment, Beginning, Copy, Identity, OperationCell, Reception, begin};
use crate::relay::Relay;
use crate::routes::Route;
use crate::status::Rendering;
use crate::upstream::{Patience, UpstreamCall};

/// One request on a progress route.
pub(super) struct Case<'a> {
    pub(super) route: &'a Route,
    pub(super) settings: &'a ProgressSettings,
    pub(super) client: Client,
    pub(super) plan: Plan,
    pub(super) relay: Relay,
    pub(super) finishing: Finishing,
}

/// An operation whose work has not begun.
struct Ready {
    assignment: Assignment,
    call: UpstreamCall,
    followed: Followed,
}

impl Gateway {
    /// Begins an operation and follows it.
    pub(super) fn follow(
        &self,
        case: Case<'_>,
        beginning: Beginning,
        request: (Parts, RequestBody),
        opening: &Opening,
    ) -> Followed {
        let cell = OperationCell::new(beginning, clock::now());
        let Ready { assignment, call, followed } = self.prepare(case, &cell, request, opening);
        begin(assignment, Some(call));
        followed
    }

    /// The same for a request whose key is bound by `hold`: its operation is in the store before the origin
    /// is asked, so that a repetition finds it whatever happens (IDK-03). `None`: there is no room. Dropped
    /// before it is ready, it has begun nothing.
    pub(super) async fn follow_keyed(
        &self,
        case: Case<'_>,
        (beginning, hold): (Beginning, Hold),
        request: (Parts, RequestBody),
        opening: &Opening,
    ) -> Option<(Followed, Identity)> {
        let cell = OperationCell::new(beginning, clock::now());
        cell.bind(hold);
        cell.begin_registration();
        let ready = self.prepare(case, &cell, request, opening);
        let identity = self.shared.operations.register(&cell).await?;
        let Ready { assignment, call, followed } = ready;
        begin(assignment, Some(call));
        Some((followed, identity))
    }

    fn prepare(
        &self,
        case: Case<'_>,
        cell: &Arc<OperationCell>,
        request: (Parts, RequestBody),
        opening: &Opening,
    ) -> Ready {
        let Case { route, settings, client, mut plan, relay, finishing } = case;
        plan.answer_before(settings.deadline);
        opening.page.limit(settings.maximum_unacknowledged);
        let (mut parts, body) = request;
        let rendering = Rendering::of(&parts.headers, &client.preferences).under(settings.profile);
        plan.speak(&rendering.reader().languages);
        keep_from_origin(&mut parts, &plan);
        let copy = (settings.on_restart == OnRestart::Resend).then(|| Copy::of(&parts)).flatten();
        let body = body.witnessed(Reception::new(cell, copy));
        let listed = self.shared.callbacks.as_ref().and_then(|callbacks| {
            let terms =
                ingest::Terms { deadline: settings.deadline, maximum_result: settings.maximum_result };
            callbacks.invite(cell, terms, &mut parts.headers)
        });
        let heads = plan.terms.heads.as_ref();
        let manner = Manner {
            operations: Arc::clone(&self.shared.operations),
            metrics: Arc::clone(&self.shared.metrics),
            finishing,
            accepted_applied: plan.accepted_applied,
            rendering,
            maximum_heads: heads
                .map_or(client.maximum_heads().map(Into::into), |heads| heads.cadence.maximum_heads),
            naming: naming(relay, &plan, cell),
            asking: if plan.is_silent() { Asking::ForNothing } else { asking(&client.preferences) },
            audience: if heads.is_some() { Audience::Heads } else { Audience::Silence },
            on_disconnect: settings.on_disconnect,
            creating: listed.is_some().then(|| Box::new(self.creating(&parts))),
        };
        let assignment = Assignment {
            cell: Arc::clone(cell),
            upstream: route.settings.upstream,
            deadline: settings.deadline,
            age: Duration::ZERO,
            stall_timeout: settings.stall_timeout,
            maximum_result: settings.maximum_result,
            relay,
            listed,
            operations: Arc::clone(&self.shared.operations),
            metrics: Arc::clone(&self.shared.metrics),
        };
        let call = self.call(route, Request::from_parts(parts, body), Patience::Unlimited);
        let course = Course::new(plan.terms);
        let followed = Followed::new(course, cell, &opening.pulse, manner, self.drain.clone());
        Ready { assignment, call, followed }
    }

    /// What is kept of a request for the case that its origin creates a resource (CRE-03).
    fn creating(&self, parts: &Parts) -> Creating {
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        Creating { created: Arc::clone(&self.shared.created), host: host.into() }
    }
}

/// How the status document is named to the client. Who has asked for nothing but has sent a key gets the
/// final response as if there were no operation.
fn naming(relay: Relay, plan: &Plan, cell: &OperationCell) -> Naming {
    if cell.is_keyed() && plan.is_silent() {
        Naming::Nowhere
    } else if relay.is_upload() {
        Naming::Link
    } else {
        Naming::Location
    }
}

fn asking(preferences: &Preferences) -> Asking {
    if preferences.opted_in() {
        Asking::ForHeads
    } else if preferences.respond_async {
        Asking::ForAsync
    } else {
        Asking::ForNothing
    }
}
