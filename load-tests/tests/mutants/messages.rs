//! HTTP/1.x messages, as whole as a relay needs them.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One of the two connections of a relay.
pub(crate) struct Side {
    stream: TcpStream,
    input: Vec<u8>,
}

/// A message's head.
pub(crate) struct Head {
    /// Its first line.
    pub(crate) start: String,
    /// All of it, the empty line included.
    pub(crate) octets: Vec<u8>,
}

impl Side {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, input: Vec::new() }
    }

    pub(crate) async fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets).await
    }

    /// The next head; `None` at the end of the connection.
    pub(crate) async fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.input, b"\r\n\r\n") {
                let octets: Vec<u8> = self.input.drain(..at + 4).collect();
                let text = String::from_utf8_lossy(&octets);
                let start = text.lines().next().unwrap_or_default().to_owned();
                return Ok(Some(Head { start, octets }));
            }
            if !self.more().await? {
                return Ok(None);
            }
        }
    }

    /// All of the content after `head`. Messages with neither a length nor chunks have none: the
    /// gateway closes after the content only where it cannot know the length beforehand, which the
    /// origin of these tests always says.
    pub(crate) async fn content(&mut self, head: &Head) -> io::Result<Vec<u8>> {
        if head.field("transfer-encoding").is_some() {
            return Err(io::Error::other("the relay does not know chunks"));
        }
        let length = head.field("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        while self.input.len() < length {
            if !self.more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.input.drain(..length).collect())
    }

    /// Waits for the end of the peer's side; what comes before it is kept.
    pub(crate) async fn end(&mut self) {
        while self.more().await.is_ok_and(|more| more) {}
    }

    async fn more(&mut self) -> io::Result<bool> {
        Ok(self.stream.read_buf(&mut self.input).await? > 0)
    }
}

impl Head {
    /// The value of a field, by its lower-case name.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.octets);
        let fields = text.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .next()
    }

    /// Gives the field another value, if it is there.
    pub(crate) fn replace(&mut self, name: &str, value: &str) {
        let text = String::from_utf8_lossy(&self.octets);
        let line = |line: &str| match line.split_once(':') {
            Some((field, _)) if field.eq_ignore_ascii_case(name) => format!("{field}: {value}\r\n"),
            _ => format!("{line}\r\n"),
        };
        self.octets = text.lines().map(line).collect::<String>().into_bytes();
    }
}
