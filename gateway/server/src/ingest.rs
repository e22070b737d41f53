//! The callback listener: origins report progress and bring final responses without a connection
//! of the request's (interface section 5, S-11 to S-13).
//!
//! It is served by the same HTTP/1 wire as clients are, on an address of its own that is never public,
//! and goes on while the gateway drains.

mod answers;
mod content;
mod delivery;
mod message;
mod report;
mod token;

use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use downstream::{
    ConnectionInfo, Emission, Exchange, Handler, Opening, Protocol, Refusal, RequestBody, Window,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use progress_core::operation::OperationId;
use status_store::{clock, random_id};

use crate::config::CallbackSettings;
use crate::content::{Content, GatewayBody};
use crate::listen::{ListenError, SideDoor};
use crate::metrics::Metrics;
use crate::operations::{Listed, Listing, OperationCell, Operations};
use crate::problem::Problem;
use token::Mint;

/// Connections at a time. Origins call in turn and keep few open.
const CONNECTIONS: NonZeroU32 = NonZeroU32::new(1_024).unwrap();

/// Tells an origin the operation that its request belongs to.
const OPERATION_ID: HeaderName = HeaderName::from_static("operation-id");

/// Tells an origin where to call back.
const PROGRESS_CALLBACK: HeaderName = HeaderName::from_static("progress-callback");

/// How long after an operation's deadline its token is still known: who calls that late is told that
/// the operation is over.
const GRACE: Duration = Duration::from_hours(1);

/// Gives each request to an origin its place to call back. One per gateway.
#[derive(Debug)]
pub struct Callbacks {
    desk: Arc<Desk>,
    /// What a callback URL begins with; no slash at its end.
    url: String,
}

/// Where callbacks are answered.
#[derive(Debug)]
pub struct Desk {
    mint: Mint,
    /// The path of the URL that origins call, if it has one.
    prefix: String,
    listing: Arc<Listing>,
    operations: Arc<Operations>,
    metrics: Arc<Metrics>,
}

/// Opens the callback listener. Dropping it closes it. To be called within a runtime.
pub fn open(
    settings: &CallbackSettings,
    operations: &Arc<Operations>,
    metrics: &Arc<Metrics>,
) -> Result<(SideDoor, Callbacks), ListenError> {
    let configured = settings.url.as_ref().map(crate::config::PublicUrl::as_str);
    let desk = Arc::new(Desk {
        mint: Mint::new(&operations.secret()),
        prefix: configured.map(path_of).unwrap_or_default().to_owned(),
        listing: Arc::default(),
        operations: Arc::clone(operations),
        metrics: Arc::clone(metrics),
    });
    let handler = Ingest(Arc::clone(&desk));
    let door = SideDoor::open(settings.address, handler, Arc::clone(metrics), CONNECTIONS)?;
    let url = configured.map_or_else(|| format!("http://{}", door.local_addr()), str::to_owned);
    Ok((door, Callbacks { desk, url }))
}

fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("", |slash| &rest[slash..])
}

// === impl Callbacks ===

impl Callbacks {
    /// Tells the origin of a request where to call back about the operation of `cell`, and lists it.
    /// `None`, and nothing is told: there is no room, or the system has no randomness.
    pub fn invite(&self, cell: &Arc<OperationCell>, terms: Terms, fields: &mut HeaderMap) -> Option<Listed> {
        self.invite_again(random_id().ok()?, cell, terms, fields)
    }

    /// The same about an operation that has an id already.
    pub fn invite_again(
        &self,
        id: OperationId,
        cell: &Arc<OperationCell>,
        terms: Terms,
        fields: &mut HeaderMap,
    ) -> Option<Listed> {
        let expiry = clock::now().checked_add(terms.deadline.saturating_add(GRACE)).ok()?;
        let token = self.desk.mint.token(id, expiry);
        let url = secret_value(&format!("{}/{token}", self.url))?;
        let name = secret_value(&id.to_string())?;
        let listed = self.desk.listing.list(id, cell, terms.maximum_result)?;
        fields.insert(PROGRESS_CALLBACK, url);
        fields.insert(OPERATION_ID, name);
        Some(listed)
    }
}

impl Callbacks {
    /// Lists an operation whose origin was told where to call by an earlier gateway: the token is still
    /// good. `None`: there is no room.
    pub fn expect(&self, id: OperationId, cell: &Arc<OperationCell>, maximum_result: u64) -> Option<Listed> {
        self.desk.listing.list(id, cell, maximum_result)
    }
}

/// What callbacks about an operation may do.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How long the operation may take.
    pub deadline: Duration,
    /// Octets of a result.
    pub maximum_result: u64,
}

/// A value that compression must not remember.
fn secret_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

// === impl Desk ===

impl Desk {
    /// What a path names: an operation of a token of ours, and what is behind it.
    fn address<'a>(&self, path: &'a str) -> Option<(OperationId, &'a str)> {
        let below = path.strip_prefix(&self.prefix).filter(|below| below.starts_with('/')).unwrap_or(path);
        let below = below.strip_prefix('/')?;
        let (token, part) = below.split_at(below.find('/').unwrap_or(below.len()));
        Some((self.mint.read(token, clock::now())?, part))
    }
}

/// The callback listener, as the wire sees it.
#[derive(Clone, Debug)]
struct Ingest(Arc<Desk>);

/// A callback that is being answered.
struct IngestExchange {
    answering: Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>,
}

impl Handler for Ingest {
    type Body = GatewayBody;
    type Exchange = IngestExchange;

    fn open(&self, request: Request<RequestBody>, _: Opening) -> IngestExchange {
        let desk = Arc::clone(&self.0);
        IngestExchange { answering: Box::pin(async move { desk.answer(request).await }) }
    }

    fn refuse(&self, refusal: Refusal, _: Protocol, _: &ConnectionInfo) -> Response<Bytes> {
        Problem::new(refusal.status(), "malformed", "This is no request that is taken here.").response()
    }
}

impl Exchange for IngestExchange {
    type Body = GatewayBody;

    fn poll_emission(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: Window,
    ) -> Poll<Emission<GatewayBody>> {
        let body = |content| GatewayBody::new(Content::Full(content), None);
        self.answering.as_mut().poll(cx).map(|response| Emission::Final(response.map(body)))
    }

    fn interim_written(self: Pin<&mut Self>, _: Instant) {}
}
