//! HTTP/1 as the demo's origin reads it: one head or one content at a time.

use std::io::{self, ErrorKind};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// Octets of a head: the gateway's own are far smaller.
const HEAD: usize = 16 * 1024;
/// Field lines of a head, for the same reason.
const FIELDS: usize = 64;
/// Octets of the line before a chunk.
const CHUNK_LINE: usize = 256;
/// Octets of content: a report is a few lines.
const CONTENT: usize = 1024 * 1024;

/// How content is delimited (RFC 9112 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length.
    Length(usize),
    /// By chunks.
    Chunked,
}

impl Framing {
    /// What the fields of a request say; if nothing, it has no content.
    pub(super) fn of(fields: &HeaderMap) -> io::Result<Self> {
        if let Some(coding) = fields.get(TRANSFER_ENCODING) {
            return if coding == "chunked" { Ok(Self::Chunked) } else { Err(bad("an unknown coding")) };
        }
        match fields.get(CONTENT_LENGTH) {
            Some(length) => {
                let length = length.to_str().ok().and_then(|length| length.parse().ok());
                length.map(Self::Length).ok_or_else(|| bad("a length that is none"))
            }
            None => Ok(Self::Length(0)),
        }
    }
}

/// Reads the head of a request; `None` where the connection ends before one.
pub(super) async fn request<R: AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<Option<Request<()>>> {
    let Some(head) = head(reader).await? else { return Ok(None) };
    let mut lines = [httparse::EMPTY_HEADER; FIELDS];
    let mut parsed = httparse::Request::new(&mut lines);
    parsed.parse(&head).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    let method =
        Method::try_from(parsed.method.unwrap_or_default()).map_err(|_| bad("a method that is none"))?;
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = parsed.path.unwrap_or_default().parse().map_err(|_| bad("a target that is none"))?;
    *request.headers_mut() = fields(parsed.headers)?;
    Ok(Some(request))
}

/// Reads content to its end.
pub(super) async fn content<R: AsyncBufRead + Unpin>(reader: &mut R, framing: Framing) -> io::Result<Bytes> {
    let mut content = Vec::new();
    match framing {
        Framing::Length(length) => read_exactly(reader, &mut content, length).await?,
        Framing::Chunked => read_chunks(reader, &mut content).await?,
    }
    Ok(content.into())
}

async fn read_chunks<R: AsyncBufRead + Unpin>(reader: &mut R, content: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let line = line(reader, CHUNK_LINE).await?;
        let size = line.split(|octet| *octet == b';').next().unwrap_or_default();
        let size =
            std::str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        match size.ok_or_else(|| bad("a chunk size that is none"))? {
            0 => break,
            size => read_exactly(reader, content, size).await?,
        }
        if !self::line(reader, 2).await?.is_empty() {
            return Err(bad("a chunk longer than its size"));
        }
    }
    // The trailer section ends with an empty line.
    let mut left = HEAD;
    loop {
        let line = line(reader, left).await?;
        if line.is_empty() {
            return Ok(());
        }
        left = left.saturating_sub(line.len());
    }
}

async fn read_exactly<R: AsyncBufRead + Unpin>(
    reader: &mut R,
    content: &mut Vec<u8>,
    length: usize,
) -> io::Result<()> {
    let start = content.len();
    if length > CONTENT - start {
        return Err(bad("too much content"));
    }
    content.resize(start + length, 0);
    reader.read_exact(&mut content[start..]).await?;
    Ok(())
}

/// Everything up to an empty line; `None` where the connection ends before a head begins.
async fn head<R: AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let before = head.len();
        reader.take((HEAD - before) as u64).read_until(b'\n', &mut head).await?;
        match head.len() {
            0 => return Ok(None),
            HEAD => return Err(bad("a head that is too long")),
            after if after == before => return Err(ErrorKind::UnexpectedEof.into()),
            _ => {}
        }
    }
    Ok(Some(head))
}

/// A line without its end, of at most `limit` octets with it.
async fn line<R: AsyncBufRead + Unpin>(reader: &mut R, limit: usize) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.take(limit as u64).read_until(b'\n', &mut line).await?;
    match line.strip_suffix(b"\r\n") {
        Some(text) => Ok(text.to_vec()),
        None if line.len() < limit => Err(ErrorKind::UnexpectedEof.into()),
        None => Err(bad("a line that is too long")),
    }
}

fn fields(lines: &[httparse::Header<'_>]) -> io::Result<HeaderMap> {
    let mut fields = HeaderMap::with_capacity(lines.len());
    for line in lines {
        let name = HeaderName::try_from(line.name).map_err(|_| bad("a field name that is none"))?;
        let value = HeaderValue::try_from(line.value).map_err(|_| bad("a field value that is none"))?;
        fields.append(name, value);
    }
    Ok(fields)
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests;
