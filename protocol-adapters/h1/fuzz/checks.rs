//! What must hold for any octets. The fuzz targets run these; so does `tests/corpus.rs`, over the
//! committed corpus.
#![allow(dead_code, reason = "each target uses one of them")]

use bytes::BytesMut;
use downstream::Limits;
use h1_adapter::chunk::{ChunkDecoder, Decoded};
use h1_adapter::encode;
use h1_adapter::head::{
    Framing, ResponseLimits, Scan, parse_request, parse_response, resume_request, resume_response,
};
use http::Method;

/// A request head is read the same whole and octet by octet, and what is read can be written and
/// read again without becoming something else.
pub(crate) fn request_head(octets: &[u8]) {
    let limits = Limits { head_size: 4096, head_fields: 40, target_size: 512, ..Limits::default() };
    let whole = parse_request(octets, &limits);
    let mut scan = Scan::default();
    let mut single = Ok(None);
    for end in 0..=octets.len() {
        single = resume_request(&mut scan, &octets[..end], &limits);
        if !matches!(single, Ok(None)) {
            break;
        }
    }
    assert_eq!(whole.is_err(), single.is_err());
    let Ok(Some((head, size))) = whole else { return };
    assert_eq!(format!("{head:?}"), single.map(|found| format!("{:?}", found.unwrap().0)).unwrap());
    assert!(octets[..size].ends_with(b"\r\n\r\n"));
    let mut again = Vec::new();
    encode::request_line(&mut again, &head.method, &head.target.to_string());
    for (name, value) in &head.fields {
        encode::field(&mut again, name.as_str(), value.as_bytes());
    }
    if head.framing == Framing::Chunked {
        encode::field(&mut again, "transfer-encoding", b"chunked");
    }
    if !head.fields.contains_key("host") {
        encode::field(&mut again, "host", b"default.example");
    }
    encode::end(&mut again);
    let limits = Limits { head_size: 1 << 20, head_fields: 41, ..Limits::default() };
    let (same, size) = parse_request(&again, &limits).unwrap().unwrap();
    assert_eq!(size, again.len());
    assert_eq!((same.method, same.target, same.framing), (head.method, head.target, head.framing));
    assert!(same.fields.len() >= head.fields.len());
}

/// The same for responses.
pub(crate) fn response_head(octets: &[u8]) {
    let limits = ResponseLimits { head_size: 4096, fields: 40 };
    let whole = parse_response(octets, &limits);
    let mut scan = Scan::default();
    let mut single = Ok(None);
    for end in 0..=octets.len() {
        single = resume_response(&mut scan, &octets[..end], &limits);
        if !matches!(single, Ok(None)) {
            break;
        }
    }
    assert_eq!(whole.is_err(), single.is_err());
    let Ok(Some((head, size))) = whole else { return };
    assert_eq!(format!("{head:?}"), single.map(|found| format!("{:?}", found.unwrap().0)).unwrap());
    assert!(octets[..size].ends_with(b"\r\n\r\n"));
    assert!((100..600).contains(&head.status.as_u16()));
    let _ = head.framing(&Method::GET);
    for name in ["connection", "transfer-encoding", "upgrade"] {
        assert!(!head.fields.contains_key(name));
    }
}

/// Chunks are decoded the same whole and octet by octet.
pub(crate) fn chunk(octets: &[u8]) {
    let whole = decode(octets, octets.len().max(1));
    let single = decode(octets, 1);
    assert_eq!(whole, single);
}

/// Data, then the trailers or why not, and how many octets are left.
fn decode(octets: &[u8], piece: usize) -> (Vec<u8>, String, usize) {
    let (mut decoder, mut buf, mut data) = (ChunkDecoder::new(), BytesMut::new(), Vec::new());
    let mut fed = 0;
    loop {
        match decoder.decode(&mut buf) {
            Ok(Decoded::Data(part)) => {
                assert!(!part.is_empty());
                data.extend_from_slice(&part);
            }
            Ok(Decoded::NeedMore) if fed == octets.len() => return (data, "partial".to_owned(), 0),
            Ok(Decoded::NeedMore) => {
                let end = (fed + piece).min(octets.len());
                buf.extend_from_slice(&octets[fed..end]);
                fed = end;
            }
            Ok(Decoded::End(trailers)) => {
                return (data, format!("{trailers:?}"), buf.len() + octets.len() - fed);
            }
            // Which fault is found first may depend on how much is seen.
            Err(_) => return (data, "fault".to_owned(), 0),
        }
    }
}
