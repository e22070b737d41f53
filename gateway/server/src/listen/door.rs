//! One listener on one worker: accepts connections, counts them, and contains their panics.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use downstream::{Drain, Handler, Limits, Phase};
use futures_util::FutureExt;
use http::HeaderValue;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};

use super::accept;
use super::counted::Counted;
use super::establish::establish;
use super::occupancy::{Occupancy, OpenDoor, Seat};
use super::sweep::Sweep;
use crate::config::Protocols;
use crate::metrics::Metrics;

/// What all workers share of one listener.
#[derive(Debug)]
pub(super) struct Entrance {
    /// `None`: cleartext.
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) protocols: Protocols,
    /// What announces HTTP/3 to clients that came by TCP.
    pub(super) alt_svc: Option<HeaderValue>,
    pub(super) limits: Arc<Limits>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) occupancy: Arc<Occupancy>,
    pub(super) drain: Drain,
}

/// One listener on one worker.
#[derive(Debug)]
pub(super) struct Door<H> {
    pub(super) entrance: Arc<Entrance>,
    pub(super) handler: H,
    /// Asks what clients have acknowledged.
    pub(super) sweep: Arc<Sweep>,
}

impl<H: Handler> Door<H> {
    /// Lets clients in until the gateway drains.
    pub(super) async fn serve(self: Arc<Self>, mut listener: TcpListener, open: OpenDoor) {
        let mut drain = self.entrance.drain.watch();
        let metrics = &self.entrance.metrics.connections;
        loop {
            tokio::select! {
                biased;
                () = poll_fn(|cx| drain.poll_reached(Phase::Draining, cx)) => break,
                (io, peer) = accept::next(&mut listener, metrics) => self.admit(io, peer),
            }
        }
        self.empty_queue(listener);
        drop(open);
    }

    /// Takes what the kernel has accepted already: closing the socket would reset it.
    fn empty_queue(self: &Arc<Self>, listener: TcpListener) {
        let Ok(listener) = listener.into_std() else { return };
        while let Ok((io, peer)) = listener.accept() {
            let io = io.set_nonblocking(true).and_then(|()| TcpStream::from_std(io));
            if let Ok(io) = io {
                self.admit(io, peer);
            }
        }
    }

    fn admit(self: &Arc<Self>, io: TcpStream, peer: SocketAddr) {
        let Some(seat) = self.entrance.seat(peer) else { return };
        let door = Arc::clone(self);
        let io = Counted::new(io, &self.sweep);
        tokio::spawn(self.entrance.contain(seat, async move {
            // In two statements: the handshake's memory is free before the conversation begins.
            let conversation = Box::pin(establish(door, io, peer)).await;
            if let Some(conversation) = conversation {
                conversation.await;
            }
        }));
    }
}

impl Entrance {
    /// A place for a connection from `peer`; `None` if there is none, which is counted.
    pub(super) fn seat(&self, peer: SocketAddr) -> Option<Seat> {
        match self.occupancy.admit(peer.ip()) {
            Ok(seat) => Some(seat),
            Err(refused) => {
                self.metrics.connections.refused(refused);
                None
            }
        }
    }

    /// Runs a connection to its end, which frees its seat. A panic ends this connection and nothing
    /// else (G-17).
    pub(super) fn contain<F: Future<Output = ()>>(
        &self,
        seat: Seat,
        connection: F,
    ) -> impl Future<Output = ()> + use<F> {
        let metrics = Arc::clone(&self.metrics);
        AssertUnwindSafe(connection).catch_unwind().map(move |result| {
            if result.is_err() {
                metrics.connections.panicked();
                tracing::error!("a defect ended a connection; the panic above says where");
            }
            drop(seat);
        })
    }
}
