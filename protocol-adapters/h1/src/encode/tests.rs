use http::HeaderValue;

use super::*;

fn encoded(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn names_are_written_as_people_expect_them() {
    let rows = [("content-length", "Content-Length"), ("x-a--b", "X-A--B"), ("te", "Te"), ("-a", "-A")];
    for (name, written) in rows {
        assert_eq!(encoded(|out| field(out, name, b"v")), format!("{written}: v\r\n"));
    }
}

#[test]
fn status_lines_always_have_the_blank_before_the_reason() {
    let rows = [
        (200, "OK"),
        (102, "Processing"),
        (103, "Early Hints"),
        (104, "Upload Resumption Supported"),
        (299, ""),
    ];
    for (status, reason) in rows {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(
            encoded(|out| status_line(out, status)),
            format!("HTTP/1.1 {} {reason}\r\n", status.as_str())
        );
    }
}

#[test]
fn chunk_sizes() {
    for size in [1, 9, 10, 15, 16, 255, 256, 4096, 65_535, 1 << 20, usize::MAX] {
        assert_eq!(encoded(|out| chunk_head(out, size)), format!("{size:X}\r\n"));
    }
}

/// I-27: nothing in a target can end it, whatever the caller passes.
#[test]
fn i_27_no_target_splits_a_request() {
    for octet in 0..=0x7f_u8 {
        let target = format!("/{}", char::from(octet));
        let line = encoded(|out| request_line(out, &Method::GET, &target));
        let inner = line.strip_prefix("GET /").unwrap().strip_suffix(" HTTP/1.1\r\n").unwrap();
        assert!(inner.bytes().all(|octet| octet.is_ascii_graphic()), "{line:?}");
    }
    assert_eq!(encoded(|out| request_line(out, &Method::GET, "/a b\u{e4}")), "GET /a%20b%C3%A4 HTTP/1.1\r\n");
}

/// Whatever the fields say about this connection's framing, only the manner is written.
#[test]
fn framing_fields_of_the_map_are_never_written() {
    let mut fields = HeaderMap::new();
    for name in
        ["connection", "transfer-encoding", "keep-alive", "upgrade", "te", "content-length", "date", "x"]
    {
        fields.append(name, HeaderValue::from_static("1"));
    }
    let manner = Manner { length: Length::Exactly(7), persistence: Persistence::Close };
    let head = encoded(|out| response_head(out, StatusCode::OK, &fields, manner));
    assert_eq!(head, "HTTP/1.1 200 OK\r\nDate: 1\r\nX: 1\r\nContent-Length: 7\r\nConnection: close\r\n\r\n");
    let manner = Manner { length: Length::AsGiven, persistence: Persistence::KeepAlive };
    let head = encoded(|out| response_head(out, StatusCode::OK, &fields, manner));
    assert_eq!(head, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nDate: 1\r\nX: 1\r\n\r\n");
    let trailers = encoded(|out| last_chunk(out, Some(&fields)));
    assert_eq!(trailers, "0\r\nDate: 1\r\nX: 1\r\n\r\n");
}
