//! A connection as `h3` sees it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Buf;
use futures_util::{Stream, StreamExt, stream};
use h3::error::Code;
use h3::quic::{self, ConnectionErrorIncoming, StreamErrorIncoming, StreamId};
use quinn::ConnectionError;

use super::arrivals::{Arrival, Arrivals};
use super::control::UniStream;
use super::error;
use super::outlet::Outlet;
use super::responses::Responses;
use super::stream::{BidiStream, SendStream};
use crate::budget::Budget;
use crate::link::{Link, varint};

/// Unidirectional streams that a client may open: three and some grease are needed. They are
/// counted over the connection's life, as those that ended make room for new ones.
const UNI_STREAMS: Budget = Budget::new(32, Duration::from_secs(1));

/// quinn's futures borrow the connection; as streams they own it and keep their wakers.
type Incoming<T> = Pin<Box<dyn Stream<Item = Result<T, ConnectionError>> + Send>>;
type Bidi = (quinn::SendStream, quinn::RecvStream);

/// A connection. Made by [`Connection::client`], or by [`serve`](crate::serve).
pub struct Connection {
    link: Arc<Link>,
    role: Role,
    bidi: Incoming<Bidi>,
    uni: Incoming<quinn::RecvStream>,
    opener: OpenStreams,
}

/// Opens streams on a connection.
pub struct OpenStreams {
    link: Arc<Link>,
    bidi: Option<Incoming<Bidi>>,
    uni: Option<Incoming<quinn::SendStream>>,
}

enum Role {
    Client,
    Server { arrivals: Arc<Arrivals>, uni: Budget },
}

// === impl Connection ===

impl Connection {
    /// The client's end of a connection, for `h3::client`.
    pub fn client(connection: quinn::Connection) -> Self {
        Self::new(Arc::new(Link::new(connection)), Role::Client)
    }

    /// The server's end, and where its requests arrive.
    pub(crate) fn server(link: Arc<Link>) -> (Self, Arc<Arrivals>) {
        let arrivals = Arc::new(Arrivals::default());
        let role = Role::Server { arrivals: Arc::clone(&arrivals), uni: UNI_STREAMS };
        (Self::new(link, role), arrivals)
    }

    fn new(link: Arc<Link>, role: Role) -> Self {
        let connection = link.connection();
        let bidi = stream::unfold(connection.clone(), async |connection| {
            Some((connection.accept_bi().await, connection))
        });
        let uni = stream::unfold(connection.clone(), async |connection| {
            Some((connection.accept_uni().await, connection))
        });
        let opener = OpenStreams::new(Arc::clone(&link));
        Self { role, bidi: Box::pin(bidi), uni: Box::pin(uni), opener, link }
    }
}

impl<B: Buf> quic::Connection<B> for Connection {
    type RecvStream = UniStream;
    type OpenStreams = OpenStreams;

    fn poll_accept_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<UniStream, ConnectionErrorIncoming>> {
        let recv = ready!(poll(&mut self.uni, cx)).map_err(error::connection)?;
        if let Role::Server { uni, .. } = &mut self.role
            && uni.spend(tokio::time::Instant::now().into_std()).is_err()
        {
            self.link.fail(Code::H3_EXCESSIVE_LOAD, "too many unidirectional streams");
            return Poll::Ready(Err(error::connection(ConnectionError::LocallyClosed)));
        }
        Poll::Ready(Ok(UniStream::new(id(recv.id()), Arc::clone(&self.link), recv)))
    }

    fn poll_accept_bidi(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<BidiStream, ConnectionErrorIncoming>> {
        loop {
            let (mut send, mut recv) = ready!(poll(&mut self.bidi, cx)).map_err(error::connection)?;
            let id = id(send.id());
            match &self.role {
                Role::Client => {
                    let responses = Responses::new(Arc::clone(&self.link), recv);
                    return Poll::Ready(Ok(BidiStream::responses(
                        id,
                        Arc::new(Outlet::new(send)),
                        responses,
                    )));
                }
                Role::Server { arrivals, .. } if arrivals.admit(id) => {
                    let arrival = Arrival::new(Arc::clone(&self.link), send, recv);
                    let stream = BidiStream::request(id, arrival.outlet());
                    arrivals.put(arrival);
                    return Poll::Ready(Ok(stream));
                }
                // Nothing has been done for it, so the client may send it again elsewhere.
                Role::Server { .. } => {
                    let code = varint(Code::H3_REQUEST_REJECTED);
                    // Errors mean that the client has given it up already.
                    let _ = recv.stop(code);
                    let _ = send.reset(code);
                }
            }
        }
    }

    fn opener(&self) -> OpenStreams {
        self.opener.clone()
    }
}

impl<B: Buf> quic::OpenStreams<B> for Connection {
    type BidiStream = BidiStream;
    type SendStream = SendStream;

    fn poll_open_bidi(&mut self, cx: &mut Context<'_>) -> Poll<Result<BidiStream, StreamErrorIncoming>> {
        quic::OpenStreams::<B>::poll_open_bidi(&mut self.opener, cx)
    }

    fn poll_open_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<SendStream, StreamErrorIncoming>> {
        quic::OpenStreams::<B>::poll_open_send(&mut self.opener, cx)
    }

    fn close(&mut self, code: Code, reason: &[u8]) {
        quic::OpenStreams::<B>::close(&mut self.opener, code, reason);
    }
}

// === impl OpenStreams ===

impl OpenStreams {
    fn new(link: Arc<Link>) -> Self {
        Self { link, bidi: None, uni: None }
    }
}

impl Clone for OpenStreams {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.link))
    }
}

impl<B: Buf> quic::OpenStreams<B> for OpenStreams {
    type BidiStream = BidiStream;
    type SendStream = SendStream;

    fn poll_open_bidi(&mut self, cx: &mut Context<'_>) -> Poll<Result<BidiStream, StreamErrorIncoming>> {
        let opening = self.bidi.get_or_insert_with(|| {
            Box::pin(stream::unfold(self.link.connection().clone(), async |connection| {
                Some((connection.open_bi().await, connection))
            }))
        });
        let (send, recv) = ready!(poll(opening, cx)).map_err(error::lost)?;
        let id = id(send.id());
        let responses = Responses::new(Arc::clone(&self.link), recv);
        Poll::Ready(Ok(BidiStream::responses(id, Arc::new(Outlet::new(send)), responses)))
    }

    fn poll_open_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<SendStream, StreamErrorIncoming>> {
        let opening = self.uni.get_or_insert_with(|| {
            Box::pin(stream::unfold(self.link.connection().clone(), async |connection| {
                Some((connection.open_uni().await, connection))
            }))
        });
        let send = ready!(poll(opening, cx)).map_err(error::lost)?;
        Poll::Ready(Ok(SendStream::critical(id(send.id()), Arc::new(Outlet::new(send)))))
    }

    fn close(&mut self, code: Code, reason: &[u8]) {
        self.link.connection().close(varint(code), reason);
    }
}

fn poll<T>(incoming: &mut Incoming<T>, cx: &mut Context<'_>) -> Poll<Result<T, ConnectionError>> {
    // The streams have no end: after an error they report it again.
    incoming.poll_next_unpin(cx).map(|next| next.unwrap_or(Err(ConnectionError::LocallyClosed)))
}

fn id(id: quinn::StreamId) -> StreamId {
    StreamId::try_from(u64::from(id)).expect("QUIC's stream identifiers have 62 bits")
}
