//! Pools against servers that follow a script, over real sockets.

mod http1;
mod http1_faults;
mod http2;
mod http3;
mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, timeout};

use super::{Ask, Ending, Failure, Head, Pool, PoolLimits, Reading, Target, TlsTarget, Witness, trust};
use crate::scenario::Protocol;

/// What an exchange saw, in order. Content is put together.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Sent,
    Interim(u16, Option<String>),
    Answered(u16),
    Content(Vec<u8>),
}

/// Writes down what an exchange sees.
#[derive(Debug, Default)]
struct Recorder {
    events: Vec<Event>,
}

impl Witness for Recorder {
    fn sent(&mut self, _at: Instant) {
        self.events.push(Event::Sent);
    }

    fn interim(&mut self, head: Head<'_>, _at: Instant) {
        let progress = head.fields.get("progress").and_then(|value| value.to_str().ok());
        self.events.push(Event::Interim(head.status, progress.map(str::to_owned)));
    }

    fn answered(&mut self, head: Head<'_>, _at: Instant) {
        self.events.push(Event::Answered(head.status));
    }

    fn content(&mut self, octets: &[u8], _at: Instant) {
        match self.events.last_mut() {
            Some(Event::Content(content)) => content.extend_from_slice(octets),
            _ => self.events.push(Event::Content(octets.to_vec())),
        }
    }
}

/// Runs a test as the generator runs: on one thread, in a `LocalSet`. One that hangs says so.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let test = async { timeout(Duration::from_secs(20), test).await };
    runtime.block_on(LocalSet::new().run_until(test)).expect("it ends in time");
}

type Served = Pin<Box<dyn Future<Output = ()>>>;

/// Accepts connections and serves each by `script`, which is told how many came before.
async fn listen(script: impl Fn(TcpStream, usize) -> Served + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    spawn_local(async move {
        for nth in 0.. {
            let (tcp, _) = listener.accept().await.expect("a connection");
            spawn_local(script(tcp, nth));
        }
    });
    address
}

fn target(address: SocketAddr) -> Target {
    Target { address, authority: "a.example:80".to_owned(), tls: None }
}

fn limits(connections: usize, streams: usize) -> PoolLimits {
    PoolLimits { connections, streams, sources: Vec::new() }
}

fn get(path: &str) -> Ask {
    let fields = HeaderMap::from_iter([(
        http::HeaderName::from_static("prefer"),
        HeaderValue::from_static("processing"),
    )]);
    Ask {
        method: Method::GET,
        path: path.to_owned(),
        fields,
        content: 0,
        reading: Reading::Freely,
        ending: Ending::Open,
    }
}

fn post(path: &str, content: u64) -> Ask {
    Ask { method: Method::POST, content, ..get(path) }
}

/// One exchange: how it ended, and what it saw.
async fn exchange(pool: &Pool, ask: &Ask) -> (Result<(), Failure>, Vec<Event>) {
    let mut recorder = Recorder::default();
    let ended = pool.exchange(ask, &mut recorder).await;
    (ended, recorder.events)
}

/// Begins an exchange beside the test; to abort the task is to drop the exchange.
fn begin(pool: &Pool, ask: Ask) -> tokio::task::JoinHandle<(Result<(), Failure>, Vec<Event>)> {
    let pool = pool.clone();
    spawn_local(async move { exchange(&pool, &ask).await })
}

fn interim(progress: &str) -> Event {
    Event::Interim(102, Some(progress.to_owned()))
}

fn content(text: &str) -> Event {
    Event::Content(text.as_bytes().to_vec())
}

/// A certificate for `localhost`, and a server's configuration with it.
struct Identity {
    pem: String,
    config: rustls::ServerConfig,
}

fn identity(alpn: &[&[u8]]) -> Identity {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let chain: Vec<CertificateDer<'static>> = vec![made.cert.der().clone()];
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let mut config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("the key fits");
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Identity { pem: made.cert.pem(), config }
}

fn secured(address: SocketAddr, pem: &str) -> Target {
    let config = trust::given(pem.as_bytes()).expect("a root");
    let name = "localhost".try_into().expect("a name");
    Target { address, authority: "localhost".to_owned(), tls: Some(TlsTarget { name, config }) }
}

/// A list that a script appends to and the test reads.
type Seen<T> = Rc<std::cell::RefCell<Vec<T>>>;

#[test]
fn source_addresses_are_taken_in_turn() {
    run(async {
        let peers: Seen<String> = Seen::default();
        let seen = Rc::clone(&peers);
        let address = listen(move |tcp, _| {
            let peer = tcp.peer_addr().expect("a peer").ip().to_string();
            seen.borrow_mut().push(peer);
            Box::pin(http1::answer(tcp, "HTTP/1.1 204 No Content\r\n\r\n"))
        })
        .await;
        let sources = ["127.0.0.2", "127.0.0.3"].map(|text| text.parse().expect("an address")).to_vec();
        let limits = PoolLimits { sources, ..limits(1, 1) };
        let pool = Pool::new(Protocol::Http10, target(address), limits);
        for _ in 0..3 {
            assert_eq!(exchange(&pool, &get("/")).await.0, Ok(()));
        }
        assert_eq!(*peers.borrow(), ["127.0.0.2", "127.0.0.3", "127.0.0.2"]);
    });
}
