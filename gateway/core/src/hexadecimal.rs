//! Octets as lower-case hexadecimal digits, for ids that have one spelling only.

use std::fmt;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Reads exactly twice as many digits; anything else is `None`.
pub(crate) fn decode<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != N * 2 {
        return None;
    }
    let mut octets = [0; N];
    let (pairs, _) = digits.as_chunks::<2>();
    for (octet, [high, low]) in octets.iter_mut().zip(pairs) {
        *octet = value(*high)? << 4 | value(*low)?;
    }
    Some(octets)
}

/// Writes `octets` over the first of `digits`, of which there must be twice as many.
pub(crate) fn encode(octets: &[u8], digits: &mut [u8]) {
    let (pairs, _) = digits.as_chunks_mut::<2>();
    for (octet, pair) in octets.iter().zip(pairs) {
        *pair = [DIGITS[usize::from(octet >> 4)], DIGITS[usize::from(octet & 15)]];
    }
}

/// Prints an id of 16 octets.
pub(crate) fn print(octets: &[u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut digits = [0; 32];
    encode(octets, &mut digits);
    f.write_str(str::from_utf8(&digits).expect("hexadecimal digits are ASCII"))
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}
