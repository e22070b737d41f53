//! The client half: requests to origins.
//!
//! A [`ClientConnection`] is an open, idle connection. [`ClientConnection::send`] turns it into a
//! [`ClientExchange`], which is polled for any number of interim heads and one final response; the
//! response's [`ClientBody`] gives the connection back through [`Park`] when everything was read
//! and it can be used again. Dropping either before its end closes the connection.
//!
//! Heads go through the same strict check as those of clients, content through the same decoder.
//! Nothing is buffered while an exchange waits: octets are read onto the stack, and kept only
//! while a head is incomplete.

mod body;
mod budget;
mod error;
mod exchange;
mod go_ahead;
mod outbound;
mod wire;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use downstream::RequestBody;
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub use body::ClientBody;
pub use budget::{Flood, InterimBudget};
pub use error::{ClientError, ClientFault};
pub use exchange::{ClientEvent, ClientExchange};
pub use go_ahead::GoAhead;

/// Where connections go that can be used again.
pub trait Park<S> {
    /// Takes an idle connection. Called once at most for each exchange.
    fn park(&self, connection: ClientConnection<S>);
}

/// An open connection that carries no exchange.
#[derive(Debug)]
pub struct ClientConnection<S> {
    io: S,
    history: History,
}

/// Whether a connection may have been closed by the origin while it was idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum History {
    /// It has carried no exchange yet.
    Fresh,
    /// It has: the origin may have grown tired of it.
    Reused,
}

impl<S: AsyncRead + AsyncWrite + Unpin> ClientConnection<S> {
    /// A connection that was just opened.
    pub fn new(io: S) -> Self {
        Self { io, history: History::Fresh }
    }

    /// A connection that has carried an exchange.
    fn reused(io: S) -> Self {
        Self { io, history: History::Reused }
    }

    /// Whether the connection is open and silent, as an idle one must be: one that the origin has
    /// closed, or sent something on unasked, must be dropped (U-09, U-10). Costs no system call
    /// while nothing has arrived.
    pub fn is_quiet(&mut self) -> bool {
        let mut octet = [0; 1];
        let look = poll_fn(|cx| Pin::new(&mut self.io).poll_read(cx, &mut ReadBuf::new(&mut octet)));
        // The runtime's fairness must not make a closed connection look open.
        let look = pin!(tokio::task::unconstrained(look));
        let look: Poll<_> = look.poll(&mut Context::from_waker(Waker::noop()));
        look.is_pending()
    }

    /// Sends a request and waits for what comes back.
    ///
    /// The request is in origin form (or `*`), with `Host`, and goes out as HTTP/1.1 unless it says
    /// that it is HTTP/1.0, whose content must have a known size; of its fields the framing and the
    /// connection-specific ones are replaced by what this connection needs. The length of the
    /// content is told if its size is known, else it goes in chunks. With content that
    /// [awaits a 100](RequestBody::awaits_continue) the head goes alone, see [`GoAhead`].
    pub fn send<P: Park<S>>(self, request: Request<RequestBody>, park: P) -> ClientExchange<S, P> {
        ClientExchange::new(self, request, park)
    }
}
