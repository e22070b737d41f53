//! The origin: it lives on while gateways die, and knows what it has really sent.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{Connection, Reply};
use crate::job::{Job, Kind};

/// What the origin has done about a job's final response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It has begun to send it: it may have arrived.
    Sent,
    /// It delivered it by callback, and was told that it is the outcome.
    Taken,
    /// It delivered it by callback, and was answered with this status.
    Refused(u16),
}

/// A scripted origin. Dropping it ends it.
#[derive(Debug)]
pub struct Origin {
    pub address: SocketAddr,
    office: Arc<Office>,
}

#[derive(Debug)]
struct Office {
    deeds: Mutex<HashMap<u64, Deed>>,
    /// Where the gateway that lives now takes callbacks.
    desk: watch::Sender<Option<SocketAddr>>,
    /// Jobs whose final response is still to be delivered by callback.
    undelivered: watch::Sender<usize>,
    tasks: Mutex<JoinSet<()>>,
}

// === impl Origin ===

impl Origin {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let office = Arc::new(Office {
            deeds: Mutex::default(),
            desk: watch::Sender::new(None),
            undelivered: watch::Sender::new(0),
            tasks: Mutex::default(),
        });
        let at = Arc::clone(&office);
        office.spawn(async move {
            while let Ok((io, _)) = listener.accept().await {
                let office = Arc::clone(&at);
                at.spawn(async move {
                    // A gateway that died takes nothing more.
                    let _ = office.serve(io).await;
                });
            }
        });
        Self { address, office }
    }

    /// What it has done about a job.
    pub fn deed(&self, job: Job) -> Option<Deed> {
        self.office.deeds.lock().unwrap().get(&job.number).copied()
    }

    /// From now on callbacks go there. Nowhere: they wait.
    pub fn call_at(&self, desk: Option<SocketAddr>) {
        self.office.desk.send_replace(desk);
    }

    /// Waits until each callback that was to be made has been answered.
    pub async fn delivered(&self) {
        let mut undelivered = self.office.undelivered.subscribe();
        let _ = undelivered.wait_for(|count| *count == 0).await;
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.office.tasks.lock().unwrap().abort_all();
    }
}

// === impl Office ===

impl Office {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    fn did(&self, job: Job, deed: Deed) {
        self.deeds.lock().unwrap().insert(job.number, deed);
    }

    async fn serve(self: &Arc<Self>, mut io: TcpStream) -> io::Result<()> {
        io.set_nodelay(true)?;
        let mut unread = Vec::new();
        loop {
            let head = loop {
                if let Some(at) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
                    let head: Vec<u8> = unread.drain(..at + 4).collect();
                    break String::from_utf8_lossy(&head).into_owned();
                }
                if io.read_buf(&mut unread).await? == 0 {
                    return Ok(());
                }
            };
            let job = head.split(' ').nth(1).and_then(Job::of_path).expect("only jobs are asked for");
            if self.work(&mut io, job, &head).await? == Line::Closed {
                return Ok(());
            }
        }
    }

    async fn work(self: &Arc<Self>, io: &mut TcpStream, job: Job, head: &str) -> io::Result<Line> {
        let mut rng = Rng::with_seed(job.number);
        match job.kind {
            Kind::Prompt => {}
            Kind::Endless => loop {
                report(io, "1/2").await?;
                tokio::time::sleep(Duration::from_millis(40)).await;
            },
            Kind::Calling => {
                let named = |(name, _): &(&str, &str)| name.eq_ignore_ascii_case("progress-callback");
                let field = head.lines().filter_map(|line| line.split_once(": ")).find(named);
                let url = field.expect("a gateway with a callback listener says where to call").1.to_owned();
                let office = Arc::clone(self);
                self.undelivered.send_modify(|count| *count += 1);
                self.spawn(async move { office.deliver(job, &url).await });
                let accepted =
                    "HTTP/1.1 202 Accepted\r\nOperation-Completion: callback\r\nContent-Length: 0\r\n\r\n";
                io.write_all(accepted.as_bytes()).await?;
                return Ok(Line::Open);
            }
            Kind::Slow | Kind::Large | Kind::Failing | Kind::Breaking | Kind::Again => {
                for progress in ["0/3", "1/3", "2/3", "3/3"] {
                    report(io, progress).await?;
                    tokio::time::sleep(Duration::from_millis(rng.u64(0..12))).await;
                }
            }
        }
        let Some(status) = job.status() else { return Ok(Line::Closed) };
        self.did(job, Deed::Sent);
        respond(io, status, &job.content()).await?;
        Ok(Line::Open)
    }

    /// Works on with no connection open, reports, and brings the response however often the gateway dies.
    async fn deliver(&self, job: Job, url: &str) {
        let path = url.strip_prefix("http://callback.example").expect("the configured URL");
        let mut rng = Rng::with_seed(job.number);
        tokio::time::sleep(Duration::from_millis(rng.u64(0..30))).await;
        // A report that is lost is followed by the response.
        let _ = self.call(&format!("POST {path}"), &[("Progress", "1/2")], b"").await;
        tokio::time::sleep(Duration::from_millis(rng.u64(0..400))).await;
        let content = job.content();
        let (kind, body) = if job.number.is_multiple_of(2) {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len());
            ("message/http", [head.as_bytes(), &content].concat())
        } else {
            ("application/octet-stream", content)
        };
        self.did(job, Deed::Sent);
        loop {
            match self.call(&format!("PUT {path}/response"), &[("Content-Type", kind)], &body).await {
                Ok(200..300) => break self.did(job, Deed::Taken),
                // It lives, and cannot take it now; or it has died, and its port may be another gateway's, which
                // does not know the token.
                Ok(404 | 429 | 503) | Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                // The operation is over.
                Ok(status) => break self.did(job, Deed::Refused(status)),
            }
        }
        self.undelivered.send_modify(|count| *count -= 1);
    }

    async fn call(&self, request: &str, fields: &[(&str, &str)], body: &[u8]) -> io::Result<u16> {
        let desk = *self.desk.subscribe().wait_for(Option::is_some).await.map_err(io::Error::other)?;
        let mut connection = Connection::open(desk.expect("it was waited for")).await?;
        connection.send(request, fields, body).await?;
        loop {
            if let Reply::Final(answer) = connection.reply().await? {
                return Ok(answer.head.status);
            }
        }
    }
}

/// Whether a connection is to be used for another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Open,
    Closed,
}

async fn report(io: &mut TcpStream, progress: &str) -> io::Result<()> {
    io.write_all(format!("HTTP/1.1 102 Processing\r\nProgress: {progress}\r\n\r\n").as_bytes()).await
}

/// Sends a response in pieces, so that what is long is seen half by whoever dies meanwhile.
async fn respond(io: &mut TcpStream, status: u16, content: &[u8]) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status} Done\r\nContent-Length: {}\r\n\r\n", content.len());
    io.write_all(head.as_bytes()).await?;
    for piece in content.chunks(40_000) {
        io.write_all(piece).await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}
