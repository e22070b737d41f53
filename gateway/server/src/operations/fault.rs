//! Why a request has no final response of its origin's.

use http::StatusCode;
use progress_core::event::Failure;

use crate::upstream::UpstreamError;

/// Why there is no final response, as the waiting client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The status of the problem.
    pub status: StatusCode,
    /// The last part of the problem's type.
    pub problem: &'static str,
    /// For programs that read the status document.
    pub code: &'static str,
    /// For people.
    pub detail: &'static str,
    /// The error type for `Proxy-Status`; `None` where the client is to blame.
    pub proxy_error: Option<&'static str>,
}

// === impl Fault ===

impl Fault {
    /// The absolute end of an operation came (INT-19).
    pub const DEADLINE: Self = Self {
        status: StatusCode::GATEWAY_TIMEOUT,
        problem: "deadline-exceeded",
        code: "DeadlineExceeded",
        detail: "The operation did not end before its deadline. It may or may not have completed.",
        proxy_error: Some("http_response_timeout"),
    };

    /// The origin said nothing for longer than the route allows.
    pub const STALLED: Self = Self {
        status: StatusCode::GATEWAY_TIMEOUT,
        problem: "stalled",
        code: "Stalled",
        detail: "The origin gave no sign of life for too long. The operation may or may not have completed.",
        proxy_error: Some("http_response_timeout"),
    };

    /// The origin's response broke off after its head (U-03).
    pub const BROKE_OFF: Self = Self {
        status: StatusCode::BAD_GATEWAY,
        problem: "upstream-lost",
        code: "UpstreamConnectionLost",
        detail: "The origin's response broke off. The operation may or may not have completed.",
        proxy_error: Some("http_response_incomplete"),
    };

    /// Somebody who may had it cancelled.
    pub const CANCELED: Self = Self {
        status: StatusCode::CONFLICT,
        problem: "canceled",
        code: "Canceled",
        detail: "The operation was cancelled.",
        proxy_error: None,
    };

    /// The gateway ended while it asked the origin (interface section 8).
    pub const INTERRUPTED: Self = Self {
        status: StatusCode::BAD_GATEWAY,
        problem: "interrupted",
        code: "Interrupted",
        detail: "The gateway was restarted while the operation ran. It may or may not have completed.",
        proxy_error: Some("proxy_internal_error"),
    };

    /// The gateway itself failed.
    pub const INTERNAL: Self = Self {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        problem: "internal",
        code: "Internal",
        detail: "The gateway failed. The operation may or may not have completed.",
        proxy_error: Some("proxy_internal_error"),
    };

    /// What an upstream error means for the client.
    pub fn of(error: &UpstreamError) -> Self {
        let (problem, code, detail) = words(error);
        let proxied = error.status().is_server_error();
        Self {
            status: error.status(),
            problem,
            code,
            detail,
            proxy_error: proxied.then(|| error.proxy_status()),
        }
    }

    /// The same as the outcome of an operation.
    pub(super) fn failure(&self) -> Failure {
        Failure { code: self.code, message: self.detail, status: self.status, problem: self.problem }
    }
}

impl Fault {
    /// The code of every fault that came before there was a connection to send the request on.
    pub const UNREACHABLE: &'static str = "UpstreamUnreachable";

    /// The code of a request that could not be read to its end.
    pub const REQUEST_CONTENT: &'static str = "RequestContent";
}

/// Problem, code and detail of an upstream error.
fn words(error: &UpstreamError) -> (&'static str, &'static str, &'static str) {
    match error {
        UpstreamError::Incomplete => (
            "upstream-lost",
            "UpstreamConnectionLost",
            "The origin closed the connection before it answered. The operation may or may not have completed.",
        ),
        UpstreamError::Idle | UpstreamError::HeadTimeout => {
            ("upstream-timeout", "UpstreamTimeout", "The origin did not answer in time.")
        }
        UpstreamError::Protocol(_) | UpstreamError::HeadTooLarge | UpstreamError::InterimFlood => (
            "upstream-protocol-error",
            "UpstreamProtocolError",
            "The origin's response could not be understood. The operation may or may not have completed.",
        ),
        UpstreamError::RequestBody(_) => {
            ("request-content", Fault::REQUEST_CONTENT, "The request's content could not be read to its end.")
        }
        UpstreamError::Internal(_) => ("internal", "Internal", "The gateway failed."),
        _ => ("upstream-unreachable", Fault::UNREACHABLE, "The origin cannot be reached."),
    }
}
