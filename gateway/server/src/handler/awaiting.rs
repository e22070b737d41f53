//! Requests for resources whose content is still being made (CRE-03).

use std::sync::Arc;

use downstream::{ConnectionInfo, Opening, RequestBody};
use http::request::Parts;
use http::{Method, Request};
use http_body::Body as _;
use progress_core::exchange::{Because, Deferral};
use progress_core::prefer::Honoured;

use super::{Gateway, keep_from_origin};
use crate::answer::{Finishing, Variance};
use crate::config::ProgressSettings;
use crate::exchange::{After, Awaited, Client, PassOn, Plain, Plan, Relays, Stay, Timing};
use crate::operations::{Identity, OperationCell};
use crate::relay::Relay;
use crate::routes::Route;
use crate::status::Rendering;
use crate::upstream::Patience;

/// A resource that is being made, for somebody who will wait for it.
pub(super) struct Sought {
    pub(super) cell: Arc<OperationCell>,
    /// The operation's names; `None`: they are not told.
    identity: Option<Identity>,
    /// What the client is promised.
    pub(super) plan: Plan,
}

/// A request on its route.
pub(super) struct Visit<'a> {
    pub(super) route: &'a Route,
    pub(super) client: Client,
    pub(super) relay: Relay,
    pub(super) finishing: Finishing,
}

impl Gateway {
    /// Whether a request asks for a resource that is being made, and for progress or a 202 as well, and comes
    /// from somebody who may know of the operation. Everybody else's goes to the origin: to them there is
    /// nothing to be seen here (SEC-02).
    pub(super) fn sought(
        &self,
        route: &Route,
        client: &Client,
        (parts, body): (&Parts, &RequestBody),
        connection: &ConnectionInfo,
    ) -> Option<Sought> {
        let asks = client.preferences.opted_in() || client.preferences.respond_async;
        if !asks || !matches!(parts.method, Method::GET | Method::HEAD) || !body.is_end_stream() {
            return None;
        }
        let cell = self.shared.created.find(parts, route)?;
        if !self.shared.room.owners.asker(&parts.headers, connection).may_know(cell.owner.as_ref()) {
            return None;
        }
        let mut plan = Plan::new(self.terms_of(&cell)?, client).0?;
        // A status URI that is a capability is not handed to whoever finds the resource (SEC-01): then there
        // are heads, and nothing in them names the operation.
        let identity = self.shared.operations.identity(&cell).filter(|_| cell.owner.is_some());
        // Only who asked for a 202 gets one: the resource's own route may promise none.
        let asked = |deferral: &Deferral| deferral.because == Because::WaitElapsed && identity.is_some();
        plan.terms.deferral = plan.terms.deferral.filter(asked);
        if plan.terms.deferral.is_none() {
            plan.honoured = Honoured::default();
        }
        (!plan.is_silent()).then_some(Sought { cell, identity, plan })
    }

    /// The settings under which the operation of `cell` began.
    fn terms_of(&self, cell: &OperationCell) -> Option<&ProgressSettings> {
        self.shared.room.progress.get(cell.route)?.as_ref()
    }

    /// Holds a request until its resource is made, and only then asks the origin.
    pub(super) fn hold(
        &self,
        sought: Sought,
        visit: Visit<'_>,
        request: (Parts, RequestBody),
        opening: &Opening,
    ) -> Awaited {
        let Sought { cell, identity, mut plan } = sought;
        let Visit { route, client, relay, finishing } = visit;
        let (mut parts, body) = request;
        let settings = self.terms_of(&cell);
        if let Some(settings) = settings {
            opening.page.limit(settings.maximum_unacknowledged);
        }
        let profile = settings.map(|settings| settings.profile).unwrap_or_default();
        let rendering = Rendering::of(&parts.headers, &client.preferences).under(profile);
        plan.speak(&rendering.reader().languages);
        keep_from_origin(&mut parts, &plan);
        // Whatever its route says elsewhere: this answer depends on it (PRF-14).
        let finishing = Finishing { variance: Variance::Prefer, ..finishing };
        let stay = Stay {
            terms: plan.terms,
            identity,
            finishing: finishing.clone(),
            accepted_applied: plan.accepted_applied,
            rendering,
            metrics: Arc::clone(&self.shared.metrics),
        };
        let request = Request::from_parts(parts, body);
        let pass_on = self.pass_on(Visit { route, client, relay, finishing }, request, opening);
        Awaited::new(&cell, stay, pass_on, (&opening.pulse, self.drain.clone()))
    }

    /// Asks the origin, once that is to be done. Its route's times begin then.
    fn pass_on(&self, visit: Visit<'_>, request: Request<RequestBody>, opening: &Opening) -> PassOn {
        let Visit { route, client, relay, finishing } = visit;
        let deadline = route.settings.progress.as_ref().map(|settings| settings.deadline);
        let patience = if deadline.is_some() { Patience::Unlimited } else { Patience::Idle };
        let upstream = route.settings.upstream;
        let (upstreams, drain, pulse) = (self.upstreams.clone(), self.drain.clone(), opening.pulse.clone());
        Box::new(move |heads| {
            let now = tokio::time::Instant::now().into_std();
            let bearable = client.maximum_heads().map(|most| most.get().saturating_sub(heads));
            After::Origin(Box::new(Plain {
                call: upstreams.call(upstream, request, patience),
                upstream,
                relays: Relays::new(relay, bearable),
                timing: Timing::new(&pulse, client.company(), deadline.map(|deadline| now + deadline)),
                finishing,
                drain,
                end: None,
            }))
        })
    }
}
