//! Request content as the gateway reads it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use downstream::BodyError;
use http_body::{Body, Frame, SizeHint};

use crate::intake::{Gone, Intake, TOO_LONG, TOO_SHORT};

/// The content of one request. Nothing is read ahead of the gateway: quinn's windows hold the
/// client back. Trailers are dropped.
///
/// Dropped before its end, it asks the client to stop with `H3_NO_ERROR` (EXP-05).
pub(crate) struct Content {
    intake: Intake,
    /// What `content-length` says.
    declared: Option<u64>,
    /// How much is taken at most.
    limit: u64,
    received: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Ended,
}

impl Content {
    /// The rest of what `intake` reads, which takes no more than `limit` octets.
    pub(crate) fn new(intake: Intake, declared: Option<u64>, limit: u64) -> Self {
        Self { intake, declared, limit, received: 0, state: State::Open }
    }

    fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        let read = ready!(self.intake.poll_content(cx)).map_err(|gone| match gone {
            Gone::Departed => BodyError::Departed,
            Gone::Broken(reason) => BodyError::Malformed(reason),
        })?;
        let Some(content) = read else {
            return Poll::Ready(match self.declared {
                Some(declared) if declared != self.received => Err(self.malformed(TOO_SHORT)),
                _ => Ok(None),
            });
        };
        self.received = self.received.saturating_add(content.len() as u64);
        if self.declared.is_some_and(|declared| self.received > declared) {
            return Poll::Ready(Err(self.malformed(TOO_LONG)));
        }
        if self.received > self.limit {
            self.intake.stop();
            return Poll::Ready(Err(BodyError::TooLarge));
        }
        Poll::Ready(Ok(Some(content)))
    }

    fn malformed(&mut self, violation: crate::frames::Violation) -> BodyError {
        self.intake.broken(violation);
        BodyError::Malformed(violation.reason)
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.state == State::Ended {
            return Poll::Ready(None);
        }
        let polled = ready!(self.poll_content(cx));
        if !matches!(polled, Ok(Some(_))) {
            self.state = State::Ended;
        }
        Poll::Ready(polled.map(|content| content.map(Frame::data)).transpose())
    }

    fn is_end_stream(&self) -> bool {
        self.state == State::Ended
    }

    fn size_hint(&self) -> SizeHint {
        match (self.state, self.declared) {
            (State::Ended, _) => SizeHint::with_exact(0),
            (State::Open, Some(declared)) => SizeHint::with_exact(declared.saturating_sub(self.received)),
            (State::Open, None) => SizeHint::default(),
        }
    }
}
