//! Requests with an `Idempotency-Key` on routes that honour it: which of them begin an operation, and what
//! the others get (IDK-03).

use std::sync::Arc;
use std::time::Duration;

use downstream::{Opening, RequestBody};
use http::request::Parts;
use progress_core::operation::OperationId;
use status_store::StoreError;

use super::Gateway;
use super::following::Case;
use crate::answer::Told;
use crate::exchange::{After, Awaited, Kind, Stay};
use crate::idempotency::{
    Claim, Decided, Digest, Fingerprint, Hold, Keyed, Replay, Standing, answers, fingerprint,
};
use crate::operations::{Fault, OperationCell, Operations, Seen};
use crate::problem::Problem;
use crate::routes::Route;
use crate::status::{Rendering, View};
use crate::upstream::UpstreamError;

/// How long a repetition waits until the first request has been received.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request with a key, until it is known what becomes of it.
struct Undecided<'a> {
    gateway: &'a Gateway,
    case: Case<'a>,
    parts: Parts,
    body: RequestBody,
    opening: Opening,
}

impl Gateway {
    /// What a request is recognized by when it is repeated; `None`: it has no key, or the route does not
    /// honour keys.
    pub(super) fn digest(&self, route: &Route, parts: &Parts, opening: &Opening) -> Option<Digest> {
        let settings = route.settings.progress.as_ref().filter(|settings| settings.idempotency)?;
        let owner = self.shared.room.owners.of(&settings.owner, &parts.headers, &opening.connection);
        self.shared.keys.digest(owner.as_ref(), &route.name, parts)
    }

    /// Finds out whether a request repeats another one, and does what is to be done.
    pub(super) fn decide(
        &self,
        digest: Digest,
        case: Case<'_>,
        (parts, body): (Parts, RequestBody),
        opening: &Opening,
    ) -> Keyed {
        let (gateway, opening, index) = (self.clone(), opening.clone(), case.route.index);
        let Case { client, plan, relay, finishing, .. } = case;
        let draining = finishing.draining();
        let deciding = async move {
            let found = gateway.shared.routes.at(index);
            let Some((route, settings)) =
                found.and_then(|route| Some((route, route.settings.progress.as_ref()?)))
            else {
                return Decided::answer(finishing.fault(&Fault::INTERNAL, None));
            };
            let case = Case { route, settings, client, plan, relay, finishing };
            Undecided { gateway: &gateway, case, parts, body, opening }.decide(digest).await
        };
        Keyed::new(deciding, draining, self.drain.clone())
    }
}

impl Undecided<'_> {
    async fn decide(self, digest: Digest) -> Decided {
        let keys = &self.gateway.shared.keys;
        let mut void = None;
        loop {
            match keys.claim(&digest, void) {
                Claim::First(hold) => return self.begin(hold).await,
                Claim::Underway(bond) => {
                    match tokio::time::timeout(PATIENCE, bond.clone().settled()).await {
                        Ok(Some((id, content))) => return self.repeat(id, Some(content)).await,
                        // It has come to its end, or it never began.
                        Ok(None) => {}
                        Err(_) => {
                            let uri = bond.id().map(|id| self.operations().origin().status_uri(id));
                            return self.refuse(&answers::receiving(uri.as_deref()));
                        }
                    }
                }
                Claim::Kept(id) => match keys.standing(id).await {
                    Ok(Standing::Bound(content)) => return self.repeat(id, content).await,
                    Ok(Standing::Void) => void = Some(id),
                    Err(StoreError::Corrupt) => {
                        let uri = self.operations().origin().status_uri(id);
                        return self.refuse(&answers::unknown_content(&uri));
                    }
                    Err(_) => return self.refuse(&answers::unavailable()),
                },
            }
        }
    }

    /// It is the first one.
    async fn begin(self, hold: Hold) -> Decided {
        let Self { gateway, case, parts, body, opening } = self;
        let finishing = case.finishing.clone();
        let beginning = match gateway.beginning(case.route, case.settings, &parts, &opening) {
            Ok(beginning) => beginning,
            Err(over) => return Decided::answer(finishing.problem(&over.problem())),
        };
        match gateway.follow_keyed(case, (beginning, hold), (parts, body), &opening).await {
            Some((followed, identity)) => Decided::of(Kind::Followed(Box::new(followed)), identity.id),
            None => Decided::answer(finishing.problem(&answers::not_bound())),
        }
    }

    /// It repeats the request of an operation whose content is known by `content`, if that is known.
    async fn repeat(mut self, id: OperationId, content: Option<Fingerprint>) -> Decided {
        let own = match fingerprint(std::mem::take(&mut self.body)).await {
            Ok(own) => own,
            Err(error) => {
                let fault = Fault::of(&UpstreamError::RequestBody(error));
                return Decided::answer(self.case.finishing.fault(&fault, None));
            }
        };
        if content.is_some_and(|content| content != own) {
            return self.refuse(&answers::reused());
        }
        match (self.operations().find(id).await, content) {
            // It never came to be: the one that was to begin it is gone.
            (Ok(Seen::Finished(record)), _) if record.times.end.is_none() => {
                self.refuse(&answers::unavailable())
            }
            (Ok(Seen::Running(cell)), Some(_)) => self.attach(&cell, id),
            (Ok(Seen::Finished(record)), Some(_)) => self.replay(&Replay::of(record, self.operations())),
            (Ok(Seen::Finished(record)), None) if record.response.is_none() => {
                self.replay(&Replay::of(record, self.operations()))
            }
            (Ok(Seen::Running(_) | Seen::Finished(_)), None) => {
                self.refuse(&answers::unknown_content(&self.operations().origin().status_uri(id)))
            }
            // Its time was up just now, or nobody can tell.
            (Ok(Seen::Expired { .. } | Seen::Unknown) | Err(_), _) => self.refuse(&answers::unavailable()),
        }
    }

    /// The operation runs: whoever is promised something follows it.
    fn attach(self, cell: &Arc<OperationCell>, id: OperationId) -> Decided {
        let Self { gateway, case, parts, opening, .. } = self;
        let operations = Arc::clone(&gateway.shared.operations);
        let Some(identity) = operations.identity(cell) else {
            return Decided::answer(case.finishing.problem(&answers::unavailable()));
        };
        let mut plan = case.plan;
        if plan.is_silent() {
            let seconds = View::of_cell(cell, &identity).retry_after();
            let problem = answers::underway(&identity.uri, seconds.unsigned_abs().try_into().unwrap_or(1));
            return Decided::of(Kind::ready(case.finishing.problem(&problem)), id);
        }
        opening.page.limit(case.settings.maximum_unacknowledged);
        let rendering = Rendering::of(&parts.headers, &case.client.preferences).under(case.settings.profile);
        plan.speak(&rendering.reader().languages);
        let finishing = case.finishing.clone();
        let stay = Stay {
            terms: plan.terms,
            identity: Some(identity),
            finishing: case.finishing,
            accepted_applied: plan.accepted_applied,
            rendering,
            metrics: Arc::clone(&gateway.shared.metrics),
        };
        let ending = async move {
            match operations.find(id).await {
                Ok(Seen::Finished(record)) => Replay::of(record, &operations).response(&finishing),
                _ => finishing.problem(&answers::unavailable()),
            }
        };
        let after = Box::new(move |_heads| After::Record(Box::pin(ending)));
        let awaited = Awaited::new(cell, stay, after, (&opening.pulse, gateway.drain.clone()));
        Decided::of(Kind::Awaited(Box::new(awaited)), id)
    }

    /// The operation is over.
    fn replay(&self, replay: &Replay) -> Decided {
        let mut response = replay.response(&self.case.finishing);
        let preferences = &self.case.client.preferences;
        let told = Told {
            identity: replay.identity(self.operations()),
            snapshot: preferences.opted_in().then(|| replay.snapshot()),
            reader: Rendering::of(&self.parts.headers, preferences).reader().clone(),
            applied: self.case.plan.terms.heads.as_ref().map(|heads| heads.applied).unwrap_or_default(),
        };
        told.complete(response.headers_mut());
        Decided::of(Kind::ready(response), replay.id())
    }

    fn refuse(&self, problem: &Problem) -> Decided {
        Decided::answer(self.case.finishing.problem(problem))
    }

    fn operations(&self) -> &Arc<Operations> {
        &self.gateway.shared.operations
    }
}
