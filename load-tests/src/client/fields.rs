//! What all wires do with fields.

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName};
use progress_core::interim::{PREFERENCE_APPLIED, PROGRESS, STATUS_URI};

/// A field's name. Those of interim heads are not allocated.
///
/// # Errors
///
/// It is not a name.
pub(super) fn name(octets: &[u8]) -> Result<HeaderName, ()> {
    let known = [PROGRESS, STATUS_URI, PREFERENCE_APPLIED];
    match known.into_iter().find(|name| octets.eq_ignore_ascii_case(name.as_str().as_bytes())) {
        Some(known) => Ok(known),
        None => HeaderName::from_bytes(octets).map_err(|_| ()),
    }
}

/// The length that `Content-Length` says, if it is there (RFC 9110 8.6).
///
/// # Errors
///
/// It is not digits, or there are several that differ.
pub(super) fn content_length(fields: &HeaderMap) -> Result<Option<u64>, ()> {
    let mut said = None;
    for value in fields.get_all(CONTENT_LENGTH) {
        let text = value.to_str().map_err(|_| ())?;
        if text.is_empty() || !text.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err(());
        }
        let length = text.parse().map_err(|_| ())?;
        if said.is_some_and(|said| said != length) {
            return Err(());
        }
        said = Some(length);
    }
    Ok(said)
}
