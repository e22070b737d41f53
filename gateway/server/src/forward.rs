//! What a message's fields become on their way through the gateway. Pure: no I/O, no clock.
//!
//! Requests get `Via`, `Forwarded` and `X-Forwarded-*`, and lose what belongs to the connection, what
//! only this gateway may say, and what an untrusted client says about its own origin. Responses lose
//! what belongs to the connection and what an origin may not say in the gateway's name.

mod chain;
mod hop;
mod via;

use downstream::Protocol;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use smallvec::SmallVec;

use chain::Chain;

pub use hop::{Hop, LastHop, Trust};

/// Requests that are meant to be answered on the way may still pass this many servers.
const MAXIMUM_FORWARDS: u64 = 255;

/// Fields that a request gains: `Forwarded`, three of `X-Forwarded-*`, and `Via`.
const ADDED: usize = 5;

/// Why a request does not go to an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotForwarded {
    /// It has been here before: 502 with `proxy_loop_detected` (FWH-02).
    #[error("the request has passed this gateway before")]
    Loop,
    /// It is for whoever stands here: the gateway answers it (FWH-03).
    #[error("the request is not to be forwarded any further")]
    MaxForwards,
}

/// Rewrites a request for the origin (FWH-01 to FWH-07). `protocol` is the version that it came in.
///
/// # Errors
/// [`NotForwarded`]; the request is as it was.
pub fn forward_request(parts: &mut Parts, protocol: Protocol, hop: &mut Hop) -> Result<(), NotForwarded> {
    if via::has(&parts.headers, hop.service_name()) {
        return Err(NotForwarded::Loop);
    }
    count_forward(parts)?;
    let fields = &mut parts.headers;
    let is_trusted = hop.trust() == Trust::Trusted;
    let chain = if is_trusted { Chain::read(fields) } else { None };
    remove_named(fields);
    remove_where(fields, |name| {
        is_of_connection(name)
            || is_reserved(name)
            || chain::is_field(name)
            || (!is_trusted && name.contains('_'))
    });
    fields.reserve(ADDED);
    match chain {
        None => hop.tell(fields),
        Some(chain) => chain.append(hop, fields.get(header::HOST)).write(fields),
    }
    if let Some(via) = hop.via(protocol) {
        fields.append(header::VIA, via);
    }
    Ok(())
}

/// Cleans the fields of an origin's final response: what belongs to the connection (FWH-07), and what
/// only this gateway may say (U-12, FWH-04). `Operation-Completion` must be read before.
pub fn clean_response(fields: &mut HeaderMap) {
    remove_named(fields);
    remove_where(fields, |name| is_of_connection(name) || is_reserved(name) || name == "forwarded");
}

/// Cleans the fields of an origin's interim response (FWD-05, FWD-06, I-08): of a 102 only what
/// becomes an event is left, of a 104 only what tells about the upload. Nothing sets a cookie.
pub fn clean_interim(status: StatusCode, fields: &mut HeaderMap) {
    remove_connection_fields(fields);
    remove_where(fields, |name| match status.as_u16() {
        102 => !matches!(name, "progress" | "status-uri"),
        104 => name != "location" && !name.starts_with("upload-"),
        _ => {
            matches!(name, "content-length" | "set-cookie" | "set-cookie2" | "trailer" | "forwarded")
                || is_reserved(name)
        }
    });
}

/// Removes the fields that are for one connection only: those that `Connection` names and those known
/// to be (RFC 9110 7.6.1). The wires have done so; this is the second look (FWH-07, H2-13).
pub fn remove_connection_fields(fields: &mut HeaderMap) {
    remove_named(fields);
    remove_where(fields, is_of_connection);
}

/// Removes the fields that `Connection` names.
fn remove_named(fields: &mut HeaderMap) {
    if !fields.contains_key(header::CONNECTION) {
        return;
    }
    let named: SmallVec<[HeaderName; 4]> = fields
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|line| line.as_bytes().split(|octet| *octet == b','))
        .filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok())
        .filter(|name| !is_protected(name.as_str()))
        .collect();
    for name in named {
        fields.remove(name);
    }
}

/// Fields that are for one connection only (RFC 9110 7.6.1).
fn is_of_connection(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "http2-settings"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
    )
}

fn count_forward(parts: &mut Parts) -> Result<(), NotForwarded> {
    if !matches!(parts.method, Method::TRACE | Method::OPTIONS) {
        return Ok(());
    }
    let Some(value) = parts.headers.get(header::MAX_FORWARDS) else { return Ok(()) };
    // What is no number is no limit.
    let Some(left) = value.to_str().ok().and_then(|text| text.trim().parse::<u64>().ok()) else {
        return Ok(());
    };
    let left = left.checked_sub(1).ok_or(NotForwarded::MaxForwards)?;
    parts.headers.insert(header::MAX_FORWARDS, HeaderValue::from(left.min(MAXIMUM_FORWARDS)));
    Ok(())
}

/// Fields that only this gateway writes, in either direction.
fn is_reserved(name: &str) -> bool {
    matches!(name, "operation-id" | "operation-completion" | "progress-callback" | "status-uri")
}

/// Fields that `Connection` cannot remove: they decide who asks, and for what (H1-35).
fn is_protected(name: &str) -> bool {
    matches!(
        name,
        "authorization"
            | "content-length"
            | "cookie"
            | "forwarded"
            | "host"
            | "idempotency-key"
            | "prefer"
            | "progress"
            | "set-cookie"
            | "traceparent"
            | "tracestate"
            | "via"
    ) || name.starts_with("x-forwarded-")
}

/// Most messages have none of these fields, so looking is the fast path.
fn remove_where(fields: &mut HeaderMap, goes: impl Fn(&str) -> bool) {
    if !fields.keys().any(|name| goes(name.as_str())) {
        return;
    }
    let found: SmallVec<[HeaderName; 4]> =
        fields.keys().filter(|name| goes(name.as_str())).cloned().collect();
    for name in found {
        fields.remove(name);
    }
}

#[cfg(test)]
mod tests;
