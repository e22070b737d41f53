//! One connection, from its first stream to its last.

mod exchange;
mod watch;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use downstream::{Audit, ConnectionInfo, DrainWatch, Handler, Limits, Roster};
use futures_util::FutureExt;
use h3::error::{Code, ConnectionError};
use quinn::VarInt;

use crate::link::{Link, varint};
use crate::quic::{Arrivals, Connection, STAND_IN_SIZE};
use crate::tap::Tap;
use exchange::{Arrived, Desk, Watched, answer};
use watch::{Outcome, Turn, Watch};

/// What one connection needs to be served.
#[derive(Clone, Debug)]
pub struct Service<H> {
    /// The gateway.
    pub handler: H,
    /// Who is at the other end.
    pub connection: Arc<ConnectionInfo>,
    /// Tells when the gateway's end comes.
    pub drain: DrainWatch,
    /// What the connection may cost.
    pub limits: Arc<Limits>,
    /// Where acknowledgements of heads are counted; `None`: nowhere. They are known if the endpoint's
    /// configuration is from [`server_config`](crate::server_config).
    pub audit: Option<Arc<dyn Audit>>,
}

/// Why a connection ended before its requests did. An orderly end is no error.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Client: it broke the protocol or went over a limit, and the connection was closed with this
    /// HTTP/3 error code (RFC 9114 section 8.1).
    #[error("the client was cut off with {code:#x}: {reason}")]
    Refused {
        /// The code that the connection was closed with.
        code: u64,
        /// What was wrong.
        reason: String,
    },
    /// Client, or the network: the connection broke, or the client closed it with an error.
    #[error("the connection broke: {0}")]
    Lost(#[from] quinn::ConnectionError),
}

type Server = h3::server::Connection<Connection, Bytes>;
type Resolver = h3::server::RequestResolver<Connection, Bytes>;

/// What the connection has to do next.
enum Event {
    Request(Box<Resolver>),
    /// The client says that it sends no more, and all is answered.
    Complete,
    Closed(ConnectionError),
    Turn(Turn),
}

/// Closes the connection over a panic with an error, before `h3` closes it as if all were well.
struct PanicGuard(quinn::Connection);

/// Serves a connection whose handshake is complete, until it ends. The future is the connection:
/// its exchanges live in it, and dropping it ends them.
///
/// Once the gateway drains, or after 30 seconds without a request, or `idle_timeout` if
/// that is shorter, the client is told to go, and the connection ends with its last exchange.
///
/// # Errors
///
/// See [`ServeError`].
pub async fn serve<H: Handler>(connection: quinn::Connection, service: Service<H>) -> Result<(), ServeError> {
    let Service { handler, connection: info, drain, limits, audit } = service;
    let watched = audit.and_then(|audit| Some(Watched { tap: Tap::of(&connection)?, audit }));
    let link = Arc::new(Link::new(connection.clone()));
    let (quic, arrivals) = Connection::server(Arc::clone(&link));
    let mut server = match open(quic, &limits).await {
        Some(Ok(server)) => server,
        Some(Err(error)) => return verdict(&link, error),
        None => {
            link.fail(Code::H3_EXCESSIVE_LOAD, "no room for the control streams");
            return fault(&link).map_or(Ok(()), Err);
        }
    };
    let _guard = PanicGuard(connection.clone());
    let mut watch = Watch::new(connection.clone(), drain, limits.idle_timeout);
    let desk = Arc::new(Desk { handler, connection: info, limits, watched });
    let mut roster = Roster::new();
    loop {
        match next(&mut server, &mut roster, &mut watch).await {
            Event::Request(resolver) => {
                if let Some(arrived) = arrive(*resolver, &arrivals) {
                    roster.push(answer(arrived, Arc::clone(&desk), roster.pulse()));
                }
            }
            Event::Turn(Turn::Announce) if arrivals.any() => {
                beside(&mut roster, &mut watch, server.shutdown(usize::MAX)).await;
                watch.announced();
            }
            // Where nothing has arrived, `h3` can only announce that nothing will be served.
            Event::Turn(Turn::Announce | Turn::Retire) => {
                arrivals.close();
                beside(&mut roster, &mut watch, server.shutdown(1)).await;
                watch.retired();
            }
            Event::Turn(Turn::Exhausted(reason)) => {
                link.fail(Code::H3_EXCESSIVE_LOAD, reason);
                return fault(&link).map_or(Ok(()), Err);
            }
            // Dropping the server closes the connection with H3_NO_ERROR.
            Event::Turn(Turn::Done) => return Ok(()),
            Event::Complete => {
                all(&mut roster).await;
                return Ok(());
            }
            Event::Closed(error) => return verdict(&link, error),
        }
    }
}

/// Opens the control streams; none if the client makes no room for them.
async fn open(quic: Connection, limits: &Limits) -> Option<Result<Server, ConnectionError>> {
    let mut builder = h3::server::builder();
    builder
        .max_field_section_size((limits.head_size as u64).max(STAND_IN_SIZE))
        // Grease would cost each connection a stream, and a frame after its first response.
        .send_grease(false);
    tokio::time::timeout(limits.head_timeout, builder.build(quic)).await.ok()
}

/// Waits for the next event, while the exchanges go on.
async fn next<F>(server: &mut Server, roster: &mut Roster<F>, watch: &mut Watch) -> Event
where
    F: Future<Output = Outcome>,
{
    let mut accept = pin!(server.accept());
    poll_fn(|cx| {
        roster.poll(cx, |outcome| watch.ended(outcome));
        if let Poll::Ready(accepted) = accept.as_mut().poll(cx) {
            return Poll::Ready(match accepted {
                Ok(Some(resolver)) => Event::Request(Box::new(resolver)),
                Ok(None) => Event::Complete,
                Err(error) => Event::Closed(error),
            });
        }
        watch.poll_turn(cx, roster.len()).map(Event::Turn)
    })
    .await
}

/// Tells the client something, while the exchanges go on. An error comes back with the next event.
async fn beside<F, T>(roster: &mut Roster<F>, watch: &mut Watch, telling: impl Future<Output = T>)
where
    F: Future<Output = Outcome>,
{
    let mut telling = pin!(telling);
    poll_fn(|cx| {
        roster.poll(cx, |outcome| watch.ended(outcome));
        telling.as_mut().poll(cx).map(drop)
    })
    .await;
}

/// Waits until the last response is acknowledged: closing the connection would lose it.
async fn all<F: Future<Output = Outcome>>(roster: &mut Roster<F>) {
    poll_fn(|cx| {
        roster.poll(cx, drop);
        if roster.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Picks up what `h3` has accepted. The stand-in is there at once, so nothing waits.
fn arrive(resolver: Resolver, arrivals: &Arrivals) -> Option<Arrived> {
    let arrival = arrivals.take()?;
    let (_stand_in, stream) = resolver.resolve_request().now_or_never()?.ok()?;
    let (stream, _) = stream.split();
    Some(Arrived { arrival, stream })
}

/// What is to be said about the end of a connection.
fn verdict(link: &Link, error: ConnectionError) -> Result<(), ServeError> {
    if let Some(refused) = fault(link) {
        return Err(refused);
    }
    if let ConnectionError::Local { error: h3::error::LocalError::Application { code, reason, .. }, .. } =
        error
    {
        return Err(ServeError::Refused { code: code.value(), reason });
    }
    match link.connection().close_reason() {
        Some(quinn::ConnectionError::ApplicationClosed(close)) if is_orderly(close.error_code) => Ok(()),
        None | Some(quinn::ConnectionError::LocallyClosed) => Ok(()),
        Some(lost) => Err(ServeError::Lost(lost)),
    }
}

fn fault(link: &Link) -> Option<ServeError> {
    let fault = link.fault()?;
    Some(ServeError::Refused { code: fault.code.value(), reason: fault.reason.to_owned() })
}

/// Whether a client closed without an error; some say 0 where they mean `H3_NO_ERROR`.
fn is_orderly(code: VarInt) -> bool {
    code == varint(Code::H3_NO_ERROR) || code == VarInt::from_u32(0)
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close(varint(Code::H3_INTERNAL_ERROR), b"");
        }
    }
}
