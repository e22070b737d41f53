//! One connection, from its preface to its end.

mod keeper;
mod pinger;

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use downstream::{
    Bell, ConnectionInfo, DrainWatch, Gate, GatedIo, Handler, Limits, OctetLedger, Opening, Protocol,
    Responder, Roster, Window, drive,
};
use futures_util::FutureExt;
use futures_util::future::Either;
use h2::RecvStream;
use h2::server::{Builder, Connection, SendResponse};
use http::{Method, Request};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::ServeError;
use crate::link::{Link, MeteredIo};
use crate::request;
use crate::responder::{Reply, SEND_BUFFER, StreamResponder, Whole};

use keeper::{Keeper, Order, View};
use pinger::Pinger;

/// Request content that one stream may have on its way to us. 256 KiB carry 5 MB/s over 50 ms.
const STREAM_WINDOW: u32 = 256 * 1024;

/// Request content that a client may make us hold. Four uploads whose origin waits fill it; then
/// the client's other uploads wait too, which is between the client and itself.
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// Streams that we may have to reset for the client's errors before it must go (H2-04).
const MAX_ERROR_RESETS: usize = 100;

/// Turns in one poll of a connection before others get theirs: one that takes in requests, one that
/// opens them, one for what they say at once, and one to spare.
const TURNS: usize = 4;

/// Who is served on a connection, and how.
#[derive(Clone, Debug)]
pub struct Service<H> {
    /// The gateway.
    pub handler: H,
    /// What is known about the connection.
    pub connection: Arc<ConnectionInfo>,
    /// Tells when the gateway ends.
    pub drain: DrainWatch,
    /// What the connection may cost.
    pub limits: Arc<Limits>,
    /// What the client has acknowledged; `None`: its transport cannot tell.
    pub ledger: Option<Arc<OctetLedger>>,
}

/// Serves one HTTP/2 connection until it ends; its exchanges live in the returned future and are
/// dropped with it. `io` is cleartext with prior knowledge, or TLS that has agreed on `h2`.
///
/// When the gateway drains, GOAWAY is sent twice, as RFC 9113 6.8 advises, and streams that are
/// open are served to their end. A client that sends GOAWAY is served to its end too (H2-19).
///
/// # Errors
///
/// See [`ServeError`]; a connection that ends by agreement, or that the client closes between two
/// frames, is no error.
pub async fn serve<S, H>(io: S, service: Service<H>) -> Result<(), ServeError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    H: Handler,
{
    let Service { handler, connection, drain, limits, ledger } = service;
    let roster = Roster::new();
    let counted = ledger.is_some();
    let link = Link::new(Arc::clone(&limits), roster.pulse(), ledger);
    let io = GatedIo::new(MeteredIo::new(io, Arc::clone(&link)), link.gate());
    let handshake = builder(&limits).handshake(io);
    let mut wire = tokio::time::timeout(limits.head_timeout, handshake)
        .await
        .map_err(|_| ServeError::PrefaceTimeout)??;
    let keeper = Keeper::new(drain, limits);
    let pinger = counted.then(|| wire.ping_pong()).flatten().map(Pinger::new);
    let gate = link.gate();
    let desk = Desk { handler, connection, link };
    let mut conversation = Conversation { wire, bell: Bell::new(), gate, roster, desk, keeper, pinger };
    poll_fn(|cx| conversation.poll(cx, receive)).await
}

fn builder(limits: &Limits) -> Builder {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(limits.concurrent_streams)
        .max_header_list_size(u32::try_from(limits.head_size).unwrap_or(u32::MAX))
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER)
        .max_local_error_reset_streams(Some(MAX_ERROR_RESETS));
    builder
}

/// A connection and its exchanges, `F` being the future of one.
struct Conversation<S, H, F> {
    wire: Connection<GatedIo<MeteredIo<S>>, Bytes>,
    /// Rung by the transport, and by `h2` when there is something to write.
    bell: Bell,
    gate: Gate,
    /// Bounded by `Limits::concurrent_streams`, which `h2` enforces.
    roster: Roster<F>,
    desk: Desk<H>,
    keeper: Keeper,
    /// Where it is known what the client has acknowledged.
    pinger: Option<Pinger>,
}

/// Where requests are handed in.
struct Desk<H> {
    handler: H,
    connection: Arc<ConnectionInfo>,
    link: Arc<Link>,
}

/// What the wire had to say.
enum Heard {
    Nothing,
    Requests,
    End(Result<(), ServeError>),
}

type Stream = (Request<RecvStream>, SendResponse<Bytes>);

impl Heard {
    /// What it had to say in two polls.
    fn or(self, later: Self) -> Self {
        if matches!(later, Self::Nothing) { self } else { later }
    }
}

impl<S, H, F> Conversation<S, H, F>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = ()>,
{
    /// Turns: the exchanges queue what they have to say, the wire writes all of it at once and
    /// takes in what has come, the keeper looks at the result.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        receive: impl Fn(&Desk<H>, Stream) -> F,
    ) -> Poll<Result<(), ServeError>> {
        for turn in 1..=TURNS {
            self.bell.attend(cx);
            self.roster.poll(cx, |()| ());
            let heard = if self.bell.answer() { self.attend_wire(&receive) } else { Heard::Nothing };
            match heard {
                // The exchanges first; but a client that never pauses is judged too.
                Heard::Requests if turn < TURNS => continue,
                Heard::Requests | Heard::Nothing => {}
                Heard::End(result) => return Poll::Ready(self.keeper.conclude(result)),
            }
            match self.consult_keeper(cx) {
                // What has just been opened was not polled yet, and wakes nobody by itself.
                Order::Go if matches!(heard, Heard::Requests) => {}
                Order::Go if self.bell.leave() => return Poll::Pending,
                Order::Go => {}
                Order::Leave => {
                    self.wire.graceful_shutdown();
                    self.bell.note();
                }
                Order::Close(reason) => {
                    self.roster = Roster::new();
                    self.wire.abrupt_shutdown(reason);
                    self.bell.note();
                }
                Order::Cut(result) => return Poll::Ready(result),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn consult_keeper(&mut self, cx: &mut Context<'_>) -> Order {
        let window = self.gate.poll_window(cx);
        if window == Window::Open {
            self.desk.link.flushed();
        }
        let view = View { open: self.roster.len(), lingering: self.wire.has_streams(), window };
        self.keeper.poll(view, &self.desk.link, cx)
    }

    /// Polls the wire; once more if a PING is to go with the heads that are queued.
    fn attend_wire(&mut self, receive: impl Fn(&Desk<H>, Stream) -> F) -> Heard {
        if let Some(pinger) = &self.pinger {
            pinger.prepare(&self.desk.link);
        }
        let mut heard = self.poll_wire(&receive);
        let again = self.pinger.as_mut().is_some_and(|pinger| pinger.ping(&self.desk.link));
        if again && !matches!(heard, Heard::End(_)) {
            heard = heard.or(self.poll_wire(&receive));
        }
        if let Some(pinger) = &mut self.pinger {
            pinger.listen(&self.desk.link);
        }
        heard
    }

    /// Flushes, reads, and opens an exchange for each request that has come.
    fn poll_wire(&mut self, receive: impl Fn(&Desk<H>, Stream) -> F) -> Heard {
        let mut heard = Heard::Nothing;
        let mut cx = Context::from_waker(self.bell.waker());
        loop {
            match self.wire.poll_accept(&mut cx) {
                Poll::Pending => return heard,
                Poll::Ready(None) => return Heard::End(Ok(())),
                Poll::Ready(Some(Err(error))) => return Heard::End(Err(error.into())),
                Poll::Ready(Some(Ok((request, mut send)))) => {
                    if self.keeper.is_closing() {
                        continue;
                    }
                    self.keeper.opened();
                    // H2-02: a request that is already cancelled opens nothing.
                    if send.poll_reset(&mut cx).is_ready() {
                        self.desk.link.note_reset(std::time::Duration::ZERO);
                        continue;
                    }
                    self.roster.push(receive(&self.desk, (request, send)));
                    heard = Heard::Requests;
                }
            }
        }
    }
}

/// Opens the exchange of a request, or refuses it.
fn receive<H: Handler>(desk: &Desk<H>, (request, send): Stream) -> impl Future<Output = ()> + Send + use<H> {
    let Desk { handler, connection, link } = desk;
    let reply = if *request.method() == Method::HEAD { Reply::HeadOnly } else { Reply::Whole };
    let responder = StreamResponder::new(send, link, reply);
    match request::read(request, link.limits()) {
        Ok((request, expectation)) => {
            let connection = Arc::clone(connection);
            let (pulse, page) = (link.pulse().clone(), responder.page().clone());
            let opening = Opening { protocol: Protocol::H2, connection, pulse, page };
            let exchange = handler.open(request, opening);
            Either::Left(drive(exchange, responder, expectation).map(drop))
        }
        Err(refusal) => {
            tracing::debug!(%refusal, "request refused");
            let response = handler.refuse(refusal, Protocol::H2, connection);
            Either::Right(responder.finish(response.map(Whole::new)).map(drop))
        }
    }
}

#[cfg(test)]
mod tests;
