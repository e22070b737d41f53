//! Heads between the gateway's form and HTTP/2's.

use downstream::RequestBody;
use h1_adapter::client::GoAhead;
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use http_body::Body;

use crate::forward::remove_connection_fields;
use crate::upstream::UpstreamError;

/// Octets of names and values of one head (FWD-08).
const HEAD_SIZE: usize = 32 * 1024;

/// Field lines of one head.
const HEAD_FIELDS: usize = 100;

/// Turns a request in origin form into one for a stream: `Host` becomes `:authority`, the length of
/// the content is told if it is known. Also returned: when its content may follow.
pub(super) fn request(
    mut parts: Parts,
    body: &RequestBody,
    scheme: &Scheme,
) -> Result<(Request<()>, GoAhead), UpstreamError> {
    let fields = &mut parts.headers;
    remove_connection_fields(fields);
    fields.remove(header::CONTENT_LENGTH);
    fields.remove(header::EXPECT);
    let host = fields.remove(header::HOST).ok_or(UpstreamError::Internal("a request without Host"))?;
    let mut go_ahead = GoAhead::at_once();
    if !body.is_end_stream() {
        if let Some(length) = body.size_hint().exact() {
            fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        if body.awaits_continue() {
            fields.insert(header::EXPECT, HeaderValue::from_static("100-continue"));
            go_ahead = GoAhead::after_continue();
        }
    }
    parts.uri = absolute(&parts.uri, &host, scheme)?;
    parts.version = http::Version::HTTP_2;
    Ok((Request::from_parts(parts, ()), go_ahead))
}

/// Refuses heads that may not be passed on: a status out of range (I-18), too many or too large
/// fields (I-11).
pub(super) fn check(status: StatusCode, fields: &HeaderMap) -> Result<(), UpstreamError> {
    if status.as_u16() > 599 {
        return Err(UpstreamError::Protocol("the status is not one of 100 to 599"));
    }
    if fields.len() > HEAD_FIELDS {
        return Err(UpstreamError::HeadTooLarge);
    }
    let size: usize = fields.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > HEAD_SIZE { Err(UpstreamError::HeadTooLarge) } else { Ok(()) }
}

fn absolute(target: &Uri, host: &HeaderValue, scheme: &Scheme) -> Result<Uri, UpstreamError> {
    let authority = Authority::try_from(host.as_bytes())
        .map_err(|_| UpstreamError::Internal("a Host that is no authority"))?;
    let mut uri = http::uri::Parts::default();
    uri.scheme = Some(scheme.clone());
    uri.authority = Some(authority);
    uri.path_and_query =
        Some(target.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")));
    Uri::from_parts(uri).map_err(|_| UpstreamError::Internal("a target that is no path"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body_util::{BodyExt, Full};

    fn parts(target: &str, fields: &[(&'static str, &'static str)]) -> Parts {
        let mut request = Request::post(target).body(()).expect("a request");
        for (name, value) in fields {
            request.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        request.into_parts().0
    }

    fn content(text: &'static str) -> RequestBody {
        RequestBody::new(Full::new(Bytes::from_static(text.as_bytes())).map_err(|never| match never {}))
    }

    #[test]
    fn host_becomes_the_authority_and_connection_fields_go() {
        let fields = [
            ("host", "api.example:8443"),
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("te", "gzip"),
            ("a", "b"),
        ];
        let (request, _) =
            super::request(parts("/a?b=c", &fields), &content("four"), &Scheme::HTTPS).expect("fine");
        assert_eq!(request.uri(), "https://api.example:8443/a?b=c");
        let mut fields: Vec<_> = request.headers().iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
        fields.sort_unstable();
        assert_eq!(fields, [("a", &b"b"[..]), ("content-length", b"4")]);
    }

    #[test]
    fn the_server_wide_target_stays() {
        let (request, _) =
            super::request(parts("*", &[("host", "o")]), &RequestBody::empty(), &Scheme::HTTP).expect("fine");
        assert_eq!(request.uri().path(), "*");
        assert!(request.headers().is_empty());
    }

    /// I-11, I-18.
    #[test]
    fn i_11_i_18_heads_out_of_bounds_are_refused() {
        let status = |code| StatusCode::from_u16(code).expect("a code");
        assert!(check(status(599), &HeaderMap::new()).is_ok());
        for code in [600, 999] {
            assert!(matches!(check(status(code), &HeaderMap::new()), Err(UpstreamError::Protocol(_))));
        }
        let mut many = HeaderMap::new();
        for _ in 0..=HEAD_FIELDS {
            many.append("a", HeaderValue::from_static("b"));
        }
        assert_eq!(check(status(103), &many), Err(UpstreamError::HeadTooLarge));
        let mut large = HeaderMap::new();
        large.insert("a", HeaderValue::from_str(&"b".repeat(HEAD_SIZE)).expect("a value"));
        assert_eq!(check(status(200), &large), Err(UpstreamError::HeadTooLarge));
    }
}
