//! A scripted origin: HTTP/1.1 on a real socket, every octet chosen by the test.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};

/// What the origin is to do next on the connection that carries a request.
#[derive(Clone, Debug)]
pub enum Act {
    /// Send these octets.
    Send(Vec<u8>),
    /// Close the connection.
    Close,
}

/// A request as the origin sees it, with the means to answer it.
pub struct Seen {
    pub head: String,
    pub body: Vec<u8>,
    acts: mpsc::UnboundedSender<Act>,
    closed: mpsc::UnboundedReceiver<()>,
}

/// The origin. Requests come out in the order in which they came in.
pub struct Origin {
    pub address: SocketAddr,
    seen: Mutex<mpsc::UnboundedReceiver<Seen>>,
}

impl Origin {
    pub async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (sender, seen) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((io, _)) = listener.accept().await {
                tokio::spawn(serve(io, sender.clone()));
            }
        });
        Arc::new(Self { address, seen: Mutex::new(seen) })
    }

    /// The next request.
    pub async fn next(&self) -> Seen {
        let mut seen = self.seen.lock().await;
        let next = tokio::time::timeout(std::time::Duration::from_secs(20), seen.recv()).await;
        next.expect("no request came to the origin").expect("the origin runs")
    }
}

impl Seen {
    /// Sends octets.
    pub fn send(&self, octets: impl AsRef<[u8]>) -> &Self {
        // A connection that is gone takes nothing; the test sees that elsewhere.
        let _ = self.acts.send(Act::Send(octets.as_ref().to_vec()));
        self
    }

    /// Sends a `102` with these fields, each ending in CRLF.
    pub fn processing(&self, fields: &str) -> &Self {
        self.send(format!("HTTP/1.1 102 Processing\r\n{fields}\r\n"))
    }

    /// Sends a final response.
    pub fn respond(&self, status: &str, fields: &str, body: &str) -> &Self {
        self.send(format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len()))
    }

    pub fn close(&self) {
        let _ = self.acts.send(Act::Close);
    }

    /// Waits until the gateway has closed the connection.
    pub async fn closed(&mut self) {
        let closed = tokio::time::timeout(std::time::Duration::from_secs(20), self.closed.recv()).await;
        closed.expect("the gateway keeps the connection").expect("told once");
    }

    pub fn has(&self, field: &str) -> bool {
        self.head.to_ascii_lowercase().contains(&format!("\r\n{}:", field.to_ascii_lowercase()))
    }
}

async fn serve(mut io: TcpStream, requests: mpsc::UnboundedSender<Seen>) {
    let mut buffer = Vec::new();
    while let Some((head, body)) = request(&mut io, &mut buffer).await {
        let (acts, mut todo) = mpsc::unbounded_channel();
        let (gone, closed) = mpsc::unbounded_channel();
        if requests.send(Seen { head, body, acts, closed }).is_err() {
            return;
        }
        loop {
            let mut probe = [0; 1];
            tokio::select! {
                act = todo.recv() => match act {
                    Some(Act::Send(octets)) => if io.write_all(&octets).await.is_err() { break },
                    Some(Act::Close) => return,
                    // The test is done with this request: the next one may come.
                    None => break,
                },
                read = io.peek(&mut probe) => {
                    if !matches!(read, Ok(n) if n > 0) {
                        let _ = gone.send(());
                        return;
                    }
                    // The next request is there already: this one was answered.
                    break;
                }
            }
        }
    }
}

/// Reads one request: its head as text and its content.
async fn request(io: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if io.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer.drain(..end).collect()).ok()?;
    let field = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let mut body = Vec::new();
    if let Some(length) = field("content-length:") {
        let length: usize = length.parse().ok()?;
        while buffer.len() < length {
            if io.read_buf(buffer).await.ok()? == 0 {
                return None;
            }
        }
        body.extend(buffer.drain(..length));
    } else if field("transfer-encoding:").is_some() {
        while !buffer.ends_with(b"0\r\n\r\n") {
            if io.read_buf(buffer).await.ok()? == 0 {
                return None;
            }
        }
        body = unchunk(buffer);
        buffer.clear();
    }
    Some((head, body))
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let size =
            std::str::from_utf8(&rest[..at]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        body.extend_from_slice(&rest[at + 2..at + 2 + size]);
        rest = &rest[at + 2 + size + 2..];
    }
    body
}
