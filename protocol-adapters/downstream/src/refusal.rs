//! Requests that never become one.

use http::StatusCode;

/// Why a wire cannot turn what it read into a request. Each blames the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The head or its framing is malformed or ambiguous; the text says how (H1-01 …).
    #[error("{0}")]
    Malformed(&'static str),
    /// The head did not arrive in time (D-01).
    #[error("the request head did not arrive in time")]
    HeadTimeout,
    /// The head is larger, or has more fields, than allowed (H1-28).
    #[error("the request head is too large")]
    HeadTooLarge,
    /// The request target is longer than allowed (H1-28).
    #[error("the request target is too long")]
    TargetTooLong,
    /// The content is larger than allowed (H1-38).
    #[error("the request content is too large")]
    ContentTooLarge,
    /// An expectation other than `100-continue` (EXP-07).
    #[error("the expectation is not one that can be met")]
    ExpectationFailed,
    /// A method or transfer coding that is not served (H1-09, H1-32).
    #[error("{0}")]
    NotImplemented(&'static str),
    /// A major version other than the one spoken here (H1-25).
    #[error("this version of HTTP is not spoken here")]
    VersionNotSupported,
}

impl Refusal {
    /// The status of the response.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::HeadTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::ContentTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ExpectationFailed => StatusCode::EXPECTATION_FAILED,
            Self::NotImplemented(_) => StatusCode::NOT_IMPLEMENTED,
            Self::VersionNotSupported => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        }
    }
}
