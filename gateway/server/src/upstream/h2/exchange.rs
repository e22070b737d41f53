//! One request on a stream until its final head.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use downstream::RequestBody;
use h1_adapter::client::{Flood, InterimBudget};
use h2::RecvStream;
use h2::client::ResponseFuture;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use tokio::time::Instant;

use self::Http2Event as Event;
use super::again::Again;
use super::pump::Pump;
use super::tap::Ticket;
use super::{Http2Body, Seat, UpstreamError, Used, fault_of, heads, lock};
use crate::forward::remove_connection_fields;

/// A request that is going out, or waits for its response. Dropping it resets the stream.
#[derive(Debug)]
pub(in crate::upstream) struct Http2Exchange {
    response: ResponseFuture,
    pump: Pump,
    budget: InterimBudget,
    /// An interim head is shown only when it is known that it did not end the stream (FWD-10).
    held: Option<Box<(StatusCode, HeaderMap)>>,
    /// What came behind the interim head that was shown last.
    last: Option<Box<Last>>,
    heard: u64,
    /// The head of a request that may be sent once more; there until something is received.
    again: Option<Again>,
    ticket: Ticket,
    /// Dropped last: it makes room on the connection.
    seat: Seat,
}

/// The end of the waiting.
type Last = Result<Response<RecvStream>, UpstreamError>;

/// What the library brought.
enum Next {
    /// An interim head to be held.
    Interim(StatusCode, HeaderMap),
    /// One that nobody is shown.
    Nothing,
    Last(Last),
}

/// What an origin says.
#[derive(Debug)]
pub(in crate::upstream) enum Http2Event {
    /// An interim response other than 100; more follows.
    Informational(StatusCode, HeaderMap),
    /// The final response; [`Http2Exchange::into_body`] makes its content readable.
    Response(Response<RecvStream>),
}

/// Why there is no final response.
#[derive(Debug)]
pub(in crate::upstream) struct Http2Error {
    pub(in crate::upstream) error: UpstreamError,
    /// There if the connection had gone stale and the request may be sent once more (ASY-04).
    pub(in crate::upstream) again: Option<Box<Request<RequestBody>>>,
}

impl Seat {
    /// Opens a stream for a request in origin form.
    pub(in crate::upstream) fn send(
        self,
        request: Request<RequestBody>,
    ) -> Result<Http2Exchange, UpstreamError> {
        let (parts, body) = request.into_parts();
        let is_empty = body.is_end_stream();
        let may_repeat = self.used == Used::Before && is_empty && parts.method.is_idempotent();
        let again = may_repeat.then(|| Again::of(&parts));
        let (head, go_ahead) = heads::request(parts, &body, &self.connection.scheme)?;
        let opened = lock(&self.connection.send).send_request(head, is_empty);
        let (response, stream) = opened.map_err(|error| fault_of(&error))?;
        Ok(Http2Exchange {
            ticket: self.connection.untaken.open(response.stream_id().as_u32()),
            response,
            pump: Pump::new(stream, body, go_ahead),
            budget: InterimBudget::new(),
            held: None,
            last: None,
            heard: 0,
            again,
            seat: self,
        })
    }
}

impl Http2Exchange {
    /// Goes on sending the request and waits for the next head. After a response or an error it
    /// must not be called again.
    pub(in crate::upstream) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Event, Http2Error>> {
        loop {
            if let Some(last) = self.last.take() {
                return Poll::Ready(self.end(*last));
            }
            if let Poll::Ready(Err(error)) = self.pump.poll(cx) {
                return Poll::Ready(Err(self.fail(UpstreamError::RequestBody(error))));
            }
            let shown = match self.poll_next(cx) {
                Poll::Ready(Ok(Next::Nothing)) => continue,
                Poll::Ready(Ok(Next::Interim(status, fields))) => {
                    self.held.replace(Box::new((status, fields)))
                }
                Poll::Ready(Ok(Next::Last(last))) if self.held.is_none() => {
                    return Poll::Ready(self.end(last));
                }
                Poll::Ready(Ok(Next::Last(last))) => {
                    self.last = Some(Box::new(last));
                    self.held.take()
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.fail(error))),
                Poll::Pending if self.held.is_none() => return Poll::Pending,
                Poll::Pending => self.held.take(),
            };
            if let Some(head) = shown {
                let (status, fields) = *head;
                return Poll::Ready(Ok(Event::Informational(status, fields)));
            }
        }
    }

    /// Counts everything that moved in either direction: a sign of life when it changes.
    pub(in crate::upstream) fn activity(&self) -> u64 {
        self.heard + self.pump.moved()
    }

    /// Whether nothing can come because the client has not sent what the origin waits for.
    pub(in crate::upstream) fn awaits_client(&self) -> bool {
        self.pump.awaits_client()
    }

    /// The final response's content, which takes the stream over.
    pub(in crate::upstream) fn into_body(self, content: RecvStream, fields: &HeaderMap) -> Http2Body {
        Http2Body::new(content, fields, (self.pump, self.ticket, self.seat))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Next, UpstreamError>> {
        match ready!(self.response.poll_informational(cx)) {
            Some(Ok(head)) => {
                let (head, ()) = head.into_parts();
                Poll::Ready(self.interim(head.status, head.headers))
            }
            Some(Err(error)) => Poll::Ready(self.broken(&error)),
            None => match ready!(Pin::new(&mut self.response).poll(cx)) {
                Ok(response) => {
                    self.note_head();
                    Poll::Ready(Ok(Next::Last(Self::final_head(response))))
                }
                Err(error) => Poll::Ready(self.broken(&error)),
            },
        }
    }

    fn interim(&mut self, status: StatusCode, mut fields: HeaderMap) -> Result<Next, UpstreamError> {
        self.note_head();
        if self.budget.take(Instant::now().into_std()) == Err(Flood) {
            self.seat.connection.retire();
            return Err(UpstreamError::InterimFlood);
        }
        heads::check(status, &fields)?;
        match status {
            StatusCode::SWITCHING_PROTOCOLS => Err(UpstreamError::Protocol("a 101 in HTTP/2")),
            StatusCode::CONTINUE => {
                self.pump.go_ahead();
                Ok(Next::Nothing)
            }
            _ => {
                remove_connection_fields(&mut fields);
                fields.remove(http::header::CONTENT_LENGTH);
                Ok(Next::Interim(status, fields))
            }
        }
    }

    fn final_head(mut response: Response<RecvStream>) -> Last {
        heads::check(response.status(), response.headers())?;
        remove_connection_fields(response.headers_mut());
        Ok(response)
    }

    /// A head that was held is lost with a stream that breaks the protocol: the head itself may
    /// have done so. Otherwise it came before the end, and is shown before it.
    fn broken(&self, error: &h2::Error) -> Result<Next, UpstreamError> {
        let fault = fault_of(error);
        if matches!(fault, UpstreamError::Protocol(_)) || self.held.is_none() {
            return Err(fault);
        }
        Ok(Next::Last(Err(fault)))
    }

    fn end(&mut self, last: Last) -> Result<Event, Http2Error> {
        last.map(Event::Response).map_err(|error| self.fail(error))
    }

    fn note_head(&mut self) {
        self.ticket.taken();
        self.heard += 1;
        self.again = None;
    }

    fn fail(&mut self, error: UpstreamError) -> Http2Error {
        let is_stale = error == UpstreamError::Incomplete;
        let again = self.again.take().filter(|_| is_stale);
        let again = again.and_then(Again::request).map(Box::new);
        Http2Error { error, again }
    }
}
