//! A gateway of scripts: what an exchange does is an async function.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use downstream::{
    BodyError, ConnectionInfo, Drain, Emission, Exchange, Handler, Limits, OctetLedger, Opening, Protocol,
    Refusal, RequestBody, Security, Window,
};
use h1_adapter::server::{ServeError, Service, serve};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use progress_core::interim::InterimHead;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

pub(crate) type Content = UnsyncBoxBody<Bytes, BodyError>;
type Act = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The handler: plays one script for every request.
#[derive(Clone)]
pub(crate) struct Scripted {
    script: Arc<dyn Fn(Request<RequestBody>, Say) -> Act + Send + Sync>,
    pub(crate) log: Arc<Mutex<Log>>,
}

/// What the handler saw.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Method, target and protocol of each request.
    pub(crate) opened: Vec<(String, Protocol)>,
    pub(crate) refused: Vec<Refusal>,
    /// Interim heads that a closed window kept back.
    pub(crate) withheld: usize,
    /// Exchanges that were dropped before their final response.
    pub(crate) abandoned: usize,
}

/// The script's voice.
#[derive(Clone)]
pub(crate) struct Say(Arc<Mutex<Mouth>>);

#[derive(Default)]
struct Mouth {
    emission: Option<Emission<Content>>,
    finished: bool,
    waker: Option<Waker>,
}

pub(crate) struct Play {
    act: Act,
    say: Say,
    log: Arc<Mutex<Log>>,
}

impl Scripted {
    pub(crate) fn new<F, A>(script: F) -> Self
    where
        F: Fn(Request<RequestBody>, Say) -> A + Send + Sync + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let script = Arc::new(move |request, say| Box::pin(script(request, say)) as Act);
        Self { script, log: Arc::default() }
    }

    /// Reads the content and tells what came: `METHOD TARGET CONTENT`.
    pub(crate) fn echo() -> Self {
        Self::new(|request, say| async move {
            let (head, body) = request.into_parts();
            let response = match body.collect().await {
                Ok(content) => {
                    let content = String::from_utf8_lossy(&content.to_bytes()).into_owned();
                    text(200, &format!("{} {} {content}", head.method, head.uri))
                }
                Err(error) => text(status_of(&error), &error.to_string()),
            };
            say.finish(response);
        })
    }
}

/// The status by which the gateway answers for content that cannot be read.
fn status_of(error: &BodyError) -> u16 {
    match error {
        BodyError::TooLarge => 413,
        BodyError::TooSlow => 408,
        _ => 400,
    }
}

impl Handler for Scripted {
    type Body = Content;
    type Exchange = Play;

    fn open(&self, request: Request<RequestBody>, opening: Opening) -> Play {
        let told = format!("{} {}", request.method(), request.uri());
        self.log.lock().unwrap().opened.push((told, opening.protocol));
        let say = Say(Arc::default());
        Play { act: (self.script)(request, say.clone()), say, log: Arc::clone(&self.log) }
    }

    fn refuse(&self, refusal: Refusal, _: Protocol, _: &ConnectionInfo) -> Response<Bytes> {
        self.log.lock().unwrap().refused.push(refusal);
        let mut response = text(refusal.status().as_u16(), "").map(|_| Bytes::from("refused"));
        response.headers_mut().insert("x-why", refusal.to_string().parse().unwrap());
        response
    }
}

impl Exchange for Play {
    type Body = Content;

    fn poll_emission(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        window: Window,
    ) -> Poll<Emission<Content>> {
        loop {
            let acted = self.act.as_mut().poll(cx);
            let mut mouth = self.say.0.lock().unwrap();
            match mouth.emission.take() {
                Some(Emission::Interim(_)) if window != Window::Open => {
                    self.log.lock().unwrap().withheld += 1;
                    // The script goes on as if it had been said: the newest wins.
                }
                Some(emission) => {
                    mouth.finished = matches!(emission, Emission::Final(_));
                    return Poll::Ready(emission);
                }
                None => {
                    assert!(acted.is_pending(), "the script ended without a final response");
                    return Poll::Pending;
                }
            }
            if let Some(waker) = mouth.waker.take() {
                waker.wake();
            }
        }
    }

    fn interim_written(self: Pin<&mut Self>, _: Instant) {}
}

impl Drop for Play {
    fn drop(&mut self) {
        if !self.say.0.lock().unwrap().finished {
            self.log.lock().unwrap().abandoned += 1;
        }
    }
}

impl Say {
    /// Says an interim head; comes back when it has been taken or withheld.
    pub(crate) async fn interim(&self, head: InterimHead) {
        self.0.lock().unwrap().emission = Some(Emission::Interim(head));
        std::future::poll_fn(|cx| {
            let mut mouth = self.0.lock().unwrap();
            if mouth.emission.is_none() {
                return Poll::Ready(());
            }
            mouth.waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    pub(crate) fn finish(&self, response: Response<Content>) {
        self.0.lock().unwrap().emission = Some(Emission::Final(response));
    }
}

/// A response with a date that never changes.
pub(crate) fn respond(status: u16, content: Content) -> Response<Content> {
    let mut response = Response::new(content);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response.headers_mut().insert("date", "Thu, 01 Jan 1970 00:00:00 GMT".parse().unwrap());
    response
}

pub(crate) fn text(status: u16, content: &str) -> Response<Content> {
    let content = Full::new(Bytes::from(content.to_owned()));
    respond(status, content.map_err(|never| match never {}).boxed_unsync())
}

/// How the tests see that date.
pub(crate) const DATE: &str = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";

/// The octets of [`text`] on the wire, without `Connection: close`.
pub(crate) fn wire(line: &str, content: &str) -> String {
    format!("HTTP/1.1 {line}\r\n{DATE}Content-Length: {}\r\n\r\n{content}", content.len())
}

/// The octets of [`text`] on the wire when the connection ends with it.
pub(crate) fn last_wire(line: &str, content: &str) -> String {
    wire(line, content).replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1)
}

/// One connection under test.
pub(crate) struct Bench {
    pub(crate) handler: Scripted,
    pub(crate) security: Security,
    pub(crate) limits: Limits,
    pub(crate) drain: Drain,
    pub(crate) ledger: Option<Arc<OctetLedger>>,
}

impl Bench {
    pub(crate) fn new(handler: Scripted) -> Self {
        let limits = Limits { body_size: 1 << 20, ..Limits::default() };
        Self { handler, security: Security::Cleartext, limits, drain: Drain::new(), ledger: None }
    }

    pub(crate) fn service(&self) -> Service<Scripted> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let connection = ConnectionInfo {
            peer: address,
            local: address,
            security: self.security,
            alt_svc: None,
            client_certificate: None,
        };
        Service {
            handler: self.handler.clone(),
            connection: Arc::new(connection),
            drain: self.drain.watch(),
            limits: Arc::new(self.limits.clone()),
            ledger: self.ledger.clone(),
        }
    }

    /// Serves `io` in a task.
    pub(crate) fn serve<S>(&self, io: S) -> JoinHandle<Result<(), ServeError>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        tokio::spawn(serve(io, Bytes::new(), self.service()))
    }

    /// A client, and a server that can hold `buffer` octets between them.
    pub(crate) fn connect(&self, buffer: usize) -> (DuplexStream, JoinHandle<Result<(), ServeError>>) {
        let (client, server) = tokio::io::duplex(buffer);
        (client, self.serve(server))
    }

    /// Sends `octets` and reads to the end of the connection.
    pub(crate) async fn talk(&self, octets: &[u8]) -> String {
        let (mut client, _server) = self.connect(1 << 20);
        // A refusal may end the connection before everything is sent.
        let _ = client.write_all(octets).await;
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// Reads exactly what is expected, or fails with what came.
pub(crate) async fn expect(client: &mut (impl AsyncRead + Unpin), expected: &str) {
    let mut came = Vec::new();
    while came.len() < expected.len() {
        let mut octet = [0; 1];
        match client.read(&mut octet).await {
            Ok(1) => came.push(octet[0]),
            end => panic!("{end:?} after {:?}", String::from_utf8_lossy(&came)),
        }
        assert!(
            expected.as_bytes().starts_with(&came),
            "expected {expected:?}\n    came {:?}",
            String::from_utf8_lossy(&came)
        );
    }
}

/// Reads the end of the connection.
pub(crate) async fn expect_end(client: &mut (impl AsyncRead + Unpin)) {
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&rest), "");
}
