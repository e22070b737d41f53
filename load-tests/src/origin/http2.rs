//! HTTP/2 by prior knowledge.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LINK};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use progress_core::progress::FIELD as PROGRESS;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::Desk;
use super::content::{Content, LENGTH_FIELD};
use super::counts::add;
use super::performance::{Ending, HINT, Interim, Wire, perform};
use crate::scenario::{Framing, Job};

/// Requests at a time on one connection: what RFC 9113 6.5.2 calls the least that is sensible, and
/// so the most connections that a gateway needs.
const STREAMS: u32 = 100;
/// Octets of request content that may be on the way: none waits for us, it is thrown away.
const WINDOW: u32 = 1 << 20;
/// As much content as is made at once.
const PIECE: usize = 64 << 10;
/// Heads after which a flood lets others go first: h2 queues them without a bound, and `heads` of
/// the scenario is the bound.
const BURST: u32 = 64;

/// Serves until the connection ends.
pub(super) async fn serve(stream: TcpStream, desk: &Desk) -> io::Result<()> {
    let mut builder = Builder::new();
    builder.max_concurrent_streams(STREAMS).initial_window_size(WINDOW);
    builder.initial_connection_window_size(WINDOW * 4);
    let mut connection = builder.handshake(stream).await.map_err(io::Error::other)?;
    while let Some(stream) = connection.accept().await {
        let (request, respond) = stream.map_err(io::Error::other)?;
        let desk = desk.clone();
        tokio::spawn(async move {
            if attend(request, Stream { respond, told: 0 }, &desk).await.is_err() {
                add(&desk.tally.abandoned);
            }
        });
    }
    Ok(())
}

/// Where a response goes.
struct Stream {
    respond: SendResponse<Bytes>,
    /// Interim heads since the last rest.
    told: u32,
}

async fn attend(request: Request<RecvStream>, mut stream: Stream, desk: &Desk) -> io::Result<()> {
    let (head, mut content) = request.into_parts();
    while let Some(piece) = content.data().await {
        let length = piece.map_err(io::Error::other)?.len();
        content.flow_control().release_capacity(length).map_err(io::Error::other)?;
    }
    add(&desk.tally.requests);
    let mut turn = desk.script.next(head.uri.path());
    let ending = perform(&mut turn, &mut stream, &desk.tally).await?;
    let job = &turn.part.job;
    let length = if head.method == Method::HEAD { None } else { Some(job.content.as_u64()) };
    let wanted = Content::of(head.uri.path());
    match ending {
        Ending::Answer => {
            stream.answer(job, wanted, length).await?;
            add(&desk.tally.responses);
        }
        Ending::Truncate => stream.truncate(job, wanted).await?,
        Ending::Reset => stream.respond.send_reset(Reason::INTERNAL_ERROR),
        // The nearest to closing one of many streams without an answer.
        Ending::Close => stream.respond.send_reset(Reason::NO_ERROR),
        Ending::Hang => {
            // The stream's end is what is waited for, so it is no error.
            let _ = poll_fn(|context| stream.respond.poll_reset(context)).await;
        }
        Ending::Garbage => stream.garbage()?,
    }
    Ok(())
}

impl Stream {
    /// `length` is `None` for a response to HEAD.
    async fn answer(&mut self, job: &Job, content: Content, length: Option<u64>) -> io::Result<()> {
        let mut head = head(job.status)?;
        let length = length.filter(|_| job.status != 204 && job.status != 304);
        if let Some(length) = length {
            announce(&mut head, length);
            if job.framing == Framing::Length {
                head.headers_mut().insert(CONTENT_LENGTH, length.into());
            }
        }
        let length = length.unwrap_or_default();
        let body = self.respond.send_response(head, length == 0).map_err(io::Error::other)?;
        if length > 0 { send(body, content, length).await } else { Ok(()) }
    }

    /// Announces more than it sends: half of the content, or nothing of one octet.
    async fn truncate(&mut self, job: &Job, content: Content) -> io::Result<()> {
        let length = job.content.as_u64().max(1);
        let mut head = head(job.status)?;
        announce(&mut head, length);
        head.headers_mut().insert(CONTENT_LENGTH, length.into());
        let body = self.respond.send_response(head, length == 1).map_err(io::Error::other)?;
        if length > 1 { send(body, content, length / 2).await } else { Ok(()) }
    }

    /// A head that is malformed by RFC 9113 8.1.1: its length is no number.
    fn garbage(&mut self) -> io::Result<()> {
        let mut head = head(200)?;
        head.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("none"));
        self.respond.send_response(head, true).map(drop).map_err(io::Error::other)
    }
}

impl Wire for Stream {
    async fn tell(&mut self, head: Interim<'_>) -> io::Result<()> {
        let mut response = Response::new(());
        let field: Option<(HeaderName, HeaderValue)> = match head {
            Interim::Processing(progress) => {
                *response.status_mut() = StatusCode::PROCESSING;
                let value = progress.map(HeaderValue::from_str).transpose().map_err(io::Error::other)?;
                value.map(|value| (PROGRESS, value))
            }
            Interim::Hints => {
                *response.status_mut() = StatusCode::EARLY_HINTS;
                Some((LINK, HeaderValue::from_static(HINT)))
            }
        };
        response.headers_mut().extend(field);
        self.respond.send_informational(response).map_err(io::Error::other)?;
        self.told += 1;
        if self.told.is_multiple_of(BURST) {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn rest(&mut self, time: Duration) -> io::Result<()> {
        let over = pin!(sleep(time));
        tokio::select! {
            biased;
            () = over => Ok(()),
            _ = poll_fn(|context| self.respond.poll_reset(context)) => {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
    }
}

fn head(status: u16) -> io::Result<Response<()>> {
    let mut head = Response::new(());
    *head.status_mut() = StatusCode::from_u16(status).map_err(io::Error::other)?;
    Ok(head)
}

fn announce(head: &mut Response<()>, length: u64) {
    let fields = head.headers_mut();
    fields.insert(HeaderName::from_static(LENGTH_FIELD), length.into());
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
}

/// Sends the first `length` octets of `content`, at least one, as the peer has room for them, and
/// ends the stream.
async fn send(mut body: SendStream<Bytes>, content: Content, length: u64) -> io::Result<()> {
    let mut position = 0;
    while position < length {
        let wanted = usize::try_from(length - position).unwrap_or(PIECE).min(PIECE);
        body.reserve_capacity(wanted);
        let room = poll_fn(|context| body.poll_capacity(context)).await;
        let room = room.ok_or(io::ErrorKind::ConnectionReset)?.map_err(io::Error::other)?;
        let mut piece = vec![0; room.min(wanted)];
        content.fill(position, &mut piece);
        position += piece.len() as u64;
        body.send_data(piece.into(), position == length).map_err(io::Error::other)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
