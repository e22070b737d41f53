//! A gateway with a handler that says what it sees.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use downstream::{
    BodyError, ConnectionInfo, Drain, Emission, Exchange, Handler, Limits, Opening, Phase, Protocol, Refusal,
    RequestBody, Window,
};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::MapErr;
use http_body_util::{BodyExt, Full};
use progress_gateway::config::{Protocols, TlsSettings};
use progress_gateway::listen::{self, Caps, DoorPlan, ListenPlan, Running};
use progress_gateway::metrics::Metrics;
use progress_gateway::tls::Identity;
use rustls_pki_types::CertificateDer;

/// Far longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// A gateway that listens on port 0 of the loopback address.
pub(crate) struct Gateway {
    pub(crate) running: Running,
    pub(crate) drain: Drain,
    pub(crate) metrics: Arc<Metrics>,
    /// Paths of the requests that were opened, as they are opened.
    pub(crate) opened: mpsc::Receiver<String>,
    certificate: Option<CertificateDer<'static>>,
}

/// How a test's gateway differs from the usual one.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) caps: Caps,
    pub(crate) limits: Limits,
}

impl Gateway {
    pub(crate) fn over_tls(protocols: Protocols) -> Self {
        let identity = Identity::load(
            &TlsSettings::SelfSigned(vec!["localhost".to_owned()]),
            status_store::clock::now(),
        );
        Self::start(door(protocols, Some(identity.unwrap())), Setup::default())
    }

    pub(crate) fn cleartext() -> Self {
        Self::start(door(Protocols::CLEARTEXT, None), Setup::default())
    }

    pub(crate) fn start(door: DoorPlan, setup: Setup) -> Self {
        let metrics = Arc::new(Metrics::new(&[], &[], status_store::clock::now()).unwrap());
        let certificate = door.identity.as_ref().map(|identity| identity.certificate().clone());
        let plan = plan(door, setup, Arc::clone(&metrics));
        let drain = Drain::new();
        let (tell, opened) = mpsc::channel();
        let watched = drain.clone();
        let factory =
            move |worker| Ok::<_, Infallible>(Echo { worker, opened: tell.clone(), drain: watched.clone() });
        let running = listen::start(&plan, factory, &drain).unwrap();
        Self { running, drain, metrics, opened, certificate }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.local_addrs()[0]
    }

    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        self.certificate.as_ref().unwrap()
    }

    /// The value of one series, as `name{label="value"}` without the prefix.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let text = self.metrics.text().unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("progress_gateway_{series} ")));
        line.unwrap_or_else(|| panic!("{series} is not in {text}")).parse().unwrap()
    }

    /// Waits until a request with this path is open.
    pub(crate) async fn opened(&self, path: &str) {
        let is_open = || self.opened.try_iter().any(|opened| opened == path);
        assert!(eventually(is_open).await, "{path} does not arrive");
    }

    /// Waits until a series has a value: connections end a moment after their client sees it.
    pub(crate) async fn until(&self, series: &str, value: f64) {
        #[expect(clippy::float_cmp, reason = "counts are exact")]
        let reached = eventually(|| self.metric(series) == value).await;
        assert!(reached, "{series} is {} and not {value}", self.metric(series));
    }
}

/// Whether something becomes true, sooner or later.
pub(crate) async fn eventually(is_so: impl Fn() -> bool) -> bool {
    let wait = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.is_ok()
}

pub(crate) fn door(protocols: Protocols, identity: Option<Identity>) -> DoorPlan {
    DoorPlan { address: SocketAddr::from(([127, 0, 0, 1], 0)), protocols, identity }
}

/// Two workers, whatever the machine has.
pub(crate) fn plan(door: DoorPlan, setup: Setup, metrics: Arc<Metrics>) -> ListenPlan {
    ListenPlan {
        doors: vec![door],
        workers: NonZeroUsize::new(2).unwrap(),
        limits: Arc::new(setup.limits),
        caps: setup.caps,
        metrics,
    }
}

/// `/` is answered at once, `/wait` when the drain concludes, `/hold` never, and `/panic` panics.
#[derive(Clone)]
pub(crate) struct Echo {
    pub(crate) worker: usize,
    pub(crate) opened: mpsc::Sender<String>,
    pub(crate) drain: Drain,
}

pub(crate) struct Answer(Pin<Box<dyn Future<Output = Response<Content>> + Send>>);

type Content = MapErr<Full<Bytes>, fn(Infallible) -> BodyError>;

impl Handler for Echo {
    type Body = Content;
    type Exchange = Answer;

    fn open(&self, request: Request<RequestBody>, opening: Opening) -> Answer {
        let path = request.uri().path().to_owned();
        assert!(path != "/panic", "as the test wants it");
        // A test that does not ask has gone: nobody has to be told.
        let _ = self.opened.send(path.clone());
        let text = format!(
            "worker {} {} {:?} alt-svc {:?}",
            self.worker,
            opening.protocol.label(),
            opening.connection.security,
            opening.connection.alt_svc
        );
        let mut watch = self.drain.watch();
        Answer(Box::pin(async move {
            match path.as_str() {
                "/wait" => {
                    std::future::poll_fn(|cx| watch.poll_reached(Phase::Concluding, cx)).await;
                    answer(StatusCode::ACCEPTED, "concluded")
                }
                "/hold" => pending().await,
                _ => answer(StatusCode::OK, &text),
            }
        }))
    }

    fn refuse(&self, refusal: Refusal, _: Protocol, _: &ConnectionInfo) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = refusal.status();
        response
    }
}

fn answer(status: StatusCode, text: &str) -> Response<Content> {
    let content = Full::new(Bytes::copy_from_slice(text.as_bytes()));
    let mut response = Response::new(content.map_err(never as fn(Infallible) -> BodyError));
    *response.status_mut() = status;
    response
}

fn never(never: Infallible) -> BodyError {
    match never {}
}

impl Exchange for Answer {
    type Body = Content;

    fn poll_emission(mut self: Pin<&mut Self>, cx: &mut Context<'_>, _: Window) -> Poll<Emission<Content>> {
        self.0.as_mut().poll(cx).map(Emission::Final)
    }

    fn interim_written(self: Pin<&mut Self>, _: Instant) {}
}
