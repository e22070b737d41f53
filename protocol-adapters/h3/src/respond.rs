//! Responses: heads as they come, the final one with its content.

use std::future::{Future, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use downstream::{BodyError, Departed, Page, Window};
use futures_util::future::Either;
use h3::error::{Code, StreamError};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body::Body;
use progress_core::interim::InterimHead;

use crate::head::is_connection_specific;
use crate::quic::{Outlet, SendStream};

/// The most content that one DATA frame carries, and so the most that is held of it here while
/// the client makes no room.
const FRAME: usize = 16 * 1024;

/// Answers one request.
///
/// `h3` encodes; the [`Outlet`] carries. So no future of `h3` is ever kept: each is polled once,
/// which hands its frame over, and what the client has no room for waits in the outlet.
pub(crate) struct Responder {
    stream: h3::server::RequestStream<SendStream, Bytes>,
    outlet: Arc<Outlet>,
    /// Which of its heads the client has not acknowledged.
    page: Page,
    asked: Asked,
    stall: Duration,
}

/// What the request wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Everything.
    Content,
    /// The head only: the method is HEAD (INT-16).
    Head,
}

/// Why a final response did not get out whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// The client left.
    Departed,
    /// The client takes nothing (D-03).
    Stalled,
    /// The content broke off (U-03).
    Content,
    /// It cannot be said to this client: it accepts no head of this size (H3X-03).
    Unspeakable,
}

// === impl Responder ===

impl Responder {
    /// Answers on `stream`, which writes to `outlet`. A client that takes nothing for `stall`
    /// while a final response waits has given it up.
    pub(crate) fn new(
        stream: h3::server::RequestStream<SendStream, Bytes>,
        outlet: Arc<Outlet>,
        asked: Asked,
        stall: Duration,
    ) -> Self {
        Self { stream, page: outlet.page(), outlet, asked, stall }
    }

    /// Where its heads are entered.
    pub(crate) fn page(&self) -> &Page {
        &self.page
    }

    async fn conclude<B>(&mut self, response: Response<B>) -> Result<(), Broken>
    where
        B: Body<Data = Bytes, Error = BodyError> + Send + Unpin,
    {
        let (mut parts, mut body) = response.into_parts();
        strip(&mut parts.headers);
        let has_content = self.asked == Asked::Content
            && !matches!(
                parts.status,
                StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
            );
        self.flush().await?;
        self.outlet.conclude();
        push(self.stream.send_response(Response::from_parts(parts, ())))?;
        if has_content && let Some(mut trailers) = self.content(&mut body).await? {
            strip(&mut trailers);
            self.flush().await?;
            push(self.stream.send_trailers(trailers))?;
        }
        self.flush().await?;
        push(self.stream.finish())
    }

    /// Writes content in the order in which it comes; returns the trailers.
    async fn content<B>(&mut self, body: &mut B) -> Result<Option<HeaderMap>, Broken>
    where
        B: Body<Data = Bytes, Error = BodyError> + Unpin,
    {
        let mut trailers = None;
        loop {
            let next = poll_fn(|cx| {
                if self.outlet.poll_departed(cx).is_ready() {
                    return Poll::Ready(Err(Broken::Departed));
                }
                Pin::new(&mut *body)
                    .poll_frame(cx)
                    .map(|frame| frame.transpose().map_err(|_| Broken::Content))
            });
            let Some(frame) = next.await? else { return Ok(trailers) };
            match frame.into_data() {
                Err(frame) => trailers = frame.into_trailers().ok(),
                Ok(mut data) => {
                    while !data.is_empty() {
                        let piece = data.split_to(data.len().min(FRAME));
                        self.flush().await?;
                        push(self.stream.send_data(piece))?;
                    }
                }
            }
        }
    }

    /// Hands an interim head over; the frame before it is written.
    fn head(&mut self, head: InterimHead) -> Result<(), Departed> {
        if head.status == StatusCode::CONTINUE {
            self.outlet.pass();
        }
        let mut response = Response::new(());
        *response.status_mut() = head.status;
        *response.headers_mut() = head.fields;
        match push(self.stream.send_response(response)) {
            // H3X-03: a head that the client does not accept is not sent.
            Ok(()) | Err(Broken::Unspeakable) => Ok(()),
            Err(broken) => Err(self.give_up(broken)),
        }
    }

    fn give_up(&self, broken: Broken) -> Departed {
        self.outlet.abandon(broken.code());
        Departed
    }

    /// Waits until the frame before is written.
    async fn flush(&self) -> Result<(), Broken> {
        if self.outlet.is_clear() {
            return Ok(());
        }
        let written = poll_fn(|cx| {
            if self.outlet.poll_departed(cx).is_ready() {
                return Poll::Ready(Err(Broken::Departed));
            }
            self.outlet.poll_flush(cx).map_err(|_| Broken::Departed)
        });
        tokio::time::timeout(self.stall, written).await.unwrap_or(Err(Broken::Stalled))
    }
}

impl downstream::Responder for Responder {
    fn poll_departed(&mut self, cx: &mut Context<'_>) -> Poll<Departed> {
        self.outlet.poll_departed(cx).map(|()| Departed)
    }

    fn poll_window(&mut self, cx: &mut Context<'_>) -> Window {
        // An error is a departure, which is asked for first and next time.
        if self.outlet.poll_flush(cx).is_pending() {
            return Window::Stalled;
        }
        if self.page.is_clear() {
            return Window::Open;
        }
        self.page.poll_window(tokio::time::Instant::now().into_std(), cx)
    }

    fn interim(&mut self, head: InterimHead) -> impl Future<Output = Result<(), Departed>> + Send {
        // Only a 100 (Continue), which is not withheld, can find a head before it unwritten.
        if self.outlet.is_clear() {
            return Either::Left(ready(self.head(head)));
        }
        Either::Right(Box::pin(async move {
            match self.flush().await {
                Ok(()) => self.head(head),
                Err(broken) => Err(self.give_up(broken)),
            }
        }))
    }

    /// In a box: a request that waits for hours should not carry the room that its last moments need.
    fn finish<B>(mut self, response: Response<B>) -> impl Future<Output = Result<(), Departed>> + Send
    where
        B: Body<Data = Bytes, Error = BodyError> + Send + Unpin,
    {
        Box::pin(async move {
            let concluded = self.conclude(response).await;
            concluded.map_err(|broken| {
                tracing::debug!(?broken, "a response broke off");
                self.give_up(broken)
            })
        })
    }
}

// === impl Broken ===

impl Broken {
    const fn code(self) -> Code {
        match self {
            Self::Departed | Self::Stalled => Code::H3_REQUEST_CANCELLED,
            Self::Content | Self::Unspeakable => Code::H3_INTERNAL_ERROR,
        }
    }
}

impl From<StreamError> for Broken {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::HeaderTooBig { .. } => Self::Unspeakable,
            _ => Self::Departed,
        }
    }
}

// === impl Asked ===

impl From<&Method> for Asked {
    fn from(method: &Method) -> Self {
        if method == Method::HEAD { Self::Head } else { Self::Content }
    }
}

/// Lets `h3` hand a frame to the outlet. It does so when first polled, and waits for nothing but
/// the outlet then; giving that wait up loses nothing. The outlet must be clear.
fn push(sending: impl Future<Output = Result<(), StreamError>>) -> Result<(), Broken> {
    match pin!(sending).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(sent) => sent.map_err(Broken::from),
        Poll::Pending => Ok(()),
    }
}

/// Removes what HTTP/3 has no place for (H3X-02).
fn strip(fields: &mut HeaderMap) {
    let named: Vec<_> = fields.keys().filter(|name| is_connection_specific(name)).cloned().collect();
    for name in named {
        fields.remove(name);
    }
}
