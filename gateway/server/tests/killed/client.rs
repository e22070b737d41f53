//! HTTP/1.1 as clients and callbacks speak it: one connection, one request after the other.

use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take: far longer than it takes, far shorter than for ever.
const PATIENCE: Duration = Duration::from_secs(15);

/// What comes back for a request.
#[derive(Debug)]
pub enum Reply {
    Interim(Head),
    Final(Answer),
}

/// A status and its fields, each line as `name: value` with its name in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    pub fields: Vec<String>,
}

/// A final response that has come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub head: Head,
    pub body: Vec<u8>,
}

/// A connection to the gateway.
#[derive(Debug)]
pub struct Connection {
    io: TcpStream,
    unread: Vec<u8>,
    /// What was asked last.
    asked: String,
}

// === impl Head ===

impl Head {
    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn parse(octets: &[u8]) -> io::Result<Option<(Self, usize)>> {
        let mut lines = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut lines);
        let parsed = response.parse(octets).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        let httparse::Status::Complete(length) = parsed else { return Ok(None) };
        let line = |field: &httparse::Header<'_>| {
            format!("{}: {}", field.name.to_ascii_lowercase(), String::from_utf8_lossy(field.value))
        };
        let fields = response.headers.iter().map(line).collect();
        Ok(Some((Self { status: response.code.unwrap_or_default(), fields }, length)))
    }
}

impl Answer {
    /// The response without what belongs to one exchange: when it was sent, and what was asked for.
    pub fn lasting(mut self) -> Self {
        self.head
            .fields
            .retain(|line| !line.starts_with("date: ") && !line.starts_with("preference-applied: "));
        self.head.fields.sort();
        self
    }

    /// How it differs from another one.
    pub fn beside(&self, other: &Self) -> String {
        let others = |line: &&String| !other.head.fields.contains(line);
        let fields: Vec<&String> = self.head.fields.iter().filter(others).collect();
        let text =
            |answer: &Self| String::from_utf8_lossy(&answer.body).chars().take(1_000).collect::<String>();
        let (status, before) = (self.head.status, other.head.status);
        let same = if self.body == other.body { "the same content" } else { "another content" };
        format!("{status} after {before}, {same}, {fields:?}: {} after {}", text(self), text(other))
    }
}

// === impl Connection ===

impl Connection {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let io = TcpStream::connect(address).await?;
        io.set_nodelay(true)?;
        Ok(Self { io, unread: Vec::new(), asked: String::new() })
    }

    /// Sends a request: its method and path, and its fields.
    pub async fn send(&mut self, request: &str, fields: &[(&str, &str)], body: &[u8]) -> io::Result<()> {
        request.clone_into(&mut self.asked);
        let mut text = format!("{request} HTTP/1.1\r\nHost: gateway.example\r\n");
        for (name, value) in fields {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        if !body.is_empty() {
            let _ = write!(text, "Content-Length: {}\r\n", body.len());
        }
        let mut octets = format!("{text}\r\n").into_bytes();
        octets.extend_from_slice(body);
        self.io.write_all(&octets).await
    }

    /// The next head; a final one with its content.
    pub async fn reply(&mut self) -> io::Result<Reply> {
        match timeout(PATIENCE, self.next()).await {
            Ok(reply) => reply,
            Err(_) => Err(io::Error::new(ErrorKind::TimedOut, format!("no answer: {}", self.asked))),
        }
    }

    async fn next(&mut self) -> io::Result<Reply> {
        let head = loop {
            if let Some((head, length)) = Head::parse(&self.unread)? {
                self.unread.drain(..length);
                break head;
            }
            self.read().await?;
        };
        if head.status < 200 {
            return Ok(Reply::Interim(head));
        }
        let body = self.body(&head).await?;
        Ok(Reply::Final(Answer { head, body }))
    }

    /// Sends a request and waits for its final response.
    pub async fn ask(&mut self, request: &str, fields: &[(&str, &str)]) -> io::Result<Answer> {
        self.send(request, fields, b"").await?;
        loop {
            if let Reply::Final(answer) = self.reply().await? {
                return Ok(answer);
            }
        }
    }

    async fn body(&mut self, head: &Head) -> io::Result<Vec<u8>> {
        if matches!(head.status, 204 | 304) {
            return Ok(Vec::new());
        }
        if let Some(length) = head.field("content-length") {
            return self.octets(length.parse().map_err(|_| invalid("content-length"))?).await;
        }
        if head.field("transfer-encoding") != Some("chunked") {
            return Err(invalid("a response without an end"));
        }
        let mut body = Vec::new();
        loop {
            let size = self.line().await?;
            let size = usize::from_str_radix(&size, 16).map_err(|_| invalid("chunk size"))?;
            body.extend(self.octets(size).await?);
            if !self.line().await?.is_empty() {
                return Err(invalid("chunk"));
            }
            if size == 0 {
                return Ok(body);
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        let end = loop {
            if let Some(at) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
                break at;
            }
            self.read().await?;
        };
        let line = self.octets(end + 2).await?;
        Ok(String::from_utf8_lossy(&line[..end]).into_owned())
    }

    async fn octets(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < count {
            self.read().await?;
        }
        Ok(self.unread.drain(..count).collect())
    }

    async fn read(&mut self) -> io::Result<()> {
        if self.io.read_buf(&mut self.unread).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}
