//! Opens an exchange for each request: the one place where routes, preferences, operations and
//! upstream calls meet.

mod awaiting;
mod following;
mod keyed;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use downstream::{ConnectionInfo, DrainWatch, Handler, Opening, Protocol, Refusal, RequestBody};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use progress_core::document::RequestSummary;
use progress_core::prefer::{self, Preferences};

use crate::account::{Account, CountedRoute};
use crate::answer::{Finishing, Variance};
use crate::config::{ClientProfiles, IpPrefix, ProgressSettings};
use crate::content::{Content, GatewayBody};
use crate::created::Created;
use crate::exchange::{Client, GatewayExchange, Kind, Plain, Plan, Relays, Timing};
use crate::forward::{self, Hop, LastHop, NotForwarded, Trust};
use crate::idempotency::Keys;
use crate::ingest::Callbacks;
use crate::metrics::{Metrics, NO_ROUTE};
use crate::operations::{Beginning, Fault, Operations};
use crate::owners::{Budgets, Claim, OverBudget};
use crate::problem::Problem;
use crate::relay::{Processing, Relay};
use crate::routes::{Matched, Route, Routes};
use crate::status::{Lookup, Room};
use crate::trace;
use crate::upstream::{Patience, UpstreamCall, Upstreams};
use awaiting::Visit;
use following::Case;

/// A gateway, as one core's wires see it.
#[derive(Clone, Debug)]
pub struct Gateway {
    shared: Arc<Shared>,
    upstreams: Upstreams,
    drain: DrainWatch,
    last_hop: LastHop,
}

/// What all cores share.
#[derive(Debug)]
pub struct Shared {
    /// The routes.
    pub routes: Routes,
    /// What is known of clients.
    pub profiles: ClientProfiles,
    /// Whose forwarding fields are believed.
    pub trusted_proxies: Vec<IpPrefix>,
    /// Our name in `Via` and `Proxy-Status`.
    pub service_name: Arc<str>,
    /// Where operations are found.
    pub operations: Arc<Operations>,
    /// Where origins may call back, if they may.
    pub callbacks: Option<Callbacks>,
    /// Resources whose content is still being made.
    pub created: Arc<Created>,
    /// Where status documents are answered.
    pub room: Arc<Room>,
    /// Requests that may be repeated.
    pub keys: Arc<Keys>,
    /// How many operations may run.
    pub budgets: Arc<Budgets>,
    /// Where things are counted.
    pub metrics: Arc<Metrics>,
    /// The name of no route.
    pub no_route: Arc<str>,
}

impl Gateway {
    /// A gateway with the connections to origins of one core.
    pub fn new(shared: Arc<Shared>, upstreams: Upstreams, drain: DrainWatch) -> Self {
        Self { shared, upstreams, drain, last_hop: LastHop::default() }
    }

    fn account(&self, route: Option<&Route>, method: &Method, opening: &Opening) -> Box<Account> {
        let counted = CountedRoute {
            index: route.map(|route| route.index),
            name: Arc::clone(route.map_or(&self.shared.no_route, |route| &route.name)),
        };
        Account::open(Arc::clone(&self.shared.metrics), counted, method, opening)
    }

    fn finishing(&self, route: Option<&Route>, connection: &ConnectionInfo) -> Finishing {
        let varies = route.is_some_and(|route| route.settings.progress.is_some());
        Finishing {
            service_name: Arc::clone(&self.shared.service_name),
            alt_svc: connection.alt_svc.clone(),
            variance: if varies { Variance::Prefer } else { Variance::None },
        }
    }

    fn problem(&self, problem: &Problem, parts: &Parts, opening: &Opening) -> GatewayExchange {
        let response = self.finishing(None, &opening.connection).problem(problem);
        let mut account = self.account(None, &parts.method, opening);
        account.traced(trace::heard(&parts.headers));
        GatewayExchange::ready(response, account)
    }

    /// A request that belongs to a route.
    fn routed(&self, route: &Route, request: (Parts, RequestBody), opening: &Opening) -> GatewayExchange {
        let (mut parts, body) = request;
        let mut account = self.account(Some(route), &parts.method, opening);
        account.traced(Some(trace::pass_on(&mut parts.headers)));
        let finishing = self.finishing(Some(route), &opening.connection);
        let client = Client::of(opening.protocol, &parts.headers, &self.shared.profiles);
        let agent_relay = relay(route, &client, &parts);
        match self.forward(&mut parts, opening) {
            Ok(()) => {}
            Err(NotForwarded::Loop) => return GatewayExchange::ready(finishing.fault(&LOOP, None), account),
            Err(NotForwarded::MaxForwards) => return GatewayExchange::ready(options(), account),
        }
        if let Some(sought) = self.sought(route, &client, (&parts, &body), &opening.connection) {
            account.withheld_once(sought.plan.suppressed);
            sought.cell.id().into_iter().for_each(|id| account.operation(id));
            let visit = Visit { route, client, relay: agent_relay, finishing };
            let awaited = self.hold(sought, visit, (parts, body), opening);
            return GatewayExchange::new(Kind::Awaited(Box::new(awaited)), account);
        }
        let key = self.digest(route, &parts, opening);
        let plan = route.settings.progress.as_ref().map(|settings| {
            let (plan, suppressed) = Plan::new(settings, &client);
            // An origin that may finish by callback needs an operation, whatever its client is promised, and
            // so does a request that may be repeated.
            let silent = || (self.shared.callbacks.is_some() || key.is_some()).then(Plan::silent);
            (settings, (plan.or_else(silent), suppressed))
        });
        let kind = match plan {
            Some((settings, (Some(plan), suppressed))) => {
                let case = Case { route, settings, client, plan, relay: agent_relay, finishing };
                if let Some(digest) = key {
                    account.withheld_once(suppressed);
                    let keyed = self.decide(digest, case, (parts, body), opening);
                    return GatewayExchange::new(Kind::Keyed(keyed), account);
                }
                let beginning = match self.beginning(route, settings, &parts, opening) {
                    Ok(beginning) => beginning,
                    Err(over) => {
                        return GatewayExchange::ready(case.finishing.problem(&over.problem()), account);
                    }
                };
                account.withheld_once(suppressed);
                Kind::Followed(Box::new(self.follow(case, beginning, (parts, body), opening)))
            }
            other => {
                let settings = other.map(|(settings, (_, suppressed))| {
                    account.withheld_once(suppressed);
                    settings
                });
                let patience = if settings.is_some() { Patience::Unlimited } else { Patience::Idle };
                Kind::Plain(Box::new(Plain {
                    call: self.call(route, Request::from_parts(parts, body), patience),
                    upstream: route.settings.upstream,
                    relays: Relays::new(agent_relay, client.maximum_heads().map(Into::into)),
                    timing: Timing::new(
                        &opening.pulse,
                        client.company(),
                        settings.map(|settings| account.opened() + settings.deadline),
                    ),
                    finishing,
                    drain: self.drain.clone(),
                    end: None,
                }))
            }
        };
        GatewayExchange::new(kind, account)
    }

    /// What an operation begins with, unless somebody's budget is spent (SEC-04).
    fn beginning(
        &self,
        route: &Route,
        settings: &ProgressSettings,
        parts: &Parts,
        opening: &Opening,
    ) -> Result<Beginning, OverBudget> {
        let owner = self.shared.room.owners.of(&settings.owner, &parts.headers, &opening.connection);
        let peer = opening.connection.peer.ip();
        let address = (!self.trusts(peer)).then_some(peer);
        let claim = Claim { owner, address, route: route.index, per_route: settings.maximum_operations };
        Ok(Beginning {
            route: route.index,
            route_name: Arc::clone(&route.name),
            request: self.summary(parts),
            owner,
            place: self.shared.budgets.admit(&claim)?,
        })
    }

    /// Whether the forwarding fields of a peer are believed (FWH-05).
    fn trusts(&self, peer: IpAddr) -> bool {
        self.shared.trusted_proxies.iter().any(|prefix| prefix.contains(peer))
    }

    fn call(&self, route: &Route, request: Request<RequestBody>, patience: Patience) -> UpstreamCall {
        self.upstreams.call(route.settings.upstream, request, patience)
    }

    /// Makes a request what the origin is sent.
    fn forward(&self, parts: &mut Parts, opening: &Opening) -> Result<(), NotForwarded> {
        let connection = &opening.connection;
        let make = || {
            let trust = if self.trusts(connection.peer.ip()) { Trust::Trusted } else { Trust::Untrusted };
            Hop::new(connection.peer, connection.security, trust, Arc::clone(&self.shared.service_name))
        };
        self.last_hop.with(connection, make, |hop| forward::forward_request(parts, opening.protocol, hop))
    }

    fn summary(&self, parts: &Parts) -> Arc<RequestSummary> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let base = self.shared.operations.origin().base();
        Arc::new(RequestSummary::new(parts.method.clone(), base, path))
    }
}

/// Which of the origin's heads a request is relayed.
fn relay(route: &Route, client: &Client, parts: &Parts) -> Relay {
    let processing = if route.settings.progress.is_some() { Processing::Event } else { Processing::Relayed };
    let policy = route.settings.relay_informational;
    let relay = Relay::new(policy, client.protocol, &parts.headers, processing);
    if client.incapable().is_some() { relay.none() } else { relay }
}

/// Removes the preferences that the gateway honours itself (PRF-15).
fn keep_from_origin(parts: &mut Parts, plan: &Plan) {
    if let Some(lines) = Preferences::forwarded(&parts.headers, plan.honoured) {
        parts.headers.remove(prefer::FIELD);
        for line in lines {
            parts.headers.append(prefer::FIELD, line);
        }
    }
}

impl Handler for Gateway {
    type Body = GatewayBody;
    type Exchange = GatewayExchange;

    fn open(&self, request: Request<RequestBody>, opening: Opening) -> GatewayExchange {
        let (parts, body) = request.into_parts();
        if let Some(below) = self.shared.operations.origin().below(parts.uri.path()) {
            let client = Client::of(opening.protocol, &parts.headers, &self.shared.profiles);
            let mut account = self.account(None, &parts.method, &opening);
            account.traced(trace::heard(&parts.headers));
            let context = (client, opening, self.drain.clone());
            let lookup = Lookup::new(&self.shared.room, &parts, below, context);
            return GatewayExchange::new(Kind::Lookup(lookup), account);
        }
        if parts.method == Method::OPTIONS && parts.uri.path() == "*" {
            return GatewayExchange::ready(options(), self.account(None, &parts.method, &opening));
        }
        match self.shared.routes.find(&parts) {
            Matched::Route(route) => self.routed(route, (parts, body), &opening),
            Matched::None => {
                let detail = "No route of this gateway takes this request.";
                self.problem(&Problem::new(StatusCode::NOT_FOUND, "no-route", detail), &parts, &opening)
            }
            Matched::Climbs => {
                let detail = "The path climbs out of the root.";
                self.problem(&Problem::new(StatusCode::BAD_REQUEST, "malformed", detail), &parts, &opening)
            }
        }
    }

    fn refuse(&self, refusal: Refusal, protocol: Protocol, connection: &ConnectionInfo) -> Response<Bytes> {
        let (name, detail) = words(refusal);
        tracing::debug!(%refusal, peer = %connection.peer, "a request was refused");
        let exchange = self.shared.metrics.route(None).exchange(protocol);
        let status = refusal.status();
        exchange.refused(crate::metrics::labels::Mode::Plain, status);
        Problem::new(status, name, detail).response()
    }
}

/// A request that has been here before (FWH-02).
const LOOP: Fault = Fault {
    status: StatusCode::BAD_GATEWAY,
    problem: "loop",
    code: "Loop",
    detail: "The request has passed this gateway before.",
    proxy_error: Some("proxy_loop_detected"),
};

/// What this server can do as a whole (RFC 9110 9.3.7), also where a request is for whoever stands
/// here (FWH-03).
fn options() -> Response<Content> {
    let mut response = Response::new(Content::Full(Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    response.headers_mut().insert(header::ALLOW, methods);
    response
}

/// The problem's name and detail of a refusal.
fn words(refusal: Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::Malformed(detail) => ("malformed", detail),
        Refusal::NotImplemented(detail) => ("not-implemented", detail),
        Refusal::HeadTimeout => ("head-timeout", "The request head did not arrive in time."),
        Refusal::HeadTooLarge => ("head-too-large", "The request head is too large."),
        Refusal::TargetTooLong => ("target-too-long", "The request target is too long."),
        Refusal::ContentTooLarge => ("content-too-large", "The request content is too large."),
        Refusal::ExpectationFailed => ("expectation-failed", "Only 100-continue can be expected here."),
        Refusal::VersionNotSupported => ("version-not-supported", "This version of HTTP is not spoken here."),
    }
}

/// The name under which requests without a route are counted.
pub fn no_route() -> Arc<str> {
    NO_ROUTE.into()
}
