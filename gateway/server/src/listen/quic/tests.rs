use std::net::Ipv4Addr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use downstream::{Drain, Limits};
use jiff::Timestamp;
use quinn::ClientConfig;
use quinn::crypto::rustls::QuicClientConfig;
use rustls::RootCertStore;
use rustls::crypto::ring::default_provider;
use rustls::version::TLS13;
use status_store::{Bounds, MemoryStore, Store};
use tokio::net;

use super::*;
use crate::admin::{Admin, Watched};
use crate::config::{Protocols, TlsSettings};
use crate::listen::bind::bind;
use crate::listen::occupancy::{Caps, Occupancy};
use crate::metrics::Metrics;
use crate::operations::{Operations, Origin};
use crate::tls::Identity;

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

fn watched(metrics: Arc<Metrics>) -> Watched {
    let bounds = Bounds { maximum_operations: 0, maximum_size: 0, retention: Duration::ZERO };
    let store = Store::Memory(MemoryStore::new(bounds));
    let operations = Operations::new(store, Origin::new(None, "/.operations/"), Arc::clone(&metrics));
    Watched { metrics, operations }
}

/// An endpoint in the test's own runtime.
struct Server {
    address: SocketAddr,
    half_open: Arc<AtomicUsize>,
    client: Endpoint,
}

impl Server {
    fn start(caps: Caps) -> Self {
        let names = TlsSettings::SelfSigned(vec!["localhost".to_owned()]);
        let identity = Identity::load(&names, status_store::clock::now()).unwrap();
        let plan =
            DoorPlan { address: LOOPBACK, protocols: Protocols::OVER_TLS, identity: Some(identity.clone()) };
        let bound = bind(&plan, NonZeroUsize::MIN).unwrap();
        let metrics = Arc::new(Metrics::new(&[], &[], Timestamp::UNIX_EPOCH).unwrap());
        let (drain, occupancy) = (Drain::new(), Occupancy::new(caps));
        let entrance = Entrance {
            tls: None,
            protocols: plan.protocols,
            alt_svc: None,
            limits: Arc::new(Limits::default()),
            metrics: Arc::clone(&metrics),
            occupancy: Arc::clone(&occupancy),
            drain: drain.clone(),
        };
        let config = config(&plan, &entrance).unwrap();
        let handler = Admin::new(watched(metrics), drain);
        let door = Arc::new(Door { entrance: Arc::new(entrance), handler, sweep: Arc::default() });
        let quic = QuicDoor::new(door, bound.udp.unwrap(), config).unwrap();
        let half_open = Arc::clone(&quic.half_open);
        tokio::spawn(quic.serve(occupancy.open_door()));
        Self { address: bound.address, half_open, client: client(&identity) }
    }

    /// Waits until so many handshakes are open; at most as long as one may take.
    async fn until_half_open(&self, count: usize) {
        let reached = async {
            while self.half_open.load(Ordering::Relaxed) != count {
                tokio::task::yield_now().await;
            }
        };
        timeout(BUDGET, reached).await.unwrap();
    }

    async fn connect(&self, relay: &Relay) -> Result<Connection, quinn::ConnectionError> {
        self.client.connect(relay.address, "localhost").unwrap().await
    }
}

fn client(identity: &Identity) -> Endpoint {
    let mut roots = RootCertStore::empty();
    roots.add(identity.certificate().clone()).unwrap();
    let mut tls = rustls::ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let mut endpoint = Endpoint::client(LOOPBACK).unwrap();
    endpoint.set_default_client_config(ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap())));
    endpoint
}

/// What becomes of the server's answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    Passed,
    Lost,
}

/// Passes datagrams on to the server. Counts the Retry packets among the answers.
struct Relay {
    address: SocketAddr,
    retries: Arc<AtomicUsize>,
}

impl Relay {
    async fn new(server: SocketAddr, answers: Answers) -> Self {
        let socket = net::UdpSocket::bind(LOOPBACK).await.unwrap();
        let relay = Self { address: socket.local_addr().unwrap(), retries: Arc::default() };
        let retries = Arc::clone(&relay.retries);
        tokio::spawn(async move {
            let (mut buffer, mut client) = ([0; 2048], None);
            loop {
                let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
                let datagram = &buffer[..length];
                if from != server {
                    client = Some(from);
                    socket.send_to(datagram, server).await.unwrap();
                } else if answers == Answers::Passed {
                    // RFC 9000 17.2: a long header of type 3.
                    if datagram[0] & 0xb0 == 0xb0 {
                        retries.fetch_add(1, Ordering::Relaxed);
                    }
                    socket.send_to(datagram, client.unwrap()).await.unwrap();
                }
            }
        });
        relay
    }

    fn retries(&self) -> usize {
        self.retries.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn q02_with_too_many_half_open_handshakes_clients_prove_their_address_first() {
    let server = Server::start(Caps::default());
    let relay = Relay::new(server.address, Answers::Passed).await;
    server.connect(&relay).await.unwrap();
    assert_eq!(relay.retries(), 0, "nobody has to prove anything yet");

    let flood: Vec<HalfOpen> =
        (0..=h3_adapter::HALF_OPEN).map(|_| HalfOpen::new(&server.half_open)).collect();
    let relay = Relay::new(server.address, Answers::Passed).await;
    server.connect(&relay).await.unwrap();
    assert_eq!(relay.retries(), 1);

    drop(flood);
    let relay = Relay::new(server.address, Answers::Passed).await;
    server.connect(&relay).await.unwrap();
    assert_eq!(relay.retries(), 0, "the flood is over");
}

#[tokio::test]
async fn q02_a_handshake_counts_as_half_open_until_it_ends() {
    let server = Server::start(Caps::default());
    let deaf = Relay::new(server.address, Answers::Lost).await;
    let handshakes: Vec<Connecting> =
        (0..3).map(|_| server.client.connect(deaf.address, "localhost").unwrap()).collect();
    server.until_half_open(3).await;
    // One that succeeds comes and goes.
    let relay = Relay::new(server.address, Answers::Passed).await;
    server.connect(&relay).await.unwrap();
    server.until_half_open(3).await;
    drop(handshakes);
}

#[tokio::test]
async fn q01_where_seats_are_counted_by_address_everybody_proves_theirs() {
    let server = Server::start(Caps { connections: None, per_address: NonZeroU32::new(8) });
    let relay = Relay::new(server.address, Answers::Passed).await;
    server.connect(&relay).await.unwrap();
    assert_eq!(relay.retries(), 1);
}
