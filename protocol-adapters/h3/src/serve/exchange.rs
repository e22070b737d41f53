//! One request, from its first octet to the acknowledgement of its response.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use downstream::{
    BodyError, ConnectionInfo, Ending, Expectation, Handler, Limits, Opening, Protocol, Pulse, Refusal,
    RequestBody, Responder as _, drive,
};
use http::{Method, Request};
use http_body::{Body, Frame};

use super::watch::Outcome;
use crate::content::Content;
use crate::head::{Head, NoHead};
use crate::intake::{Intake, Rest, Unread};
use crate::quic::{Arrival, Fate, Outlet, SendStream};
use crate::respond::{Asked, Responder};

/// What the exchanges of a connection share.
pub(super) struct Desk<H> {
    pub(super) handler: H,
    pub(super) connection: Arc<ConnectionInfo>,
    pub(super) limits: Arc<Limits>,
}

/// A request that arrived, of which nothing has been read yet.
pub(super) struct Arrived {
    pub(super) arrival: Arrival,
    /// Where `h3` writes the responses to.
    pub(super) stream: h3::server::RequestStream<SendStream, Bytes>,
}

/// Reads a request and answers it. Ready once the client's transport has acknowledged all of the
/// response: a connection that drains may close then.
pub(super) async fn answer<H: Handler>(arrived: Arrived, desk: Arc<Desk<H>>, pulse: Pulse) -> Outcome {
    let Arrived { arrival, stream } = arrived;
    let outlet = Arc::clone(&arrival.outlet);
    let stall = desk.limits.write_stall;
    let mut intake = Intake::new(arrival);
    let read = tokio::time::timeout(desk.limits.head_timeout, intake.head(&desk.limits)).await;
    let ending = match read.unwrap_or(Err(TOO_LATE)) {
        Ok((head, rest)) => {
            let asked = Asked::from(head.request.method());
            let responder = Responder::new(stream, Arc::clone(&outlet), asked, stall);
            let (request, expectation) = request(head, rest, intake, desk.limits.body_size);
            let opening = Opening { protocol: Protocol::H3, connection: Arc::clone(&desk.connection), pulse };
            drive(desk.handler.open(request, opening), responder, expectation).await
        }
        Err(Unread::Refused(NoHead::Refused(refusal, method))) => {
            let asked = Asked::from(&method.unwrap_or(Method::GET));
            let response = desk.handler.refuse(refusal, Protocol::H3, &desk.connection).map(Whole);
            let responder = Responder::new(stream, Arc::clone(&outlet), asked, stall);
            match responder.finish(response).await {
                Ok(()) => Ending::Answered,
                Err(_) => Ending::Departed,
            }
        }
        Err(_) => Ending::Departed,
    };
    if ending == Ending::Answered {
        delivered(&outlet).await;
    }
    match outlet.fate() {
        Fate::Cancelled => Outcome::Cancelled,
        Fate::Condemned => Outcome::Condemned,
        Fate::Abandoned => Outcome::Abandoned,
        Fate::Open | Fate::Finished | Fate::Lost => Outcome::Served,
    }
}

/// D-01: the head did not arrive in time.
const TOO_LATE: Unread = Unread::Refused(NoHead::Refused(Refusal::HeadTimeout, None));

/// Joins head and content. Nothing is kept of a request that is complete.
fn request(
    head: Head,
    rest: Rest,
    intake: Intake,
    limit: u64,
) -> (Request<RequestBody>, Option<Expectation>) {
    let Head { request, content_length, awaits_continue } = head;
    if rest == Rest::Nothing {
        return (request.map(|()| RequestBody::empty()), None);
    }
    let content = RequestBody::new(Content::new(intake, content_length, limit));
    let expectation = awaits_continue.then(Expectation::new);
    let content = match &expectation {
        Some(expectation) => content.expecting(expectation.clone()),
        None => content,
    };
    (request.map(|()| content), expectation)
}

async fn delivered(outlet: &Outlet) {
    poll_fn(|cx| outlet.poll_delivered(cx)).await;
}

/// Content that is all there.
struct Whole(Bytes);

impl Body for Whole {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let content = std::mem::take(&mut self.0);
        Poll::Ready((!content.is_empty()).then(|| Ok(Frame::data(content))))
    }
}

#[cfg(test)]
mod tests;
