//! Writing a final response.

use std::io::{self, Write};

use http::StatusCode;

use super::connection::{Connection, FULL};
use super::request::{After, Request, Scope};
use crate::origin::content::{Content, LENGTH_FIELD};
use crate::scenario::{Framing, Job};

/// As much content as is made and written at once.
const PIECE: u64 = 64 << 10;

impl Connection {
    /// Answers as `job` says, whole.
    pub(super) async fn respond(&mut self, job: &Job, request: &Request) -> io::Result<()> {
        let length = job.content.as_u64();
        self.head(job, request, length)?;
        if may_have_content(job.status) && request.scope == Scope::Whole {
            match job.framing {
                Framing::Length => self.content(request.wanted, length).await?,
                Framing::Chunked => self.chunks(request.wanted, length).await?,
            }
        }
        self.flush().await?;
        if self.output.capacity() > FULL {
            // A connection that is held next does not keep it.
            self.output = Vec::new();
        }
        Ok(())
    }

    /// Announces more than it sends: half of the content, or nothing of one octet.
    pub(super) async fn truncate(&mut self, job: &Job, request: &Request) -> io::Result<()> {
        let length = job.content.as_u64().max(1);
        self.head(&Job { framing: Framing::Length, ..job.clone() }, request, length)?;
        self.content(request.wanted, length / 2).await?;
        self.flush().await
    }

    fn head(&mut self, job: &Job, request: &Request, length: u64) -> io::Result<()> {
        let reason = StatusCode::from_u16(job.status).ok().and_then(|status| status.canonical_reason());
        let into = &mut self.output;
        write!(into, "HTTP/1.1 {} {}\r\n", job.status, reason.unwrap_or_default())?;
        if may_have_content(job.status) {
            match job.framing {
                Framing::Length => write!(into, "Content-Length: {length}\r\n")?,
                Framing::Chunked => into.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
            }
            if request.scope == Scope::Whole {
                write!(into, "{LENGTH_FIELD}: {length}\r\nContent-Type: application/octet-stream\r\n")?;
            }
        }
        if request.after == After::Close {
            into.extend_from_slice(b"Connection: close\r\n");
        }
        into.extend_from_slice(b"\r\n");
        Ok(())
    }

    async fn content(&mut self, content: Content, length: u64) -> io::Result<()> {
        let mut position = 0;
        while position < length {
            position += self.piece(content, position, length);
            if position < length {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn chunks(&mut self, content: Content, length: u64) -> io::Result<()> {
        let mut position = 0;
        while position < length {
            write!(self.output, "{:x}\r\n", PIECE.min(length - position))?;
            position += self.piece(content, position, length);
            self.output.extend_from_slice(b"\r\n");
            if position < length {
                self.flush().await?;
            }
        }
        self.output.extend_from_slice(b"0\r\n\r\n");
        Ok(())
    }

    /// Makes the next piece of content of this length, and returns how long it is.
    fn piece(&mut self, content: Content, position: u64, length: u64) -> u64 {
        let size = PIECE.min(length - position);
        let start = self.output.len();
        self.output.resize(start + usize::try_from(size).expect("at most a PIECE"), 0);
        content.fill(position, &mut self.output[start..]);
        size
    }
}

/// RFC 9110 6.4.1: neither 204 nor 304 has content, or a field that says how much.
fn may_have_content(status: u16) -> bool {
    status != 204 && status != 304
}
