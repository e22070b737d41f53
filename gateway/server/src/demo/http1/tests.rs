use super::*;

async fn read(framing: Framing, mut wire: &[u8]) -> Result<(Bytes, &[u8]), ErrorKind> {
    let content = content(&mut wire, framing).await.map_err(|error| error.kind())?;
    Ok((content, wire))
}

#[tokio::test]
async fn content_ends_where_its_framing_says() {
    for (framing, wire, expected, rest) in [
        (Framing::Length(3), "abcdef", "abc", "def"),
        (Framing::Length(0), "abc", "", "abc"),
        (Framing::Chunked, "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\nrest", "abcde", "rest"),
        (Framing::Chunked, "0\r\nExpires: never\r\n\r\nrest", "", "rest"),
    ] {
        let (content, left) = read(framing, wire.as_bytes()).await.expect(wire);
        assert_eq!((&*content, left), (expected.as_bytes(), rest.as_bytes()), "{framing:?} {wire:?}");
    }
}

#[tokio::test]
async fn content_that_breaks_off_or_breaks_its_framing_is_an_error() {
    let too_much = format!("{:x}\r\n", CONTENT + 1);
    for (framing, wire, expected) in [
        (Framing::Length(3), "ab", ErrorKind::UnexpectedEof),
        (Framing::Length(CONTENT + 1), "", ErrorKind::InvalidData),
        (Framing::Chunked, "3\r\nab", ErrorKind::UnexpectedEof),
        (Framing::Chunked, "3\r\nabc\r\n", ErrorKind::UnexpectedEof),
        (Framing::Chunked, "3\r\nabcd\r\n0\r\n\r\n", ErrorKind::InvalidData),
        (Framing::Chunked, "x\r\nabc\r\n", ErrorKind::InvalidData),
        (Framing::Chunked, "-1\r\nabc\r\n", ErrorKind::InvalidData),
        (Framing::Chunked, too_much.as_str(), ErrorKind::InvalidData),
    ] {
        assert_eq!(read(framing, wire.as_bytes()).await, Err(expected), "{framing:?} {wire:?}");
    }
}

#[tokio::test]
async fn heads_are_read_one_after_the_other() {
    let mut wire: &[u8] = b"POST /reports?x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    let head = request(&mut wire).await.expect("a head").expect("a request");
    assert_eq!((head.method(), head.uri().path()), (&Method::POST, "/reports"));
    assert_eq!(Framing::of(head.headers()).expect("a length"), Framing::Length(2));
    assert_eq!(content(&mut wire, Framing::Length(2)).await.expect("content"), "hi");
    assert!(request(&mut wire).await.expect("the connection ends in order").is_none());
}

#[tokio::test]
async fn a_head_that_breaks_off_or_is_too_long_is_an_error() {
    let endless = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(HEAD));
    for (wire, expected) in [
        ("GET / HT", ErrorKind::UnexpectedEof),
        ("GET / HTTP/1.1\r\n", ErrorKind::UnexpectedEof),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", ErrorKind::InvalidData),
        (endless.as_str(), ErrorKind::InvalidData),
    ] {
        let error = request(&mut wire.as_bytes()).await.expect_err(wire);
        assert_eq!(error.kind(), expected, "{}", &wire[..wire.len().min(40)]);
    }
}

#[test]
fn framing_is_what_the_fields_say() {
    let fields = |name: &'static str, value: &'static str| {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))])
    };
    let of = |fields| Framing::of(&fields).map_err(|error| error.kind());
    assert_eq!(of(HeaderMap::new()), Ok(Framing::Length(0)));
    assert_eq!(of(fields("content-length", "7")), Ok(Framing::Length(7)));
    assert_eq!(of(fields("content-length", "seven")), Err(ErrorKind::InvalidData));
    assert_eq!(of(fields("transfer-encoding", "chunked")), Ok(Framing::Chunked));
    assert_eq!(of(fields("transfer-encoding", "gzip")), Err(ErrorKind::InvalidData));
}
