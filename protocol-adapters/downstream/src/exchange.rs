//! What a wire and the gateway promise each other about one request.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use progress_core::interim::InterimHead;

use crate::{BodyError, ConnectionInfo, Page, Protocol, Pulse, Refusal, RequestBody};

/// The gateway as the wires see it: opens an exchange for each request.
pub trait Handler: Clone + Send + Sync + 'static {
    /// The content of final responses.
    type Body: Body<Data = Bytes, Error = BodyError> + Send + Unpin + 'static;
    /// What [`Handler::open`] returns.
    type Exchange: Exchange<Body = Self::Body> + Send + Unpin + 'static;

    /// Opens the exchange of a request whose head has arrived. It never waits; work starts when
    /// the exchange is pulled. The request's URI is in origin form (`/path?query`) or `*`, its
    /// authority in `Host`; connection-specific fields have been removed by the wire.
    fn open(&self, request: Request<RequestBody>, opening: Opening) -> Self::Exchange;

    /// The response to something that could not be read as a request. The wire sends it and ends
    /// the connection or stream.
    fn refuse(&self, refusal: Refusal, protocol: Protocol, connection: &ConnectionInfo) -> Response<Bytes>;
}

/// What the wire knows beside the request itself.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The version that the request came in; decides whether interim heads are possible.
    pub protocol: Protocol,
    /// The connection that it came on.
    pub connection: Arc<ConnectionInfo>,
    /// The connection's timer. Alarms of it may be set only while the exchange is being polled.
    pub pulse: Pulse,
    /// Its heads that are not acknowledged; [`Page::limit`] says how many there may be.
    pub page: Page,
}

/// One request's responses, to be pulled in order: any number of interim heads, then one final.
pub trait Exchange {
    /// The content of the final response.
    type Body: Body<Data = Bytes, Error = BodyError> + Send + Unpin;

    /// Pulls what is to be said next. With any window but [`Window::Open`] only the final response
    /// may be returned: a due head is withheld (the newest wins) and counted by that reason. After
    /// `Final` it must not be called again.
    fn poll_emission(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        window: Window,
    ) -> Poll<Emission<Self::Body>>;

    /// The head returned last has been handed to the transport in full.
    fn interim_written(self: Pin<&mut Self>, now: Instant);

    /// Whether, besides returning its last head, it has had itself woken for whatever comes next: then
    /// it need not be asked again before it is woken.
    fn is_waiting(&self) -> bool {
        false
    }
}

/// What an exchange says.
#[derive(Debug)]
pub enum Emission<B> {
    /// An interim response; more follows.
    Interim(InterimHead),
    /// The final response; nothing follows.
    Final(Response<B>),
}

/// Whether an interim head may go out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// It may.
    Open,
    /// The last write has not been taken by the transport: the peer does not read (INT-13).
    Stalled,
    /// An earlier head has not been acknowledged (INT-18).
    Unacknowledged,
}

/// The client is gone: its connection broke or it cancelled the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client went away")]
pub struct Departed;

/// One wire's way to answer one request.
///
/// Interim heads first, then the final response:
///
/// ```
/// # use downstream::{Departed, RequestBody, Responder};
/// # use progress_core::interim::InterimHead;
/// async fn answer<R: Responder>(mut responder: R) -> Result<(), Departed> {
///     responder.interim(InterimHead::heartbeat()).await?;
///     responder.finish(http::Response::new(RequestBody::empty())).await
/// }
/// ```
///
/// The other order does not compile (INT-01): `finish` has consumed the responder.
///
/// ```compile_fail,E0382
/// # use downstream::{Departed, RequestBody, Responder};
/// # use progress_core::interim::InterimHead;
/// async fn answer<R: Responder>(mut responder: R) -> Result<(), Departed> {
///     responder.finish(http::Response::new(RequestBody::empty())).await?;
///     responder.interim(InterimHead::heartbeat()).await
/// }
/// ```
pub trait Responder: Send {
    /// Drives the read side of this exchange (request content, departure); ready once the client
    /// is gone. A client that only half-closed a cleartext connection is not gone (H11-05).
    fn poll_departed(&mut self, cx: &mut Context<'_>) -> Poll<Departed>;

    /// Whether a head may go out now. Unless it is open, the waker is called when that changes.
    fn poll_window(&mut self, cx: &mut Context<'_>) -> Window;

    /// Writes one interim head, without content and without ending anything (INT-02).
    fn interim(&mut self, head: InterimHead) -> impl Future<Output = Result<(), Departed>> + Send;

    /// Writes the final response with all of its content, and consumes the responder: nothing can
    /// follow a final response (INT-01).
    fn finish<B>(self, response: Response<B>) -> impl Future<Output = Result<(), Departed>> + Send
    where
        Self: Sized,
        B: Body<Data = Bytes, Error = BodyError> + Send + Unpin;
}
