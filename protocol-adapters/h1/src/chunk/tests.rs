use proptest::prelude::*;

use super::*;
use crate::encode;

/// Data, trailers and how many octets are left; `None` if the end has not come.
type Outcome = Result<Option<(Vec<u8>, Option<HeaderMap>, usize)>, ChunkError>;

/// What comes of `octets`; whole and octet by octet, which must agree.
fn decode(octets: &[u8]) -> Outcome {
    let whole = run(octets, octets.len().max(1));
    let single = run(octets, 1);
    assert_eq!(whole, single, "{:?}", String::from_utf8_lossy(octets));
    whole
}

fn run(octets: &[u8], piece: usize) -> Outcome {
    let (mut decoder, mut buf, mut data) = (ChunkDecoder::new(), BytesMut::new(), Vec::new());
    let mut pieces = octets.chunks(piece);
    loop {
        match decoder.decode(&mut buf)? {
            Decoded::Data(part) => {
                assert!(!part.is_empty());
                data.extend_from_slice(&part);
            }
            Decoded::End(trailers) => {
                let left = buf.len() + pieces.map(<[u8]>::len).sum::<usize>();
                assert!(decoder.is_done());
                return Ok(Some((data, trailers, left)));
            }
            Decoded::NeedMore => match pieces.next() {
                Some(piece) => buf.extend_from_slice(piece),
                None => return Ok(None),
            },
        }
    }
}

fn data(octets: &str) -> Option<String> {
    decode(octets.as_bytes()).unwrap().map(|(data, _, _)| String::from_utf8(data).unwrap())
}

#[test]
fn chunks_are_put_together_and_what_follows_is_left() {
    assert_eq!(data("5\r\nhello\r\n0\r\n\r\n"), Some("hello".to_owned()));
    assert_eq!(data("1\r\na\r\n0000000000000002\r\nbc\r\n0\r\n\r\n"), Some("abc".to_owned()));
    assert_eq!(data("A\r\n0123456789\r\na\r\n0123456789\r\n00\r\n\r\n").map(|data| data.len()), Some(20));
    let (_, trailers, left) = decode(b"0\r\n\r\nGET /").unwrap().unwrap();
    assert_eq!((trailers, left), (None, 5));
    for partial in [
        "",
        "5",
        "5\r",
        "5\r\nhel",
        "5\r\nhello",
        "5\r\nhello\r",
        "5\r\nhello\r\n",
        "0\r\n",
        "0\r\n\r",
        "0\r\nX: y\r\n",
    ] {
        assert_eq!(data(partial), None, "{partial:?}");
    }
}

#[test]
fn h1_16_sizes_that_are_none() {
    for size in
        ["", ";", "0x0", "0_0", "-0", "+1", " 0", "\t0", "00000000000000000", "1these-bytes", "g", "\0"]
    {
        assert!(
            matches!(decode(format!("{size}\r\n\r\n").as_bytes()), Err(ChunkError::Malformed(_))),
            "{size:?}"
        );
    }
    // The largest that there is, and a blank that nothing follows.
    assert_eq!(data("ffffffffffffffff\r\nx"), None);
    assert!(decode(b"1 \r\nA\r\n").is_err());
}

#[test]
fn h1_17_extensions_are_checked_and_dropped() {
    for good in
        [";a", ";a=b", ";a=\"b\"", " ; a = b", ";a;b;c=d", ";a=\"\\\"\\\\\"", ";a=\"\u{e4}\t \"", "\t;\ta"]
    {
        let octets = [b"1", good.as_bytes(), b"\r\nA\r\n0\r\n\r\n"].concat();
        assert!(decode(&octets).unwrap().is_some(), "{good:?}");
    }
    for bad in [
        ";",
        ";;",
        ";a=",
        ";=b",
        ";a b",
        ";a=\"",
        ";a=\"\\\"",
        ";a=\"b\"c",
        ";\u{1}",
        ";a=\"\u{0}\"",
        ";a\r",
        " ",
        ";a ",
        ";a=\"\u{7f}\"",
        ";a=b=c",
    ] {
        let octets = format!("1{bad}\r\nA\r\n0\r\n\r\n");
        assert!(matches!(decode(octets.as_bytes()), Err(ChunkError::Malformed(_))), "{bad:?}");
    }
    assert!(decode(b"1;a\nA\r\n0\r\n\r\n").is_err());
}

#[test]
fn h1_17_extensions_are_bounded_over_all_chunks_even_without_a_line_end() {
    let most = "x".repeat(EXTENSIONS_SIZE - 1);
    assert!(run(format!("1;{most}\r\nA\r\n0\r\n\r\n").as_bytes(), usize::MAX).is_ok());
    let over = [format!("1;{most}x"), format!("1;{most}\r\nA\r\n0;x")];
    for octets in over {
        assert_eq!(run(octets.as_bytes(), usize::MAX), Err(ChunkError::TooLarge));
    }
}

#[test]
fn h1_18_h1_19_line_ends_that_are_none() {
    for octets in
        ["1\nA", "1\r\nA\n", "1\r\nA\r\r", "1\r\nAB", "0\n\n", "0\r\n\n", "0\r\nX: y\n\r\n", "1\rA", "0\r\r"]
    {
        assert!(decode(octets.as_bytes()).is_err(), "{octets:?}");
    }
}

#[test]
fn h1_20_trailers_keep_only_what_may_trail() {
    let octets = "0\r\nX-Sum: 7\r\nContent-Length: 5\r\nHost: a\r\nAuthorization: b\r\nPrefer: c\r\n\
                  Transfer-Encoding: chunked\r\nSet-Cookie: d\r\nConnection: x-hop\r\nX-Hop: e\r\n\r\n";
    let (_, trailers, _) = decode(octets.as_bytes()).unwrap().unwrap();
    let trailers = trailers.unwrap();
    assert_eq!(trailers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-sum"]);
    assert_eq!(decode(b"0\r\nHost: a\r\n\r\n").unwrap().unwrap().1, None);
    let many = (0..101).map(|n| format!("X-{n}: y\r\n")).collect::<Vec<_>>().concat();
    assert_eq!(run(format!("0\r\n{many}\r\n").as_bytes(), usize::MAX), Err(ChunkError::TooLarge));
    let large = format!("0\r\nX: {}", "y".repeat(33 * 1024));
    assert_eq!(run(large.as_bytes(), usize::MAX), Err(ChunkError::TooLarge));
}

#[test]
fn data_shares_the_buffers_memory() {
    let mut buf = BytesMut::from(&b"5\r\nhello\r\n"[..]);
    let at = buf[3..].as_ptr();
    let Decoded::Data(data) = ChunkDecoder::new().decode(&mut buf).unwrap() else { panic!("no data") };
    assert_eq!(data.as_ptr(), at);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encoded_is_decoded_however_it_is_cut(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..8),
        trailer in prop::option::of("[a-z]{1,9}"),
        piece in 1_usize..500,
    ) {
        let mut octets = Vec::new();
        for chunk in &chunks {
            encode::chunk(&mut octets, &Bytes::from(chunk.clone()));
        }
        let trailers: Option<HeaderMap> = trailer
            .map(|value| [(HeaderName::from_static("x-sum"), value.parse().unwrap())].into_iter().collect());
        encode::last_chunk(&mut octets, trailers.as_ref());
        octets.extend_from_slice(b"beyond");
        let decoded = run(&octets, piece).unwrap().unwrap();
        prop_assert_eq!(decoded, (chunks.concat(), trailers, 6));
    }

    #[test]
    fn no_octets_make_the_decoder_panic(octets in "[0-9a-f;=\" \r\n\\x00xX:]{0,60}", piece in 1_usize..10) {
        let _ = run(octets.as_bytes(), piece);
    }
}
