//! The request side of an exchange: its head, and then its content.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use downstream::{Limits, Refusal};
use h3::error::Code;
use http::Method;

use crate::frames::{Piece, Scope, Violation};
use crate::head::{self, Head, NoHead};
use crate::link::Link;
use crate::quic::{Arrival, Outlet};
use crate::reader::{Cut, Reader};

/// Reads one request. What breaks the protocol is acted upon here, whoever reads: the stream or
/// the connection is ended, and the exchange learns that nobody waits for it any more.
pub(crate) struct Intake {
    link: Arc<Link>,
    outlet: Arc<Outlet>,
    reader: Reader,
    /// Content that came with the head.
    ahead: Option<Bytes>,
}

/// There is no more to read, and nobody to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// The client gave its request up, or the connection is gone.
    Departed,
    /// The client broke the protocol.
    Broken(&'static str),
}

/// What came instead of a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// Nothing that can be answered.
    Gone(Gone),
    /// Something that is answered with an error; the method, if it is known.
    Refused(Refusal, Option<Method>),
}

/// Whether content follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It has begun to arrive, or it may still come.
    Follows,
    /// The request is complete.
    Nothing,
}

impl Intake {
    /// The request side of what arrived.
    pub(crate) fn new(arrival: Arrival) -> Self {
        let Arrival { link, outlet, reader } = arrival;
        Self { link, outlet, reader, ahead: None }
    }

    /// Waits for the head, and looks whether anything follows it.
    pub(crate) async fn head(&mut self, limits: &Limits) -> Result<(Head, Rest), Unread> {
        let Some(Piece::Section(section)) = poll_fn(|cx| self.poll_piece(cx)).await.map_err(Unread::Gone)?
        else {
            let incomplete = Violation::stream(Code::H3_REQUEST_INCOMPLETE, "a request without a head");
            return Err(Unread::Gone(self.broken(incomplete)));
        };
        let head = match head::read(&section, limits) {
            Ok(head) => head,
            Err(NoHead::Refused(refusal, method)) => return Err(Unread::Refused(refusal, method)),
            Err(NoHead::Undecodable) => return Err(Unread::Gone(self.broken(UNDECODABLE))),
            Err(NoHead::Malformed(reason)) => {
                return Err(Unread::Gone(self.broken(Violation::malformed(reason))));
            }
        };
        drop(section);
        let rest = poll_fn(|cx| Poll::Ready(self.look(cx))).await.map_err(Unread::Gone)?;
        if rest == Rest::Nothing && head.content_length.is_some_and(|length| length > 0) {
            return Err(Unread::Gone(self.broken(TOO_SHORT)));
        }
        Ok((head, rest))
    }

    /// The next of the content; none at its end, with the trailer section checked and dropped.
    pub(crate) fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Gone>> {
        if let Some(ahead) = self.ahead.take() {
            return Poll::Ready(Ok(Some(ahead)));
        }
        loop {
            let section = match ready!(self.poll_piece(cx))? {
                None => return Poll::Ready(Ok(None)),
                Some(Piece::Content(content)) => return Poll::Ready(Ok(Some(content))),
                Some(Piece::Section(section)) => section,
            };
            match head::check_trailers(&section) {
                Ok(()) => {}
                Err(NoHead::Malformed(reason)) => {
                    return Poll::Ready(Err(self.broken(Violation::malformed(reason))));
                }
                Err(_) => return Poll::Ready(Err(self.broken(UNDECODABLE))),
            }
        }
    }

    /// Ends what `violation` says it costs.
    pub(crate) fn broken(&mut self, violation: Violation) -> Gone {
        match violation.scope {
            Scope::Stream => {
                self.outlet.condemn(violation.code);
                self.reader.stop(violation.code);
            }
            Scope::Connection => self.link.fail(violation.code, violation.reason),
        }
        Gone::Broken(violation.reason)
    }

    /// Asks the client to send no more of a request that is answered all the same.
    pub(crate) fn stop(&mut self) {
        self.reader.stop(Code::H3_NO_ERROR);
    }

    fn look(&mut self, cx: &mut Context<'_>) -> Result<Rest, Gone> {
        match self.poll_content(cx)? {
            Poll::Pending => Ok(Rest::Follows),
            Poll::Ready(None) => Ok(Rest::Nothing),
            Poll::Ready(content) => {
                self.ahead = content;
                Ok(Rest::Follows)
            }
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Piece>, Gone>> {
        self.reader.poll_piece(cx).map_err(|cut| match cut {
            Cut::Violated(violation) => self.broken(violation),
            Cut::Off(_) => {
                // H3X-06: a request that is reset is a client that left.
                self.outlet.cancel();
                Gone::Departed
            }
        })
    }
}

/// Content that is shorter than announced.
pub(crate) const TOO_SHORT: Violation = Violation::malformed("less content than content-length says");
/// Content that is longer than announced.
pub(crate) const TOO_LONG: Violation = Violation::malformed("more content than content-length says");
const UNDECODABLE: Violation =
    Violation::connection(Code::QPACK_DECOMPRESSION_FAILED, "a field section that cannot be decoded");
