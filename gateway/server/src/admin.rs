//! The admin listener: `/metrics`, `/livez` and `/readyz`.
//!
//! It is served by the same HTTP/1 wire as clients are, on an address of its own that is never
//! public, and goes on while the gateway drains.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use downstream::{
    BodyError, ConnectionInfo, Drain, Emission, Exchange, Handler, Opening, Phase, Protocol, Refusal,
    RequestBody, Window,
};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::MapErr;
use http_body_util::{BodyExt, Full};

use crate::listen::{ListenError, SideDoor};
use crate::metrics::Metrics;

/// The media type of metrics: the text format, in its only encoding.
const METRICS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Opens the admin listener. Dropping it closes it. To be called within a runtime.
pub fn open(address: SocketAddr, metrics: Arc<Metrics>, drain: Drain) -> Result<SideDoor, ListenError> {
    SideDoor::open(address, Admin::new(Arc::clone(&metrics), drain), metrics)
}

/// Answers on the admin address.
#[derive(Clone, Debug)]
pub struct Admin {
    metrics: Arc<Metrics>,
    drain: Drain,
}

/// A request to the admin address.
#[derive(Debug)]
pub struct AdminExchange {
    admin: Admin,
    method: Method,
    path: String,
}

/// The content of an answer.
pub type AdminBody = MapErr<Full<Bytes>, fn(Infallible) -> BodyError>;

impl Handler for Admin {
    type Body = AdminBody;
    type Exchange = AdminExchange;

    fn open(&self, request: Request<RequestBody>, _: Opening) -> AdminExchange {
        let (head, _) = request.into_parts();
        AdminExchange { admin: self.clone(), method: head.method, path: head.uri.path().to_owned() }
    }

    fn refuse(&self, refusal: Refusal, _: Protocol, _: &ConnectionInfo) -> Response<Bytes> {
        answer(refusal.status(), format!("{refusal}\n"))
    }
}

impl Exchange for AdminExchange {
    type Body = AdminBody;

    fn poll_emission(self: Pin<&mut Self>, _: &mut Context<'_>, _: Window) -> Poll<Emission<AdminBody>> {
        let answer = self.admin.answer(&self.method, &self.path);
        let body = |content| Full::new(content).map_err(never as fn(Infallible) -> BodyError);
        Poll::Ready(Emission::Final(answer.map(body)))
    }

    fn interim_written(self: Pin<&mut Self>, _: Instant) {}
}

impl Admin {
    /// A handler that exposes `metrics` and is ready until `drain` advances.
    pub fn new(metrics: Arc<Metrics>, drain: Drain) -> Self {
        Self { metrics, drain }
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Bytes> {
        let answers: fn(&Self) -> Response<Bytes> = match path {
            "/metrics" => Self::metrics,
            "/livez" => |_| answer(StatusCode::OK, "alive\n"),
            "/readyz" => Self::readiness,
            _ => return answer(StatusCode::NOT_FOUND, "not found; there are /metrics, /livez and /readyz\n"),
        };
        // The wire leaves the content out of the response to a HEAD.
        if method == Method::GET || method == Method::HEAD {
            return answers(self);
        }
        let mut refused = answer(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        refused
    }

    fn metrics(&self) -> Response<Bytes> {
        match self.metrics.text() {
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
