//! The script and the style of the live page: the same for every operation, so their addresses name none.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};

use super::answers::not_allowed_here;
use crate::content::Content;

/// A file of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asset {
    /// What keeps the page alive.
    Script,
    /// How it looks.
    Style,
}

const SCRIPT: &str = include_str!("page/page.js");
const STYLE: &str = include_str!("page/page.css");

/// Changes with the files: part of the addresses in the page, so that they can be kept for ever.
pub(super) const VERSION: u64 = digest(digest(0xcbf2_9ce4_8422_2325, SCRIPT), STYLE);

impl Asset {
    /// What `below` the status path names. No id can: ids are 32 hexadecimal digits.
    pub(super) fn parse(below: &str) -> Option<Self> {
        [Self::Script, Self::Style].into_iter().find(|asset| asset.name() == below)
    }

    /// Its name below the status path.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Script => "page.js",
            Self::Style => "page.css",
        }
    }

    /// The file. It tells nothing of anyone, so caches may have it.
    pub(super) fn answer(self, method: &Method) -> Response<Content> {
        const POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
        if *method == Method::OPTIONS {
            let mut response = Response::new(Content::Full(Bytes::new()));
            *response.status_mut() = StatusCode::NO_CONTENT;
            response.headers_mut().insert(ALLOW, METHODS);
            return response;
        }
        if *method != Method::GET && *method != Method::HEAD {
            return not_allowed_here(METHODS);
        }
        let (kind, text) = match self {
            Self::Script => ("text/javascript; charset=utf-8", SCRIPT),
            Self::Style => ("text/css; charset=utf-8", STYLE),
        };
        let mut response = Response::new(Content::Full(Bytes::from_static(text.as_bytes())));
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        fields.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        fields.insert(POLICY, HeaderValue::from_static("same-origin"));
        response
    }
}

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// FNV-1a, at compile time.
const fn digest(mut state: u64, text: &str) -> u64 {
    let octets = text.as_bytes();
    let mut at = 0;
    while at < octets.len() {
        state = (state ^ octets[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    state
}

#[cfg(test)]
mod tests {
    use progress_core::operation::OperationId;

    use super::*;

    #[test]
    fn s_03_assets_are_cached_and_name_no_operation() {
        for asset in [Asset::Script, Asset::Style] {
            assert_eq!(Asset::parse(asset.name()), Some(asset));
            assert_eq!(OperationId::parse(asset.name()), None, "no id looks like it");
            let response = asset.answer(&Method::GET);
            assert_eq!(response.status(), StatusCode::OK);
            assert!(response.headers()[CACHE_CONTROL].to_str().unwrap().ends_with("immutable"));
            assert_eq!(asset.answer(&Method::DELETE).status(), StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(asset.answer(&Method::OPTIONS).headers()[ALLOW], METHODS);
        }
        for other in ["page", "page.js/", "/page.js", "PAGE.JS", "page.js/result"] {
            assert_eq!(Asset::parse(other), None, "{other}");
        }
    }
}
