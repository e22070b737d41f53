//! URI references in fields and documents.

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

/// The http or https URI that `reference` means in a response to a request for `base` (RFC 3986 5).
/// Dot segments are left to the server.
pub(super) fn resolve(base: &Uri, reference: &str) -> Option<Uri> {
    let reference = reference.split('#').next().unwrap_or_default();
    let scheme = base.scheme_str()?;
    let absolute = if reference.contains("://") {
        reference.to_owned()
    } else if reference.starts_with("//") {
        format!("{scheme}:{reference}")
    } else {
        let authority = base.authority()?;
        let path = base.path_and_query().map_or("/", PathAndQuery::as_str);
        let before = match reference.chars().next() {
            None => path,
            Some('/') => "",
            Some('?') => base.path(),
            Some(_) => base.path().rfind('/').map_or("/", |at| &base.path()[..=at]),
        };
        format!("{scheme}://{authority}{before}{reference}")
    };
    let uri: Uri = absolute.parse().ok()?;
    let is_web = uri.scheme().is_some_and(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS);
    let names_a_server = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    (is_web && names_a_server).then_some(uri)
}

/// Whether `uri` belongs to the server that `base` does, also under the name `host` that it was
/// asked by (RFC 6454 4).
pub(super) fn is_same_origin(base: &Uri, host: Option<&Authority>, uri: &Uri) -> bool {
    let port = |port: Option<u16>| {
        port.or_else(|| (base.scheme() == Some(&Scheme::HTTPS)).then_some(443)).unwrap_or(80)
    };
    let is = |authority: &Authority| {
        uri.host().is_some_and(|host| host.eq_ignore_ascii_case(authority.host()))
            && port(uri.port_u16()) == port(authority.port_u16())
    };
    uri.scheme() == base.scheme() && (base.authority().is_some_and(is) || host.is_some_and(is))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_mean_what_rfc_3986_says() {
        let base = Uri::from_static("https://a:1/b/c?d");
        for (reference, meant) in [
            ("https://x/y", Some("https://x/y")),
            ("http://x/y#z", Some("http://x/y")),
            ("//x/y", Some("https://x/y")),
            ("/y?z", Some("https://a:1/y?z")),
            ("y", Some("https://a:1/b/y")),
            ("?y", Some("https://a:1/b/c?y")),
            ("", Some("https://a:1/b/c?d")),
            ("ftp://x/y", None),
            ("https://user:password@x/y", None),
            ("/a b", None),
        ] {
            assert_eq!(resolve(&base, reference), meant.map(Uri::from_static), "{reference}");
        }
    }

    #[test]
    fn sec_an_origin_is_scheme_host_and_port() {
        let base = Uri::from_static("https://a.example/b");
        let host = Authority::from_static("c.example:8443");
        for (uri, same) in [
            ("https://A.example:443/x", true),
            ("https://c.example:8443/x", true),
            ("https://c.example/x", false),
            ("http://a.example/x", false),
            ("https://a.example:444/x", false),
            ("https://b.a.example/x", false),
        ] {
            assert_eq!(is_same_origin(&base, Some(&host), &Uri::from_static(uri)), same, "{uri}");
        }
    }
}
