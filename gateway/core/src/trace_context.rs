//! Which trace a request belongs to: `traceparent` and `tracestate` of W3C Trace Context, level 1,
//! and the flag that level 2 adds.
//!
//! The gateway takes part in a trace without recording it: the trace's id and what is known of its
//! sampling are kept, the parent becomes the gateway's own span, and the vendors' state is passed on.
//! What cannot be read begins a new trace, and the state that came with it goes. Ids are made by the
//! caller: this crate has no randomness.

mod state;

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::blanks::trim_blanks;
use crate::hexadecimal;

/// The field that names the trace and the caller's span.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The field in which tracing systems keep what only they understand.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The id of a whole trace: never all zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

/// The id of one step of a trace: never all zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpanId([u8; 8]);

/// A `traceparent`, in the version that is spoken here, `00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace.
    pub trace: TraceId,
    /// The caller's span.
    pub span: SpanId,
    flags: u8,
}

/// Ids that nobody has used: the gateway's span, and the trace if there is none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// For a new trace.
    pub trace: TraceId,
    /// For the gateway's own span.
    pub span: SpanId,
}

/// The trace that a client says its request belongs to. `None`: it says nothing, or nothing valid.
pub fn heard(fields: &HeaderMap) -> Option<TraceParent> {
    let mut lines = fields.get_all(TRACEPARENT).iter();
    let parent = TraceParent::parse(lines.next()?.as_bytes())?;
    // Which of several would be the right one?
    if lines.next().is_some() { None } else { Some(parent) }
}

/// Makes the fields of a request say that it comes from the gateway's span, in the client's trace or,
/// if that cannot be read, in a new one. Returns the trace.
pub fn pass_on(fields: &mut HeaderMap, fresh: Fresh) -> TraceId {
    let parent = if let Some(parent) = heard(fields) {
        state::tidy(fields);
        TraceParent { span: fresh.span, ..parent }
    } else {
        fields.remove(TRACESTATE);
        TraceParent::begin(fresh)
    };
    fields.insert(TRACEPARENT, parent.print());
    parent.trace
}

/// The caller may have recorded the request.
const SAMPLED: u8 = 1;

/// The rightmost seven octets of the trace's id are random (level 2).
const RANDOM: u8 = 1 << 1;

/// `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
const LENGTH: usize = 55;

/// The only version that must not be.
const FORBIDDEN_VERSION: u8 = 0xff;

// === impl TraceId ===

impl TraceId {
    /// An id from its octets; `None` if all are zero, which means no id.
    pub fn new(octets: [u8; 16]) -> Option<Self> {
        (octets != [0; 16]).then_some(Self(octets))
    }
}

/// 32 lower-case digits.
impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hexadecimal::print(&self.0, f)
    }
}

// === impl SpanId ===

impl SpanId {
    /// An id from its octets; `None` if all are zero, which means no id.
    pub fn new(octets: [u8; 8]) -> Option<Self> {
        (octets != [0; 8]).then_some(Self(octets))
    }
}

// === impl TraceParent ===

impl TraceParent {
    /// A trace that begins here. It is sampled: by default whoever stands behind us follows its parent
    /// (OpenTelemetry's `parentbased` samplers), and would record nothing more once a gateway stands in
    /// front of it.
    pub fn begin(Fresh { trace, span }: Fresh) -> Self {
        Self { trace, span, flags: SAMPLED }
    }

    /// Reads a field value. Of a version above `00` the part that is like `00` is read, as level 1
    /// asks for. `None`: it is not valid.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let value = trim_blanks(value);
        let (known, rest) = value.split_at_checked(LENGTH)?;
        let [version] = hexadecimal::decode(&known[..2])?;
        let is_complete = match version {
            FORBIDDEN_VERSION => false,
            0 => rest.is_empty(),
            _ => rest.first().is_none_or(|next| *next == b'-'),
        };
        let has_dashes = [2, 35, 52].iter().all(|at| known[*at] == b'-');
        if !is_complete || !has_dashes {
            return None;
        }
        let [flags] = hexadecimal::decode(&known[53..])?;
        // Other flags are not defined yet, and must not be passed on; of a later version, only the
        // first is known to mean the same.
        let defined = if version == 0 { SAMPLED | RANDOM } else { SAMPLED };
        Some(Self {
            trace: TraceId::new(hexadecimal::decode(&known[3..35])?)?,
            span: SpanId::new(hexadecimal::decode(&known[36..52])?)?,
            flags: flags & defined,
        })
    }

    /// The field value, in version `00`.
    pub fn print(&self) -> HeaderValue {
        let mut value = *b"00-00000000000000000000000000000000-0000000000000000-00";
        hexadecimal::encode(&self.trace.0, &mut value[3..35]);
        hexadecimal::encode(&self.span.0, &mut value[36..52]);
        hexadecimal::encode(&[self.flags], &mut value[53..]);
        HeaderValue::from_bytes(&value).expect("digits and dashes are a field value")
    }
}

#[cfg(test)]
mod tests;
