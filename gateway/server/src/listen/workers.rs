//! The threads.

use std::fmt::Display;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use downstream::{Drain, Handler};
use http::HeaderValue;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use super::bind::Bound;
use super::door::{Door, Entrance};
use super::occupancy::{Occupancy, OpenDoor};
use super::quic::{self, QuicDoor};
use super::running::{Order, Running};
use super::sweep::Sweep;
use super::{DoorPlan, ListenError, ListenPlan};
use crate::config::Protocol as Wire;

/// How long a worker's blocking work (name resolution, for one) may go on after its end.
const LEAVE: Duration = Duration::from_millis(500);

/// What one worker needs.
struct Post<F> {
    worker: usize,
    doors: Vec<PostDoor>,
    factory: Arc<F>,
    orders: watch::Receiver<Order>,
}

/// A worker's part of one listener. Its doors count as open from the beginning: who waits for the
/// gateway to be empty waits for workers that have not begun, too.
struct PostDoor {
    entrance: Arc<Entrance>,
    tcp: TcpListener,
    open: OpenDoor,
    quic: Option<QuicPost>,
}

struct QuicPost {
    udp: UdpSocket,
    config: quinn::ServerConfig,
    open: OpenDoor,
}

type Report = mpsc::Sender<Result<(), ListenError>>;

/// Starts one thread per worker; returns when all of them serve, or when one of them cannot.
pub(super) fn start<H, F, E>(
    plan: &ListenPlan,
    bound: Vec<Bound>,
    factory: F,
    drain: &Drain,
) -> Result<Running, ListenError>
where
    H: Handler,
    F: Fn(usize) -> Result<H, E> + Send + Sync + 'static,
    E: Display,
{
    let occupancy = Occupancy::new(plan.caps);
    let (orders, hold) = watch::channel(Order::Hold);
    let mut running = Running {
        addresses: bound.iter().map(|bound| bound.address).collect(),
        orders,
        workers: Vec::new(),
        occupancy: Arc::clone(&occupancy),
    };
    let entrances = Entrances { plan, occupancy, drain };
    let factory = Arc::new(factory);
    let (report, reports) = mpsc::channel();
    for (worker, doors) in entrances.posts(bound)?.into_iter().enumerate() {
        let post = Post { worker, doors, factory: Arc::clone(&factory), orders: hold.clone() };
        let report = report.clone();
        let thread = thread::Builder::new().name(format!("gateway-{worker}"));
        let thread = thread.spawn(move || post.work(&report)).map_err(|error| failed(worker, error))?;
        running.workers.push(thread);
    }
    drop(report);
    // A worker that panics reports nothing: the channel then ends early.
    let ready = (0..plan.workers.get())
        .try_for_each(|worker| reports.recv().unwrap_or_else(|_| Err(failed(worker, "it panicked"))));
    match ready {
        Ok(()) => {
            running.orders.send_replace(Order::Serve);
            for (door, address) in plan.doors.iter().zip(&running.addresses) {
                tracing::info!(%address, protocols = ?door.protocols, workers = plan.workers, "listening");
            }
            Ok(running)
        }
        Err(error) => {
            // When the error is known, the addresses are free again.
            running.stop();
            Err(error)
        }
    }
}

fn failed(worker: usize, reason: impl Display) -> ListenError {
    ListenError::Worker { worker, reason: reason.to_string() }
}

/// What the workers' parts of all listeners are made from.
struct Entrances<'a> {
    plan: &'a ListenPlan,
    occupancy: Arc<Occupancy>,
    drain: &'a Drain,
}

impl Entrances<'_> {
    /// The doors of each worker.
    fn posts(&self, bound: Vec<Bound>) -> Result<Vec<Vec<PostDoor>>, ListenError> {
        let mut posts: Vec<Vec<PostDoor>> = Vec::new();
        posts.resize_with(self.plan.workers.get(), Vec::new);
        for (door, bound) in self.plan.doors.iter().zip(bound) {
            let entrance = Arc::new(self.entrance(door, bound.address)?);
            let quic = |udp| {
                let (config, open) = (quic::config(door, &entrance)?, self.occupancy.open_door());
                Ok(QuicPost { udp, config, open })
            };
            let mut quic = bound.udp.map(quic).transpose()?;
            for (post, tcp) in posts.iter_mut().zip(bound.tcp) {
                let (entrance, open) = (Arc::clone(&entrance), self.occupancy.open_door());
                // The first worker serves QUIC.
                post.push(PostDoor { entrance, tcp, open, quic: quic.take() });
            }
        }
        Ok(posts)
    }

    fn entrance(&self, door: &DoorPlan, address: SocketAddr) -> Result<Entrance, ListenError> {
        let tls = door.identity.as_ref().map(|identity| identity.for_tcp(door.protocols)).transpose();
        Ok(Entrance {
            tls: tls.map_err(|source| ListenError::Tls { address, source })?,
            protocols: door.protocols,
            alt_svc: door.protocols.contains(Wire::H3).then(|| alt_svc(address.port())),
            limits: Arc::clone(&self.plan.limits),
            metrics: Arc::clone(&self.plan.metrics),
            occupancy: Arc::clone(&self.occupancy),
            drain: self.drain.clone(),
        })
    }
}

/// The same port by QUIC, for a day (RFC 7838).
fn alt_svc(port: u16) -> HeaderValue {
    HeaderValue::try_from(format!("h3=\":{port}\"; ma=86400")).expect("digits and punctuation")
}

// === impl Post ===

impl<F> Post<F> {
    fn work<H, E>(mut self, report: &Report)
    where
        H: Handler,
        F: Fn(usize) -> Result<H, E>,
        E: Display,
    {
        let prepared = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| failed(self.worker, error))
            .and_then(|runtime| self.prepare(&runtime).map(|doors| (runtime, doors)));
        let (runtime, doors) = match prepared {
            Ok(prepared) => prepared,
            // Whoever started us reads all reports, or has stopped listening to them.
            Err(error) => return drop(report.send(Err(error))),
        };
        drop(report.send(Ok(())));
        runtime.block_on(async {
            // An error: whoever started us is gone. That is an order to stop.
            if let Ok(order) = self.orders.wait_for(|order| *order != Order::Hold).await.map(|order| *order)
                && order == Order::Serve
            {
                doors.into_iter().for_each(Opened::serve);
                drop(self.orders.wait_for(|order| *order == Order::Stop).await);
            }
        });
        runtime.shutdown_timeout(LEAVE);
    }

    /// Makes the handler and hands the sockets to the runtime.
    fn prepare<H, E>(&mut self, runtime: &Runtime) -> Result<Vec<Opened<H>>, ListenError>
    where
        H: Handler,
        F: Fn(usize) -> Result<H, E>,
        E: Display,
    {
        let _within = runtime.enter();
        let sweep = Arc::<Sweep>::default();
        let handler = (self.factory)(self.worker).map_err(|error| failed(self.worker, error))?;
        let doors = std::mem::take(&mut self.doors).into_iter();
        doors
            .map(|post| {
                Opened::new(post, handler.clone(), &sweep).map_err(|error| failed(self.worker, error))
            })
            .collect()
    }
}

/// A worker's part of one listener, ready to serve.
struct Opened<H> {
    door: Arc<Door<H>>,
    tcp: (tokio::net::TcpListener, OpenDoor),
    quic: Option<(QuicDoor<H>, OpenDoor)>,
}

impl<H: Handler> Opened<H> {
    fn new(post: PostDoor, handler: H, sweep: &Arc<Sweep>) -> io::Result<Self> {
        let door = Arc::new(Door { entrance: post.entrance, handler, sweep: Arc::clone(sweep) });
        let tcp = (tokio::net::TcpListener::from_std(post.tcp)?, post.open);
        let quic = |quic: QuicPost| {
            QuicDoor::new(Arc::clone(&door), quic.udp, quic.config).map(|door| (door, quic.open))
        };
        Ok(Self { quic: post.quic.map(quic).transpose()?, door, tcp })
    }

    fn serve(self) {
        let (tcp, open) = self.tcp;
        tokio::spawn(self.door.serve(tcp, open));
        if let Some((quic, open)) = self.quic {
            tokio::spawn(quic.serve(open));
        }
    }
}
