//! The Huffman code that HPACK and QPACK share (RFC 7541 appendix B).
//!
//! In the order of their lengths, and of their octets within a length, the codes are consecutive numbers.
//! So the lengths say everything. Nearly all text has codes of at most eight bits, found by one look.

use bytes::{BufMut, BytesMut};

/// The length in bits of each octet's code, and of the mark of the end.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
    7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21,
    23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
    21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
/// The mark of the end, which only appears as padding, cut short.
const END: u16 = 256;
const LONGEST: usize = 30;

/// For a code of at most eight bits by what it begins with: its octet and its length. Others have the length 0.
const SHORT: [(u8, u8); 256] = short();
const LONG: Long = long();

/// The codes of every length: the first, how many there are, and where their symbols begin.
struct Long {
    first: [u32; LONGEST + 1],
    count: [u32; LONGEST + 1],
    start: [usize; LONGEST + 1],
    symbols: [u16; 257],
}

/// Appends the text that `code` stands for.
///
/// # Errors
///
/// It stands for none (RFC 7541 5.2).
pub(super) fn decode(mut code: &[u8], text: &mut BytesMut) -> Result<(), ()> {
    // The shortest code has five bits.
    text.reserve(code.len() * 8 / 5);
    // The next bits, aligned to the left, and how many of them there are.
    let (mut bits, mut valid) = (0_u64, 0_usize);
    loop {
        while valid <= 56
            && let Some((octet, rest)) = code.split_first()
        {
            bits |= u64::from(*octet) << (56 - valid);
            valid += 8;
            code = rest;
        }
        let (octet, length) = SHORT[usize::from(bits.to_be_bytes()[0])];
        let (octet, length) = if length > 0 { (u16::from(octet), usize::from(length)) } else { longer(bits) };
        if length > valid || octet == END {
            // Padding: fewer than eight bits, all ones.
            let padding = valid < 8 && bits.leading_ones() as usize >= valid;
            return if padding { Ok(()) } else { Err(()) };
        }
        text.put_u8(octet.to_be_bytes()[1]);
        bits <<= length;
        valid -= length;
    }
}

fn longer(bits: u64) -> (u16, usize) {
    (9..=LONGEST)
        .find_map(|length| {
            let code = u32::try_from(bits >> (64 - length)).ok()?;
            let nth = code.checked_sub(LONG.first[length])?;
            (nth < LONG.count[length]).then(|| (LONG.symbols[LONG.start[length] + nth as usize], length))
        })
        // The code is complete, so this is never reached.
        .unwrap_or((END, LONGEST))
}

const fn long() -> Long {
    let mut long = Long {
        first: [0; LONGEST + 1],
        count: [0; LONGEST + 1],
        start: [0; LONGEST + 1],
        symbols: [END; 257],
    };
    let (mut code, mut placed, mut length) = (0, 0, 1);
    while length <= LONGEST {
        code <<= 1;
        long.first[length] = code;
        long.start[length] = placed;
        let mut symbol = 0;
        while symbol <= END {
            if LENGTHS[symbol as usize] as usize == length {
                long.symbols[placed] = symbol;
                placed += 1;
                long.count[length] += 1;
            }
            symbol += 1;
        }
        code += long.count[length];
        length += 1;
    }
    long
}

const fn short() -> [(u8, u8); 256] {
    let long = long();
    let mut short = [(0, 0); 256];
    let mut length = 5;
    while length <= 8 {
        let mut nth = 0;
        while nth < long.count[length] {
            let symbol = long.symbols[long.start[length] + nth as usize].to_be_bytes()[1];
            let from = (long.first[length] + nth) << (8 - length);
            let mut at = from;
            while at < from + (1 << (8 - length)) {
                short[at as usize] = (symbol, LENGTHS[symbol as usize]);
                at += 1;
            }
            nth += 1;
        }
        length += 1;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(code: &[u8]) -> Option<String> {
        let mut text = BytesMut::new();
        decode(code, &mut text).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }

    #[test]
    fn the_examples_of_rfc_7541() {
        let url = [
            0x9d, 0x29, 0xad, 0x17, 0x18, 0x63, 0xc7, 0x8f, 0x0b, 0x97, 0xc8, 0xe9, 0xae, 0x82, 0xae, 0x43,
            0xd3,
        ];
        assert_eq!(decoded(&url).as_deref(), Some("https://www.example.com"));
        assert_eq!(
            decoded(&[0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf]).as_deref(),
            Some("custom-value")
        );
        assert_eq!(decoded(&[0x64, 0x0e, 0xff]).as_deref(), Some("307"));
        assert_eq!(decoded(&[]).as_deref(), Some(""));
    }

    #[test]
    fn long_codes_are_found_too() {
        // `{`: fifteen bits, `\`: nineteen; and one of padding, then six.
        assert_eq!(decoded(&[0xff, 0xfd]).as_deref(), Some("{"));
        assert_eq!(decoded(&[0xff, 0xfe, 0x1f]).as_deref(), Some("\\"));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for code in [&[0xff][..], &[0x00], &[0xff; 4], &[0x64, 0x0e, 0xff, 0xff]] {
            assert_eq!(decoded(code), None, "{code:x?}");
        }
    }
}
