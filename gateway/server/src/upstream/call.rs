//! One call to an upstream: choosing a server, connecting, sending, and what comes back.

use std::mem;
use std::task::{Context, Poll, ready};

use downstream::RequestBody;
use futures_util::FutureExt;
use h1_adapter::client::{ClientError, ClientEvent, ClientExchange, ClientFault};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};

use super::body::UpstreamBody;
use super::dial::{Dialled, Dialling};
use super::error::UpstreamError;
use super::h2::{Http2Error, Http2Event, Http2Exchange};
use super::link::Link;
use super::patience::{Patience, Silence};
use super::route::Route;
use super::server::{Checkout, Freshness, Home};
use super::stats::Outcome;
use super::{Upstream, Upstreams};

/// Connections that one request waits for and finds taken by others. A working server has one
/// left long before.
const MAXIMUM_ROUNDS: u32 = 1_000;

/// A call to an upstream. Dropping it cancels the request: its stream is reset, or its connection
/// closed.
#[derive(Debug)]
pub struct UpstreamCall {
    room: Upstreams,
    upstream: usize,
    state: State,
    route: Route,
    rounds: u32,
    attempt: Attempt,
    silence: Silence,
}

/// What an origin says.
#[derive(Debug)]
pub enum UpstreamEvent {
    /// An interim response: any 1xx but 100 and 101, without connection-specific fields and
    /// `Content-Length` (FWD-06). More follows.
    Informational(StatusCode, HeaderMap),
    /// The final response; nothing follows.
    Response(Response<UpstreamBody>),
}

#[derive(Debug)]
enum State {
    Start(Request<RequestBody>, Freshness),
    Connecting(Request<RequestBody>, Dialling),
    H1(ClientExchange<Link, Home>),
    H2(Box<Http2Exchange>),
    Over,
}

/// How often the request has gone out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    First,
    /// It failed on a stale connection and went out once more.
    Second,
}

/// How an attempt ended without a response.
enum Broken {
    /// The connection was stale: the request may go out once more.
    Stale(Box<Request<RequestBody>>),
    Failed(UpstreamError),
}

impl UpstreamCall {
    pub(super) fn new(
        room: Upstreams,
        upstream: usize,
        request: Request<RequestBody>,
        patience: Patience,
    ) -> Self {
        let found = room.pools.get(upstream);
        let limit = found.filter(|_| patience == Patience::Idle).map(|upstream| upstream.idle_timeout);
        Self {
            state: State::Start(request, Freshness::Any),
            route: Route::from(found.map_or(0, Upstream::next_turn)),
            rounds: 0,
            attempt: Attempt::First,
            silence: Silence::new(limit),
            room,
            upstream,
        }
    }

    /// Goes on with the call. Poll it also while its events cannot be passed on: what an origin
    /// sends unasked waits in memory otherwise. After a response or an error it must not be polled
    /// again.
    ///
    /// # Errors
    /// See [`UpstreamError`]; nothing follows.
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<UpstreamEvent, UpstreamError>> {
        let event = ready!(self.poll_next(cx));
        let outcome = match &event {
            Ok(UpstreamEvent::Informational(..)) => return Poll::Ready(event),
            Ok(UpstreamEvent::Response(response)) => Outcome::of(response.status()),
            Err(_) => Outcome::Failed,
        };
        self.state = State::Over;
        self.count(outcome);
        Poll::Ready(event)
    }

    /// Whether there is a connection for the request: before, nobody waits for the origin's answer.
    pub fn is_connected(&self) -> bool {
        matches!(self.state, State::H1(_) | State::H2(_))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<UpstreamEvent, UpstreamError>> {
        loop {
            match &mut self.state {
                State::Start(..) => self.start()?,
                State::Connecting(_, dialling) => {
                    let dialled = ready!(dialling.poll_unpin(cx));
                    self.connected(dialled)?;
                }
                State::H1(_) | State::H2(_) => match ready!(self.poll_origin(cx)) {
                    Ok(event) => return Poll::Ready(Ok(event)),
                    Err(Broken::Failed(error)) => return Poll::Ready(Err(error)),
                    Err(Broken::Stale(_)) if self.attempt == Attempt::Second => {
                        return Poll::Ready(Err(UpstreamError::Incomplete));
                    }
                    Err(Broken::Stale(request)) => {
                        self.attempt = Attempt::Second;
                        self.state = State::Start(*request, Freshness::New);
                    }
                },
                State::Over => {
                    return Poll::Ready(Err(UpstreamError::Internal("a call polled after its end")));
                }
            }
        }
    }

    /// Finds a server and a connection to it, or the way to one.
    fn start(&mut self) -> Result<(), UpstreamError> {
        self.rounds += 1;
        if self.rounds > MAXIMUM_ROUNDS {
            return Err(UpstreamError::ConnectionLimit);
        }
        let State::Start(request, freshness) = mem::replace(&mut self.state, State::Over) else {
            return Ok(());
        };
        let pool = self.room.pools.get(self.upstream).ok_or(NO_UPSTREAM)?;
        let server = self.route.server(pool).ok_or(NO_SERVER)?;
        let checkout = server.checkout(freshness)?;
        self.go(request, checkout)
    }

    /// An attempt to connect ended. If it failed, nothing was sent: the next server is tried.
    fn connected(&mut self, dialled: Result<Dialled, UpstreamError>) -> Result<(), UpstreamError> {
        let State::Connecting(request, _) = mem::replace(&mut self.state, State::Over) else {
            return Ok(());
        };
        let pool = self.room.pools.get(self.upstream).ok_or(NO_UPSTREAM)?;
        let admitted = match dialled {
            Ok(dialled) => match self.route.server(pool) {
                Some(server) => server.admit(dialled)?,
                None => None,
            },
            Err(UpstreamError::ConnectionLimit) => return Err(UpstreamError::ConnectionLimit),
            Err(error) if self.route.next_server(pool).is_none() => {
                return Err(error);
            }
            Err(_) => None,
        };
        if let Some(checkout) = admitted {
            return self.go(request, checkout);
        }
        self.state = State::Start(request, Freshness::Any);
        Ok(())
    }

    fn go(&mut self, mut request: Request<RequestBody>, checkout: Checkout) -> Result<(), UpstreamError> {
        let pool = self.room.pools.get(self.upstream).ok_or(NO_UPSTREAM)?;
        let server = self.route.server(pool).ok_or(NO_SERVER)?;
        if !matches!(checkout, Checkout::Dial(_)) && !request.headers().contains_key(header::HOST) {
            // An HTTP/1.0 client need not say whom it means.
            let host = HeaderValue::try_from(server.target().address.authority());
            let host = host.map_err(|_| UpstreamError::Internal("a server's name that is no field value"))?;
            request.headers_mut().insert(header::HOST, host);
        }
        let home = Home::of(server);
        self.state = match checkout {
            Checkout::H1(connection) => State::H1(connection.send(request, home)),
            Checkout::H2(seat) => State::H2(Box::new(seat.send(request)?)),
            Checkout::Dial(dialling) => State::Connecting(request, dialling),
        };
        Ok(())
    }

    fn poll_origin(&mut self, cx: &mut Context<'_>) -> Poll<Result<UpstreamEvent, Broken>> {
        let before = self.activity();
        let polled = match &mut self.state {
            State::H1(exchange) => match exchange.poll_event(cx) {
                Poll::Ready(event) => Poll::Ready(self.said_by_h1(event)),
                Poll::Pending => Poll::Pending,
            },
            State::H2(exchange) => match exchange.poll_event(cx) {
                Poll::Ready(event) => Poll::Ready(self.said_by_h2(event)),
                Poll::Pending => Poll::Pending,
            },
            _ => Poll::Pending,
        };
        if polled.is_ready() {
            self.silence.broken();
            return polled;
        }
        if self.activity() != before || self.awaits_client() {
            self.silence.broken();
        }
        self.silence.poll_too_long(cx).map(|()| Err(Broken::Failed(UpstreamError::Idle)))
    }

    fn said_by_h1(
        &mut self,
        event: Result<ClientEvent<Link, Home>, ClientError>,
    ) -> Result<UpstreamEvent, Broken> {
        match event {
            Ok(ClientEvent::Informational(status, fields)) => {
                Ok(UpstreamEvent::Informational(status, fields))
            }
            Ok(ClientEvent::Response(response)) => {
                let silence = mem::take(&mut self.silence);
                Ok(UpstreamEvent::Response(response.map(|body| UpstreamBody::h1(body, silence))))
            }
            Err(error) => {
                let fault = UpstreamError::from(error.fault());
                Err(error
                    .into_request()
                    .map_or(Broken::Failed(fault), |request| Broken::Stale(request.into())))
            }
        }
    }

    fn said_by_h2(&mut self, event: Result<Http2Event, Http2Error>) -> Result<UpstreamEvent, Broken> {
        match event {
            Ok(Http2Event::Informational(status, fields)) => Ok(UpstreamEvent::Informational(status, fields)),
            Ok(Http2Event::Response(response)) => {
                let State::H2(exchange) = mem::replace(&mut self.state, State::Over) else {
                    return Err(Broken::Failed(UpstreamError::Internal("a response without a request")));
                };
                let (head, content) = response.into_parts();
                let body = exchange.into_body(content, &head.headers);
                let body = UpstreamBody::h2(body, mem::take(&mut self.silence));
                Ok(UpstreamEvent::Response(Response::from_parts(head, body)))
            }
            Err(Http2Error { error, again }) => Err(again.map_or(Broken::Failed(error), Broken::Stale)),
        }
    }

    fn activity(&self) -> u64 {
        match &self.state {
            State::H1(exchange) => exchange.activity(),
            State::H2(exchange) => exchange.activity(),
            _ => 0,
        }
    }

    fn awaits_client(&self) -> bool {
        match &self.state {
            State::H1(exchange) => exchange.awaits_client(),
            State::H2(exchange) => exchange.awaits_client(),
            _ => false,
        }
    }

    fn count(&self, outcome: Outcome) {
        if let Some(upstream) = self.room.pools.get(self.upstream) {
            upstream.stats.count(outcome);
        }
    }
}

impl Drop for UpstreamCall {
    fn drop(&mut self) {
        if !matches!(self.state, State::Over) {
            self.count(Outcome::Canceled);
        }
    }
}

const NO_SERVER: UpstreamError = UpstreamError::Internal("an upstream without a server");
const NO_UPSTREAM: UpstreamError = UpstreamError::Internal("a route to an upstream that does not exist");

impl From<&ClientFault> for UpstreamError {
    fn from(fault: &ClientFault) -> Self {
        match fault {
            ClientFault::Closed(_) => Self::Incomplete,
            ClientFault::Malformed(how) => Self::Protocol(how),
            ClientFault::HeadTooLarge => Self::HeadTooLarge,
            ClientFault::HeadTimeout => Self::HeadTimeout,
            ClientFault::InterimFlood => Self::InterimFlood,
            ClientFault::Request(error) => Self::RequestBody(error.clone()),
        }
    }
}
