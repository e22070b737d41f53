//! The `Status-URI` field: which resource ended with which status, as pairs `201 </reports>`.

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// The name of the field.
pub const FIELD: HeaderName = HeaderName::from_static("status-uri");

/// The most pairs in one head (STU-05). A status document lists the others.
pub const MAX_PRINTED: usize = 16;

/// The most octets of one value (STU-05).
pub const MAX_VALUE: usize = 2048;

/// The most pairs that are taken from one head. A head has room for thousands of tiny ones, and each
/// costs memory until its operation is forgotten.
pub const MAX_PARSED: usize = 256;

/// The result of one sub-operation, or of the operation itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusPair {
    /// The final status, 100 to 599.
    pub status: u16,
    /// A URI reference to the resource, relative to the target of the request.
    pub uri: String,
}

/// The field as a list: a name to read and write it by, without data of its own.
#[derive(Debug)]
pub struct StatusPairs;

/// A value to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// The value of the field.
    pub value: HeaderValue,
    /// How many of the pairs it holds.
    pub count: usize,
}

impl StatusPairs {
    /// Reads the pairs of a value. A pair that is malformed or whose status is not in 100-599 is left
    /// out, the others are kept (STU-06), at most [`MAX_PARSED`].
    ///
    /// Pairs are told apart by their angle brackets: a comma may stand in a URI (STU-04) and need not
    /// stand between pairs, as in RFC 2518.
    pub fn parse(value: &[u8]) -> Vec<StatusPair> {
        pairs(value).take(MAX_PARSED).collect()
    }

    /// Reads the pairs of all `Status-URI` lines in `headers`, at most [`MAX_PARSED`].
    pub fn from_headers(headers: &HeaderMap) -> Vec<StatusPair> {
        let lines = headers.get_all(FIELD).iter();
        lines.flat_map(|line| pairs(line.as_bytes())).take(MAX_PARSED).collect()
    }

    /// Writes `pairs` as a value (STU-03), or `None` if there is none to write.
    ///
    /// A pair that does not fit into [`MAX_PRINTED`] pairs and [`MAX_VALUE`] octets, or whose status
    /// could not be read back, is left out.
    pub fn print(pairs: &[StatusPair]) -> Option<Printed> {
        let mut value = String::new();
        let mut count = 0;
        for pair in pairs.iter().filter(|pair| is_status_code(pair.status)) {
            let before = value.len();
            push_pair(&mut value, pair);
            if value.len() > MAX_VALUE {
                value.truncate(before);
                continue;
            }
            count += 1;
            if count == MAX_PRINTED {
                break;
            }
        }
        let value = HeaderValue::try_from(value).expect("every octet outside 0x21-0x7E was escaped");
        (count > 0).then_some(Printed { value, count })
    }
}

/// Walks from `<` to `>`; what stands before the `<` is the status.
fn pairs(mut rest: &[u8]) -> impl Iterator<Item = StatusPair> {
    let brackets = std::iter::from_fn(move || {
        let open = rest.iter().position(|octet| *octet == b'<')?;
        let length = rest[open + 1..].iter().position(|octet| *octet == b'>')?;
        let (before, uri) = (&rest[..open], &rest[open + 1..][..length]);
        rest = &rest[open + 1 + length + 1..];
        Some((before, uri))
    });
    brackets.filter_map(|(before, uri)| Some(StatusPair { status: status(before)?, uri: reference(uri)? }))
}

/// Exactly three digits, after any commas and blanks.
fn status(before: &[u8]) -> Option<u16> {
    let blank = |octet: &u8| matches!(octet, b' ' | b'\t');
    let start = before.iter().position(|octet| !blank(octet) && *octet != b',')?;
    let end = before.iter().rposition(|octet| !blank(octet))?;
    let digits: [u8; 3] = before.get(start..=end)?.try_into().ok()?;
    let status = digits.iter().all(u8::is_ascii_digit).then(|| {
        let [hundreds, tens, ones] = digits.map(|digit| u16::from(digit - b'0'));
        hundreds * 100 + tens * 10 + ones
    });
    status.filter(|status| is_status_code(*status))
}

fn reference(uri: &[u8]) -> Option<String> {
    let legal = uri.iter().all(|octet| octet.is_ascii_graphic() && *octet != b'<');
    legal.then(|| String::from_utf8_lossy(uri).into_owned())
}

fn is_status_code(status: u16) -> bool {
    (100..=599).contains(&status)
}

fn push_pair(value: &mut String, pair: &StatusPair) {
    if !value.is_empty() {
        value.push_str(", ");
    }
    value.push_str(&pair.status.to_string());
    value.push_str(" <");
    value.extend(utf8_percent_encode(&pair.uri, ESCAPED));
    value.push('>');
}

/// STU-03. What is escaped already stays as it is.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'<').add(b'>');
