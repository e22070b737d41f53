//! What an origin does beside the connection of a request: it calls back.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::origin::Seen;

/// The end of a configuration by which origins may call back.
pub const CONFIGURED: &str = "[callback]\naddress = \"127.0.0.1:0\"\n";

/// Where the origin of one operation calls.
pub struct Line(String);

/// What it is answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    /// The last part of the problem's type; empty where there is no problem.
    pub problem: String,
}

impl Line {
    /// The line that a request offers.
    pub fn of(seen: &Seen) -> Self {
        let line = seen.head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("progress-callback").then(|| value.trim().to_owned())
        });
        Self(line.expect("the request says where to call"))
    }

    /// Reports progress.
    pub async fn report(&self, progress: &str) -> Answered {
        self.call("POST", "", &format!("Progress: {progress}\r\n"), "").await
    }

    /// Delivers a response with this content.
    pub async fn deliver(&self, content: &str) -> Answered {
        self.call("PUT", "/response", "Content-Type: text/plain\r\n", content).await
    }

    async fn call(&self, method: &str, part: &str, fields: &str, content: &str) -> Answered {
        let below = self.0.strip_prefix("http://").expect("a URL");
        let (authority, path) = below.split_at(below.find('/').expect("a path"));
        let mut io = TcpStream::connect(authority).await.expect("the callback listener");
        let head = format!("{method} {path}{part} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
        let request = format!("{head}{fields}Content-Length: {}\r\n\r\n{content}", content.len());
        io.write_all(request.as_bytes()).await.expect("it is read");
        let mut answer = String::new();
        io.read_to_string(&mut answer).await.expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let json = answer.split_once("\r\n\r\n").map_or("", |(_, content)| content);
        let json: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
        let problem = json["type"].as_str().and_then(|name| name.rsplit('/').next()).unwrap_or_default();
        Answered { status, problem: problem.to_owned() }
    }
}

impl Answered {
    /// It was taken.
    pub fn taken() -> Self {
        Self { status: 204, problem: String::new() }
    }

    /// The operation was cancelled: work on it can stop.
    pub fn canceled() -> Self {
        Self { status: 409, problem: "canceled".to_owned() }
    }

    /// The operation is over.
    pub fn over() -> Self {
        Self { status: 409, problem: "operation-over".to_owned() }
    }
}
