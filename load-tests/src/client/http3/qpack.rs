//! Field sections (RFC 9204 4.5). No side has a dynamic table, so there is nothing to keep in step.

mod huffman;
mod table;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method};
use table::STATIC;

use super::frames::HEADERS;
use crate::client::fields;

/// A name reference into the static table; its index follows in four bits.
const NAME_REFERENCE: u8 = 0x50;
/// A line of the static table; its index follows in six bits.
const INDEXED: u8 = 0xc0;
/// A literal name; its length follows in three bits.
const LITERAL: u8 = 0x20;

/// Says what is sent with each request.
pub(super) struct Said<'a> {
    pub(super) method: &'a Method,
    pub(super) authority: &'a str,
    pub(super) path: &'a str,
    pub(super) fields: &'a HeaderMap,
}

/// A HEADERS frame with the section of a request over `https`, whose content has this length if it says one.
pub(super) fn request(said: &Said<'_>, content: Option<u64>) -> Vec<u8> {
    let mut section = vec![0, 0];
    let method = said.method.as_str();
    match STATIC.iter().position(|line| *line == (":method", method)) {
        Some(index) => integer(&mut section, (INDEXED, 6), index),
        None => named(&mut section, ":method", method.as_bytes()),
    }
    integer(&mut section, (INDEXED, 6), 23);
    named(&mut section, ":authority", said.authority.as_bytes());
    named(&mut section, ":path", said.path.as_bytes());
    for (name, value) in said.fields {
        named(&mut section, name.as_str(), value.as_bytes());
    }
    if let Some(length) = content {
        named(&mut section, "content-length", length.to_string().as_bytes());
    }
    let mut frame = Vec::with_capacity(section.len() + 8);
    super::frames::begin(&mut frame, HEADERS, section.len() as u64);
    frame.append(&mut section);
    frame
}

fn named(section: &mut Vec<u8>, name: &str, value: &[u8]) {
    if let Some(index) = STATIC.iter().position(|line| line.0 == name) {
        integer(section, (NAME_REFERENCE, 4), index);
    } else {
        integer(section, (LITERAL, 3), name.len());
        section.extend_from_slice(name.as_bytes());
    }
    integer(section, (0, 7), value.len());
    section.extend_from_slice(value);
}

/// RFC 7541 5.1.
fn integer(section: &mut Vec<u8>, (flags, prefix): (u8, u32), mut number: usize) {
    let most = u8::MAX >> (8 - prefix);
    match u8::try_from(number) {
        Ok(small) if small < most => section.push(flags | small),
        _ => {
            section.push(flags | most);
            number -= usize::from(most);
            while number >= 0x80 {
                section.push(0x80 | number.to_le_bytes()[0]);
                number >>= 7;
            }
            section.push(number.to_le_bytes()[0]);
        }
    }
}

/// Reads the section of a response: its fields into `into`, which has to be empty. Returns its status; trailers have none.
/// `scratch` is what decoded text lies in.
///
/// # Errors
///
/// It is malformed (RFC 9114 4.2 and 4.3), or refers to a dynamic table.
pub(super) fn response(
    mut section: Bytes,
    into: &mut HeaderMap,
    scratch: &mut BytesMut,
) -> Result<Option<u16>, &'static str> {
    let required = number(&mut section, 8)?;
    let sign = section.first().is_some_and(|first| first & 0x80 != 0);
    number(&mut section, 7)?;
    if required != 0 || sign {
        return Err(DYNAMIC);
    }
    let mut status = None;
    while let Some((name, value)) = line(&mut section, scratch)? {
        if name.first() == Some(&b':') {
            if name != ":status" || status.is_some() || !into.is_empty() {
                return Err("a pseudo-header field where none may be");
            }
            status = Some(status_code(&value)?);
        } else {
            if name.iter().any(u8::is_ascii_uppercase) || CONNECTION_SPECIFIC.contains(&&name[..]) {
                return Err("a field that HTTP/3 does not have");
            }
            let name = fields::name(&name).map_err(|()| "a field's name")?;
            into.append(name, HeaderValue::from_maybe_shared(value).map_err(|_| "a field's value")?);
        }
    }
    Ok(status)
}

const DYNAMIC: &str = "a section that refers to a dynamic table";
const SHORT: &str = "a section that is cut short";
const CONNECTION_SPECIFIC: [&[u8]; 5] =
    [b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"];

fn line(section: &mut Bytes, scratch: &mut BytesMut) -> Result<Option<(Bytes, Bytes)>, &'static str> {
    let Some(&first) = section.first() else { return Ok(None) };
    if first & 0x80 != 0 {
        let (name, value) = entry(section, first & 0x40, 6)?;
        return Ok(Some((Bytes::from_static(name.as_bytes()), Bytes::from_static(value.as_bytes()))));
    }
    let name = if first & 0x40 != 0 {
        Bytes::from_static(entry(section, first & 0x10, 4)?.0.as_bytes())
    } else if first & 0x20 != 0 {
        text(section, 3, scratch)?
    } else {
        return Err(DYNAMIC);
    };
    Ok(Some((name, text(section, 7, scratch)?)))
}

/// A line of the static table, if the bit that says so is set.
fn entry(section: &mut Bytes, marked: u8, prefix: u32) -> Result<(&'static str, &'static str), &'static str> {
    let index = number(section, prefix)?;
    if marked == 0 {
        return Err(DYNAMIC);
    }
    STATIC.get(index).copied().ok_or("a line that the static table does not have")
}

/// Text whose length has a prefix of so many bits, and the bit before it says whether it is coded.
fn text(section: &mut Bytes, prefix: u32, scratch: &mut BytesMut) -> Result<Bytes, &'static str> {
    let coded = section.first().ok_or(SHORT)? & (1 << prefix) != 0;
    let length = number(section, prefix)?;
    if length > section.len() {
        return Err(SHORT);
    }
    let plain = section.split_to(length);
    if !coded {
        return Ok(plain);
    }
    huffman::decode(&plain, scratch).map_err(|()| "text that is coded wrongly")?;
    Ok(scratch.split().freeze())
}

/// RFC 7541 5.1, up to what a section can be long.
fn number(section: &mut Bytes, prefix: u32) -> Result<usize, &'static str> {
    let most = u8::MAX >> (8 - prefix);
    let mut value = u64::from(octet(section)? & most);
    let mut shift = 0;
    if value == u64::from(most) {
        loop {
            let next = octet(section)?;
            value += u64::from(next & 0x7f) << shift;
            shift += 7;
            if next & 0x80 == 0 {
                break;
            }
            if shift > 28 {
                return Err("a number that is too large");
            }
        }
    }
    usize::try_from(value).map_err(|_| "a number that is too large")
}

fn octet(section: &mut Bytes) -> Result<u8, &'static str> {
    if section.is_empty() { Err(SHORT) } else { Ok(section.get_u8()) }
}

fn status_code(value: &[u8]) -> Result<u16, &'static str> {
    let code =
        std::str::from_utf8(value).ok().filter(|_| value.len() == 3).and_then(|text| text.parse().ok());
    code.filter(|code| *code >= 100).ok_or("a status that is none")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(section: &[u8]) -> (Result<Option<u16>, &'static str>, HeaderMap) {
        let mut fields = HeaderMap::new();
        let status = response(Bytes::copy_from_slice(section), &mut fields, &mut BytesMut::new());
        (status, fields)
    }

    #[test]
    fn every_form_of_a_line_is_read() {
        // `:status 103`, `location: /a` by a name of the table, `progress: 1/2` literally, `no-cache` by Huffman.
        let mut section = vec![0, 0, 0xd8, 0x5c, 2, b'/', b'a', 0x27, 1];
        section.extend_from_slice(b"progress\x031/2");
        section.extend_from_slice(&[0x5f, 0x18, 0x86, 0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]);
        let (status, fields) = read(&section);
        assert_eq!(status, Ok(Some(103)));
        assert_eq!(fields["location"], "/a");
        assert_eq!(fields["progress"], "1/2");
        assert_eq!(fields["cache-control"], "no-cache");
        assert_eq!(fields.len(), 3);
    }

    #[test]
    fn malformed_sections_are_refused() {
        let upper = [&[0, 0, 0x21][..], b"A\x00"].concat();
        let late = [&[0, 0, 0x21][..], b"a\x00\xd9"].concat();
        for section in
            [&[][..], &[0], &[1, 0], &[0, 0, 0x80], &[0, 0, 0xd9, 0xd9], &[0, 0, 0xc1], &upper, &late]
        {
            assert!(read(section).0.is_err(), "{section:x?}");
        }
    }

    #[test]
    fn a_request_is_one_frame_with_its_pseudo_header_fields_first() {
        let fields = HeaderMap::from_iter([(http::header::ACCEPT, HeaderValue::from_static("*/*"))]);
        let path = format!("/{}", "x".repeat(300));
        let method = Method::from_bytes(b"PROPFIND").expect("a method");
        let said = Said { method: &method, authority: "a.example", path: &path, fields: &fields };
        let frame = request(&said, None);
        let mut section = Bytes::from(frame).slice(3..);
        let _prefix = section.split_to(2);
        let mut lines = Vec::new();
        while let Some((name, value)) = line(&mut section, &mut BytesMut::new()).expect("it is well-formed") {
            lines.push((String::from_utf8_lossy(&name).into_owned(), value.len()));
        }
        let expected = [(":method", 8), (":scheme", 5), (":authority", 9), (":path", 301), ("accept", 3)];
        assert_eq!(lines, expected.map(|(name, length)| (name.to_owned(), length)));
    }
}
