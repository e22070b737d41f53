//! Message heads: a strict check of the octets, then the meaning (RFC 9112 2 to 6).
//!
//! A head that can be read in two ways is refused, not repaired. What belongs to the connection
//! (`Connection` and the fields it names, `Transfer-Encoding`, `TE`, `Upgrade`, …) is taken out of
//! the fields and told apart from them.

mod fields;
mod host;
mod request;
mod response;
mod scan;

use downstream::{Limits, Protocol, Refusal};
use http::{HeaderMap, Method, StatusCode, Uri};

pub(crate) use fields::{Names, read as read_fields};
pub(crate) use scan::{Bound, Fault, Found, is_blank, is_token_octet};

pub use scan::Scan;

/// The minor version of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// How the content of a request is delimited (RFC 9112 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// So many octets; may be 0.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// How the content of a response is delimited (RFC 9112 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFraming {
    /// There is none, whatever the fields say.
    None,
    /// So many octets; may be 0.
    Length(u64),
    /// In chunks.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

/// The head of a request.
#[derive(Debug)]
pub struct RequestHead {
    /// The method, as written.
    pub method: Method,
    /// The target in origin form, or `*`.
    pub target: Uri,
    /// The version that the client speaks.
    pub version: Version,
    /// End-to-end fields. `Host` holds the authority of the target; `Content-Length` is checked;
    /// `Expect` and `Trailer` are left out.
    pub fields: HeaderMap,
    /// How the content is delimited.
    pub framing: Framing,
    /// Whether the client wants to go on using the connection (RFC 9112 9.3).
    pub keep_alive: bool,
    /// Whether the client waits for a `100 (Continue)` before it sends content (H1-29). Always
    /// false without content and in HTTP/1.0 (EXP-02, EXP-04).
    pub expects_continue: bool,
    /// Whether the client sent `TE: trailers` (FWH-08).
    pub takes_trailers: bool,
}

/// The head of a response, interim or final.
#[derive(Debug)]
pub struct ResponseHead {
    /// The version that the origin speaks.
    pub version: Version,
    /// 100 to 599 (I-18).
    pub status: StatusCode,
    /// End-to-end fields. In interim and 204 heads without `Content-Length` (FWD-06, U-06).
    pub fields: HeaderMap,
    /// Whether the origin lets the connection be used again. Only together with a framing other
    /// than [`ResponseFraming::UntilClose`] does it mean that it can be.
    pub keep_alive: bool,
    declared: Declared,
}

/// What the fields of a response say about its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Declared {
    Nothing,
    Length(u64),
    Chunked,
}

/// What the head of a response may be; above: 502 (FWD-08).
#[derive(Clone, Copy, Debug)]
pub struct ResponseLimits {
    /// Octets of the head.
    pub head_size: usize,
    /// Field lines.
    pub fields: usize,
}

/// Origin: why its response head cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// It is malformed, or its framing is ambiguous; the text says how (U-06, I-18).
    #[error("the response head is malformed: {0}")]
    Malformed(&'static str),
    /// It is larger, or has more fields, than allowed.
    #[error("the response head is too large")]
    TooLarge,
}

/// Parses the request head that `buf` begins with. `None`: more octets are needed. The number is
/// that of the head's octets; up to two empty lines before it are counted in (H1-34).
pub fn parse_request(buf: &[u8], limits: &Limits) -> Result<Option<(RequestHead, usize)>, Refusal> {
    resume_request(&mut Scan::default(), buf, limits)
}

/// [`parse_request`] for a buffer that grows: what `scan` has seen is not looked at again. `buf`
/// must begin where it began in the calls before, and `scan` be new for each head.
pub fn resume_request(
    scan: &mut Scan,
    buf: &[u8],
    limits: &Limits,
) -> Result<Option<(RequestHead, usize)>, Refusal> {
    request::resume(scan, buf, limits)
}

/// Parses the response head that `buf` begins with. `None`: more octets are needed. The number is
/// that of the head's octets.
pub fn parse_response(
    buf: &[u8],
    limits: &ResponseLimits,
) -> Result<Option<(ResponseHead, usize)>, HeadError> {
    resume_response(&mut Scan::default(), buf, limits)
}

/// [`parse_response`] for a buffer that grows; see [`resume_request`].
pub fn resume_response(
    scan: &mut Scan,
    buf: &[u8],
    limits: &ResponseLimits,
) -> Result<Option<(ResponseHead, usize)>, HeadError> {
    response::resume(scan, buf, limits)
}

// === impl Version ===

impl Version {
    /// The version as the seam names it.
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Http10 => Protocol::Http10,
            Self::Http11 => Protocol::Http11,
        }
    }
}

// === impl ResponseHead ===

impl ResponseHead {
    /// How the content of this response to a request with `method` is delimited.
    pub fn framing(&self, method: &Method) -> ResponseFraming {
        let tunnel = *method == Method::CONNECT && self.status.is_success();
        if *method == Method::HEAD || tunnel || is_bodyless(self.status) {
            return ResponseFraming::None;
        }
        match self.declared {
            Declared::Chunked => ResponseFraming::Chunked,
            Declared::Length(length) => ResponseFraming::Length(length),
            Declared::Nothing => ResponseFraming::UntilClose,
        }
    }
}

/// Whether responses with this status never have content (RFC 9110 6.4.1).
pub(crate) fn is_bodyless(status: StatusCode) -> bool {
    status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED
}

impl Default for ResponseLimits {
    fn default() -> Self {
        Self { head_size: 32 * 1024, fields: 100 }
    }
}

// === impl Fault ===

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Malformed(how) => Self::Malformed(how),
            Fault::TooLarge => Self::HeadTooLarge,
        }
    }
}

impl From<Fault> for HeadError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Malformed(how) => Self::Malformed(how),
            Fault::TooLarge => Self::TooLarge,
        }
    }
}

#[cfg(test)]
mod tests;
