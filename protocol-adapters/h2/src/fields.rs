//! Fields on their way to the client.

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue};
use progress_core::progress;

/// Fields that HTTP/2 does not know; with one of them a message is malformed (H2X-02, RFC 9113 8.2.2).
const CONNECTION_SPECIFIC: [&str; 6] =
    ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/// What a field costs in a list beside its octets (RFC 9113 6.5.2).
const FIELD_OVERHEAD: usize = 32;

/// The cost of `:status` and its value.
const STATUS_SIZE: usize = ":status".len() + "102".len() + FIELD_OVERHEAD;

/// Makes the fields of a final response, or its trailers, fit for HTTP/2.
pub(crate) fn clean(fields: &mut HeaderMap) {
    if fields.is_empty() {
        return;
    }
    let mut has_specific = false;
    for (name, value) in fields.iter_mut() {
        has_specific |= CONNECTION_SPECIFIC.contains(&name.as_str());
        // H2X-06: a label comes from a user, and no later head repeats it: a never-indexed literal.
        if *name == progress::FIELD {
            value.set_sensitive(true);
        }
    }
    if has_specific {
        for name in CONNECTION_SPECIFIC {
            fields.remove(name);
        }
    }
}

/// Makes the fields of an interim head fit for HTTP/2 (INT-03), and for a peer that takes no more
/// than `limit` octets of them (H2X-05): the label goes first, then the head. What is left is
/// measured as RFC 9113 6.5.2 does; `None` if nothing may be sent.
pub(crate) fn fit(fields: &mut HeaderMap, limit: usize) -> Option<usize> {
    if fields.is_empty() {
        return (STATUS_SIZE <= limit).then_some(STATUS_SIZE);
    }
    clean(fields);
    fields.remove(CONTENT_LENGTH);
    let mut size = list_size(fields);
    if size > limit {
        drop_remarks(fields);
        size = list_size(fields);
    }
    (size <= limit).then_some(size)
}

/// Leaves the main fraction of `Progress`, which stands before the first blank (PRG-02).
fn drop_remarks(fields: &mut HeaderMap) {
    let Some(value) = fields.get_mut(progress::FIELD) else { return };
    let fraction = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
    if let Ok(mut fraction) = HeaderValue::from_bytes(fraction) {
        fraction.set_sensitive(true);
        *value = fraction;
    }
}

fn list_size(fields: &HeaderMap) -> usize {
    let sizes = fields.iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD);
    STATUS_SIZE + sizes.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        fields.iter().map(field).collect()
    }

    #[test]
    fn h2x_02_connection_fields_are_removed() {
        let mut fields =
            map(&[("connection", "close"), ("keep-alive", "timeout=5"), ("te", "trailers"), ("a", "b")]);
        clean(&mut fields);
        assert_eq!(fields, map(&[("a", "b")]));
    }

    #[test]
    fn int_03_an_interim_head_has_no_framing() {
        let mut fields = map(&[("content-length", "5"), ("transfer-encoding", "chunked"), ("link", "</a>")]);
        assert_eq!(fit(&mut fields, usize::MAX), Some(STATUS_SIZE + 4 + 4 + 32));
        assert_eq!(fields, map(&[("link", "</a>")]));
    }

    #[test]
    fn h2x_05_the_label_goes_first_then_the_head() {
        let fields = map(&[("progress", "3/10 (message)"), ("location", "/ops/1")]);
        let bare = STATUS_SIZE + (8 + 4 + 32) + (8 + 6 + 32);

        let mut roomy = fields.clone();
        assert_eq!(fit(&mut roomy, bare + 10), Some(bare + 10));
        assert_eq!(roomy["progress"], "3/10 (message)");
        let mut tight = fields.clone();
        assert_eq!(fit(&mut tight, bare + 9), Some(bare));
        assert_eq!(tight["progress"], "3/10");
        assert_eq!(fit(&mut fields.clone(), bare - 1), None);
        assert_eq!(fit(&mut HeaderMap::new(), STATUS_SIZE - 1), None);
    }

    #[test]
    fn h2x_06_progress_is_never_indexed_with_and_without_its_label() {
        let mut fields = map(&[("progress", "3/10 (message)"), ("location", "/ops/1")]);
        clean(&mut fields);
        assert!(fields["progress"].is_sensitive());
        assert!(!fields["location"].is_sensitive());
        assert!(fit(&mut fields, 140).is_some());
        assert_eq!(fields["progress"], "3/10");
        assert!(fields["progress"].is_sensitive());
    }
}
