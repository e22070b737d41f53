//! The scripted origin: waits, reports and fails as a scenario says, and answers with content that
//! clients can check.
//!
//! It runs on a thread of its own with a runtime of its own, within the process of the clients: what
//! it uses is told when it ends, so that it can be told from what they use.

pub mod content;

mod counts;
mod http1;
mod http2;
mod performance;
mod script;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::process::thread_cpu;
use crate::scenario::{Origin, OriginProtocol};
use crate::trouble::Trouble;
pub use counts::Counts;
use counts::Tally;
use script::Script;

/// Connections that wait to be accepted: the gateway opens one for each held request, thousands in
/// a second.
const BACKLOG: i32 = 4096;
/// How long is waited after a connection could not be accepted, mostly because all descriptors are
/// in use.
const PAUSE: Duration = Duration::from_millis(10);

/// A running origin; it ends with its handle.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    protocol: OriginProtocol,
    tally: Arc<Tally>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Option<Duration>>>,
}

impl Running {
    /// Starts one on a free port of 127.0.0.1. Jobs are picked, and the lengths of their steps
    /// vary, as `seed` says, in the order in which requests arrive here.
    pub fn start(origin: &Origin, seed: u64) -> Result<Self, Trouble> {
        let listener = listen().map_err(Trouble::system("binding the origin"))?;
        let address = listener.local_addr().map_err(Trouble::system("binding the origin"))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Trouble::system("starting a runtime"))?;
        let tally = Arc::new(Tally::default());
        let desk = Desk {
            protocol: origin.protocol,
            script: Arc::new(Script::new(&origin.jobs, seed)),
            tally: Arc::clone(&tally),
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("origin".to_owned())
            .spawn(move || serve(&runtime, listener, desk, stopped))
            .map_err(Trouble::system("starting a thread"))?;
        Ok(Self { address, protocol: origin.protocol, tally, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, as the gateway's configuration takes it: `http://` or `h2c://`.
    pub fn url(&self) -> String {
        let scheme = match self.protocol {
            OriginProtocol::Http11 => "http",
            OriginProtocol::H2c => "h2c",
        };
        format!("{scheme}://{}", self.address)
    }

    /// What it has done until now.
    pub fn counts(&self) -> Counts {
        self.tally.counts()
    }

    /// Ends it. The CPU time that it has taken; `None` if that cannot be read.
    pub fn stop(mut self) -> Option<Duration> {
        self.end()
    }

    fn end(&mut self) -> Option<Duration> {
        drop(self.stop.take());
        // One that panicked has said so on standard error.
        self.thread.take()?.join().ok()?
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// What every connection works with.
#[derive(Clone, Debug)]
struct Desk {
    protocol: OriginProtocol,
    script: Arc<Script>,
    tally: Arc<Tally>,
}

fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Until the other end of `stopped` is dropped; what still runs is dropped with the runtime. The CPU time of this
/// thread.
fn serve(
    runtime: &Runtime,
    listener: TcpListener,
    desk: Desk,
    stopped: oneshot::Receiver<()>,
) -> Option<Duration> {
    runtime.block_on(async {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
        tokio::select! {
            _ = stopped => {}
            () = accept(&listener, desk) => {}
        }
    });
    thread_cpu().ok()
}

async fn accept(listener: &tokio::net::TcpListener, desk: Desk) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(attend(stream, desk.clone()));
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn attend(stream: TcpStream, desk: Desk) {
    // Without it heads wait for acknowledgements: slower, not wrong.
    let _ = stream.set_nodelay(true);
    let tally = Arc::clone(&desk.tally);
    let _open = tally.connection();
    // Whatever ends a connection early is the gateway's choice, and seen by the clients if it matters.
    let _ = match desk.protocol {
        OriginProtocol::Http11 => http1::serve(stream, &desk).await,
        OriginProtocol::H2c => http2::serve(stream, &desk).await,
    };
}
