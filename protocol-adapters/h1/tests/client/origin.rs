//! A scripted origin, and what the tests do at our end.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use downstream::{BodyError, RequestBody};
use h1_adapter::client::{ClientBody, ClientConnection, ClientError, ClientEvent, ClientExchange, Park};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};

/// A test that waits longer than this waits for something that will not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where connections go that can be used again.
#[derive(Debug)]
pub(crate) struct Pool<S>(pub(crate) Arc<Mutex<Vec<ClientConnection<S>>>>);

impl<S> Clone for Pool<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Park<S> for Pool<S> {
    fn park(&self, connection: ClientConnection<S>) {
        self.0.lock().expect("no panic").push(connection);
    }
}

impl<S> Pool<S> {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    pub(crate) fn take(&self) -> Option<ClientConnection<S>> {
        self.0.lock().expect("no panic").pop()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().expect("no panic").len()
    }
}

/// The origin's end of a connection.
pub(crate) struct Origin<S>(pub(crate) S);

/// A connection over loopback.
pub(crate) async fn connect() -> (ClientConnection<TcpStream>, Origin<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let ours = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("listening");
    let (theirs, _) = listener.accept().await.expect("connecting");
    ours.set_nodelay(true).expect("a socket");
    theirs.set_nodelay(true).expect("a socket");
    (ClientConnection::new(ours), Origin(theirs))
}

/// A connection in memory, for tests on the paused clock.
pub(crate) fn in_memory() -> (ClientConnection<DuplexStream>, Origin<DuplexStream>) {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    (ClientConnection::new(ours), Origin(theirs))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Origin<S> {
    /// Reads a request head.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.expect("a request head"));
        }
        String::from_utf8(head).expect("text")
    }

    /// Reads these octets, and only these.
    pub(crate) async fn expect(&mut self, octets: &[u8]) {
        let mut read = vec![0; octets.len()];
        self.0.read_exact(&mut read).await.expect("content");
        assert_eq!(String::from_utf8_lossy(&read), String::from_utf8_lossy(octets));
    }

    /// Writes.
    pub(crate) async fn say(&mut self, octets: impl AsRef<[u8]>) {
        self.0.write_all(octets.as_ref()).await.expect("the gateway reads");
    }

    /// Writes in parts that are read one by one, as far as loopback lets them.
    pub(crate) async fn say_in_parts(&mut self, octets: &[u8], size: usize) {
        for part in octets.chunks(size) {
            self.say(part).await;
            tokio::task::yield_now().await;
        }
    }

    /// Waits until the gateway closes; whatever it still sends is dropped.
    pub(crate) async fn closed(mut self) {
        let mut sink = [0; 1024];
        while matches!(within(self.0.read(&mut sink)).await, Ok(1..)) {}
    }
}

impl Origin<TcpStream> {
    /// Resets the connection.
    pub(crate) fn reset(self) {
        self.0.set_zero_linger().expect("a socket");
    }
}

/// `GET /`, without content.
pub(crate) fn get() -> Request<RequestBody> {
    request("GET", RequestBody::empty())
}

pub(crate) fn request(method: &str, body: RequestBody) -> Request<RequestBody> {
    Request::builder().method(method).uri("/a?b").header("host", "o.example").body(body).expect("a request")
}

/// Content of a known size.
pub(crate) fn sized(text: &'static str) -> RequestBody {
    RequestBody::new(Full::new(Bytes::from_static(text.as_bytes())).map_err(|never| match never {}))
}

/// The next event of an exchange.
pub(crate) async fn next<S, P>(exchange: &mut ClientExchange<S, P>) -> Result<ClientEvent<S, P>, ClientError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    P: Park<S>,
{
    within(poll_fn(|cx| exchange.poll_event(cx))).await
}

/// The next event, which must be an interim head.
pub(crate) async fn interim<S, P>(exchange: &mut ClientExchange<S, P>) -> (u16, HeaderMap)
where
    S: AsyncRead + AsyncWrite + Unpin,
    P: Park<S>,
{
    match next(exchange).await {
        Ok(ClientEvent::Informational(status, fields)) => (status.as_u16(), fields),
        Ok(ClientEvent::Response(response)) => panic!("a final {} came", response.status()),
        Err(error) => panic!("{error}"),
    }
}

/// The next event, which must be the final head.
pub(crate) async fn response<S, P>(exchange: &mut ClientExchange<S, P>) -> Response<ClientBody<S, P>>
where
    S: AsyncRead + AsyncWrite + Unpin,
    P: Park<S>,
{
    match next(exchange).await {
        Ok(ClientEvent::Response(response)) => response,
        Ok(ClientEvent::Informational(status, _)) => panic!("an interim {status} came"),
        Err(error) => panic!("{error}"),
    }
}

/// The next event, which must be an error.
pub(crate) async fn failure<S, P>(exchange: &mut ClientExchange<S, P>) -> ClientError
where
    S: AsyncRead + AsyncWrite + Unpin,
    P: Park<S>,
{
    match next(exchange).await {
        Err(error) => error,
        Ok(ClientEvent::Informational(status, _)) => panic!("an interim {status} came"),
        Ok(ClientEvent::Response(response)) => panic!("a final {} came", response.status()),
    }
}

/// All of a response's content, and its trailers.
pub(crate) async fn content<S, P>(
    response: Response<ClientBody<S, P>>,
) -> Result<(Bytes, Option<HeaderMap>), BodyError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    P: Park<S> + Unpin,
{
    let collected = within(response.into_body().collect()).await?;
    let trailers = collected.trailers().cloned();
    Ok((collected.to_bytes(), trailers))
}

/// Fails instead of hanging.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("it does not hang")
}
