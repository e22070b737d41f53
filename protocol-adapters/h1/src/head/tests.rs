use downstream::{Limits, Protocol};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use super::*;
use crate::encode;

/// Any name that is neither about the connection nor dropped, any value that `http` can hold.
fn fields() -> impl Strategy<Value = HeaderMap> {
    let field = ("x-[a-z0-9!#$%&'*+.^`|~-]{1,20}", prop::collection::vec(0x20_u8..=0xff, 0..40));
    prop::collection::vec(field, 0..40).prop_map(|fields| {
        let clean = |value: Vec<u8>| {
            let value: Vec<u8> = value.into_iter().filter(|octet| *octet != 0x7f).collect();
            HeaderValue::from_bytes(scan::trim(&value)).unwrap()
        };
        fields
            .into_iter()
            .map(|(name, value)| (HeaderName::from_bytes(name.as_bytes()).unwrap(), clean(value)))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encoded_as_a_request_is_parsed_as_the_same(
        method in "[A-Za-z!#$%&'*+.^_`|~-]{1,32}",
        target in "/[a-zA-Z0-9/._~!$&'()*+,;=:@%-]{0,40}(\\?[a-zA-Z0-9/?&=%]{0,20})?",
        mut fields in fields(),
    ) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        prop_assume!(method != Method::CONNECT && method != Method::TRACE);
        fields.insert("host", HeaderValue::from_static("a.example:8443"));
        let mut octets = Vec::new();
        encode::request_head(&mut octets, &method, &target, &fields);
        let (head, size) = parse_request(&octets, &Limits::default()).unwrap().unwrap();
        prop_assert_eq!(size, octets.len());
        prop_assert_eq!((head.method, head.target.to_string()), (method, target));
        prop_assert_eq!(head.fields, fields);
        prop_assert_eq!((head.version.protocol(), head.framing), (Protocol::Http11, Framing::None));
    }

    #[test]
    fn what_is_encoded_as_a_response_is_parsed_as_the_same(
        status in 200_u16..600,
        length in prop::option::of(0..u64::MAX / 2),
        mut fields in fields(),
    ) {
        use encode::{Length, Manner, Persistence};
        let status = StatusCode::from_u16(status).unwrap();
        prop_assume!(!is_bodyless(status));
        let (length, framing) = match length {
            Some(length) => (Length::Exactly(length), ResponseFraming::Length(length)),
            None => (Length::Chunked, ResponseFraming::Chunked),
        };
        let persistence = Persistence::Close;
        let mut octets = Vec::new();
        encode::response_head(&mut octets, status, &fields, Manner { length, persistence });
        let (mut head, size) = parse_response(&octets, &ResponseLimits::default()).unwrap().unwrap();
        prop_assert_eq!((size, head.status, head.keep_alive), (octets.len(), status, false));
        prop_assert_eq!(head.framing(&Method::GET), framing);
        head.fields.remove("content-length");
        prop_assert!(head.fields.remove("date").is_some());
        fields.remove("date");
        prop_assert_eq!(head.fields, fields);
    }

    /// No octets make the parser panic, and growing input never makes it change its mind.
    #[test]
    fn any_octets_are_parsed_the_same_whole_and_one_by_one(
        octets in "(GET|POST) /[ -~]{0,9} HTTP/1.[01]\r\n(Host: [ -~]{0,4}\r\n)?([!-~]{1,3}:[ -~\r\n\t]{0,5}\r\n){0,3}\r\n",
    ) {
        let whole = parse_request(octets.as_bytes(), &Limits::default());
        let mut scan = Scan::default();
        let mut single = Ok(None);
        for end in 0..=octets.len() {
            single = resume_request(&mut scan, &octets.as_bytes()[..end], &Limits::default());
            if !matches!(single, Ok(None)) {
                break;
            }
        }
        // Of several faults either may be told first; the answer is the same.
        let (whole, single) = (whole.map_err(Refusal::status), single.map_err(Refusal::status));
        prop_assert_eq!(format!("{whole:?}"), format!("{single:?}"));
    }
}
