//! Clients that see every head: raw HTTP/1, and the `h2` and `h3` crates.

mod http1;
mod http2;
mod http3;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How long a test waits for what must come: far longer than it takes, far shorter than for ever.
const PATIENCE: Duration = Duration::from_secs(20);

/// A version of HTTP to ask in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Http10,
    Http11,
    H2,
    H3,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: Method,
    pub path: String,
    pub fields: Vec<(&'static str, String)>,
    pub body: Bytes,
    /// How long the client rests in the middle of its content.
    pub rest: Option<Duration>,
}

/// The head of a response.
#[derive(Clone, Debug)]
pub struct Head {
    pub status: u16,
    pub fields: HeaderMap,
}

/// What a client is told.
#[derive(Debug)]
pub enum Event {
    Interim(Head),
    Final(Head, Bytes),
    /// The response broke off, or the connection did.
    Broken(String),
}

/// Where to ask, and whom to trust.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    pub trusted: Arc<rustls::RootCertStore>,
}

/// A request under way. Dropping it is going away.
pub struct Talk {
    events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
}

/// A whole response.
#[derive(Debug)]
pub struct Heard {
    pub interims: Vec<Head>,
    pub last: Head,
    pub body: Bytes,
}

impl Ask {
    pub fn get(path: &str) -> Self {
        Self {
            method: Method::GET,
            path: path.to_owned(),
            fields: Vec::new(),
            body: Bytes::new(),
            rest: None,
        }
    }

    pub fn post(path: &str, body: &str) -> Self {
        let body = Bytes::copy_from_slice(body.as_bytes());
        Self { method: Method::POST, body, ..Self::get(path) }
    }

    pub fn method(mut self, method: &Method) -> Self {
        self.method = method.clone();
        self
    }

    pub fn field(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    pub fn resting(mut self, rest: Duration) -> Self {
        self.rest = Some(rest);
        self
    }

    /// The content, in two halves if the client rests between them.
    fn halves(&self) -> (Bytes, Option<(Duration, Bytes)>) {
        let Some(rest) = self.rest else { return (self.body.clone(), None) };
        let mut first = self.body.clone();
        let second = first.split_off(first.len() / 2);
        (first, Some((rest, second)))
    }

    pub fn prefer(self, value: &str) -> Self {
        self.field("prefer", value)
    }
}

impl Head {
    /// A field's value; empty if it is not there.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

impl Target {
    /// Begins a request on a connection of its own.
    pub fn begin(&self, wire: Wire, ask: Ask) -> Talk {
        let (sender, events) = mpsc::channel(64);
        let target = self.clone();
        let task = tokio::spawn(async move {
            let ended = match wire {
                Wire::Http10 | Wire::Http11 => http1::ask(&target, wire, &ask, &sender).await,
                Wire::H2 => http2::ask(&target, &ask, &sender).await,
                Wire::H3 => http3::ask(&target, &ask, &sender).await,
            };
            let last = match ended {
                Ok((head, body)) => Event::Final(head, body),
                Err(error) => Event::Broken(error.to_string()),
            };
            // Whoever went away hears no more.
            let _ = sender.send(last).await;
        });
        Talk { events, task }
    }

    /// Asks and waits for the whole response.
    pub async fn ask(&self, wire: Wire, ask: Ask) -> Heard {
        self.begin(wire, ask).rest().await
    }
}

impl Talk {
    /// The next event.
    pub async fn next(&mut self) -> Event {
        let event = tokio::time::timeout(PATIENCE, self.events.recv()).await;
        event.expect("nothing came").expect("a last event")
    }

    /// The next event, which must be an interim head.
    pub async fn interim(&mut self) -> Head {
        match self.next().await {
            Event::Interim(head) => head,
            other => panic!("an interim head was to come, not {other:?}"),
        }
    }

    /// Everything up to the end.
    pub async fn rest(mut self) -> Heard {
        let mut interims = Vec::new();
        loop {
            match self.next().await {
                Event::Interim(head) => interims.push(head),
                Event::Final(last, body) => return Heard { interims, last, body },
                Event::Broken(error) => panic!("the response broke off: {error}; before: {interims:?}"),
            }
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The error of a client: any.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
/// Where a client reports interim heads.
pub type Report = mpsc::Sender<Event>;

fn tls(target: &Target, alpn: &[u8]) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(Arc::clone(&target.trusted))
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    config
}
