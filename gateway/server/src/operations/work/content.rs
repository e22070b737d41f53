//! Records the content of an origin's response while the waiting client reads it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use downstream::BodyError;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, SET_COOKIE};
use http::response::Parts;
use http::{HeaderMap, Response};
use http_body::{Body, Frame};
use progress_core::event::{Outcome, ResponseSummary};
use status_store::{Content, StoredResponse};
use tokio::time::Sleep;

use super::super::{Answer, Fault, Recording};
use super::waiting::CreatedAt;
use super::{Assignment, Cut};
use crate::forward;
use crate::metrics::labels::OutcomeLabel;
use crate::upstream::{Silence, UpstreamBody};

/// Content up to this length is stored before the final head goes out (interface section 8).
const STORED_FIRST: u64 = 64 * 1024;

/// Content on its way from the origin.
struct Incoming<'a> {
    body: UpstreamBody,
    silence: Silence,
    deadline: Pin<&'a mut Sleep>,
}

/// Ends a recording whatever becomes of its task: its reader must not wait for ever.
struct Writing(Arc<Recording>);

impl Assignment {
    /// Records the response: short content before its head is passed on, long content meanwhile.
    pub(super) async fn record(
        &self,
        response: Response<UpstreamBody>,
        deadline: Pin<&mut Sleep>,
    ) -> Option<OutcomeLabel> {
        let (parts, body) = response.into_parts();
        let expected = body.size_hint().exact();
        let mut incoming = Incoming { body, silence: Silence::new(self.stall_timeout), deadline };
        let Writing(recording) = &Writing(Recording::new(self.maximum_result));
        let mut reader = Some(recording.reader(expected));
        let mut held: Option<Bytes> = None;
        let end = loop {
            let frame = match self.next_frame(&mut incoming, recording).await {
                Ok(frame) => frame,
                Err(cut) => break Err(cut),
            };
            let Some(frame) = frame else { break Ok(None) };
            match frame.into_data() {
                // An empty one would pass for the last.
                Ok(piece) if piece.is_empty() => {}
                // The last piece waits for the store: until it comes the response is not complete.
                Ok(piece) => held.replace(piece).into_iter().for_each(|piece| self.push(recording, piece)),
                Err(frame) => break Ok(frame.into_trailers().ok()),
            }
            if is_passed_on(recording)
                && let Some(reader) = reader.take()
            {
                self.cell.answer(Answer::Recorded(Response::from_parts(parts.clone(), reader)));
            }
        };
        let trailers = match end {
            Ok(trailers) => trailers,
            Err(cut) => {
                // The origin is let go at once, however long the end takes to be stored.
                drop(incoming);
                return self.broke_off(cut, recording, reader.is_some()).await;
            }
        };
        if let Some(piece) = held {
            recording.push_last(piece, |octets| self.operations.reserve(octets));
        }
        let outcome = self.store(&parts, recording, expected).await;
        recording.end(Ok(trailers));
        if let Some(reader) = reader {
            self.cell.answer(Answer::Recorded(Response::from_parts(parts, reader)));
        }
        Some(outcome)
    }

    fn push(&self, recording: &Recording, piece: Bytes) {
        recording.push(piece, |octets| self.operations.reserve(octets));
    }

    async fn next_frame(
        &self,
        incoming: &mut Incoming<'_>,
        recording: &Recording,
    ) -> Result<Option<Frame<Bytes>>, Cut> {
        poll_fn(|cx| {
            if let Poll::Ready(cut) = self.poll_cut(incoming.deadline.as_mut(), cx) {
                return Poll::Ready(Err(cut));
            }
            match recording.poll_room(cx) {
                Poll::Pending => {
                    // The client is slow, not the origin.
                    incoming.silence.broken();
                    return Poll::Pending;
                }
                // Too long to keep, and nobody reads: the outcome is known, the rest is not needed.
                Poll::Ready(Err(_)) => return Poll::Ready(Ok(None)),
                Poll::Ready(Ok(())) => {}
            }
            incoming.poll_frame(cx)
        })
        .await
    }

    async fn store(&self, parts: &Parts, recording: &Recording, expected: Option<u64>) -> OutcomeLabel {
        let (content, length) = recording.kept();
        let mut summary = summary_of(parts, length);
        if matches!(content, Content::NotKept) {
            // It may not have been read to its end: then only the origin knows its length.
            summary.content_length = expected.unwrap_or(length);
            tracing::warn!(route = %self.cell.route_name, length, "a result is longer than is kept");
        }
        let outcome = Outcome::Responded(summary);
        let label = if outcome.is_success() { OutcomeLabel::Succeeded } else { OutcomeLabel::Failed };
        let response = StoredResponse { status: parts.status, fields: recordable(&parts.headers), content };
        self.operations.finish(&self.cell, outcome, Some(response)).await;
        label
    }

    /// The content broke off. `unsent` says whether the head has not gone out: then the client can
    /// still be told properly.
    async fn broke_off(&self, cut: Cut, recording: &Recording, unsent: bool) -> Option<OutcomeLabel> {
        recording.end(Err(BodyError::Origin("the response broke off")));
        let outcome = match (&cut, unsent) {
            (_, true) => return self.cut(cut).await,
            (Cut::Control(_), false) => Outcome::Canceled,
            (Cut::Fault(fault), false) => Outcome::Failed(fault.failure()),
        };
        let label = if outcome == Outcome::Canceled { OutcomeLabel::Canceled } else { OutcomeLabel::Failed };
        self.operations.finish(&self.cell, outcome, None).await;
        Some(label)
    }
}

/// Whether the head goes out before the content is complete: the content is long, or it is not kept,
/// so that the origin waits for a reader.
fn is_passed_on(recording: &Recording) -> bool {
    recording.length() > STORED_FIRST || !recording.is_kept()
}

fn summary_of(parts: &Parts, length: u64) -> ResponseSummary {
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // CRE-04: who reads the document learns where the resource is.
    let created_at = || parts.extensions.get::<CreatedAt>();
    ResponseSummary {
        status: parts.status,
        location: text(LOCATION).or_else(|| created_at().map(|CreatedAt(at)| at.to_string())),
        content_type: text(CONTENT_TYPE),
        content_length: length,
    }
}

/// The fields that a recorded response keeps: no cookies, nothing connection-specific (interface
/// section 4, S-17). The length of what is replayed is told by the wire: that of the origin's
/// answer to a HEAD, or of its 304, is the length of something else.
fn recordable(fields: &HeaderMap) -> HeaderMap {
    let mut fields = fields.clone();
    fields.remove(SET_COOKIE);
    fields.remove(CONTENT_LENGTH);
    forward::clean_response(&mut fields);
    fields
}

// === impl Incoming ===

impl Incoming<'_> {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Frame<Bytes>>, Cut>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.silence.broken();
                Poll::Ready(frame.transpose().map_err(|_| Cut::Fault(Fault::BROKE_OFF)))
            }
            Poll::Pending => self.silence.poll_too_long(cx).map(|()| Err(Cut::Fault(Fault::STALLED))),
        }
    }
}

// === impl Writing ===

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.end(Err(BodyError::Origin("its recording broke off")));
    }
}
