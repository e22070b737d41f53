//! Origins that take every request, and then say nothing or that they work on. Each runs on a thread
//! of its own, so that it speaks in time whatever the clients do.

mod http1;
mod http2;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Trouble, Wire};

/// A running origin; it ends with its handle.
#[derive(Debug)]
pub(super) struct Origin {
    /// Its URL.
    pub(super) url: String,
    /// When its clock began: see [`Talk::Reporting`].
    pub(super) began: Instant,
    taken: Arc<AtomicU64>,
    /// Dropping it ends the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A version of HTTP, without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, by prior knowledge.
    Http2,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Talk {
    /// Nothing at all.
    Silent,
    /// A 202 that says that the operation will be ended by a callback, which never comes.
    CallsBack,
    /// A 102 after each of these pauses, the first after a random part of one: operations are not in step
    /// with each other. The numerator of its `Progress` is the time on the origin's
    /// clock in ms.
    Reporting {
        /// The pause.
        every: Duration,
        /// After so many of them a 200; `None`: never.
        heads: Option<u32>,
    },
}

/// What every request of an origin shares.
#[derive(Clone, Debug)]
struct Manner {
    talk: Talk,
    began: Instant,
    taken: Arc<AtomicU64>,
}

/// Requests that one origin may hold over HTTP/2: there are 200 on each of the 256 connections that the
/// gateway opens to a server.
pub(super) const ROOM: u64 = 50_000;

/// The field by which an origin says that it will call back.
const COMPLETION: (&str, &str) = ("operation-completion", "callback");

/// The denominator of `Progress`: no measurement lasts for so many ms.
const LONG: u32 = 1_000_000_000;

impl Origin {
    /// Starts one.
    pub(super) async fn start(version: Version, talk: Talk) -> Result<Self, Trouble> {
        let (ready, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let manner = Manner { talk, began: Instant::now(), taken: Arc::default() };
        let (began, taken) = (manner.began, Arc::clone(&manner.taken));
        let thread = std::thread::spawn(move || serve((version, manner), ready, stopped));
        let gone = |_| Trouble::NotServing("the origin");
        let address: SocketAddr =
            address.await.map_err(gone)?.map_err(Trouble::system("binding the origin"))?;
        let scheme = if version == Version::Http1 { "http" } else { "h2c" };
        let url = format!("{scheme}://{address}");
        Ok(Self { url, began, taken, stop: Some(stop), thread: Some(thread) })
    }

    /// Requests that have arrived.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.stop.take();
        // Thousands of sockets take a while to close, and that is not to be measured with what is next.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The silent origin that goes with `wire`: HTTP/1.1 before clients of HTTP/1.1 and 2, HTTP/2 before
/// those of HTTP/3.
pub(super) async fn silent(wire: Wire) -> Result<Origin, Trouble> {
    let version = if wire == Wire::H3 { Version::Http2 } else { Version::Http1 };
    Origin::start(version, Talk::Silent).await
}

type Ready = oneshot::Sender<std::io::Result<SocketAddr>>;

fn serve((version, manner): (Version, Manner), ready: Ready, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error))),
    };
    runtime.block_on(async {
        let listener = match bind().await {
            Ok(listener) => listener,
            Err(error) => return drop(ready.send(Err(error))),
        };
        // Nobody who waits for it has gone.
        let _ = ready.send(listener.local_addr());
        let accepting = accept(listener, version, manner);
        tokio::select! {
            () = accepting => {}
            _ = stopped => {}
        }
    });
}

async fn bind() -> std::io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", 0)).await
}

async fn accept(listener: TcpListener, version: Version, manner: Manner) {
    while let Ok((connection, _)) = listener.accept().await {
        // A head that waits for the acknowledgement of the one before would be late by the origin's fault.
        let _ = connection.set_nodelay(true);
        match version {
            Version::Http1 => tokio::spawn(http1::keep(connection, manner.clone())),
            Version::Http2 => tokio::spawn(http2::keep(connection, manner.clone())),
        };
    }
}

impl Manner {
    fn took(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// The value of `Progress` at this moment.
    fn progress(&self) -> String {
        format!("{}/{LONG}", self.began.elapsed().as_millis())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn an_origin_reports_and_then_answers() {
        let talk = Talk::Reporting { every: Duration::from_millis(1), heads: Some(3) };
        let origin = Origin::start(Version::Http1, talk).await.expect("an origin");
        let address = origin.url.strip_prefix("http://").expect("a URL");
        let mut connection = TcpStream::connect(address).await.expect("a connection");
        connection.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("a request");
        let mut text = Vec::new();
        while !text.ends_with(b"ok\n") {
            assert!(connection.read_buf(&mut text).await.expect("an answer") > 0, "closed before the end");
        }
        let text = String::from_utf8(text).expect("text");
        let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("HTTP/1.1 ")).collect();
        let expected = ["HTTP/1.1 102 Processing"; 3].into_iter().chain(["HTTP/1.1 200 OK"]);
        assert!(heads.into_iter().eq(expected), "{text}");
        assert!(text.contains(&format!("/{LONG}\r\n")) && origin.taken() == 1, "{text}");
    }
}
