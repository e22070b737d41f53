//! Which route a request takes: the first that matches (interface section 3).

use std::borrow::Cow;
use std::cell::LazyCell;
use std::sync::Arc;

use http::header::HOST;
use http::request::Parts;

use crate::config::{ProgressSettings, RouteMatch, RouteSettings};

/// The routes of a gateway, in the order of the configuration.
#[derive(Debug)]
pub struct Routes(Vec<Route>);

/// A route.
#[derive(Debug)]
pub struct Route {
    /// Its place in the configuration.
    pub index: usize,
    /// Its name.
    pub name: Arc<str>,
    /// Its settings.
    pub settings: RouteSettings,
}

/// What a request matches.
#[derive(Debug)]
pub enum Matched<'a> {
    /// A route.
    Route(&'a Route),
    /// No route.
    None,
    /// Nothing: its path climbs out of the root (H1-33).
    Climbs,
}

impl Routes {
    /// The routes of these settings.
    pub fn new(settings: Vec<RouteSettings>) -> Self {
        let route = |(index, settings): (usize, RouteSettings)| Route {
            index,
            name: settings.name.as_str().into(),
            settings,
        };
        Self(settings.into_iter().enumerate().map(route).collect())
    }

    /// The first route that takes a request. Paths are compared in a normal form; what goes on to
    /// the origin is what the client wrote.
    pub fn find(&self, request: &Parts) -> Matched<'_> {
        let Some(path) = normal_path(request.uri.path()) else { return Matched::Climbs };
        let host = LazyCell::new(|| host_of(request));
        let found = self.0.iter().find(|route| {
            let matcher = &route.settings.matcher;
            matcher.host.as_ref().is_none_or(|wanted| host.eq_ignore_ascii_case(wanted))
                && takes(matcher, request, &path)
        });
        found.map_or(Matched::None, Matched::Route)
    }

    /// The route at this place in the configuration.
    pub fn at(&self, index: usize) -> Option<&Route> {
        self.0.get(index)
    }

    /// The route of this name.
    pub fn named(&self, name: &str) -> Option<&Route> {
        self.0.iter().find(|route| *route.name == *name)
    }

    /// The settings of each route with progress, by its place.
    pub fn progress(&self) -> Vec<Option<ProgressSettings>> {
        self.0.iter().map(|route| route.settings.progress.clone()).collect()
    }
}

fn takes(matcher: &RouteMatch, request: &Parts, path: &str) -> bool {
    matcher.path.as_ref().is_none_or(|prefix| prefix.covers(path))
        && (matcher.methods.is_empty() || matcher.methods.contains(&request.method))
}

/// The host that a request names, without its port.
fn host_of(request: &Parts) -> &str {
    let host = request.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let end = match (host.rfind(']'), host.rfind(':')) {
        (Some(bracket), Some(colon)) if colon < bracket => host.len(),
        (_, Some(colon)) => colon,
        (_, None) => host.len(),
    };
    &host[..end]
}

/// A path with unreserved characters decoded and dot segments resolved (RFC 3986 6.2.2), so that
/// no spelling of a path takes another route. `None`: it climbs out of the root.
pub(crate) fn normal_path(path: &str) -> Option<Cow<'_, str>> {
    if !path.contains('%') && !path.contains("/.") {
        return Some(Cow::Borrowed(path));
    }
    let decoded = decode_unreserved(path);
    let mut segments: Vec<&str> = Vec::new();
    let mut rest = decoded.strip_prefix('/').unwrap_or(&decoded).split('/').peekable();
    while let Some(segment) = rest.next() {
        match segment {
            "." if rest.peek().is_none() => segments.push(""),
            "." => {}
            ".." => {
                segments.pop()?;
                if rest.peek().is_none() {
                    segments.push("");
                }
            }
            _ => segments.push(segment),
        }
    }
    Some(Cow::Owned(format!("/{}", segments.join("/"))))
}

fn decode_unreserved(path: &str) -> String {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        decoded.push_str(&rest[..at]);
        let octet = rest.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let unreserved = octet.filter(|octet| octet.is_ascii_alphanumeric() || b"-._~".contains(octet));
        decoded.push(unreserved.map_or('%', char::from));
        rest = &rest[at + if unreserved.is_some() { 3 } else { 1 }..];
    }
    decoded.push_str(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use http::Request;

    use super::*;

    fn routes() -> Routes {
        let text = r#"
public-url = "https://api.example"
[[listeners]]
address = "127.0.0.1:0"
[[upstreams]]
name = "o"
servers = ["http://127.0.0.1:1"]
[[routes]]
name = "post"
match = { host = "api.example", path = "/reports/", methods = ["POST"] }
upstream = "o"
[[routes]]
name = "reports"
match = { path = "/reports" }
upstream = "o"
[[routes]]
name = "host"
match = { host = "[::1]" }
upstream = "o"
"#;
        Routes::new(crate::config::parse(text, Path::new("t.toml")).unwrap().routes)
    }

    fn name(method: &str, host: &str, path: &str) -> String {
        let request = Request::builder().method(method).uri(path).header("host", host).body(()).unwrap();
        match routes().find(&request.into_parts().0) {
            Matched::Route(route) => route.name.to_string(),
            Matched::None => "none".into(),
            Matched::Climbs => "climbs".into(),
        }
    }

    #[test]
    fn the_first_that_matches_wins() {
        assert_eq!(name("POST", "API.example:8443", "/reports/7?x=1"), "post");
        assert_eq!(name("GET", "api.example", "/reports/7"), "reports");
        assert_eq!(name("POST", "other", "/reports"), "reports");
        assert_eq!(name("GET", "other", "/reports-old"), "none");
        assert_eq!(name("GET", "[::1]:80", "/"), "host");
    }

    #[test]
    fn h1_33_no_spelling_of_a_path_takes_another_route() {
        for path in ["/x/../reports/1", "/%72eports/1", "/./reports", "/x/%2e%2e/reports", "/reports/x/.."] {
            assert_eq!(name("GET", "other", path), "reports", "{path}");
        }
        assert_eq!(name("GET", "other", "/reports/../x"), "none");
        assert_eq!(name("GET", "other", "/reports%2F1"), "none");
        assert_eq!(name("GET", "other", "/../reports"), "climbs");
        assert_eq!(name("GET", "other", "/a/%2e%2E/.%2e/b"), "climbs");
    }
}
