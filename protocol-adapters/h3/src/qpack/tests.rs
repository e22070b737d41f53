use proptest::prelude::*;

use super::*;

fn lines(section: &[u8]) -> Result<Vec<(String, String)>, Undecodable> {
    let mut lines = Lines::new(section)?;
    let mut read = Vec::new();
    while let Some(line) = lines.next()? {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        read.push((text(line.name), text(line.value)));
    }
    Ok(read)
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

#[test]
fn x07_of_the_specification() {
    let first = b"\x00\x00\x5f\x09\x03102\x5c\x09/ops/7Qf2\x27\x01progress\x0c0/3 (queued)";
    assert_eq!(
        lines(first),
        Ok(pairs(&[(":status", "102"), ("location", "/ops/7Qf2"), ("progress", "0/3 (queued)")]))
    );
    let second = b"\x00\x00\x5f\x09\x03102\x27\x01progress\x0e3/10 (message)";
    assert_eq!(lines(second), Ok(pairs(&[(":status", "102"), ("progress", "3/10 (message)")])));
}

#[test]
fn the_example_of_rfc_9204_appendix_b1() {
    assert_eq!(lines(b"\x00\x00\x51\x0b/index.html"), Ok(pairs(&[(":path", "/index.html")])));
}

#[test]
fn order_and_repetition_are_seen() {
    let section = b"\x00\x00\xd1\xd1\x24a-b\x011\x2c\x27\x1f\xf1";
    let Ok(read) = lines(b"\x00\x00\xd1\xd1\x24a-bc\x011\xd7") else { panic!("it is well-formed") };
    let names: Vec<_> = read.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [":method", ":method", "a-bc", ":scheme"]);
    assert_eq!(lines(section), Err(Undecodable), "a name whose Huffman code is cut short");
}

#[test]
fn a_literal_in_huffman_code() {
    // custom-key: no-cache, both coded; the name has eight octets, which its prefix cannot hold.
    let mut section = vec![0, 0, 0x2f, 1, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9, 0x7d, 0x7f];
    section.extend([0x86, 0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]);
    assert_eq!(lines(&section), Ok(pairs(&[("custom-key", "no-cache")])));
}

#[test]
fn q11_what_is_not_static_or_cut_short_is_undecodable() {
    let cases: [(&str, &[u8]); 12] = [
        ("an empty block", b""),
        ("a prefix of one octet", b"\x00"),
        ("a required insert count", b"\x01\x00\xd1"),
        ("a negative base", b"\x00\x80\xd1"),
        ("an indexed dynamic entry", b"\x00\x00\x80"),
        ("a dynamic name", b"\x00\x00\x40\x01a"),
        ("an entry beyond the base", b"\x00\x00\x10"),
        ("a name beyond the base", b"\x00\x00\x00\x01a"),
        ("a static entry that does not exist", b"\x00\x00\xff\x24"),
        ("a truncated integer", b"\x00\x00\xff\x80"),
        ("an integer without end", b"\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
        ("a value cut short", b"\x00\x00\x51\x05/abc"),
    ];
    for (name, section) in cases {
        assert_eq!(lines(section), Err(Undecodable), "{name}");
    }
}

#[test]
fn the_table_is_the_one_of_the_rfc_at_its_edges() {
    assert_eq!(lines(b"\x00\x00\xc0"), Ok(pairs(&[(":authority", "")])));
    assert_eq!(lines(b"\x00\x00\xd8\xff\x00"), Ok(pairs(&[(":status", "103"), (":status", "100")])));
    assert_eq!(lines(b"\x00\x00\xff\x23"), Ok(pairs(&[("x-frame-options", "sameorigin")])));
}

proptest! {
    #[test]
    fn no_section_makes_it_panic(section in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = lines(&section);
    }

    #[test]
    fn what_is_written_plainly_is_read_back(
        pairs in proptest::collection::vec(("[a-z:_-]{0,40}", "[ -~]{0,200}"), 0..8)
    ) {
        let fields: Vec<_> =
            pairs.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        prop_assert_eq!(lines(&written(&fields)), Ok(pairs));
    }
}

/// Writes a section of plain literals.
pub(crate) fn written(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut section = vec![0, 0];
    for (name, value) in fields {
        literal(&mut section, (0x20, 3), name.as_bytes());
        literal(&mut section, (0x00, 7), value);
    }
    section
}

fn literal(section: &mut Vec<u8>, (flags, prefix): (u8, u32), text: &[u8]) {
    let small = |number: usize| u8::try_from(number).expect("it is small");
    let mask = u8::MAX >> (8 - prefix);
    let mut left = text.len();
    if left < usize::from(mask) {
        section.push(flags | small(left));
    } else {
        section.push(flags | mask);
        left -= usize::from(mask);
        while left >= 128 {
            section.push(small(left % 128) | 0x80);
            left /= 128;
        }
        section.push(small(left));
    }
    section.extend(text);
}
