//! Whether a page of another site has made a request (S-18).

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Who has made a request, as far as its browser tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provenance {
    /// A page of ours, a person, or a client that is no browser.
    Own,
    /// A page of another origin: its user's cookies prove nothing.
    Foreign,
}

/// What browsers say of themselves, and pages cannot change (Fetch Metadata).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Provenance {
    /// What the fields tell; `base` is what status URIs begin with. `Origin` counts where a browser is
    /// too old for `Sec-Fetch-Site`: then it must name us, or the host that the request is for.
    pub(super) fn of(fields: &HeaderMap, base: &str) -> Self {
        let own = match (fields.get(FETCH_SITE), fields.get(ORIGIN)) {
            (Some(site), _) => site == "same-origin" || site == "none",
            (None, Some(origin)) => is_ours(origin, fields.get(HOST), base),
            (None, None) => true,
        };
        if own { Self::Own } else { Self::Foreign }
    }
}

fn is_ours(origin: &HeaderValue, host: Option<&HeaderValue>, base: &str) -> bool {
    let Some((_, authority)) = origin.to_str().ok().and_then(|origin| origin.split_once("://")) else {
        return false;
    };
    let of_base = base.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    let of_host = host.and_then(|host| host.to_str().ok());
    [of_base, of_host].into_iter().flatten().any(|ours| ours.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[(HeaderName, &'static str)]) -> Provenance {
        let fields = fields.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        Provenance::of(&fields.collect(), "https://api.example/edge")
    }

    #[test]
    fn s_18_no_page_of_another_site() {
        for own in [
            &[][..],
            &[(FETCH_SITE, "same-origin"), (ORIGIN, "https://elsewhere.example")],
            &[(FETCH_SITE, "none")],
            &[(ORIGIN, "https://api.example"), (HOST, "10.0.0.1")],
            &[(ORIGIN, "http://10.0.0.1:8080"), (HOST, "10.0.0.1:8080")],
        ] {
            assert_eq!(of(own), Provenance::Own, "{own:?}");
        }
        for foreign in [
            &[(FETCH_SITE, "cross-site")][..],
            &[(FETCH_SITE, "same-site"), (ORIGIN, "https://api.example")],
            &[(ORIGIN, "null")],
            &[(ORIGIN, "https://api.example.evil"), (HOST, "api.example")],
            &[(ORIGIN, "https://api.example:8443"), (HOST, "api.example")],
        ] {
            assert_eq!(of(foreign), Provenance::Foreign, "{foreign:?}");
        }
    }
}
