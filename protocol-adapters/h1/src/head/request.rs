//! The head of a request (H1-01 to H1-09, H1-20 to H1-36).

use bytes::Bytes;
use downstream::{Limits, Refusal};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Uri, header};

use super::fields::{self, Controls, Lines, Names, Section};
use super::host::is_host;
use super::scan::{Bound, Fault, Found, Scan, is_token};
use super::{Framing, RequestHead, Version};

/// Empty lines that may precede a request (H1-34, RFC 9112 2.2).
const LEADING_LINES: usize = 2;

/// Octets of a method (H1-32).
const METHOD_SIZE: usize = 32;

/// Digits of a `Content-Length`: all numbers of 19 digits fit into 64 bits (H1-08).
const LENGTH_DIGITS: usize = 19;

/// What `http` can hold as a target.
const URI_SIZE: usize = u16::MAX as usize - 1;

/// What a target says.
struct Target {
    uri: Uri,
    /// The authority of an absolute target: it wins over `Host` (RFC 9112 3.2.2).
    authority: Option<HeaderValue>,
}

struct RequestLine<'b> {
    method: &'b [u8],
    target: &'b [u8],
    version: Version,
}

pub(super) fn resume(
    scan: &mut Scan,
    buf: &[u8],
    limits: &Limits,
) -> Result<Option<(RequestHead, usize)>, Refusal> {
    let began = scan.first_line(buf).is_some();
    let found = scan.advance(buf, Bound { size: limits.head_size, leading: LEADING_LINES });
    let Some(line) = scan.first_line(buf) else {
        if let Err(fault @ Fault::Malformed(_)) = found {
            return Err(fault.into());
        }
        check_partial_line(&buf[scan.start()..], limits)?;
        return found.map(|_| None).map_err(Refusal::from);
    };
    let end = match found {
        Ok(Found::End(end)) => end,
        other => {
            // H1-24: who says what cannot be a request is not waited for.
            if !began {
                request_line(line, limits)?;
            }
            other?;
            return Ok(None);
        }
    };
    let head = Bytes::copy_from_slice(&buf[scan.start()..end]);
    let line = request_line(&head[..line.len()], limits)?;
    let section = fields::read(
        &head.slice(scan.fields_start() - scan.start()..),
        limits.head_fields,
        Names::WithoutUnderscore,
    )?;
    Ok(Some((assemble(&head, &line, section)?, end)))
}

/// A request line without its end: it must not grow for ever.
fn check_partial_line(line: &[u8], limits: &Limits) -> Result<(), Refusal> {
    let method = memchr::memchr(b' ', line).unwrap_or(line.len());
    if method > METHOD_SIZE {
        return Err(Refusal::Malformed("the method is too long"));
    }
    match line.len().checked_sub(method + 1) {
        Some(rest) if rest > limits.target_size + " HTTP/1.1\r".len() => Err(Refusal::TargetTooLong),
        _ => Ok(()),
    }
}

fn request_line<'b>(line: &'b [u8], limits: &Limits) -> Result<RequestLine<'b>, Refusal> {
    let mut parts = line.split(|octet| *octet == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::Malformed("the request line is not METHOD SP TARGET SP VERSION"));
    };
    let version = match version {
        b"HTTP/1.1" => Version::Http11,
        b"HTTP/1.0" => Version::Http10,
        // H1-25, H1-26: the preface of HTTP/2 ends here too.
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() && *major != b'1' =>
        {
            return Err(Refusal::VersionNotSupported);
        }
        _ => return Err(Refusal::Malformed("malformed version")),
    };
    if method.len() > METHOD_SIZE || !is_token(method) {
        return Err(Refusal::Malformed("malformed method"));
    }
    if target.len() > limits.target_size.min(URI_SIZE) {
        return Err(Refusal::TargetTooLong);
    }
    Ok(RequestLine { method, target, version })
}

fn assemble(head: &Bytes, line: &RequestLine<'_>, section: Section) -> Result<RequestHead, Refusal> {
    let Section { mut fields, controls } = section;
    let method = match line.method {
        b"CONNECT" => return Err(Refusal::NotImplemented("CONNECT is not served")),
        b"TRACE" => return Err(Refusal::NotImplemented("TRACE is not served")),
        method => Method::from_bytes(method).map_err(|_| Refusal::Malformed("malformed method"))?,
    };
    let target = read_target(head, line.target, &method)?;
    check_host(&controls, line.version)?;
    if let Some(authority) = target.authority {
        fields.insert(header::HOST, authority);
    }
    let framing = framing(&controls, line.version)?;
    let expects_continue = read_expectation(&controls, framing, line.version)?;
    fields.remove(header::EXPECT);
    fields.remove(header::TRAILER);
    for name in &controls.connection.named {
        if fields::is_protected(name) {
            return Err(Refusal::Malformed("Connection names a field that it may not name"));
        }
        fields.remove(name);
    }
    let options = &controls.connection;
    Ok(RequestHead {
        method,
        target: target.uri,
        version: line.version,
        fields,
        framing,
        // V10-07: HTTP/1.0 is never kept alive.
        keep_alive: line.version == Version::Http11 && !options.close,
        expects_continue,
        takes_trailers: controls.takes_trailers(),
    })
}

fn read_target(head: &Bytes, target: &[u8], method: &Method) -> Result<Target, Refusal> {
    // H1-33: fragments, controls and raw octets above ASCII; the rest is passed on as it is, as far
    // as `http::Uri` can hold it.
    if target.iter().any(|octet| !octet.is_ascii_graphic() || *octet == b'#') {
        return Err(Refusal::Malformed("an octet in the target that may not stand there"));
    }
    match target {
        [b'/', ..] => Ok(Target { uri: origin_form(head.slice_ref(target))?, authority: None }),
        b"*" if *method == Method::OPTIONS => Ok(Target { uri: asterisk(), authority: None }),
        _ => absolute_form(head, target, method),
    }
}

/// `http://authority/path`, as clients send it to proxies and may send it to everyone.
fn absolute_form(head: &Bytes, target: &[u8], method: &Method) -> Result<Target, Refusal> {
    const MALFORMED: Refusal = Refusal::Malformed("malformed request target");
    let colon = memchr::memchr(b':', target).ok_or(MALFORMED)?;
    let (scheme, rest) = target.split_at(colon);
    let known = scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https");
    let (true, Some(rest)) = (known, rest.strip_prefix(b"://")) else { return Err(MALFORMED) };
    let end = memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if !is_host(authority) {
        return Err(Refusal::Malformed("malformed authority in the request target"));
    }
    let authority = HeaderValue::from_maybe_shared(head.slice_ref(authority)).map_err(|_| MALFORMED)?;
    let uri = match path {
        [] if *method == Method::OPTIONS => asterisk(),
        [] => Uri::from_static("/"),
        [b'?', ..] => origin_form(Bytes::from([b"/", path].concat()))?,
        _ => origin_form(head.slice_ref(path))?,
    };
    Ok(Target { uri, authority: Some(authority) })
}

fn origin_form(target: Bytes) -> Result<Uri, Refusal> {
    PathAndQuery::from_maybe_shared(target)
        .map(Uri::from)
        .map_err(|_| Refusal::Malformed("an octet in the target that may not stand there"))
}

fn asterisk() -> Uri {
    Uri::from(PathAndQuery::from_static("*"))
}

/// H1-23. An HTTP/1.0 request may come without `Host`.
fn check_host(controls: &Controls, version: Version) -> Result<(), Refusal> {
    match &controls.host {
        Lines::One(host) if is_host(host.as_bytes()) => Ok(()),
        Lines::One(_) => Err(Refusal::Malformed("malformed Host")),
        Lines::Several => Err(Refusal::Malformed("several Host fields")),
        Lines::None if version == Version::Http10 => Ok(()),
        Lines::None => Err(Refusal::Malformed("no Host")),
    }
}

/// RFC 9112 6.3, without the leniency (H1-01, H1-02, H1-05 to H1-09).
fn framing(controls: &Controls, version: Version) -> Result<Framing, Refusal> {
    match (&controls.transfer_encoding, &controls.content_length) {
        (Lines::None, Lines::None) => Ok(Framing::None),
        (Lines::None, Lines::One(length)) => parse_length(length.as_bytes())
            .map(Framing::Length)
            .ok_or(Refusal::Malformed("malformed Content-Length")),
        (Lines::None, Lines::Several) => Err(Refusal::Malformed("several Content-Length fields")),
        (_, Lines::One(_) | Lines::Several) => {
            Err(Refusal::Malformed("both Content-Length and Transfer-Encoding"))
        }
        (_, Lines::None) if version == Version::Http10 => {
            Err(Refusal::Malformed("Transfer-Encoding in HTTP/1.0"))
        }
        (Lines::Several, Lines::None) => Err(Refusal::Malformed("several Transfer-Encoding fields")),
        (Lines::One(coding), Lines::None) => transfer_coding(coding.as_bytes()),
    }
}

/// Exactly `chunked`; other codings are 501, anything that is no clear list of codings 400.
fn transfer_coding(value: &[u8]) -> Result<Framing, Refusal> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(Framing::Chunked);
    }
    let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
    let mut before_last = fields::list(value).peekable();
    let mut others = 0_usize;
    while let Some(coding) = before_last.next() {
        let name = coding.split(|octet| *octet == b';').next().unwrap_or_default();
        let misplaced = is_chunked(coding) && before_last.peek().is_some();
        if misplaced || !is_token(super::scan::trim(name)) {
            return Err(Refusal::Malformed("malformed Transfer-Encoding"));
        }
        others += usize::from(!is_chunked(coding));
    }
    debug_assert!(others > 0, "a list of one `chunked` was accepted above");
    Err(Refusal::NotImplemented("a transfer coding that is not served"))
}

/// Digits only (H1-08).
pub(super) fn parse_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > LENGTH_DIGITS || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length = value.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    i64::try_from(length).is_ok().then_some(length)
}

/// H1-29, EXP-02, EXP-04, EXP-07.
fn read_expectation(controls: &Controls, framing: Framing, version: Version) -> Result<bool, Refusal> {
    match &controls.expect {
        _ if version == Version::Http10 => Ok(false),
        Lines::None => Ok(false),
        Lines::One(value) if value.as_bytes().eq_ignore_ascii_case(b"100-continue") => {
            Ok(!matches!(framing, Framing::None | Framing::Length(0)))
        }
        Lines::One(_) | Lines::Several => Err(Refusal::ExpectationFailed),
    }
}

#[cfg(test)]
mod tests;
