//! How final responses are completed on their way out.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALT_SVC, CONTENT_TYPE, LINK, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use progress_core::interim::{PREFERENCE_APPLIED, PROGRESS};
use progress_core::operation::Snapshot;
use progress_core::prefer::Applied;
use progress_core::progress::Reader;

use crate::content::Content;
use crate::forward;
use crate::operations::{Fault, Identity};
use crate::problem::Problem;

/// Seconds after which a client that was sent away may come back.
const COME_BACK: u32 = 1;

/// What the final response of one exchange is completed with.
#[derive(Clone, Debug)]
pub struct Finishing {
    /// Our name in `Proxy-Status`.
    pub service_name: Arc<str>,
    /// Announces HTTP/3.
    pub alt_svc: Option<HeaderValue>,
    /// Whether the response depends on `Prefer`.
    pub variance: Variance,
}

/// Whether `Prefer` decides how a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variance {
    /// It does: `Vary` says so, also to who sent none (PRF-14).
    Prefer,
    /// It does not.
    None,
}

/// What an opted-in exchange adds to its final response (interface section 4).
#[derive(Clone, Debug)]
pub struct Told {
    /// What is known of the operation, if it is registered.
    pub identity: Option<Identity>,
    /// The last state that was reported; `None`: it is not told.
    pub snapshot: Option<Arc<Snapshot>>,
    /// How labels are read.
    pub reader: Reader,
    /// What was honoured.
    pub applied: Applied,
}

impl Finishing {
    /// Completes the origin's response.
    pub fn origin(&self, mut response: Response<Content>) -> Response<Content> {
        forward::clean_response(response.headers_mut());
        self.complete(response.headers_mut());
        response
    }

    /// The problem that a fault is answered with.
    pub fn fault(&self, fault: &Fault, uri: Option<&str>) -> Response<Content> {
        let mut problem = Problem::new(fault.status, fault.problem, fault.detail).instance(uri);
        if let Some(error) = fault.proxy_error {
            problem = problem.proxy_error(&self.service_name, error);
        }
        if fault.status == StatusCode::SERVICE_UNAVAILABLE {
            problem = problem.retry_after(COME_BACK);
        }
        self.problem(&problem)
    }

    /// The answer to who waits when the gateway ends and has not asked for more (interface section 8).
    pub fn draining(&self) -> Response<Content> {
        let detail = "The gateway is shutting down. The operation may or may not have completed.";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "shutting-down", detail);
        self.problem(
            &problem.retry_after(COME_BACK).proxy_error(&self.service_name, "proxy_internal_response"),
        )
    }

    /// Completes an answer of ours.
    pub fn own(&self, mut response: Response<Content>) -> Response<Content> {
        self.complete(response.headers_mut());
        response
    }

    /// A problem of ours.
    pub fn problem(&self, problem: &Problem) -> Response<Content> {
        self.own(problem.response().map(Content::from))
    }

    /// A 202 with the status document in it (LOC-02, LOC-06, LOC-09, X02).
    pub fn accepted(
        &self,
        document: Response<Bytes>,
        identity: &Identity,
        applied: &Applied,
    ) -> Response<Content> {
        let minimal = document.body().is_empty();
        let mut response = document.map(Content::from);
        *response.status_mut() = StatusCode::ACCEPTED;
        let fields = response.headers_mut();
        fields.insert(http::header::LOCATION, identity.location.clone());
        fields.insert(OPERATION_LOCATION, identity.location.clone());
        if minimal {
            fields.remove(CONTENT_TYPE);
        } else {
            fields.insert(http::header::CONTENT_LOCATION, identity.location.clone());
        }
        if let Some(applied) = applied.print() {
            fields.insert(PREFERENCE_APPLIED, applied);
        }
        self.complete(fields);
        response
    }

    fn complete(&self, fields: &mut HeaderMap) {
        if self.variance == Variance::Prefer {
            vary_by_prefer(fields);
        }
        if let Some(alt_svc) = &self.alt_svc {
            fields.insert(ALT_SVC, alt_svc.clone());
        }
    }
}

impl Told {
    /// Adds the status link, the last reported progress and what was honoured (LOC-08, PRG-16,
    /// PRF-13). `Location` is the origin's and stays as it is (LOC-05).
    pub fn complete(&self, fields: &mut HeaderMap) {
        if let Some(identity) = &self.identity {
            fields.append(LINK, identity.link());
        }
        if let Some(value) = self.snapshot.as_ref().and_then(|told| told.progress_value(&self.reader)) {
            fields.insert(PROGRESS, value);
        }
        if let Some(applied) = self.applied.merge(fields.get_all(PREFERENCE_APPLIED)) {
            fields.insert(PREFERENCE_APPLIED, applied);
        }
    }
}

/// Adds `Prefer` to `Vary`, unless it is there, or `*` is (PRF-14).
fn vary_by_prefer(fields: &mut HeaderMap) {
    let names = |value: &HeaderValue, name: &str| {
        value.to_str().is_ok_and(|list| list.split(',').any(|item| item.trim().eq_ignore_ascii_case(name)))
    };
    if !fields.get_all(VARY).iter().any(|value| names(value, "*") || names(value, "prefer")) {
        fields.append(VARY, HeaderValue::from_static("Prefer"));
    }
}

/// Where Azure's clients look for the monitor first (LOC-09).
pub const OPERATION_LOCATION: HeaderName = HeaderName::from_static("operation-location");

#[cfg(test)]
mod tests {
    use http::header::{CONTENT_LENGTH, RETRY_AFTER};

    use super::*;

    fn finishing() -> Finishing {
        Finishing { service_name: "edge".into(), alt_svc: None, variance: Variance::Prefer }
    }

    fn vary(values: &[&'static str]) -> Vec<String> {
        let mut fields = HeaderMap::new();
        for value in values {
            fields.append(VARY, HeaderValue::from_static(value));
        }
        vary_by_prefer(&mut fields);
        fields.get_all(VARY).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn prf_14_vary_is_merged() {
        assert_eq!(vary(&[]), ["Prefer"]);
        assert_eq!(vary(&["Accept"]), ["Accept", "Prefer"]);
        assert_eq!(vary(&["accept, PREFER"]), ["accept, PREFER"]);
        assert_eq!(vary(&["*"]), ["*"]);
    }

    #[test]
    fn a_fault_names_its_cause_to_proxies() {
        let response = finishing().fault(&Fault::DEADLINE, Some("https://a/s"));
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(response.headers()["proxy-status"], "edge; error=http_response_timeout");
        assert_eq!(response.headers()[VARY], "Prefer");
        assert!(!response.headers().contains_key(RETRY_AFTER));
        assert!(!response.headers().contains_key(CONTENT_LENGTH));
    }

    #[test]
    fn who_is_sent_away_may_come_back() {
        let response = finishing().draining();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }
}
