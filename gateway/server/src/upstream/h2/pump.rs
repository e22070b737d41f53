//! The content of a request on its way into a stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use downstream::{BodyError, RequestBody};
use h1_adapter::client::GoAhead;
use h2::{Reason, SendStream};
use http_body::{Body, Frame};

/// Sends request content as the server's windows allow. Dropping it resets the stream, unless all
/// is over: the library alone would not (D h2-9).
#[derive(Debug)]
pub(super) struct Pump {
    stream: SendStream<Bytes>,
    body: RequestBody,
    go_ahead: GoAhead,
    /// What the window had no room for.
    piece: Bytes,
    stage: Stage,
    response: Response,
    moved: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Content is to come.
    Flowing,
    /// The client has been asked for more and has not sent it.
    AwaitsClient,
    /// The request is whole.
    Sent,
    /// The origin takes no more, or the client gave no more.
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Response {
    Awaited,
    Whole,
}

impl Pump {
    /// `body` follows the head that was sent on `stream`. After one that is empty nothing follows.
    pub(super) fn new(stream: SendStream<Bytes>, body: RequestBody, go_ahead: GoAhead) -> Self {
        let stage = if body.is_end_stream() { Stage::Sent } else { Stage::Flowing };
        Self { stream, body, go_ahead, piece: Bytes::new(), stage, response: Response::Awaited, moved: 0 }
    }

    /// The origin sent a 100.
    pub(super) fn go_ahead(&mut self) {
        self.go_ahead.give();
    }

    /// The response was read to its end: there is nothing to reset, if the request is out.
    pub(super) fn response_is_whole(&mut self) {
        self.response = Response::Whole;
    }

    /// Whether nothing can come because the client has not sent what the origin waits for.
    pub(super) fn awaits_client(&self) -> bool {
        self.stage == Stage::AwaitsClient
    }

    /// How often something was sent.
    pub(super) fn moved(&self) -> u64 {
        self.moved
    }

    /// Ready when the request is out, or will not go further. That the origin wants no more is no
    /// error: its response tells why.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        while matches!(self.stage, Stage::Flowing | Stage::AwaitsClient) {
            if !self.piece.is_empty() {
                ready!(self.poll_piece(cx));
                continue;
            }
            ready!(self.go_ahead.poll_given(cx));
            self.stage = Stage::AwaitsClient;
            let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
            self.stage = Stage::Flowing;
            match frame {
                None => self.send(Bytes::new(), Stage::Sent),
                Some(Ok(frame)) => self.take(frame),
                Some(Err(error)) => {
                    self.stage = Stage::Broken;
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn take(&mut self, frame: Frame<Bytes>) {
        match frame.into_data() {
            Ok(data) => {
                self.stream.reserve_capacity(data.len());
                self.piece = data;
            }
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap_or_default();
                let sent = self.stream.send_trailers(trailers).is_ok();
                self.stage = if sent { Stage::Sent } else { Stage::Broken };
            }
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut capacity = self.stream.capacity();
        while capacity == 0 {
            let Some(Ok(granted)) = ready!(self.stream.poll_capacity(cx)) else {
                self.stage = Stage::Broken;
                return Poll::Ready(());
            };
            capacity = granted;
        }
        let part = self.piece.split_to(capacity.min(self.piece.len()));
        let is_last = self.piece.is_empty() && self.body.is_end_stream();
        self.send(part, if is_last { Stage::Sent } else { Stage::Flowing });
        Poll::Ready(())
    }

    fn send(&mut self, data: Bytes, then: Stage) {
        let sent = self.stream.send_data(data, then == Stage::Sent);
        self.moved += 1;
        self.stage = if sent.is_ok() { then } else { Stage::Broken };
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        if self.stage != Stage::Sent || self.response != Response::Whole {
            self.stream.send_reset(Reason::CANCEL);
        }
    }
}
