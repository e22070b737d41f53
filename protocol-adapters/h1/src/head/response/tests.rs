use http::Method;

use crate::head::{HeadError, ResponseFraming, ResponseHead, ResponseLimits, Version, parse_response};

fn parse(octets: &str) -> Result<ResponseHead, HeadError> {
    let (head, size) = parse_response(octets.as_bytes(), &ResponseLimits::default())?.expect("a whole head");
    assert_eq!(size, octets.len());
    Ok(head)
}

fn framing(status: u16, fields: &str) -> Result<ResponseFraming, HeadError> {
    parse(&format!("HTTP/1.1 {status} X\r\n{fields}\r\n")).map(|head| head.framing(&Method::GET))
}

const CL: &str = "Content-Length: 3\r\n";
const TE: &str = "Transfer-Encoding: chunked\r\n";

#[test]
fn status_lines() {
    for (line, status) in [
        ("HTTP/1.1 200 OK", 200),
        ("HTTP/1.1 200 ", 200),
        ("HTTP/1.1 200", 200),
        ("HTTP/1.0 404 N\u{f6}t Found\there", 404),
        ("HTTP/1.1 102 Processing", 102),
        ("HTTP/1.1 599 ", 599),
    ] {
        assert_eq!(parse(&format!("{line}\r\n\r\n")).unwrap().status.as_u16(), status, "{line}");
    }
}

#[test]
fn i_18_status_lines_that_are_none() {
    for line in [
        "HTTP/1.1 102abc",
        "HTTP/1.1 000 X",
        "HTTP/1.1 099 X",
        "HTTP/1.1 600 X",
        "HTTP/1.1 999 X",
        "HTTP/1.1 20 X",
        "HTTP/1.1 2000 X",
        "HTTP/1.1  200 X",
        "HTTP/1.1 200\tX",
        "HTTP/1.2 200 X",
        "HTTP/2.0 200 X",
        "HTTP/2 200",
        "ICY 200 OK",
        "http/1.1 200 OK",
        "200 OK",
        "HTTP/1.1",
        "HTTP/1.1 +20 X",
    ] {
        let head = parse(&format!("{line}\r\n\r\n"));
        assert!(matches!(head, Err(HeadError::Malformed(_))), "{line}: {head:?}");
    }
}

/// I-05: the origin's head is looked at as strictly as a client's.
#[test]
fn i_05_lf_folds_and_controls_are_refused() {
    for octets in [
        "HTTP/1.1 200 OK\n\n",
        "HTTP/1.1 200 OK\r\nX: y\n\r\n",
        "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 O\rK\r\n\r\n",
    ] {
        assert!(parse(octets).is_err(), "{octets:?}");
    }
}

#[test]
fn rfc_9112_6_3_framing() {
    use ResponseFraming::{Chunked, Length, None, UntilClose};
    assert_eq!(framing(200, CL), Ok(Length(3)));
    assert_eq!(framing(200, TE), Ok(Chunked));
    assert_eq!(framing(200, ""), Ok(UntilClose));
    assert_eq!(framing(204, TE), Ok(None));
    assert_eq!(framing(304, CL), Ok(None));
    assert_eq!(framing(102, TE), Ok(None));
    let head = parse(&format!("HTTP/1.1 200 OK\r\n{CL}\r\n")).unwrap();
    assert_eq!(head.framing(&Method::HEAD), None);
    assert_eq!(head.framing(&Method::CONNECT), None);
    assert_eq!(head.fields["content-length"], "3");
}

#[test]
fn u_06_ambiguous_framing_is_refused_and_harmless_framing_made_plain() {
    for fields in [
        format!("{CL}{TE}"),
        format!("{CL}Content-Length: 4\r\n"),
        "Content-Length: 3, 4\r\n".to_owned(),
        "Content-Length: \r\n".to_owned(),
        "Content-Length: 3,\r\n".to_owned(),
        "Content-Length: -3\r\n".to_owned(),
        format!("{TE}{TE}"),
        "Transfer-Encoding: gzip, chunked\r\n".to_owned(),
        "Transfer-Encoding: identity\r\n".to_owned(),
    ] {
        assert!(matches!(framing(200, &fields), Err(HeadError::Malformed(_))), "{fields}");
    }
    for fields in
        [format!("{CL}{CL}"), "Content-Length: 3, 3\r\n".to_owned(), format!("{CL}Content-Length: 03\r\n")]
    {
        let head = parse(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n")).unwrap();
        assert_eq!(head.framing(&Method::GET), ResponseFraming::Length(3));
        assert_eq!(head.fields.get_all("content-length").iter().collect::<Vec<_>>(), ["3"]);
    }
}

/// FWD-06, I-08: no framing in an interim head, however illegal it came.
#[test]
fn fwd_06_interim_heads_lose_framing_and_connection_fields() {
    let head = parse(&format!(
        "HTTP/1.1 102 Processing\r\n{CL}{TE}Connection: close, x-hop\r\nX-Hop: 1\r\nUpgrade: x\r\nProgress: 1/2\r\n\r\n"
    ))
    .unwrap();
    assert_eq!(head.fields.keys().map(http::HeaderName::as_str).collect::<Vec<_>>(), ["progress"]);
}

/// Naming a protected field does not hide it, and does not fail the response either.
#[test]
fn connection_options_of_a_response() {
    let head =
        parse(&format!("HTTP/1.1 200 OK\r\n{CL}Connection: content-length, x-hop\r\nX-Hop: 1\r\n\r\n"))
            .unwrap();
    assert_eq!(head.framing(&Method::GET), ResponseFraming::Length(3));
    assert_eq!(head.fields.get("x-hop"), None);
    assert_eq!(head.fields["content-length"], "3");
}

#[test]
fn keep_alive_by_version_and_option() {
    let keeps = |line: &str, fields: &str| parse(&format!("{line}\r\n{fields}\r\n")).unwrap().keep_alive;
    assert!(keeps("HTTP/1.1 200 OK", CL));
    assert!(!keeps("HTTP/1.1 200 OK", "Connection: close\r\n"));
    assert!(!keeps("HTTP/1.0 200 OK", CL));
    assert!(keeps("HTTP/1.0 200 OK", "Connection: keep-alive\r\nContent-Length: 0\r\n"));
    assert!(!keeps("HTTP/1.0 200 OK", &format!("Connection: keep-alive\r\n{TE}")));
    assert_eq!(parse("HTTP/1.0 200 OK\r\n\r\n").unwrap().version, Version::Http10);
}

#[test]
fn fwd_08_i_11_heads_are_bounded() {
    let limits = ResponseLimits { head_size: 100, fields: 2 };
    let parse = |octets: &str| parse_response(octets.as_bytes(), &limits).map(|head| head.is_some());
    assert_eq!(parse("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n"), Ok(true));
    assert_eq!(parse("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\nE: f\r\n\r\n"), Err(HeadError::TooLarge));
    assert_eq!(parse(&format!("HTTP/1.1 200 OK\r\nA: {}", "b".repeat(80))), Ok(false));
    assert_eq!(parse(&format!("HTTP/1.1 200 OK\r\nA: {}", "b".repeat(81))), Err(HeadError::TooLarge));
}
