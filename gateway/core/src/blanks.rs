//! SP and HTAB, the only octets that field values are trimmed of (OWS, RFC 9110 section 5.6.3).

/// Whether `octet` is one.
pub(crate) fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// `text` without those at its beginning.
pub(crate) fn skip_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|octet| is_blank(**octet)).count();
    &text[blanks..]
}

/// `text` without those around it.
pub(crate) fn trim_blanks(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|octet| !is_blank(*octet)).map_or(0, |last| last + 1);
    skip_blanks(&text[..end])
}
