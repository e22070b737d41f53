//! The admin listener: `/metrics`, `/livez`, `/readyz` and `/operations`.
//!
//! It is served by the same HTTP/1 wire as clients are, on an address of its own that is never
//! public, and goes on while the gateway drains.

mod operations;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use downstream::{
    BodyError, ConnectionInfo, Drain, Emission, Exchange, Handler, Opening, Phase, Protocol, Refusal,
    RequestBody, Window,
};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::combinators::MapErr;
use http_body_util::{BodyExt, Full};

use crate::listen::{ListenError, SideDoor};
use crate::metrics::Metrics;
use crate::operations::Operations;

/// Connections at a time: a monitoring system or two, and people.
const CONNECTIONS: NonZeroU32 = NonZeroU32::new(64).unwrap();

/// The media type of metrics: the text format, in its only encoding.
const METRICS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Opens the admin listener. Dropping it closes it. To be called within a runtime.
pub fn open(address: SocketAddr, watched: Watched, drain: Drain) -> Result<SideDoor, ListenError> {
    let metrics = Arc::clone(&watched.metrics);
    SideDoor::open(address, Admin::new(watched, drain), metrics, CONNECTIONS)
}

/// What is watched here.
#[derive(Clone, Debug)]
pub struct Watched {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What is listed.
    pub operations: Arc<Operations>,
}

/// Answers on the admin address.
#[derive(Clone, Debug)]
pub struct Admin {
    watched: Watched,
    drain: Drain,
}

/// A request to the admin address.
pub struct AdminExchange(Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>);

/// The content of an answer.
pub type AdminBody = MapErr<Full<Bytes>, fn(Infallible) -> BodyError>;

impl Handler for Admin {
    type Body = AdminBody;
    type Exchange = AdminExchange;

    fn open(&self, request: Request<RequestBody>, _: Opening) -> AdminExchange {
        let (head, _) = request.into_parts();
        let admin = self.clone();
        AdminExchange(Box::pin(async move { admin.answer(&head.method, &head.uri).await }))
    }

    fn refuse(&self, refusal: Refusal, _: Protocol, _: &ConnectionInfo) -> Response<Bytes> {
        answer(refusal.status(), format!("{refusal}\n"))
    }
}

impl fmt::Debug for AdminExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminExchange").finish_non_exhaustive()
    }
}

impl Exchange for AdminExchange {
    type Body = AdminBody;

    fn poll_emission(mut self: Pin<&mut Self>, cx: &mut Context<'_>, _: Window) -> Poll<Emission<AdminBody>> {
        let answer = ready!(self.0.as_mut().poll(cx));
        let body = |content| Full::new(content).map_err(never as fn(Infallible) -> BodyError);
        Poll::Ready(Emission::Final(answer.map(body)))
    }

    fn interim_written(self: Pin<&mut Self>, _: Instant) {}
}

impl Admin {
    /// A handler that exposes what is watched and is ready until `drain` advances.
    pub fn new(watched: Watched, drain: Drain) -> Self {
        Self { watched, drain }
    }

    async fn answer(&self, method: &Method, uri: &Uri) -> Response<Bytes> {
        // The wire leaves the content out of the response to a HEAD.
        let reads = method == Method::GET || method == Method::HEAD;
        match uri.path() {
            "/metrics" | "/livez" | "/readyz" | "/operations" if !reads => {
                let mut refused = answer(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
                refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                refused
            }
            "/metrics" => self.metrics(),
            "/livez" => answer(StatusCode::OK, "alive\n"),
            "/readyz" => self.readiness(),
            "/operations" => self.operations(uri.query().unwrap_or_default()).await,
            _ => answer(
                StatusCode::NOT_FOUND,
                "not found; there are /metrics, /livez, /readyz and /operations\n",
            ),
        }
    }

    async fn operations(&self, query: &str) -> Response<Bytes> {
        let query = match operations::Query::parse(query) {
            Ok(query) => query,
            Err(wrong) => return answer(StatusCode::BAD_REQUEST, format!("{wrong}\n")),
        };
        let page = operations::page(&self.watched.operations, &query).await;
        // Strings, numbers and lists cannot fail to serialize.
        let mut response = answer(StatusCode::OK, serde_json::to_vec(&page).unwrap_or_default());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    fn metrics(&self) -> Response<Bytes> {
        match self.watched.metrics.text() {
            Ok(text) => {
                let mut response = answer(StatusCode::OK, text);
                response.headers_mut().insert(CONTENT_TYPE, METRICS);
                response
            }
            Err(error) => {
                tracing::error!(%error, "metrics cannot be written down");
                answer(StatusCode::INTERNAL_SERVER_ERROR, "metrics cannot be written down; see the log\n")
            }
        }
    }

    fn readiness(&self) -> Response<Bytes> {
        if self.drain.reached(Phase::Draining) {
            answer(StatusCode::SERVICE_UNAVAILABLE, "draining\n")
        } else {
            answer(StatusCode::OK, "ready\n")
        }
    }
}

fn answer(status: StatusCode, content: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(content.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn never(never: Infallible) -> BodyError {
    match never {}
}
