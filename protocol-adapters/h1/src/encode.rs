//! Heads and chunks as octets. Nothing here can write a CR or LF that is not a line's end:
//! `http`'s names and values hold none, and targets are checked.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use progress_core::interim::InterimHead;

use crate::date;

/// What is written of the length of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Nothing: there is no content, or it ends with the connection.
    Unsaid,
    /// What the fields say: the response to HEAD, or 304, tells of a content that does not follow.
    AsGiven,
    /// So many octets.
    Exactly(u64),
    /// Chunks.
    Chunked,
}

/// What becomes of the connection after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// It goes on: nothing is written, it is HTTP/1.1's default.
    KeepAlive,
    /// `Connection: close` (RFC 9112 9.6).
    Close,
}

/// How a response goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// What is said of the content's length.
    pub length: Length,
    /// What becomes of the connection.
    pub persistence: Persistence,
}

/// Writes an interim head: status line and fields, no framing (INT-03, H11-01).
pub fn interim_head(out: &mut Vec<u8>, head: &InterimHead) {
    status_line(out, head.status);
    for (name, value) in &head.fields {
        if !is_own(name.as_str()) {
            field(out, name.as_str(), value.as_bytes());
        }
    }
    end(out);
}

/// Writes the head of a final response: the status line always says HTTP/1.1 (V10-04), a `Date` is
/// added if there is none, framing and persistence are as `manner` says and never as the fields say.
pub fn response_head(out: &mut Vec<u8>, status: StatusCode, fields: &HeaderMap, manner: Manner) {
    status_line(out, status);
    for (name, value) in fields {
        let name = name.as_str();
        if !is_own(name) || (manner.length == Length::AsGiven && name == "content-length") {
            field(out, name, value.as_bytes());
        }
    }
    if !fields.contains_key(header::DATE) {
        field(out, "date", &date::now());
    }
    match manner.length {
        Length::Unsaid | Length::AsGiven => {}
        Length::Exactly(length) => {
            field(out, "content-length", itoa::Buffer::new().format(length).as_bytes());
        }
        Length::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
    }
    if manner.persistence == Persistence::Close {
        out.extend_from_slice(b"Connection: close\r\n");
    }
    end(out);
}

/// Writes a whole request head. Every field is written: what belongs to this connection is the
/// caller's to give. For more than a map of fields there are [`request_line`], [`field`], [`end`].
pub fn request_head(out: &mut Vec<u8>, method: &Method, target: &str, fields: &HeaderMap) {
    request_line(out, method, target);
    for (name, value) in fields {
        field(out, name.as_str(), value.as_bytes());
    }
    end(out);
}

/// Writes a request line. Octets that would end the target early are percent-encoded.
pub fn request_line(out: &mut Vec<u8>, method: &Method, target: &str) {
    out.extend_from_slice(method.as_str().as_bytes());
    out.push(b' ');
    if target.bytes().all(|octet| octet.is_ascii_graphic()) {
        out.extend_from_slice(target.as_bytes());
    } else {
        for octet in target.bytes() {
            if octet.is_ascii_graphic() {
                out.push(octet);
            } else {
                let (high, low) = (usize::from(octet >> 4), usize::from(octet & 15));
                out.extend_from_slice(&[b'%', DIGITS[high], DIGITS[low]]);
            }
        }
    }
    out.extend_from_slice(b" HTTP/1.1\r\n");
}

/// Writes one field line; the name in the case that people expect to see. `name` and `value` are
/// those of a [`http::HeaderName`] and [`http::HeaderValue`], or known to be as clean.
pub fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    debug_assert!(!value.iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0)), "a clean value");
    out.reserve(name.len() + value.len() + 4);
    let at = out.len();
    out.extend_from_slice(name.as_bytes());
    let mut first = true;
    for octet in &mut out[at..] {
        if first {
            octet.make_ascii_uppercase();
        }
        first = *octet == b'-';
    }
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Ends a head.
pub fn end(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
}

/// Writes the line before a chunk of `length` octets, which must not be 0. CRLF follows the chunk.
pub fn chunk_head(out: &mut Vec<u8>, length: usize) {
    debug_assert!(length > 0, "a chunk of no octets would be the last one");
    let digits = (usize::BITS - length.leading_zeros()).div_ceil(4).max(1);
    for place in (0..digits).rev() {
        out.push(DIGITS[length >> (place * 4) & 15]);
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes a whole chunk.
pub fn chunk(out: &mut Vec<u8>, data: &Bytes) {
    chunk_head(out, data.len());
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// Writes the end of chunked content.
pub fn last_chunk(out: &mut Vec<u8>, trailers: Option<&HeaderMap>) {
    out.extend_from_slice(b"0\r\n");
    for (name, value) in trailers.into_iter().flatten() {
        if !is_own(name.as_str()) {
            field(out, name.as_str(), value.as_bytes());
        }
    }
    end(out);
}

fn status_line(out: &mut Vec<u8>, status: StatusCode) {
    if status == StatusCode::OK {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(reason(status).as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn reason(status: StatusCode) -> &'static str {
    match status.as_u16() {
        104 => "Upload Resumption Supported",
        _ => status.canonical_reason().unwrap_or(""),
    }
}

/// Fields that only this module writes, or that belong to another connection (INT-03, FWH-07).
fn is_own(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "content-length"
            | "transfer-encoding"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "upgrade"
    )
}

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

#[cfg(test)]
mod tests;
