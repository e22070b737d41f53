//! The origin of the demo: it writes reports, which takes time, and tells how far it is.

mod report;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::EXPECT;
use http::{Method, Request};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use super::http1::{self, Framing};
pub(super) use report::text;
use report::{STEPS, Shelf};

/// Connections at a time; more wait. The gateway holds one for each job.
const CONNECTIONS: usize = 256;

/// An HTTP/1.1 server on 127.0.0.1 that needs five steps for `POST /reports`, answers
/// `GET /reports/N` and `GET /plain` at once, and nothing else.
#[derive(Debug)]
pub(super) struct Origin {
    address: SocketAddr,
    step: Duration,
    task: JoinHandle<()>,
}

impl Origin {
    /// Starts on a free port. To be called within a runtime.
    pub(super) async fn start(step: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let desk = Arc::new(Desk { step, shelf: Shelf::default() });
        Ok(Self { address, step, task: tokio::spawn(accept(listener, desk)) })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How long a report takes.
    pub(super) fn work(&self) -> Duration {
        self.step * u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Where the work is done.
struct Desk {
    step: Duration,
    shelf: Shelf,
}

async fn accept(listener: TcpListener, desk: Arc<Desk>) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    // Connections end with the listener.
    let mut connections = JoinSet::new();
    loop {
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else { continue };
        let desk = Arc::clone(&desk);
        connections.spawn(async move {
            if let Err(error) = serve(stream, &desk).await {
                tracing::debug!(%error, "demo origin: a connection ended");
            }
            drop(seat);
        });
    }
}

async fn serve(mut stream: TcpStream, desk: &Desk) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    while let Some(head) = http1::request(&mut reader).await? {
        if head.headers().contains_key(EXPECT) {
            writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let framing = Framing::of(head.headers())?;
        let content = http1::content(&mut reader, framing).await?;
        tokio::select! {
            biased;
            answered = desk.answer(&head, &content, &mut writer) => answered?,
            () = departed(&mut reader) => return Ok(()),
        }
    }
    Ok(())
}

/// Ready once the gateway has gone away; what it sends ahead of its turn is left where it is.
async fn departed<R: AsyncBufRead + Unpin>(reader: &mut R) {
    if reader.fill_buf().await.is_ok_and(|octets| !octets.is_empty()) {
        std::future::pending::<()>().await;
    }
}

impl Desk {
    async fn answer<W>(&self, head: &Request<()>, content: &Bytes, writer: &mut W) -> io::Result<()>
    where
        W: AsyncWrite + Unpin,
    {
        let path = head.uri().path();
        if *head.method() == Method::POST && path == "/reports" {
            return self.work(content, writer).await;
        }
        let report = path.strip_prefix("/reports/").and_then(|number| self.shelf.read(number));
        let (status, text) = match (head.method(), path, report) {
            (&Method::GET | &Method::HEAD, "/plain", _) => ("200 OK", "Nothing to wait for.\n".to_owned()),
            (&Method::GET | &Method::HEAD, _, Some(report)) => ("200 OK", report),
            _ => ("404 Not Found", "Try POST /reports, GET /reports/1 or GET /plain.\n".to_owned()),
        };
        let shown = if *head.method() == Method::HEAD { "" } else { &text };
        let answer = format!("HTTP/1.1 {status}\r\n{}\r\n{shown}", describe(&text));
        writer.write_all(answer.as_bytes()).await
    }

    /// The job: each step is told of with a 102 when it begins.
    async fn work<W: AsyncWrite + Unpin>(&self, title: &Bytes, writer: &mut W) -> io::Result<()> {
        // Not at once: the first head that the client sees is the gateway's own.
        sleep(self.step * 2 / 5).await;
        for (step, name) in (1..).zip(STEPS) {
            let head =
                format!("HTTP/1.1 102 Processing\r\nProgress: {step}/{} ({name})\r\n\r\n", STEPS.len());
            writer.write_all(head.as_bytes()).await?;
            sleep(if step < STEPS.len() { self.step } else { self.step * 3 / 5 }).await;
        }
        let (number, report) = self.shelf.file(title);
        let described = describe(&report);
        let answer =
            format!("HTTP/1.1 201 Created\r\nLocation: /reports/{number}\r\n{described}\r\n{report}");
        writer.write_all(answer.as_bytes()).await
    }
}

fn describe(text: &str) -> String {
    format!("Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n", text.len())
}

#[cfg(test)]
mod tests;
