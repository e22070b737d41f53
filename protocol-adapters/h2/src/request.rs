//! From what `h2` decoded to a request that the gateway understands.
//!
//! `h2` has already refused, as a stream error: fields that are connection-specific (H2-14),
//! pseudo-fields that are doubled, late or unknown (H2-15), and a `content-length` that is no
//! number or contradicts itself. It cuts a fragment off `:path` without a word.

mod authority;

use bytes::{BufMut, BytesMut};
use downstream::{Expectation, Limits, Refusal, RequestBody};
use h2::RecvStream;
use http::header::{CONTENT_LENGTH, COOKIE, EXPECT, TE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};

use crate::body::RequestContent;

/// The longest method (H1-32).
const MAX_METHOD: usize = 32;

/// A request in origin form, and what its client waits for before it sends the content.
pub(crate) type Incoming = (Request<RequestBody>, Option<Expectation>);

/// Reads a request, or says why it is none.
pub(crate) fn read(request: Request<RecvStream>, limits: &Limits) -> Result<Incoming, Refusal> {
    let (mut parts, frames) = request.into_parts();
    check_method(&parts.method)?;
    let target = target(&parts.uri, &parts.method, limits)?;
    authority::settle(parts.uri.authority(), &mut parts.headers)?;
    parts.uri = Uri::from(target);
    settle_fields(&mut parts.headers, limits)?;
    let promised = content_length(&parts.headers)?;
    let expected = expects_continue(&parts.headers)?;
    if frames.is_end_stream() {
        return Ok((Request::from_parts(parts, RequestBody::empty()), None));
    }
    if promised.is_some_and(|promised| promised > limits.body_size) {
        return Err(Refusal::ContentTooLarge);
    }
    let content = RequestBody::new(RequestContent::new(frames, promised, limits.body_size));
    if !expected {
        return Ok((Request::from_parts(parts, content), None));
    }
    let expectation = Expectation::new();
    let content = content.expecting(expectation.clone());
    Ok((Request::from_parts(parts, content), Some(expectation)))
}

fn check_method(method: &Method) -> Result<(), Refusal> {
    if *method == Method::CONNECT {
        return Err(Refusal::NotImplemented("tunnels are not served"));
    }
    if *method == Method::TRACE {
        return Err(Refusal::NotImplemented("TRACE is not served"));
    }
    if method.as_str().len() > MAX_METHOD {
        return Err(Refusal::Malformed("the method is too long"));
    }
    Ok(())
}

/// The path and query, or `*` for a server-wide OPTIONS (H1-33).
fn target(uri: &Uri, method: &Method, limits: &Limits) -> Result<PathAndQuery, Refusal> {
    let target = uri.path_and_query().ok_or(Refusal::Malformed(":path is missing"))?;
    let text = target.as_str();
    if text.len() > limits.target_size {
        return Err(Refusal::TargetTooLong);
    }
    let server_wide = text == "*" && *method == Method::OPTIONS;
    if !server_wide && !text.starts_with('/') {
        return Err(Refusal::Malformed(":path does not begin with a slash"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::Malformed(":path has octets that are not visible ASCII"));
    }
    Ok(target.clone())
}

fn settle_fields(headers: &mut HeaderMap, limits: &Limits) -> Result<(), Refusal> {
    join_cookies(headers);
    if headers.len() > limits.head_fields {
        return Err(Refusal::HeadTooLarge);
    }
    headers.remove(TE);
    drop_underscores(headers);
    Ok(())
}

/// HTTP/2 may split `cookie` to compress it better; elsewhere it is one field (RFC 9113 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut crumbs = headers.get_all(COOKIE).iter();
    let (Some(first), Some(second)) = (crumbs.next(), crumbs.next()) else { return };
    let mut whole = BytesMut::from(first.as_bytes());
    for crumb in std::iter::once(second).chain(crumbs) {
        whole.put_slice(b"; ");
        whole.put_slice(crumb.as_bytes());
    }
    if let Ok(whole) = HeaderValue::from_maybe_shared(whole.freeze()) {
        headers.insert(COOKIE, whole);
    }
}

/// CGI and its heirs read `a_b` as `a-b`, so one could pass for the other (H1-36).
fn drop_underscores(headers: &mut HeaderMap) {
    while let Some(name) = headers.keys().find(|name| name.as_str().contains('_')) {
        let name = name.clone();
        headers.remove(name);
    }
}

/// One field of digits (H1-05, H1-08).
fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let mut lines = headers.get_all(CONTENT_LENGTH).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(Refusal::Malformed("more than one content-length"));
    }
    let digits = line.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let length = digits.and_then(|digits| digits.parse().ok());
    length.map(Some).ok_or(Refusal::Malformed("content-length is not a number"))
}

/// Whether the client waits for a 100 (EXP-01); any other expectation is refused (EXP-07, H1-29).
fn expects_continue(headers: &HeaderMap) -> Result<bool, Refusal> {
    let mut lines = headers.get_all(EXPECT).iter();
    let Some(line) = lines.next() else { return Ok(false) };
    if lines.next().is_some() || !line.as_bytes().eq_ignore_ascii_case(b"100-continue") {
        return Err(Refusal::ExpectationFailed);
    }
    Ok(true)
}
