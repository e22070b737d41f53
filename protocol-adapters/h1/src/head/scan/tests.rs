use super::*;

const BOUND: Bound = Bound { size: 64, leading: 2 };

/// The result of a scan of all of `octets` at once and one by one: both must agree.
fn scan(octets: &[u8]) -> Result<Found, Fault> {
    let whole = Scan::default().advance(octets, BOUND);
    let mut growing = Scan::default();
    let mut single = Ok(Found::Partial);
    for end in 0..=octets.len() {
        single = growing.advance(&octets[..end], BOUND);
        if single != Ok(Found::Partial) {
            break;
        }
    }
    assert_eq!(whole, single, "{:?}", String::from_utf8_lossy(octets));
    whole
}

#[test]
fn a_head_ends_with_its_empty_line_and_what_follows_is_not_looked_at() {
    assert_eq!(scan(b"a\r\n\r\n"), Ok(Found::End(5)));
    assert_eq!(scan(b"a\r\nb: c\r\n\r\n\0\n\r"), Ok(Found::End(11)));
    assert_eq!(scan(b"\r\n\r\na\r\n\r\n"), Ok(Found::End(9)));
    for partial in ["", "\r", "\r\n", "a", "a\r", "a\r\n", "a\r\n\r", "a\r\nb: \tc"] {
        assert_eq!(scan(partial.as_bytes()), Ok(Found::Partial), "{partial:?}");
    }
}

#[test]
fn h1_10_to_h1_14_each_fault_is_found_before_the_head_is_complete() {
    let rows: [(&[u8], &str); 12] = [
        (b"a\n", "a line ends in LF without CR"),
        (b"a\r\nb\n", "a line ends in LF without CR"),
        (b"a\r\n\n", "a line ends in LF without CR"),
        (b"\n", "a line ends in LF without CR"),
        (b"a\rb", "a CR without LF"),
        (b"a\r\r", "a CR without LF"),
        (b"a\r\nb\rc", "a CR without LF"),
        (b" a", "a line begins with a blank"),
        (b"a\r\n\tb", "a line begins with a blank"),
        (b"a\0", "a control character"),
        (b"a\r\nb: \x7f", "a control character"),
        (b"\r\n\r\n\r\n", "empty lines before the first line"),
    ];
    for (octets, how) in rows {
        assert_eq!(scan(octets), Err(Fault::Malformed(how)), "{:?}", String::from_utf8_lossy(octets));
    }
}

#[test]
fn h1_28_the_bound_counts_from_the_first_line_to_the_empty_one() {
    let head = |size: usize| format!("\r\n{}\r\n\r\n", "a".repeat(size - 4));
    assert_eq!(scan(head(64).as_bytes()), Ok(Found::End(66)));
    assert_eq!(scan(head(65).as_bytes()), Err(Fault::TooLarge));
    assert_eq!(scan(&[b'a'; 64]), Ok(Found::Partial));
    assert_eq!(scan(&[b'a'; 65]), Err(Fault::TooLarge));
}

#[test]
fn a_scan_knows_the_first_line_and_where_the_fields_begin() {
    let octets = b"\r\nfirst\r\nx: y\r\n\r\n";
    let mut scan = Scan::default();
    scan.advance(b"\r\n\r", BOUND).unwrap();
    assert!(!scan.has_begun(b"\r\n\r"));
    let mut scan = Scan::default();
    scan.advance(&octets[..4], BOUND).unwrap();
    assert!(scan.has_begun(&octets[..4]));
    assert_eq!(scan.first_line(&octets[..4]), None);
    scan.advance(octets, BOUND).unwrap();
    assert_eq!(scan.first_line(octets), Some(&b"first"[..]));
    assert_eq!(&octets[scan.fields_start()..], b"x: y\r\n\r\n");
}

#[test]
fn h1_15_only_space_and_tab_are_trimmed() {
    assert_eq!(trim(b" \t a b\t "), b"a b");
    assert_eq!(trim(b"\xa0a\x85"), b"\xa0a\x85");
    assert_eq!(trim(b" \t"), b"");
}
