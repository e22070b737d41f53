//! `Via`: who has handled a message (RFC 9110 7.6.3).

use downstream::Protocol;
use http::{HeaderMap, HeaderValue, header};

/// Whether a message has been here before (FWH-02).
pub(super) fn has(fields: &HeaderMap, service_name: &str) -> bool {
    fields
        .get_all(header::VIA)
        .iter()
        .any(|line| elements(line.as_bytes()).any(|element| received_by(element) == service_name.as_bytes()))
}

/// The element of this gateway (FWH-01).
pub(super) fn element(protocol: Protocol, service_name: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{} {service_name}", protocol.via())).ok()
}

/// The second word of an element: its first is the version, what follows is a comment.
fn received_by(element: &[u8]) -> &[u8] {
    let mut words = element.split(|octet| matches!(octet, b' ' | b'\t')).filter(|word| !word.is_empty());
    words.nth(1).unwrap_or_default()
}

/// The elements of a line. A comment may hold commas and, escaped, parentheses.
fn elements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut depth = 0_usize;
    let mut is_escaped = false;
    line.split(move |octet| {
        match octet {
            _ if is_escaped => is_escaped = false,
            b'\\' if depth > 0 => is_escaped = true,
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' => return depth == 0,
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FWH-02: the pseudonym counts only where the name of a server stands.
    #[test]
    fn fwh_02_loops_are_found_by_our_pseudonym() {
        let table: [(&[&'static str], bool); 9] = [
            (&["1.1 gateway"], true),
            (&["1.0 fred, 1.1 gateway (progress)"], true),
            (&["HTTP/2\tgateway"], true),
            (&["1.0 fred", "3 gateway"], true),
            (&["1.1 other (see, 1.1 gateway)"], false),
            (&["1.1 other (a \\) b, 1.1 gateway)"], false),
            (&["1.1 gateway2, 1.1 my-gateway"], false),
            (&["gateway"], false),
            (&[], false),
        ];
        for (lines, expected) in table {
            let mut fields = HeaderMap::new();
            for line in lines {
                fields.append(header::VIA, HeaderValue::from_static(line));
            }
            assert_eq!(has(&fields, "gateway"), expected, "{lines:?}");
        }
    }
}
