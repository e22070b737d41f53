//! An HTTP/1.1 origin that does what the test says.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::caller::within;

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A listening origin.
pub(crate) struct Origin {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

/// One of its connections.
pub(crate) struct Wire<S = TcpStream>(pub(crate) S);

impl Origin {
    pub(crate) async fn start() -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into()).await
    }

    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        Self { listener, address }
    }

    pub(crate) async fn accept(&self) -> Wire {
        let (stream, _) = within(self.listener.accept()).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        Wire(stream)
    }

    /// Whether nobody is connecting.
    pub(crate) async fn is_alone(&self) -> bool {
        // Loopback connections are in the backlog before `connect` returns.
        tokio::task::yield_now().await;
        std::future::poll_fn(|cx| std::task::Poll::Ready(self.listener.poll_accept(cx))).await.is_pending()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Reads a request head.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(within(self.0.read_u8()).await.expect("a request head"));
        }
        String::from_utf8(head).expect("text")
    }

    /// Reads these octets.
    pub(crate) async fn expect(&mut self, octets: &[u8]) {
        let mut read = vec![0; octets.len()];
        within(self.0.read_exact(&mut read)).await.expect("content");
        assert_eq!(String::from_utf8_lossy(&read), String::from_utf8_lossy(octets));
    }

    pub(crate) async fn say(&mut self, octets: impl AsRef<[u8]>) {
        within(self.0.write_all(octets.as_ref())).await.expect("the gateway reads");
    }

    /// Waits until the gateway closes; whatever it still sends is dropped.
    pub(crate) async fn closed(mut self) {
        let mut sink = [0; 1024];
        while matches!(within(self.0.read(&mut sink)).await, Ok(1..)) {}
    }
}
