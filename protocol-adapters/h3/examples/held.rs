//! What a held request costs: memory, and processor time and datagrams per head.
//!
//! `cargo run --release -p h3-adapter --example held [CONNECTIONS [BEATS [audited]]]` holds 100
//! requests on each connection; `audited` has acknowledgements counted (INT-18). The clients are a
//! process of their own, which this one starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use downstream::{
    Alarm, Audit, ConnectionInfo, Drain, Emission, Exchange, Handler, Limits, Opening, Protocol, Refusal,
    RequestBody, Security, Source, Window,
};
use h3_adapter::{Service, serve, server_config};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use progress_core::interim::InterimHead;
use quinn::crypto::rustls::QuicClientConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, downstream::BodyError>;

/// Requests on each connection.
const STREAMS: u64 = 100;
/// The time between two heads of a request, once they begin.
const BEAT: Duration = Duration::from_millis(250);

/// Counts what is held and said, and tells when to begin.
#[derive(Default)]
struct Board {
    open: AtomicU64,
    said: AtomicU64,
    /// Beats that are to be said.
    beats: AtomicU64,
    wakers: Mutex<Vec<std::task::Waker>>,
}

/// Counts what is acknowledged.
#[derive(Debug, Default)]
struct Ledger {
    acknowledged: AtomicU64,
}

impl Audit for Ledger {
    fn written(&self) {}

    fn acknowledged(&self, _: Source, _: Duration) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    fn lost(&self, _: usize) {}
}

#[derive(Clone)]
struct Holder(Arc<Board>);

struct Held {
    board: Arc<Board>,
    alarm: Alarm,
    next: Option<Instant>,
    grid: Instant,
    left: u64,
}

impl Handler for Holder {
    type Body = Body;
    type Exchange = Held;

    fn open(&self, _: Request<RequestBody>, opening: Opening) -> Held {
        self.0.open.fetch_add(1, Ordering::Relaxed);
        let grid = opening.pulse.grid();
        Held { board: Arc::clone(&self.0), alarm: opening.pulse.alarm(), next: None, grid, left: 0 }
    }

    fn refuse(&self, refusal: Refusal, _: Protocol, _: &ConnectionInfo) -> Response<Bytes> {
        Response::new(refusal.to_string().into())
    }
}

impl Exchange for Held {
    type Body = Body;

    fn poll_emission(mut self: Pin<&mut Self>, cx: &mut Context<'_>, window: Window) -> Poll<Emission<Body>> {
        let now = tokio::time::Instant::now().into_std();
        let Some(next) = self.next else {
            self.left = self.board.beats.load(Ordering::Relaxed);
            if self.left == 0 {
                self.board.wakers.lock().expect("nobody panics").push(cx.waker().clone());
                return Poll::Pending;
            }
            let beats = now.duration_since(self.grid).as_nanos() / BEAT.as_nanos() + 1;
            let next = self.grid + BEAT * u32::try_from(beats).unwrap_or(u32::MAX);
            self.next = Some(next);
            self.alarm.set(Some(next), cx);
            return Poll::Pending;
        };
        if now < next || window != Window::Open || self.left == 0 {
            return Poll::Pending;
        }
        self.left -= 1;
        self.next = Some(next + BEAT);
        self.alarm.set((self.left > 0).then_some(next + BEAT), cx);
        self.board.said.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Emission::Interim(InterimHead::heartbeat()))
    }

    fn interim_written(self: Pin<&mut Self>, _: Instant) {}
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("hold") => {
            let address = arguments.next().ok_or("an address is missing")?.parse()?;
            let connections = arguments.next().ok_or("a number is missing")?.parse()?;
            hold(address, connections).await
        }
        connections => {
            let connections = connections.map_or(Ok(50), str::parse)?;
            let beats = arguments.next().as_deref().map_or(Ok(20), str::parse)?;
            let audited = arguments.next().is_some_and(|word| word == "audited");
            measure(connections, beats, audited.then(Arc::default)).await
        }
    }
}

/// Serves, has a child process make the requests, and measures this one.
async fn measure(connections: u64, beats: u64, ledger: Option<Arc<Ledger>>) -> Result<(), Failure> {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let private = PrivateKeyDer::try_from(key.signing_key.serialize_der())?;
    let mut tls = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)?;
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let config = server_config(Arc::new(tls), &Limits::default())?;
    let endpoint = quinn::Endpoint::server(config, (Ipv4Addr::LOCALHOST, 0).into())?;
    let board = Arc::new(Board::default());
    let served = Arc::new(Mutex::new(Vec::new()));
    tokio::spawn(accept(endpoint.clone(), Holder(Arc::clone(&board)), Arc::clone(&served), ledger.clone()));

    let before = resident()?;
    let mut child = std::process::Command::new(std::env::current_exe()?)
        .args(["hold", &endpoint.local_addr()?.to_string(), &connections.to_string()])
        .stdin(Stdio::piped())
        .spawn()?;
    let held = connections * STREAMS;
    reached(&board.open, held).await;
    let each = (resident()? - before) / held;
    eprintln!("{held} requests held on {connections} connections: {each} octets each");

    let (processor, datagrams) = (processor_time()?, datagrams(&served));
    board.beats.store(beats, Ordering::Relaxed);
    board.wakers.lock().expect("nobody panics").drain(..).for_each(std::task::Waker::wake);
    reached(&board.said, held * beats).await;
    let heads = f64::from(u32::try_from(held * beats)?);
    let micros = processor_time()?.saturating_sub(processor).as_secs_f64() * 1e6 / heads;
    let sent = f64::from(u32::try_from(self::datagrams(&served) - datagrams)?) / heads;
    eprintln!("{heads} heads: {micros:.1} microseconds and {sent:.3} datagrams each");
    eprintln!("then {} octets each", (resident()? - before) / held);
    if let Some(ledger) = ledger {
        eprintln!("{} heads acknowledged", ledger.acknowledged.load(Ordering::Relaxed));
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}

async fn accept(
    endpoint: quinn::Endpoint,
    holder: Holder,
    served: Arc<Mutex<Vec<quinn::Connection>>>,
    ledger: Option<Arc<Ledger>>,
) {
    let limits = Arc::new(Limits::default());
    let drain = Drain::new();
    while let Some(incoming) = endpoint.accept().await {
        let Ok(connection) = incoming.await else { continue };
        served.lock().expect("nobody panics").push(connection.clone());
        let info = ConnectionInfo {
            peer: connection.remote_address(),
            local: (Ipv4Addr::LOCALHOST, 443).into(),
            security: Security::Tls,
            alt_svc: None,
            client_certificate: None,
        };
        let service = Service {
            handler: holder.clone(),
            connection: Arc::new(info),
            drain: drain.watch(),
            limits: Arc::clone(&limits),
            audit: ledger.clone().map(|ledger| -> Arc<dyn Audit> { ledger }),
        };
        tokio::spawn(serve(connection, service));
    }
}

/// The child: makes the requests and reads what comes, until it is killed.
async fn hold(address: SocketAddr, connections: u64) -> Result<(), Failure> {
    let mut tls = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
    let mut senders = Vec::new();
    for _ in 0..connections {
        let endpoint = quinn::Endpoint::client((Ipv4Addr::LOCALHOST, 0).into())?;
        let connection = endpoint.connect_with(config.clone(), address, "localhost")?.await?;
        let (mut driver, mut sender) = h3_adapter::client::connect(connection).await?;
        tokio::spawn(async move { std::future::poll_fn(|cx| driver.poll_close(cx)).await });
        for _ in 0..STREAMS {
            let mut stream = sender.send_request(Request::get("https://localhost/").body(())?).await?;
            stream.finish().await?;
            tokio::spawn(async move { while stream.recv_response().await.is_ok() {} });
        }
        senders.push(sender);
    }
    std::future::pending().await
}

async fn reached(count: &AtomicU64, goal: u64) {
    while count.load(Ordering::Relaxed) < goal {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // What is on its way settles.
    tokio::time::sleep(Duration::from_millis(500)).await;
}

fn datagrams(served: &Mutex<Vec<quinn::Connection>>) -> u64 {
    let served = served.lock().expect("nobody panics");
    served.iter().map(|connection| connection.stats().udp_tx.datagrams).sum()
}

/// Resident memory of this process in octets.
fn resident() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = status.split(' ').nth(1).ok_or("no such number")?.parse()?;
    Ok(pages * 4096)
}

/// Processor time of this process; its clock ticks are hundredths of a second.
fn processor_time() -> Result<Duration, Failure> {
    let status = std::fs::read_to_string("/proc/self/stat")?;
    let (_, numbers) = status.rsplit_once(')').ok_or("no such number")?;
    let ticks: u64 = numbers.split(' ').skip(12).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Takes any certificate: the parent made its own.
#[derive(Debug)]
struct Anyone;

impl rustls::client::danger::ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
