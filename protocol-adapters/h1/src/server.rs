//! The server half: one loop that reads requests and answers them in order.
//!
//! A connection lives in one task, with its exchange, its timer and its write state. While it is
//! idle, and while it holds a request, it owns no buffer: octets are read into a buffer of the
//! thread and kept only if they are of use.

mod arrival;
mod conn;
mod ending;
mod intake;
mod outbox;
mod pace;
mod parcel;
mod reply;
mod responder;
mod scratch;
mod slot;
mod tally;
mod timer;

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use downstream::{
    BodyError, ConnectionInfo, DrainWatch, Ending, Expectation, Handler, Heart, Limits, OctetLedger, Opening,
    Refusal, RequestBody, drive,
};
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::head::{RequestHead, Version};
use arrival::{Arrival, Arrived, Order};
use conn::{After, Conn};
use responder::{Asked, H1Responder, Kind};
use tally::Tally;

/// What a connection is served with.
#[derive(Debug)]
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

/// Why a connection did not come to an orderly end. Nothing is left to be done about it: the
/// connection is closed, and the client has been told what could be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// Client: it left before its response was complete.
    #[error("the client left before its response was complete")]
    Departed,
    /// Client: it took nothing of its final response for too long (D-03).
    #[error("the client took nothing of its response for too long")]
    Stalled,
    /// Client: it sent something that is no request; it was told so.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// Origin or gateway: the content of a final response broke off (U-03).
    #[error("a response could not be completed: {0}")]
    Incomplete(BodyError),
}

/// Serves a connection to its end. `first` are octets of it that have been read already. The future
/// may be dropped at any time: that is a connection that is cut.
pub fn serve<S, H>(
    io: S,
    first: Bytes,
    service: Service<H>,
) -> impl Future<Output = Result<(), ServeError>> + Send
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    H: Handler,
{
    let Service { handler, connection, mut drain, limits, ledger } = service;
    let mut conn = Conn::new(io, first, &connection, limits);
    conn.tally = Tally::new(ledger);
    let mut heart = Heart::new();
    let mut order = Order::First;
    // A block and not a function: it would store its parameters twice, the transport among them.
    async move {
        loop {
            let mut arrival = Arrival::new(order);
            let head = match poll_fn(|cx| arrival.poll(&mut conn, &mut drain, cx)).await {
                Arrived::Request(head) => head,
                Arrived::Nothing => return Box::pin(ending::close(conn)).await,
                Arrived::Refused(refusal) => {
                    let response = handler.refuse(refusal, downstream::Protocol::Http11, &connection);
                    Box::pin(ending::refuse(conn, response, &drain)).await?;
                    return Err(ServeError::Refused(refusal));
                }
            };
            order = Order::Later;
            let opening = Opening {
                protocol: head.version.protocol(),
                connection: Arc::clone(&connection),
                pulse: heart.pulse(),
                page: conn.tally.turn(),
            };
            let (request, asked, expectation) = begin(head, &mut conn);
            let ending = {
                let responder = H1Responder { conn: &mut conn, drain: &drain, asked };
                let exchange = handler.open(request, opening);
                let exchange = pin!(drive(exchange, responder, expectation));
                beat(exchange, &mut heart).await
            };
            if ending == Ending::Departed {
                return match conn.after {
                    After::Failed(error) => Err(error),
                    After::KeepAlive | After::Close => Err(ServeError::Departed),
                };
            }
            if conn.intake.is_some() {
                let mut until = None;
                poll_fn(|cx| conn.poll_settled(&mut until, cx)).await;
            }
            if conn.after != After::KeepAlive {
                return Box::pin(ending::close(conn)).await;
            }
        }
    }
}

/// Runs an exchange together with the timer that it sets alarms on.
async fn beat(mut exchange: Pin<&mut impl Future<Output = Ending>>, heart: &mut Heart) -> Ending {
    poll_fn(|cx| {
        loop {
            // Nobody need be woken: the only exchange there is is polled now.
            heart.pass();
            if let Poll::Ready(ending) = exchange.as_mut().poll(cx) {
                return Poll::Ready(ending);
            }
            if heart.poll_beat(cx).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Turns a head into a request, its content as far as it has arrived.
fn begin<S>(head: RequestHead, conn: &mut Conn<S>) -> (Request<RequestBody>, Asked, Option<Expectation>) {
    let asked = Asked {
        kind: Kind::of(&head.method),
        version: head.version,
        keep_alive: head.keep_alive,
        takes_trailers: head.takes_trailers,
    };
    let (mut body, intake) = intake::begin(head.framing, &mut conn.inbox, conn.limits.body_size);
    conn.intake = intake.map(Box::new);
    let mut expectation = None;
    if head.expects_continue
        && let Some(intake) = &mut conn.intake
    {
        intake.await_invitation();
        let expected = Expectation::new();
        body = body.expecting(expected.clone());
        expectation = Some(expected);
    }
    let mut request = Request::new(body);
    *request.method_mut() = head.method;
    *request.uri_mut() = head.target;
    *request.headers_mut() = head.fields;
    *request.version_mut() = match head.version {
        Version::Http10 => http::Version::HTTP_10,
        Version::Http11 => http::Version::HTTP_11,
    };
    (request, asked, expectation)
}
