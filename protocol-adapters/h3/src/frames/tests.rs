use proptest::prelude::*;

use super::*;

/// Walks `bytes` in chunks of `step`, ends the stream, and returns what came out, with adjoining
/// content joined.
fn walked(bytes: &[u8], step: usize) -> Result<Vec<Piece>, Violation> {
    let mut walker = Walker::new(Grammar::Request);
    let mut pieces: Vec<Piece> = Vec::new();
    for chunk in bytes.chunks(step) {
        let mut chunk = Bytes::copy_from_slice(chunk);
        while let Some(piece) = walker.walk(&mut chunk)? {
            match (pieces.last_mut(), piece) {
                (Some(Piece::Content(before)), Piece::Content(more)) => {
                    *before = [before.as_ref(), more.as_ref()].concat().into();
                }
                (_, piece) => pieces.push(piece),
            }
        }
    }
    walker.end().map(|()| pieces)
}

fn section(bytes: &'static [u8]) -> Piece {
    Piece::Section(Bytes::from_static(bytes))
}

fn content(bytes: &'static [u8]) -> Piece {
    Piece::Content(Bytes::from_static(bytes))
}

fn code(result: Result<Vec<Piece>, Violation>) -> (Scope, Code) {
    let violation = result.expect_err("it breaks the protocol");
    (violation.scope, violation.code)
}

#[test]
fn a_request_with_content_and_trailers() {
    let bytes = b"\x01\x03abc\x00\x02de\x21\x04junk\x00\x00\x00\x01f\x01\x01t";
    for step in 1..bytes.len() {
        assert_eq!(
            walked(bytes, step),
            Ok(vec![section(b"abc"), content(b"def"), section(b"t")]),
            "in chunks of {step}"
        );
    }
}

#[test]
fn an_empty_section_is_one() {
    assert_eq!(walked(b"\x01\x00", 2), Ok(vec![section(b"")]));
}

#[test]
fn q09_a_length_of_2_to_the_40_is_refused_before_any_of_it_is_kept() {
    for kind in [b"\x01".as_slice(), b"\x21", b"\x40\x5f"] {
        let mut bytes = kind.to_vec();
        bytes.extend((0xc000_0000_0000_0000_u64 | 1 << 40).to_be_bytes());
        assert_eq!(code(walked(&bytes, 1)), (Scope::Stream, Code::H3_EXCESSIVE_LOAD), "{kind:?}");
    }
}

#[test]
fn q09_data_may_be_of_any_length() {
    let mut walker = Walker::new(Grammar::Request);
    let mut chunk = Bytes::from_static(b"\x01\x01a\x00\xc0\x00\x01\x00\x00\x00\x00\x00xyz");
    assert_eq!(walker.walk(&mut chunk), Ok(Some(section(b"a"))));
    assert_eq!(walker.walk(&mut chunk), Ok(Some(content(b"xyz"))));
    assert_eq!(walker.walk(&mut chunk), Ok(None));
}

#[test]
fn q12_frames_that_have_no_place_on_a_request_stream() {
    for kind in kind::FORBIDDEN {
        let mut bytes = vec![0x01, 0x01, b'a', 0x40, u8::try_from(kind).expect("they are small")];
        bytes.push(0);
        assert_eq!(code(walked(&bytes, 7)), (Scope::Connection, Code::H3_FRAME_UNEXPECTED), "{kind:#x}");
    }
}

#[test]
fn q12_frames_out_of_order() {
    let data_first = b"\x00\x01a";
    let after_trailers: [&[u8]; 2] = [b"\x01\x01a\x01\x01t\x00\x01x", b"\x01\x01a\x01\x01t\x01\x01u"];
    for bytes in [data_first.as_slice()].into_iter().chain(after_trailers) {
        assert_eq!(code(walked(bytes, 3)), (Scope::Connection, Code::H3_FRAME_UNEXPECTED), "{bytes:?}");
    }
}

#[test]
fn a_stream_that_ends_inside_a_frame() {
    for bytes in [b"\x01".as_slice(), b"\x01\x02a", b"\x01\x01a\x00\x03xy", b"\x01\x01a\x21\x02j"] {
        assert_eq!(code(walked(bytes, 2)), (Scope::Connection, Code::H3_FRAME_ERROR), "{bytes:?}");
    }
}

#[test]
fn frames_without_meaning_have_a_limit() {
    let mut bytes = b"\x01\x01a".to_vec();
    bytes.extend(b"\x00\x00".repeat(usize::from(MAX_IGNORED)));
    assert!(walked(&bytes, 100).is_ok());
    bytes.extend(b"\x21\x00");
    assert_eq!(code(walked(&bytes, 100)), (Scope::Stream, Code::H3_EXCESSIVE_LOAD));
}

#[test]
fn responses_have_many_sections() {
    let mut walker = Walker::new(Grammar::Response);
    let mut chunk = Bytes::from_static(b"\x01\x01a\x01\x01b\x01\x01c\x00\x01d\x01\x01e");
    let mut pieces = Vec::new();
    while let Ok(Some(piece)) = walker.walk(&mut chunk) {
        pieces.push(piece);
    }
    assert_eq!(pieces.len(), 5);
}

proptest! {
    #[test]
    fn chunks_do_not_matter(bytes in proptest::collection::vec(any::<u8>(), 0..300), step in 1..40_usize) {
        let whole = walked(&bytes, bytes.len().max(1));
        prop_assert_eq!(walked(&bytes, step), whole);
    }

    #[test]
    fn chunks_do_not_matter_to_a_likely_stream(
        frames in proptest::collection::vec((0..4_u8, 0..90_usize), 0..12),
        step in 1..40_usize,
    ) {
        let mut bytes = b"\x01\x02qp".to_vec();
        for (kind, length) in frames {
            // DATA three times in four, else grease; lengths of one and of two octets.
            bytes.push(if kind == 0 { 0x21 } else { 0x00 });
            bytes.extend((0x4000 | u16::try_from(length).expect("it is small")).to_be_bytes());
            bytes.extend(vec![b'x'; length]);
        }
        let whole = walked(&bytes, bytes.len());
        prop_assert!(whole.is_ok());
        prop_assert_eq!(walked(&bytes, step), whole);
    }
}
