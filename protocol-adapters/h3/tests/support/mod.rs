//! A gateway that serves a script over real sockets, and clients for it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

pub mod clear;
pub mod client;
pub mod relay;
pub mod script;
pub mod witness;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use downstream::{Audit, ConnectionInfo, Drain, Handler, Limits, Security};
use h3_adapter::{ServeError, Service, serve, server_config, transport_config};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::mpsc;

use clear::AllClear;
use script::{Event, Plan, Script};
use witness::Witness;

/// A running gateway; it ends with the test.
pub struct Gateway {
    pub address: SocketAddr,
    pub drain: Drain,
    /// What the exchanges saw.
    pub events: mpsc::UnboundedReceiver<Event>,
    /// How connections ended.
    pub ends: mpsc::UnboundedReceiver<Result<(), ServeError>>,
    certificate: CertificateDer<'static>,
    config: quinn::ServerConfig,
    connections: Arc<Mutex<Vec<quinn::Connection>>>,
}

impl Gateway {
    /// Serves `plan` within the usual limits.
    pub fn start(plan: impl Plan) -> Self {
        Self::with_limits(plan, Limits::default())
    }

    pub fn with_limits(plan: impl Plan, limits: Limits) -> Self {
        Self::run(plan, limits, None)
    }

    /// Tells `witness` of all heads.
    pub fn watched(plan: impl Plan, witness: &Arc<Witness>) -> Self {
        Self::run(plan, Limits::default(), Some(Arc::clone(witness)))
    }

    fn run(plan: impl Plan, limits: Limits, witness: Option<Arc<Witness>>) -> Self {
        let (tls, certificate) = tls();
        let mut config = server_config(Arc::new(tls), &limits).expect("a configuration for QUIC");
        if let Some(witness) = &witness {
            let mut transport = transport_config(&limits);
            transport.congestion_controller_factory(Arc::new(AllClear(Arc::clone(witness))));
            config.transport_config(Arc::new(transport));
        }
        let endpoint =
            quinn::Endpoint::server(config.clone(), (Ipv4Addr::LOCALHOST, 0).into()).expect("a socket");
        let address = endpoint.local_addr().expect("an address");

        let drain = Drain::new();
        let (script, events) = Script::new(plan, witness.clone());
        let (ended, ends) = mpsc::unbounded_channel();
        let connections = Arc::default();
        let accept = Accept {
            endpoint,
            script,
            drain: drain.clone(),
            limits: Arc::new(limits),
            ended,
            connections: Arc::clone(&connections),
            witness,
        };
        tokio::spawn(accept.run());
        Self { address, drain, events, ends, certificate, config, connections }
    }

    /// The gateway's end of the connection that was made last.
    pub fn connection(&self) -> quinn::Connection {
        let connections = self.connections.lock().expect("no test panics while it holds this");
        connections.last().expect("there is a connection").clone()
    }

    /// The next thing an exchange saw.
    pub async fn event(&mut self) -> Event {
        within(self.events.recv()).await.expect("the gateway runs")
    }

    /// How the next connection to end did so.
    pub async fn end(&mut self) -> Result<(), ServeError> {
        within(self.ends.recv()).await.expect("the gateway runs")
    }

    pub fn config(&self) -> quinn::ServerConfig {
        self.config.clone()
    }

    pub fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }
}

/// A TLS configuration for `localhost`, and its certificate.
pub fn tls() -> (rustls::ServerConfig, CertificateDer<'static>) {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate = key.cert.der().clone();
    let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], private)
        .expect("the key fits");
    tls.alpn_protocols = vec![b"h3".to_vec()];
    (tls, certificate)
}

struct Accept {
    endpoint: quinn::Endpoint,
    script: Script,
    drain: Drain,
    limits: Arc<Limits>,
    ended: mpsc::UnboundedSender<Result<(), ServeError>>,
    connections: Arc<Mutex<Vec<quinn::Connection>>>,
    witness: Option<Arc<Witness>>,
}

impl Accept {
    async fn run(self) {
        while let Some(incoming) = self.endpoint.accept().await {
            // a witness's client proves its address, others need not.
            if self.witness.is_some() && incoming.may_retry() {
                incoming.retry().expect("it may be retried");
                continue;
            }
            let Ok(connection) = incoming.await else { continue };
            self.connections.lock().expect("no test panics while it holds this").push(connection.clone());
            let mut service = service(&connection, self.script.clone(), &self.drain, &self.limits);
            if let Some(witness) = &self.witness {
                let audit: Arc<dyn Audit> = Arc::clone(witness) as _;
                service.audit = Some(audit);
            }
            let ended = self.ended.clone();
            tokio::spawn(async move {
                let end = serve(connection, service).await;
                // A test that is over does not ask.
                let _ = ended.send(end);
            });
        }
    }
}

fn service<H: Handler>(
    connection: &quinn::Connection,
    handler: H,
    drain: &Drain,
    limits: &Arc<Limits>,
) -> Service<H> {
    let info = ConnectionInfo {
        peer: connection.remote_address(),
        local: (Ipv4Addr::LOCALHOST, 443).into(),
        security: Security::Tls,
        alt_svc: None,
        client_certificate: None,
    };
    Service {
        handler,
        connection: Arc::new(info),
        drain: drain.watch(),
        limits: Arc::clone(limits),
        audit: None,
    }
}

/// Waits for something that has to come; a test that hangs says so.
pub async fn within<T>(waiting: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.expect("it comes in time")
}
