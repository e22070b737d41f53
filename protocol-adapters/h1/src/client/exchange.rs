//! One request until its final head.

use std::future::Future;
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Buf;
use downstream::RequestBody;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};

use super::error::Staleness;
use super::outbound::Outbound;
use super::wire::Wire;
use super::{ClientBody, ClientConnection, ClientError, ClientFault, Flood, History, InterimBudget, Park};
use crate::head::{HeadError, ResponseFraming, ResponseHead, ResponseLimits, Scan, resume_response};

/// The whole of a response head, from its first octet to its last: it must not be dribbled (I-12).
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// A request that is going out, or waits for its response. Dropping it closes the connection.
#[derive(Debug)]
pub struct ClientExchange<S, P> {
    /// There until the final head or an error.
    wire: Option<Wire<S, P>>,
    method: Method,
    scan: Scan,
    budget: InterimBudget,
    /// Runs while a head is incomplete.
    head_timer: Option<Pin<Box<Sleep>>>,
    /// The head of a request that may be sent once more; there until something is received.
    again: Option<Box<Parts>>,
}

/// What an origin says.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "events are moved once; a box would cost every response an allocation"
)]
pub enum ClientEvent<S, P> {
    /// An interim response other than 100, which is acted on here, and 101, which is an error.
    /// More follows.
    Informational(StatusCode, HeaderMap),
    /// The final response; nothing follows.
    Response(Response<ClientBody<S, P>>),
}

impl<S: AsyncRead + AsyncWrite + Unpin, P: Park<S>> ClientExchange<S, P> {
    pub(super) fn new(connection: ClientConnection<S>, request: Request<RequestBody>, park: P) -> Self {
        let (parts, body) = request.into_parts();
        let outbound = Outbound::new(&parts, body);
        let may_repeat = connection.history == History::Reused && parts.method.is_idempotent();
        Self {
            method: parts.method.clone(),
            again: may_repeat.then(|| Box::new(parts)),
            wire: Some(Wire::new(connection, outbound, park)),
            scan: Scan::default(),
            budget: InterimBudget::new(),
            head_timer: None,
        }
    }

    /// Goes on sending the request and waits for the next head. After a response or an error it
    /// must not be called again.
    ///
    /// # Errors
    /// See [`ClientFault`]. The connection is closed.
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<ClientEvent<S, P>, ClientError>> {
        self.poll_head(cx).map(|head| {
            match head {
                Ok(head) if head.status.is_informational() => {
                    Ok(ClientEvent::Informational(head.status, head.fields))
                }
                Ok(head) => self.respond(head).map(ClientEvent::Response),
                Err(fault) => Err(fault),
            }
            .map_err(|fault| self.fail(fault))
        })
    }

    /// Counts everything that moved in either direction: a sign of life when it changes.
    pub fn activity(&self) -> u64 {
        self.wire.as_ref().map_or(0, Wire::activity)
    }

    /// Whether nothing can come because the client has not sent what the origin waits for.
    pub fn awaits_client(&self) -> bool {
        self.wire.as_ref().is_some_and(|wire| wire.outbound.awaits_client())
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ResponseHead, ClientFault>> {
        loop {
            let Some(wire) = &mut self.wire else {
                return Poll::Ready(Err(ClientFault::Closed(io::ErrorKind::NotConnected)));
            };
            if let Poll::Ready(Err(error)) = wire.poll_send(cx) {
                return Poll::Ready(Err(ClientFault::Request(error)));
            }
            match self.parse() {
                Ok(None) => {}
                Ok(Some(head)) => match self.look_at(&head) {
                    Ok(Attention::Shown) => return Poll::Ready(Ok(head)),
                    Ok(Attention::Swallowed) => continue,
                    Err(fault) => return Poll::Ready(Err(fault)),
                },
                Err(fault) => return Poll::Ready(Err(fault)),
            }
            match self.poll_more(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(fault)) => return Poll::Ready(Err(fault)),
                Poll::Pending => return self.poll_head_timer(cx).map(|()| Err(ClientFault::HeadTimeout)),
            }
        }
    }

    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ClientFault>> {
        let Some(wire) = &mut self.wire else { return Poll::Pending };
        wire.poll_fill(cx).map(|read| match read {
            Ok(0) => Err(ClientFault::Closed(io::ErrorKind::UnexpectedEof)),
            Ok(_) if wire.outbound.writes() == 0 => {
                Err(ClientFault::Malformed("a response before its request"))
            }
            Ok(_) => {
                self.again = None;
                Ok(())
            }
            Err(error) => Err(ClientFault::Closed(error.kind())),
        })
    }

    /// The next head, if all of it is there. Afterwards the parser is as new: an interim head ends
    /// nothing.
    fn parse(&mut self) -> Result<Option<ResponseHead>, ClientFault> {
        let Some(wire) = &mut self.wire else { return Ok(None) };
        if wire.received.is_empty() {
            return Ok(None);
        }
        let found = resume_response(&mut self.scan, &wire.received, &ResponseLimits::default());
        let Some((head, length)) = found? else { return Ok(None) };
        wire.received.advance(length);
        wire.tidy();
        self.scan = Scan::default();
        self.head_timer = None;
        Ok(Some(head))
    }

    /// What must be done about a head before anybody else sees it.
    fn look_at(&mut self, head: &ResponseHead) -> Result<Attention, ClientFault> {
        if !head.status.is_informational() {
            return Ok(Attention::Shown);
        }
        self.budget.take(Instant::now().into_std()).map_err(|Flood| ClientFault::InterimFlood)?;
        match (head.status, &mut self.wire) {
            // Upgrade is never asked for (FWD-09, I-15).
            (StatusCode::SWITCHING_PROTOCOLS, _) => Err(ClientFault::Malformed("an unasked 101")),
            // Unasked ones mean nothing (I-17).
            (StatusCode::CONTINUE, Some(wire)) => {
                wire.outbound.go_ahead();
                Ok(Attention::Swallowed)
            }
            _ => Ok(Attention::Shown),
        }
    }

    fn respond(&mut self, head: ResponseHead) -> Result<Response<ClientBody<S, P>>, ClientFault> {
        let Some(wire) = self.wire.take() else {
            return Err(ClientFault::Closed(io::ErrorKind::NotConnected));
        };
        let framing = head.framing(&self.method);
        let body = match framing {
            ResponseFraming::None | ResponseFraming::Length(0) => {
                if head.keep_alive {
                    wire.park();
                }
                ClientBody::empty()
            }
            framing => ClientBody::new(wire, framing, head.keep_alive),
        };
        let mut response = Response::new(body);
        *response.status_mut() = head.status;
        *response.headers_mut() = head.fields;
        Ok(response)
    }

    fn poll_head_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.wire.as_ref().is_none_or(|wire| wire.received.is_empty()) {
            return Poll::Pending;
        }
        let timer = self.head_timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(HEAD_TIMEOUT)));
        timer.as_mut().poll(cx)
    }

    /// Closes the connection; the request is kept if it may go out once more.
    fn fail(&mut self, fault: ClientFault) -> ClientError {
        let again = mem::take(&mut self.again);
        let Some(wire) = self.wire.take() else { return ClientError::new(fault, Staleness::Exchange) };
        let is_stale = wire.history == History::Reused
            && matches!(fault, ClientFault::Closed(_))
            && wire.activity() == wire.outbound.writes();
        if !is_stale {
            return ClientError::new(fault, Staleness::Exchange);
        }
        let request = again.and_then(|parts| {
            let body = wire.outbound.into_untouched()?;
            Some(Box::new(Request::from_parts(*parts, body)))
        });
        ClientError::new(fault, Staleness::Connection { request })
    }
}

/// Whether a head is for whoever sent the request.
enum Attention {
    Shown,
    Swallowed,
}

impl From<HeadError> for ClientFault {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::Malformed(how) => Self::Malformed(how),
            HeadError::TooLarge => Self::HeadTooLarge,
        }
    }
}
