//! The head of a response (I-08, I-18, U-06).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::fields::{self, Controls, Lines, Names, Section};
use super::request::parse_length;
use super::scan::{Bound, Found, Scan};
use super::{Declared, HeadError, ResponseHead, ResponseLimits, Version};

const STATUS_LINE: HeadError = HeadError::Malformed("the status line is not VERSION SP STATUS SP REASON");

pub(super) fn resume(
    scan: &mut Scan,
    buf: &[u8],
    limits: &ResponseLimits,
) -> Result<Option<(ResponseHead, usize)>, HeadError> {
    let Found::End(end) = scan.advance(buf, Bound { size: limits.head_size, leading: 0 })? else {
        return Ok(None);
    };
    // One shared copy of the fields instead of one per value.
    let section = Bytes::copy_from_slice(&buf[scan.fields_start()..end]);
    let (version, status) = status_line(scan.first_line(buf).unwrap_or_default())?;
    let section = fields::read(&section, limits.fields, Names::Any)?;
    Ok(Some((assemble(version, status, section)?, end)))
}

fn status_line(line: &[u8]) -> Result<(Version, StatusCode), HeadError> {
    let version = match line.first_chunk::<9>() {
        Some(b"HTTP/1.1 ") => Version::Http11,
        Some(b"HTTP/1.0 ") => Version::Http10,
        _ => return Err(STATUS_LINE),
    };
    let (code, reason) = line[9..].split_at_checked(3).ok_or(STATUS_LINE)?;
    if !matches!(reason.first(), None | Some(b' ')) {
        return Err(STATUS_LINE);
    }
    match StatusCode::from_bytes(code) {
        Ok(status) if status.as_u16() <= 599 => Ok((version, status)),
        _ => Err(HeadError::Malformed("the status is not one of 100 to 599")),
    }
}

fn assemble(version: Version, status: StatusCode, section: Section) -> Result<ResponseHead, HeadError> {
    let Section { mut fields, controls } = section;
    for name in controls.connection.named.iter().filter(|name| !fields::is_protected(name)) {
        fields.remove(name);
    }
    let declared = if status.is_informational() || status == StatusCode::NO_CONTENT {
        // FWD-06, U-06: these never have content, whatever they say.
        fields.remove(header::CONTENT_LENGTH);
        Declared::Nothing
    } else {
        declared_length(&controls, &mut fields)?
    };
    let options = &controls.connection;
    let keep_alive = match version {
        Version::Http11 => !options.close,
        // Chunks in HTTP/1.0 are faulty framing (RFC 9112 6.1): read, but the last thing read.
        Version::Http10 => options.keep_alive && !options.close && declared != Declared::Chunked,
    };
    Ok(ResponseHead { version, status, fields, keep_alive, declared })
}

fn declared_length(controls: &Controls, fields: &mut HeaderMap) -> Result<Declared, HeadError> {
    match (&controls.transfer_encoding, &controls.content_length) {
        (Lines::None, Lines::None) => Ok(Declared::Nothing),
        (Lines::None, Lines::One(value)) => match parse_length(value.as_bytes()) {
            Some(length) => Ok(Declared::Length(length)),
            None => merged_length(fields).map(Declared::Length),
        },
        (Lines::None, Lines::Several) => merged_length(fields).map(Declared::Length),
        (Lines::One(coding), Lines::None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            Ok(Declared::Chunked)
        }
        (_, Lines::None) => Err(HeadError::Malformed("a transfer coding other than chunked")),
        _ => Err(HeadError::Malformed("both Content-Length and Transfer-Encoding")),
    }
}

/// Equal lengths, on several lines or in a list, count as one (RFC 9112 6.3).
fn merged_length(fields: &mut HeaderMap) -> Result<u64, HeadError> {
    let mut merged: Option<u64> = None;
    let lines = fields.get_all(header::CONTENT_LENGTH);
    for element in lines.iter().flat_map(|line| fields::list(line.as_bytes())) {
        let length = parse_length(element).ok_or(HeadError::Malformed("malformed Content-Length"))?;
        if merged.is_some_and(|merged| merged != length) {
            return Err(HeadError::Malformed("unequal Content-Length fields"));
        }
        merged = Some(length);
    }
    let merged = merged.ok_or(HeadError::Malformed("malformed Content-Length"))?;
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from(merged));
    Ok(merged)
}

#[cfg(test)]
mod tests;
