//! One line per final response.
//!
//! A line names neither query strings nor credentials, and an operation only by the beginning of
//! its id: whoever reads the log cannot act for a client (S-03).

use std::net::SocketAddr;
use std::time::Duration;

use downstream::Protocol;
use http::{Method, StatusCode};
use progress_core::operation::OperationId;

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
    /// How the request was answered.
    pub mode: Mode,
    /// The operation behind it, if there is one.
    pub operation: Option<OperationId>,
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
        mode = entry.mode.text(),
        operation = operation.as_deref(),
        peer = %entry.peer,
    );
}

/// Seconds with six digits after the point: the log is not more exact than that.
fn micros(elapsed: Duration) -> f64 {
    Duration::new(elapsed.as_secs(), elapsed.subsec_micros() * 1_000).as_secs_f64()
}
