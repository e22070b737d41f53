//! Content of HTTP/1.x responses: its framing (RFC 9112 6.3) and chunks (7.1).

use bytes::Buf;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};

use super::connection::{Came, Connection, tell};
use super::head::Parsed;
use crate::client::{Failure, Witness, fields};

/// Lines of a trailer section.
const LINES: usize = 100;

/// Where content ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    None,
    /// After so many octets.
    Length(u64),
    /// After the last chunk.
    Chunked,
    /// With the connection.
    Close,
}

impl Framing {
    /// As a head says.
    ///
    /// # Errors
    ///
    /// It says two things at once, or nothing that can be understood.
    pub(super) fn of(head: Parsed, said: &HeaderMap) -> Result<Self, Failure> {
        let codings = said.get_all(TRANSFER_ENCODING);
        if codings.iter().next().is_some() {
            if said.contains_key(CONTENT_LENGTH) || head.minor == 0 {
                return Err(bad("Transfer-Encoding in HTTP/1.0, or beside Content-Length"));
            }
            let mut last = codings.iter().next_back().map_or(&b""[..], |value| value.as_bytes());
            last = last.rsplit(|&octet| octet == b',').next().unwrap_or(last).trim_ascii();
            return Ok(if last.eq_ignore_ascii_case(b"chunked") { Self::Chunked } else { Self::Close });
        }
        match fields::content_length(said) {
            Ok(Some(length)) => Ok(Self::Length(length)),
            Ok(None) => Ok(Self::Close),
            Err(()) => Err(bad("Content-Length is no number, or two")),
        }
    }
}

/// Reads content to its end.
///
/// # Errors
///
/// It ends too early, or is framed wrongly.
pub(super) async fn read(
    connection: &mut Connection,
    framing: Framing,
    witness: &mut dyn Witness,
) -> Result<(), Failure> {
    match framing {
        Framing::None => Ok(()),
        Framing::Length(length) => octets(connection, length, witness).await,
        Framing::Chunked => chunks(connection, witness).await,
        Framing::Close => loop {
            if !connection.buffer().is_empty() {
                tell(connection, u64::MAX, witness);
            }
            if connection.more_content(u64::MAX, witness).await? == Came::End {
                return Ok(());
            }
        },
    }
}

async fn octets(
    connection: &mut Connection,
    mut left: u64,
    witness: &mut dyn Witness,
) -> Result<(), Failure> {
    while left > 0 {
        if connection.buffer().is_empty() && connection.more_content(left, witness).await? == Came::End {
            return Err(Failure::Closed);
        }
        left -= tell(connection, left, witness);
    }
    Ok(())
}

async fn chunks(connection: &mut Connection, witness: &mut dyn Witness) -> Result<(), Failure> {
    loop {
        let size = loop {
            if let Some(size) = size(connection)? {
                break size;
            }
            connection.rest("a chunk's line", witness).await?;
        };
        if size == 0 {
            return trailers(connection, witness).await;
        }
        octets(connection, size, witness).await?;
        while connection.buffer().len() < 2 {
            connection.rest("a chunk's end", witness).await?;
        }
        if !connection.buffer().starts_with(b"\r\n") {
            return Err(bad("a chunk does not end where it should"));
        }
        connection.buffer().advance(2);
    }
}

/// Takes a chunk's line; none while it is not whole.
fn size(connection: &mut Connection) -> Result<Option<u64>, Failure> {
    let buffer = connection.buffer();
    // A line without a number is taken for zero by the parser.
    if buffer.first().is_some_and(|first| !first.is_ascii_hexdigit()) {
        return Err(bad("a chunk without a size"));
    }
    match httparse::parse_chunk_size(buffer) {
        Ok(httparse::Status::Partial) => Ok(None),
        Ok(httparse::Status::Complete((line, size))) => {
            buffer.advance(line);
            Ok(Some(size))
        }
        Err(_) => Err(bad("a chunk's size is no number")),
    }
}

/// Reads the trailer section, which may be empty; nobody is told of it.
async fn trailers(connection: &mut Connection, witness: &mut dyn Witness) -> Result<(), Failure> {
    loop {
        let mut lines = [httparse::EMPTY_HEADER; LINES];
        match httparse::parse_headers(connection.buffer(), &mut lines) {
            Ok(httparse::Status::Complete((length, _))) => {
                connection.buffer().advance(length);
                return Ok(());
            }
            Ok(httparse::Status::Partial) => connection.rest("a trailer section", witness).await?,
            Err(error) => return Err(bad(&format!("a trailer section: {error}"))),
        }
    }
}

fn bad(reason: &str) -> Failure {
    Failure::Protocol(format!("content is framed wrongly: {reason}"))
}
