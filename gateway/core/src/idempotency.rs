//! The `Idempotency-Key` field: by it a client marks the repetitions of one request (IDK-01).
//!
//! ```text
//! Idempotency-Key = sf-string      ; RFC 9651 section 3.3.3, without parameters
//! ```

use std::fmt;

use http::{HeaderMap, HeaderName};

use crate::blanks::trim_blanks;

/// The name of the field.
pub const FIELD: HeaderName = HeaderName::from_static("idempotency-key");

/// The most octets of a key, escapes resolved.
pub const MAX_KEY: usize = 255;

/// A key: at least one octet of visible ASCII or space, at most [`MAX_KEY`].
///
/// Who knows a key can repeat the request of its owner: it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(Box<[u8]>);

impl IdempotencyKey {
    /// The key of a request. `None`: it has none, several lines of the field, or one that is no key; the
    /// request is then like one without.
    pub fn from_headers(fields: &HeaderMap) -> Option<Self> {
        let mut lines = fields.get_all(FIELD).iter();
        let key = Self::parse(lines.next()?.as_bytes());
        // Which of several would be the right one?
        if lines.next().is_some() { None } else { key }
    }

    /// Reads a value of the field.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mut rest = trim_blanks(value).strip_prefix(b"\"")?.strip_suffix(b"\"")?.iter();
        let mut key = Vec::new();
        while let Some(octet) = rest.next() {
            key.push(match octet {
                b'\\' => *rest.next().filter(|escaped| matches!(escaped, b'"' | b'\\'))?,
                b'"' => return None,
                b' '..=b'~' => *octet,
                _ => return None,
            });
            if key.len() > MAX_KEY {
                return None;
            }
        }
        (!key.is_empty()).then(|| Self(key.into()))
    }

    /// What the client calls its request.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyKey").field("octets", &self.0.len()).finish_non_exhaustive()
    }
}
