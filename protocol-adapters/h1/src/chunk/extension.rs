//! Chunk extensions: checked, then dropped (H1-17).

use crate::head::{is_blank, is_token_octet};

/// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )` (RFC 9112 7.1.1).
pub(super) fn is_extensions(line: &[u8]) -> bool {
    let mut rest = line;
    while !rest.is_empty() {
        let Some(after) = skip_blanks(rest).strip_prefix(b";") else { return false };
        let Some(after) = skip_token(skip_blanks(after)) else { return false };
        rest = match skip_blanks(after).strip_prefix(b"=") {
            None => after,
            Some(value) => match skip_value(skip_blanks(value)) {
                Some(after) => after,
                None => return false,
            },
        };
    }
    true
}

fn skip_blanks(octets: &[u8]) -> &[u8] {
    let blanks = octets.iter().take_while(|octet| is_blank(**octet)).count();
    &octets[blanks..]
}

fn skip_token(octets: &[u8]) -> Option<&[u8]> {
    let size = octets.iter().take_while(|octet| is_token_octet(**octet)).count();
    (size > 0).then(|| &octets[size..])
}

fn skip_value(octets: &[u8]) -> Option<&[u8]> {
    let Some(mut rest) = octets.strip_prefix(b"\"") else { return skip_token(octets) };
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', escaped, after @ ..] if is_text(*escaped) => after,
            [octet, after @ ..] if is_text(*octet) && *octet != b'\\' => after,
            _ => return None,
        };
    }
}

/// No control characters, CR and LF among them.
fn is_text(octet: u8) -> bool {
    is_blank(octet) || (octet >= b' ' && octet != 0x7f)
}
