//! Errors that the gateway authors: problem details (RFC 9457, PRB-01).

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use progress_core::document::problem_type;
use serde::Serialize;

/// `Proxy-Status` (RFC 9209).
const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");

/// The media type of a problem.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// An error response in the making.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    name: &'static str,
    detail: &'static str,
    instance: Option<String>,
    proxy_error: Option<(String, &'static str)>,
    retry_after: Option<u32>,
}

#[derive(Serialize)]
struct Json<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
}

impl Problem {
    /// A problem. `name` is the last part of its type; `detail` is for people and says nothing of
    /// the internals (PST-04).
    pub fn new(status: StatusCode, name: &'static str, detail: &'static str) -> Self {
        Self { status, name, detail, instance: None, proxy_error: None, retry_after: None }
    }

    /// The status URI, where there is one.
    #[must_use]
    pub fn instance(mut self, uri: Option<&str>) -> Self {
        self.instance = uri.map(str::to_owned);
        self
    }

    /// Adds `Proxy-Status` with an error type of RFC 9209, for proxied exchanges only (PST-03).
    #[must_use]
    pub fn proxy_error(mut self, service_name: &str, error: &'static str) -> Self {
        self.proxy_error = Some((service_name.to_owned(), error));
        self
    }

    /// Adds `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The response.
    pub fn response(&self) -> Response<Bytes> {
        let json = Json {
            r#type: problem_type(self.name),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: self.detail,
            instance: self.instance.as_deref(),
        };
        // Strings and numbers cannot fail to serialize.
        let mut response = Response::new(Bytes::from(serde_json::to_vec(&json).unwrap_or_default()));
        *response.status_mut() = self.status;
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, PROBLEM_JSON);
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some((service, error)) = &self.proxy_error
            && let Ok(value) = HeaderValue::try_from(format!("{service}; error={error}"))
        {
            fields.insert(PROXY_STATUS, value);
        }
        if let Some(seconds) = self.retry_after {
            fields.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prb_01_a_problem_says_the_status_that_it_has() {
        let uri = "https://a/.operations/1";
        let response = Problem::new(StatusCode::BAD_GATEWAY, "upstream-lost", "It broke.")
            .instance(Some(uri))
            .proxy_error("edge-a", "http_response_incomplete")
            .response();
        assert_eq!(response.status(), 502);
        assert_eq!(response.headers()["proxy-status"], "edge-a; error=http_response_incomplete");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let json: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(json["status"], 502);
        assert_eq!(json["instance"], uri);
        assert_eq!(json["title"], "Bad Gateway");
        assert!(json["type"].as_str().unwrap().contains("upstream-lost"));
    }

    #[test]
    fn pst_03_no_proxy_status_where_we_are_the_origin() {
        let response = Problem::new(StatusCode::NOT_FOUND, "unknown-operation", "No.").response();
        assert!(!response.headers().contains_key("proxy-status"));
    }
}
