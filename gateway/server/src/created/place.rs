//! Which resource a response names, and which one a request asks for.

use std::borrow::Cow;

use http::header::{HOST, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use progress_core::document::RequestSummary;

use crate::routes::normal_path;

/// Octets of a path and query that are kept: origins name what they create by short ones.
const LONGEST: usize = 1_024;

/// A resource of this gateway's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The server's name and port, in lower case, without a port that goes without saying.
    pub(super) host: Box<str>,
    /// Path and query; the path in its normal form.
    pub(super) path: Box<str>,
}

/// What a response to a request is read against.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The request.
    pub request: &'a RequestSummary,
    /// The server's name as the request had it.
    pub host: &'a str,
    /// What absolute URIs of the gateway's begin with.
    pub base: &'a str,
}

impl Place {
    /// What a `201` has created: its `Location`, or else what was asked for (RFC 9110 15.3.2). `None`: it
    /// does not belong to this gateway, or cannot be kept.
    pub fn created(fields: &HeaderMap, asked: Asked<'_>) -> Option<Self> {
        let reference = fields.get(LOCATION).map_or(Ok(""), HeaderValue::to_str).ok()?;
        let (base_host, prefix) = split(asked.base.split_once("://")?.1);
        let asked_host = if asked.host.is_empty() { base_host } else { asked.host };
        let (host, whole) = resolve(reference, &[prefix, asked.request.path()].concat())?;
        let host = canonical(host.unwrap_or(asked_host));
        if host != canonical(asked_host) && host != canonical(base_host) {
            return None;
        }
        // Whoever stands before the gateway takes the prefix of its public URL away.
        let below = whole.strip_prefix(prefix).filter(|below| below.starts_with('/')).unwrap_or(&whole);
        Self::new(host, below)
    }

    /// What a request asks for.
    pub(super) fn asked(request: &Parts) -> Option<Self> {
        let host = request.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        Self::new(canonical(host), request.uri.path_and_query()?.as_str())
    }

    fn new(host: Box<str>, whole: &str) -> Option<Self> {
        let (path, query) = whole.split_at(whole.find('?').unwrap_or(whole.len()));
        let path = [normal_path(path)?.as_ref(), query].concat();
        (path.len() <= LONGEST).then(|| Self { host, path: path.into() })
    }
}

/// The server that `reference` names, if it does, and the path and query that it means in a response to a
/// request for the path and query `asked` (RFC 3986 5.2). `None`: it is no http or https URI.
fn resolve<'a>(reference: &'a str, asked: &str) -> Option<(Option<&'a str>, String)> {
    let reference = reference.split('#').next().unwrap_or_default();
    let scheme_ends = reference.find([':', '/', '?']).filter(|at| reference[*at..].starts_with(':'));
    let rest = match scheme_ends {
        Some(at) if !["http", "https"].iter().any(|web| reference[..at].eq_ignore_ascii_case(web)) => {
            return None;
        }
        Some(at) => &reference[at + 1..],
        None => reference,
    };
    if let Some(rest) = rest.strip_prefix("//") {
        let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let path = if path.starts_with('/') { Cow::Borrowed(path) } else { Cow::Owned(format!("/{path}")) };
        return (!host.contains('@')).then(|| (Some(host), path.into_owned()));
    }
    if scheme_ends.is_some() {
        return None;
    }
    let (asked_path, _) = asked.split_at(asked.find('?').unwrap_or(asked.len()));
    let before = match rest.chars().next() {
        None => asked,
        Some('/') => "",
        Some('?') => asked_path,
        Some(_) => asked_path.rfind('/').map_or("/", |at| &asked_path[..=at]),
    };
    Some((None, [before, rest].concat()))
}

/// A server's name in the one form in which names are compared.
fn canonical(host: &str) -> Box<str> {
    let host = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(host);
    host.to_ascii_lowercase().into()
}

/// Authority and path of what follows the scheme of a public URL.
fn split(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests {
    use http::{Method, Request};

    use super::*;

    fn created(location: Option<&str>, base: &str) -> Option<String> {
        let request = RequestSummary::new(Method::POST, base, "/jobs/new?x=1");
        let mut fields = HeaderMap::new();
        if let Some(location) = location {
            fields.insert(LOCATION, location.parse().unwrap());
        }
        let place = Place::created(&fields, Asked { request: &request, host: "Gw.internal:8080", base });
        place.map(|place| format!("{} {}", place.host, place.path))
    }

    #[test]
    fn cre_03_a_location_is_resolved_against_the_requests_uri() {
        for (location, place) in [
            ("/files/7", Some("gw.internal:8080 /files/7")),
            ("7?v=2#top", Some("gw.internal:8080 /jobs/7?v=2")),
            ("?v=2", Some("gw.internal:8080 /jobs/new?v=2")),
            ("../files/./a%7Eb%2fc", Some("gw.internal:8080 /files/a~b%2fc")),
            ("#made", Some("gw.internal:8080 /jobs/new?x=1")),
            ("//gw.internal:8080/7", Some("gw.internal:8080 /7")),
            ("HTTPS://API.example:443", Some("api.example /")),
            ("http://api.example?q", Some("api.example /?q")),
            ("a:b", None),
            ("https:/files/7", None),
            ("/../files", None),
            ("https://elsewhere.example/files/7", None),
            ("https://api.example:8443/files/7", None),
            ("https://api.example@elsewhere.example/7", None),
            ("ftp://api.example/7", None),
            ("urn:uuid:7", None),
        ] {
            assert_eq!(created(Some(location), "https://api.example").as_deref(), place, "{location}");
        }
        assert_eq!(
            created(None, "https://api.example").as_deref(),
            Some("gw.internal:8080 /jobs/new?x=1"),
            "RFC 9110 15.3.2"
        );
    }

    #[test]
    fn the_prefix_of_a_public_url_is_not_seen_here() {
        for (location, path) in [
            ("https://api.example/v1/files/7", "api.example /files/7"),
            ("/v1/files/7", "gw.internal:8080 /files/7"),
            ("7", "gw.internal:8080 /jobs/7"),
            ("/v10/files/7", "gw.internal:8080 /v10/files/7"),
        ] {
            assert_eq!(
                created(Some(location), "https://api.example/v1").as_deref(),
                Some(path),
                "{location}"
            );
        }
    }

    #[test]
    fn what_is_asked_for_has_the_same_form() {
        let request = Request::get("/x/../files/a%7Eb?q=%7E").header("host", "API.example:80").body(());
        let (parts, ()) = request.unwrap().into_parts();
        let place = Place::asked(&parts).unwrap();
        assert_eq!((&*place.host, &*place.path), ("api.example", "/files/a~b?q=%7E"));
        let long = format!("/{}", "x".repeat(LONGEST));
        let (parts, ()) = Request::get(long).body(()).unwrap().into_parts();
        assert_eq!(Place::asked(&parts), None, "it is not watched either");
    }
}
