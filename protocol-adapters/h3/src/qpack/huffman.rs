//! The Huffman code of RFC 7541 appendix B, which QPACK shares.
//!
//! The code is canonical: sorted by length and then by octet, the codes simply count up. So the
//! lengths are the whole table, and a code is decoded by finding the length whose range it is in.

use super::Undecodable;

/// The length in bits of each octet's code, and of the end-of-string symbol's.
#[rustfmt::skip]
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// All octets and the end-of-string symbol.
const SYMBOLS: usize = 257;
/// The end-of-string symbol, which may only appear as padding, cut short.
const END: u16 = 256;
const SHORTEST: usize = 5;
const LONGEST: usize = 30;

/// For each length: where its codes end, where they begin, and where its symbols begin.
struct Code {
    /// The first value above this length's codes, aligned to the left of 32 bits.
    above: [u64; LONGEST + 1],
    /// This length's first code, aligned to the left of 32 bits.
    first: [u64; LONGEST + 1],
    /// The index in `symbols` of this length's first code.
    start: [usize; LONGEST + 1],
    /// All symbols in the order of their codes.
    symbols: [u16; SYMBOLS],
}

const CODE: Code = build();

/// Appends what `input` stands for to `out`.
///
/// # Errors
///
/// The end-of-string symbol inside the string, padding of eight bits or more, and padding that is
/// not all ones (RFC 7541 section 5.2).
pub(super) fn decode(mut input: &[u8], out: &mut Vec<u8>) -> Result<(), Undecodable> {
    // The next bits, aligned to the left, and how many of them are valid.
    let (mut window, mut valid) = (0_u64, 0_u32);
    loop {
        while valid <= 56
            && let Some((&octet, rest)) = input.split_first()
        {
            window |= u64::from(octet) << (56 - valid);
            valid += 8;
            input = rest;
        }
        if valid < 8 && is_padding(window, valid) {
            return Ok(());
        }
        let head = window >> 32;
        let length = (SHORTEST..=LONGEST).find(|&length| head < CODE.above[length]).unwrap_or(LONGEST);
        let bits = u32::try_from(length).unwrap_or(u32::MAX);
        if bits > valid {
            return Err(Undecodable);
        }
        let offset = usize::try_from((head - CODE.first[length]) >> (32 - length)).unwrap_or(0);
        match u8::try_from(CODE.symbols[CODE.start[length] + offset]) {
            Ok(octet) => out.push(octet),
            Err(_) => return Err(Undecodable),
        }
        window <<= bits;
        valid -= bits;
    }
}

/// Whether the last `valid` bits are all ones; none are as well.
fn is_padding(window: u64, valid: u32) -> bool {
    window.leading_ones() >= valid
}

const fn build() -> Code {
    let mut code = Code {
        above: [0; LONGEST + 1],
        first: [0; LONGEST + 1],
        start: [0; LONGEST + 1],
        symbols: [END; SYMBOLS],
    };
    let (mut next, mut placed, mut length) = (0_u64, 0, 1);
    while length <= LONGEST {
        let aligned = 32 - length;
        code.first[length] = next << aligned;
        code.start[length] = placed;
        let mut symbol = 0_u16;
        while symbol <= END {
            if LENGTHS[symbol as usize] as usize == length {
                code.symbols[placed] = symbol;
                placed += 1;
                next += 1;
            }
            symbol += 1;
        }
        code.above[length] = next << aligned;
        next <<= 1;
        length += 1;
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(input: &[u8]) -> Option<String> {
        let mut out = Vec::new();
        decode(input, &mut out).ok()?;
        String::from_utf8(out).ok()
    }

    #[test]
    fn the_examples_of_rfc_7541_appendix_c() {
        let authority = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(decoded(&authority).as_deref(), Some("www.example.com"));
        assert_eq!(decoded(&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]).as_deref(), Some("no-cache"));
        assert_eq!(decoded(&[0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9, 0x7d, 0x7f]).as_deref(), Some("custom-key"));
        assert_eq!(decoded(&[0x64, 0x02]).as_deref(), Some("302"));
        assert_eq!(decoded(&[]).as_deref(), Some(""));
    }

    #[test]
    fn the_code_is_complete() {
        // Every code of 30 bits is taken; the last is the end-of-string symbol.
        assert_eq!(CODE.above[LONGEST], 1 << 32);
        assert_eq!(CODE.symbols[SYMBOLS - 1], END);
        assert_eq!(CODE.first[SHORTEST], 0);
        assert_eq!(CODE.symbols[..3], [u16::from(b'0'), u16::from(b'1'), u16::from(b'2')]);
    }

    #[test]
    fn bad_padding_and_a_written_end_are_refused() {
        assert_eq!(decoded(&[0xff]), None, "eight bits of padding");
        assert_eq!(decoded(&[0x00]), None, "padding of zeros");
        assert_eq!(decoded(&[0xff, 0xff, 0xff, 0xff]), None, "the end of the string");
    }
}
