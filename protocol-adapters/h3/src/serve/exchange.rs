//! One request, from its first octet to the acknowledgement of its response.

use std::future::{Future, poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use downstream::{
    Audit, BodyError, ConnectionInfo, Ending, Expectation, Handler, Limits, Opening, Page, Protocol, Pulse,
    Refusal, RequestBody, Responder as _, drive,
};
use futures_util::FutureExt;
use futures_util::future::Either;
use http::Request;
use http_body::{Body, Frame};

use super::watch::Outcome;
use crate::content::Content;
use crate::head::Head;
use crate::intake::{Intake, Rest, Unread};
use crate::quic::{Arrival, Fate, SendStream};
use crate::respond::{Asked, Responder};
use crate::tap::Tap;

/// What the exchanges of a connection share.
pub(super) struct Desk<H> {
    pub(super) handler: H,
    pub(super) connection: Arc<ConnectionInfo>,
    pub(super) limits: Arc<Limits>,
    /// None: nobody asks for acknowledgements, or they cannot be known.
    pub(super) watched: Option<Watched>,
}

/// What tells the acknowledgements of a connection, and whom.
pub(super) struct Watched {
    pub(super) tap: Arc<Tap>,
    pub(super) audit: Arc<dyn Audit>,
}

/// A request that arrived, of which nothing has been read yet.
pub(super) struct Arrived {
    pub(super) arrival: Arrival,
    /// Where `h3` writes the responses to.
    pub(super) stream: h3::server::RequestStream<SendStream, Bytes>,
}

/// What has been read of a request.
enum Read {
    /// All of its head.
    Request(Request<RequestBody>, Option<Expectation>, Responder),
    /// Something that is answered with an error. The rest of it is not read.
    Refused(Refusal, Responder, Intake),
    /// Nothing that could be answered.
    Gone,
}

/// Reads a request and answers it. Ready once the client's transport has acknowledged all of the
/// response: a connection that drains may close then.
pub(super) fn answer<H: Handler>(
    arrived: Arrived,
    desk: Arc<Desk<H>>,
    pulse: Pulse,
) -> impl Future<Output = Outcome> {
    let outlet = Arc::clone(&arrived.arrival.outlet);
    // In a box of its own, which a request that waits for hours no longer carries.
    let reading = Box::pin(read(arrived, Arc::clone(&desk)));
    // Steps that share their room: an async block would keep that of all of them.
    let answering = reading.then(move |read| match read {
        Read::Request(request, expectation, responder) => {
            let connection = Arc::clone(&desk.connection);
            let page = responder.page().clone();
            let opening = Opening { protocol: Protocol::H3, connection, pulse, page };
            Either::Left(drive(desk.handler.open(request, opening), responder, expectation))
        }
        Read::Refused(refusal, responder, intake) => {
            let response = desk.handler.refuse(refusal, Protocol::H3, &desk.connection).map(Whole);
            Either::Right(Either::Left(responder.finish(response).map(move |finished| {
                drop(intake);
                finished.map_or(Ending::Departed, |()| Ending::Answered)
            })))
        }
        Read::Gone => Either::Right(Either::Right(ready(Ending::Departed))),
    });
    answering.then(move |ending| {
        poll_fn(move |cx| {
            if ending == Ending::Answered {
                ready!(outlet.poll_delivered(cx));
            }
            Poll::Ready(Outcome::from(outlet.fate()))
        })
    })
}

async fn read<H>(arrived: Arrived, desk: Arc<Desk<H>>) -> Read {
    let Arrived { arrival, stream } = arrived;
    let limits = &desk.limits;
    let outlet = Arc::clone(&arrival.outlet);
    let mut intake = Intake::new(arrival);
    let responder = |asked| Responder::new(stream, Arc::clone(&outlet), asked, limits.write_stall);
    match tokio::time::timeout(limits.head_timeout, intake.head(limits)).await {
        Ok(Ok((head, rest))) => {
            if let Some(Watched { tap, audit }) = &desk.watched {
                outlet.take_down(tap.pen(outlet.stream(), Page::new(audit)));
            }
            let responder = responder(Asked::from(head.request.method()));
            let (request, expectation) = request(head, rest, intake, limits.body_size);
            Read::Request(request, expectation, responder)
        }
        Ok(Err(Unread::Refused(refusal, method))) => {
            let asked = method.as_ref().map_or(Asked::Content, Asked::from);
            Read::Refused(refusal, responder(asked), intake)
        }
        Ok(Err(Unread::Gone(_))) => Read::Gone,
        // D-01
        Err(_) => Read::Refused(Refusal::HeadTimeout, responder(Asked::Content), intake),
    }
}

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

impl From<Fate> for Outcome {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Cancelled => Self::Cancelled,
            Fate::Condemned => Self::Condemned,
            Fate::Abandoned => Self::Abandoned,
            Fate::Open | Fate::Finished | Fate::Lost => Self::Served,
        }
    }
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
