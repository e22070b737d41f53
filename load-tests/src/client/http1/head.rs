//! Response heads of HTTP/1.x (RFC 9112 4 and 5), read strictly.

use bytes::BytesMut;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;

use crate::client::{Failure, fields};

/// Lines of one head: more than any server sends.
const LINES: usize = 100;

/// What a head says besides its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    /// 100 to 999.
    pub(super) status: u16,
    /// The minor version: 0 or 1.
    pub(super) minor: u8,
}

/// Takes a head off `buffer`, and its fields into `into`, which has to be empty; none while it is not whole.
///
/// # Errors
///
/// It is not a head.
pub(super) fn take(buffer: &mut BytesMut, into: &mut HeaderMap) -> Result<Option<Parsed>, Failure> {
    let Some(end) = memmem::find(buffer, b"\r\n\r\n") else {
        return looks_like_one(buffer).map(|()| None);
    };
    // The values stay where they are: each is a view of the buffer.
    let head = buffer.split_to(end + 4).freeze();
    let mut lines = [httparse::EMPTY_HEADER; LINES];
    let mut response = httparse::Response::new(&mut lines);
    let parsed = response.parse(&head).map_err(|error| bad(&error.to_string()))?;
    let (httparse::Status::Complete(length), Some(status), Some(minor)) =
        (parsed, response.code, response.version)
    else {
        return Err(bad("it ends too early"));
    };
    if length != head.len() || status < 100 {
        return Err(bad("no such status, or no end of line"));
    }
    for line in response.headers.iter() {
        let name: HeaderName = fields::name(line.name.as_bytes()).map_err(|()| bad("a field's name"))?;
        let value = HeaderValue::from_maybe_shared(head.slice_ref(line.value));
        into.append(name, value.map_err(|_| bad("a field's value"))?);
    }
    Ok(Some(Parsed { status, minor }))
}

/// An interim response and a 204 have no content, and do not speak of any (RFC 9110 8.6 and RFC 9112 6.1).
///
/// # Errors
///
/// They do.
pub(super) fn without_content(fields: &HeaderMap) -> Result<(), Failure> {
    if fields.contains_key(CONTENT_LENGTH) || fields.contains_key(TRANSFER_ENCODING) {
        return Err(bad("a response that has no content frames it"));
    }
    Ok(())
}

impl Parsed {
    /// Whether the connection lasts beyond the response.
    pub(super) fn keeps_alive(self, fields: &HeaderMap) -> bool {
        let closes = fields.get_all(CONNECTION).iter().any(|value| {
            value
                .as_bytes()
                .split(|&octet| octet == b',')
                .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
        });
        self.minor == 1 && !closes
    }
}

/// Something that is no head is refused at once, however little of it has come.
fn looks_like_one(buffer: &[u8]) -> Result<(), Failure> {
    const START: &[u8] = b"HTTP/1.";
    let length = buffer.len().min(START.len());
    if buffer[..length] == START[..length] { Ok(()) } else { Err(bad("it does not begin as one")) }
}

fn bad(reason: &str) -> Failure {
    Failure::Protocol(format!("not a head of HTTP/1.1: {reason}"))
}
