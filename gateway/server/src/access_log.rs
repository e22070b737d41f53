//! One line per final response.
//!
//! A line names neither query strings nor credentials, and an operation only by the beginning of
//! its id: whoever reads the log cannot act for a client (S-03). A trace's id is what was read of it, in
//! our own spelling. `gateway/docs/logging.md` tells operators what each field means.

use std::net::SocketAddr;
use std::time::Duration;

use downstream::Protocol;
use http::{Method, StatusCode};
use progress_core::operation::OperationId;
use progress_core::trace_context::TraceId;
use tracing::field;

use crate::metrics::labels::{Label, Mode};

/// The target of access lines; `access=off` in the filter silences them.
pub const TARGET: &str = "access";

/// What is known of an exchange when its final response is over.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The version that the request came in.
    pub protocol: Protocol,
    /// The method of the request.
    pub method: &'a Method,
    /// The name of its route.
    pub route: &'a str,
    /// The status of the final response.
    pub status: StatusCode,
    /// From the request head to the end of the response.
    pub elapsed: Duration,
    /// Octets of the final response's content.
    pub bytes: u64,
    /// Interim heads before it, relayed ones included.
    pub heads: u32,
    /// Interim heads that did not go out, counted as in `interim_suppressed_total`.
    pub suppressed: u32,
    /// How many of the heads the client's transport has acknowledged; `None`: unknown.
    pub acknowledged: Option<u32>,
    /// How the request was answered.
    pub mode: Mode,
    /// From the request head to the origin's final head; `None`: no origin has answered.
    pub upstream: Option<Duration>,
    /// The operation behind it, if there is one.
    pub operation: Option<OperationId>,
    /// The trace that it belongs to; `None`: it went no further and its client named none.
    pub trace: Option<TraceId>,
    /// Who asked.
    pub peer: SocketAddr,
}

/// Whether anybody reads access lines: whoever has to collect an [`Entry`] may ask first.
pub fn is_read() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::INFO)
}

/// Writes the line of one final response.
pub fn record(entry: &Entry<'_>) {
    let operation = entry.operation.map(|id| id.short());
    tracing::info!(
        target: TARGET,
        protocol = entry.protocol.label(),
        method = entry.method.as_str(),
        route = entry.route,
        status = entry.status.as_u16(),
        seconds = micros(entry.elapsed),
        bytes = entry.bytes,
        heads = entry.heads,
        suppressed = entry.suppressed,
        acknowledged = entry.acknowledged,
        mode = entry.mode.text(),
        upstream_seconds = entry.upstream.map(micros),
        operation = operation.as_deref(),
        trace = entry.trace.map(field::display),
        peer = %entry.peer,
    );
}

/// Seconds with six digits after the point: the log is not more exact than that.
fn micros(elapsed: Duration) -> f64 {
    Duration::new(elapsed.as_secs(), elapsed.subsec_micros() * 1_000).as_secs_f64()
}
