//! An origin that speaks HTTP/2 by prior knowledge.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Ping, PingPong, Reason, SendStream};
use http::Response;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(20);

/// The origin. Requests come out in the order in which they came in.
pub struct H2Origin {
    pub address: SocketAddr,
    requests: mpsc::UnboundedReceiver<H2Seen>,
}

/// A request as the origin sees it, with the means to answer it.
pub struct H2Seen {
    respond: SendResponse<Bytes>,
    content: Option<SendStream<Bytes>>,
    /// There with the first request of a connection.
    pings: Option<PingPong>,
}

impl H2Origin {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((io, _)) = listener.accept().await {
                tokio::spawn(serve(io, sender.clone()));
            }
        });
        Self { address, requests }
    }

    /// The next request.
    pub async fn next(&mut self) -> H2Seen {
        let next = tokio::time::timeout(PATIENCE, self.requests.recv()).await;
        next.expect("no request came to the origin").expect("the origin runs")
    }
}

impl H2Seen {
    /// Sends a final head and a part of what is to follow it.
    pub fn begin(&mut self, fields: &[(&'static str, &'static str)], part: &'static str) {
        let mut response = Response::new(());
        for (name, value) in fields {
            response.headers_mut().insert(*name, value.parse().expect("a value"));
        }
        let mut content = self.respond.send_response(response, false).expect("the stream is open");
        content.send_data(part.into(), false).expect("the stream is open");
        self.content = Some(content);
    }

    /// Waits until the gateway resets the stream: with which code.
    pub async fn reset(&mut self) -> Reason {
        let Self { respond, content, .. } = self;
        let reset = poll_fn(|cx| match content {
            Some(content) => content.poll_reset(cx),
            None => respond.poll_reset(cx),
        });
        let reset = tokio::time::timeout(PATIENCE, reset).await;
        reset.expect("the gateway keeps the stream").expect("the connection lives")
    }

    /// Whether the connection still carries something there and back.
    pub async fn is_connected(&mut self) -> bool {
        let pings = self.pings.as_mut().expect("the first request of its connection");
        let ping = tokio::time::timeout(PATIENCE, pings.ping(Ping::opaque())).await;
        ping.expect("no answer to a PING").is_ok()
    }
}

async fn serve(io: TcpStream, requests: mpsc::UnboundedSender<H2Seen>) {
    let mut connection = h2::server::handshake(io).await.expect("a preface");
    let mut pings = connection.ping_pong();
    while let Some(Ok((_, respond))) = connection.accept().await {
        if requests.send(H2Seen { respond, content: None, pings: pings.take() }).is_err() {
            return;
        }
    }
}
