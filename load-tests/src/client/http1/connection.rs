//! A connection and the exchange on it: octets in, heads and content out.

use std::future::{pending, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, BytesMut};
use http::{HeaderMap, Method};
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use super::Version;
use super::content::{self, Framing};
use super::head::{self, Parsed};
use super::outgoing::Outgoing;
use crate::client::stream::Stream;
use crate::client::{Ask, Ended, Failure, Head, Reading, Witness};

/// Room for what comes next: some heads.
const READ: usize = 4 * 1024;
/// Room for what comes next while there is much content: four TLS records.
const READ_CONTENT: usize = 64 * 1024;
/// The longest head, trailer section or chunk line: what servers bound theirs to is far below.
const LONGEST: usize = 64 * 1024;

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    /// What has come and has not been taken yet: at most [`LONGEST`], or [`READ_CONTENT`].
    buffer: BytesMut,
    /// The fields of the newest head. Its memory is used again, and while it is empty `buffer`'s is, too.
    fields: HeaderMap,
    outgoing: Outgoing,
    version: Version,
    /// When the newest octets came.
    at: Instant,
    /// Whether any octet of the response has come.
    heard: bool,
}

/// What becomes of a connection after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// It can be used again.
    Keep,
    /// It cannot.
    Close,
}

/// What a connection at rest is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nothing has come.
    Kept,
    /// The peer has closed it, as it may.
    Closed,
    /// Something has come that nobody asked for.
    Broken,
}

/// Whether more has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// Some octets.
    Some,
    /// The end of the peer's side, in good order.
    End,
}

/// A head after the final one, or content beyond its end.
pub(super) fn past_the_end() -> Failure {
    Failure::Protocol("octets after the end of the response".to_owned())
}

impl Connection {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            fields: HeaderMap::new(),
            outgoing: Outgoing::new(),
            version: Version::Http11,
            at: Instant::now(),
            heard: false,
        }
    }

    pub(super) fn reset_on_drop(&self) {
        self.stream.reset_on_drop();
    }

    /// Prepares a request.
    pub(super) fn begin(&mut self, ask: &Ask, authority: &str, version: Version) {
        self.outgoing.begin(ask, authority, version);
        self.version = version;
        self.heard = false;
    }

    /// Sends the request that was prepared, and reads its response.
    pub(super) async fn exchange(&mut self, ask: &Ask, witness: &mut dyn Witness) -> Result<After, Ended> {
        if ask.reading == Reading::Never {
            self.send(witness).await?;
            return pending().await;
        }
        let head = self.final_head(witness).await.map_err(|failure| self.blame(failure))?;
        let framing = self.framing(ask, head)?;
        let keep = framing != Framing::Close && head.keeps_alive(&self.fields);
        witness.answered(Head { status: head.status, fields: &self.fields }, self.at);
        self.fields.clear();
        content::read(self, framing, witness).await?;
        match self.silence() {
            Silence::Broken => Err(past_the_end().into()),
            Silence::Kept if keep && self.version == Version::Http11 && self.outgoing.is_gone() => {
                self.forget_content();
                Ok(After::Keep)
            }
            Silence::Kept | Silence::Closed => Ok(After::Close),
        }
    }

    /// Reads what is there without waiting; to be asked between exchanges.
    pub(super) fn silence(&mut self) -> Silence {
        if !self.buffer.is_empty() {
            return Silence::Broken;
        }
        self.buffer.reserve(READ);
        let read = pin!(self.stream.read_buf(&mut self.buffer));
        match read.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Silence::Kept,
            Poll::Ready(Ok(0) | Err(_)) => Silence::Closed,
            Poll::Ready(Ok(_)) => Silence::Broken,
        }
    }

    /// What has come and has not been taken yet.
    pub(super) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Waits for more, and sends what is left of the request meanwhile.
    pub(super) async fn more(&mut self, witness: &mut dyn Witness) -> Result<Came, Failure> {
        let room = if self.buffer.len() < READ { READ } else { READ_CONTENT };
        self.read(room, witness).await
    }

    /// The same, with so much content to come.
    pub(super) async fn more_content(
        &mut self,
        left: u64,
        witness: &mut dyn Witness,
    ) -> Result<Came, Failure> {
        let room = usize::try_from(left).unwrap_or(usize::MAX).clamp(READ, READ_CONTENT);
        self.read(room, witness).await
    }

    /// Waits for the rest of something that has a bound.
    pub(super) async fn rest(
        &mut self,
        what: &'static str,
        witness: &mut dyn Witness,
    ) -> Result<(), Failure> {
        if self.buffer.len() > LONGEST {
            return Err(Failure::Protocol(format!("{what} is longer than {LONGEST} octets")));
        }
        match self.more(witness).await? {
            Came::Some => Ok(()),
            Came::End => Err(Failure::Closed),
        }
    }

    async fn read(&mut self, room: usize, witness: &mut dyn Witness) -> Result<Came, Failure> {
        let Self { stream, buffer, outgoing, .. } = self;
        buffer.reserve(room);
        let read = poll_fn(|cx| {
            if !outgoing.is_gone() {
                match outgoing.poll(Pin::new(stream), cx) {
                    Poll::Ready(Ok(())) => witness.sent(Instant::now()),
                    // The peer may have answered before it closed: its words count.
                    Poll::Ready(Err(_)) => outgoing.give_up(),
                    Poll::Pending => {}
                }
            }
            pin!(stream.read_buf(buffer)).poll(cx)
        });
        let came = read.await.map_err(|error| broken(&error))?;
        self.at = Instant::now();
        self.heard |= came > 0;
        Ok(if came > 0 { Came::Some } else { Came::End })
    }

    async fn send(&mut self, witness: &mut dyn Witness) -> Result<(), Failure> {
        let Self { stream, outgoing, .. } = self;
        poll_fn(|cx| outgoing.poll(Pin::new(stream), cx)).await.map_err(|error| broken(&error))?;
        witness.sent(Instant::now());
        Ok(())
    }

    /// Tells of interim heads until the final one has come.
    async fn final_head(&mut self, witness: &mut dyn Witness) -> Result<Parsed, Failure> {
        loop {
            let Some(parsed) = head::take(&mut self.buffer, &mut self.fields)? else {
                self.rest("a head", witness).await?;
                continue;
            };
            if parsed.status >= 200 {
                return Ok(parsed);
            }
            if parsed.status == 101 {
                return Err(Failure::Protocol("101 without Upgrade".to_owned()));
            }
            head::without_content(&self.fields)?;
            witness.interim(Head { status: parsed.status, fields: &self.fields }, self.at);
            self.fields.clear();
        }
    }

    fn framing(&self, ask: &Ask, head: Parsed) -> Result<Framing, Failure> {
        let framing = Framing::of(head, &self.fields)?;
        if framing == Framing::Chunked && self.version == Version::Http10 {
            return Err(Failure::Protocol("Transfer-Encoding towards HTTP/1.0".to_owned()));
        }
        if head.status == 204 {
            head::without_content(&self.fields)?;
        }
        let bare = ask.method == Method::HEAD || matches!(head.status, 204 | 304);
        Ok(if bare { Framing::None } else { framing })
    }

    /// Whether the request may be sent again: only if the connection ended before any of the response.
    fn blame(&self, failure: Failure) -> Ended {
        match failure {
            Failure::Closed | Failure::Reset(_) if !self.heard => Ended::Unserved(failure),
            failure => Ended::Failed(failure),
        }
    }

    /// A connection at rest holds no more than it needs for heads.
    fn forget_content(&mut self) {
        if self.buffer.capacity() > READ_CONTENT / 2 {
            self.buffer = BytesMut::new();
        }
    }
}

/// Takes octets of content.
pub(super) fn tell(connection: &mut Connection, most: u64, witness: &mut dyn Witness) -> u64 {
    let length = connection.buffer.len().min(usize::try_from(most).unwrap_or(usize::MAX));
    witness.content(&connection.buffer[..length], connection.at);
    connection.buffer.advance(length);
    length as u64
}

fn broken(error: &io::Error) -> Failure {
    match error.kind() {
        // TLS without its own end: the content may have been cut short.
        io::ErrorKind::UnexpectedEof => Failure::Closed,
        io::ErrorKind::InvalidData => Failure::Protocol(error.to_string()),
        _ => Failure::Reset(error.to_string()),
    }
}
