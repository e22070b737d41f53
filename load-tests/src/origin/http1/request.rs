//! Reading a request: its head for what matters here, its content for its end.

use std::io;

use httparse::Status;
use tokio::io::AsyncWriteExt;

use super::connection::{Connection, LONGEST_HEAD};
use crate::origin::content::Content;

/// Fields of a request that are read: the gateway's own are about 20.
const MAXIMUM_FIELDS: usize = 100;

/// What matters of a request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// What it asks for, query included.
    pub(super) path: Box<str>,
    /// The content of what it asks for.
    pub(super) wanted: Content,
    /// Whether it wants that content.
    pub(super) scope: Scope,
    /// What becomes of the connection.
    pub(super) after: After,
    framing: Framing,
    expectation: Expectation,
}

/// What of a response is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// All of it.
    Whole,
    /// HEAD.
    HeadOnly,
}

/// What becomes of a connection after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The next request may come.
    Keep,
    /// It is closed in good order.
    Close,
    /// It is gone already, or has to go without further words.
    Drop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expectation {
    None,
    Continue,
}

impl Connection {
    /// The next request's head; `None` if the other side has ended the connection between requests.
    pub(super) async fn request(&mut self) -> io::Result<Option<Request>> {
        loop {
            if let Some((length, request)) = parse(&self.input)? {
                self.input.drain(..length);
                return Ok(Some(request));
            }
            if self.input.len() > LONGEST_HEAD {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if self.read().await? == 0 {
                return if self.input.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    /// Reads over the content of `request`, to its end.
    pub(super) async fn discard(&mut self, request: &Request) -> io::Result<()> {
        if request.framing == Framing::Length(0) {
            return Ok(());
        }
        if request.expectation == Expectation::Continue {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        match request.framing {
            Framing::Length(octets) => self.skip(octets).await,
            Framing::Chunked => self.skip_chunks().await,
        }
    }

    async fn skip_chunks(&mut self) -> io::Result<()> {
        loop {
            match httparse::parse_chunk_size(&self.input) {
                Ok(Status::Complete((line, 0))) => {
                    self.input.drain(..line);
                    return self.skip_trailers().await;
                }
                Ok(Status::Complete((line, size))) => {
                    self.input.drain(..line);
                    // And the line end after it.
                    self.skip(size.saturating_add(2)).await?;
                }
                Ok(Status::Partial) => self.read_more().await?,
                Err(_) => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }

    async fn skip_trailers(&mut self) -> io::Result<()> {
        loop {
            let mut fields = [httparse::EMPTY_HEADER; MAXIMUM_FIELDS];
            let length = match httparse::parse_headers(&self.input, &mut fields) {
                Ok(Status::Complete((length, _))) => Some(length),
                Ok(Status::Partial) => None,
                Err(_) => return Err(io::ErrorKind::InvalidData.into()),
            };
            if let Some(length) = length {
                self.input.drain(..length);
                return Ok(());
            }
            self.read_more().await?;
        }
    }
}

/// The head at the beginning of `input` and its length, if it is whole.
fn parse(input: &[u8]) -> io::Result<Option<(usize, Request)>> {
    let mut fields = [httparse::EMPTY_HEADER; MAXIMUM_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let status = head.parse(input).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let Status::Complete(length) = status else { return Ok(None) };
    let path = head.path.unwrap_or_default();
    let mut request = Request {
        path: path.into(),
        wanted: Content::of(path),
        scope: if head.method == Some("HEAD") { Scope::HeadOnly } else { Scope::Whole },
        after: if head.version == Some(1) { After::Keep } else { After::Close },
        framing: Framing::Length(0),
        expectation: Expectation::None,
    };
    for field in head.headers.iter() {
        request.heed(field.name, field.value)?;
    }
    Ok(Some((length, request)))
}

impl Request {
    fn heed(&mut self, name: &str, value: &[u8]) -> io::Result<()> {
        // Most names differ in length already.
        if name.eq_ignore_ascii_case("content-length") && self.framing != Framing::Chunked {
            let length = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
            self.framing = Framing::Length(length.ok_or(io::ErrorKind::InvalidData)?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            self.framing = Framing::Chunked;
        } else if name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case(b"close") {
            self.after = After::Close;
        } else if name.eq_ignore_ascii_case("expect") {
            self.expectation = Expectation::Continue;
        }
        Ok(())
    }
}
