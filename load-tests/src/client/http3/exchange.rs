//! A request and its response on a stream.

use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use h3::error::Code;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method};
use quinn::{ReadError, RecvStream, SendStream};
use tokio::time::{Instant, sleep};

use super::control::Talk;
use super::frames::{self, DATA, Frames, Piece};
use super::qpack::{self, Said};
use super::{chunk, lost, varint};
use crate::client::{Ask, Ended, Failure, Head, Reading, Witness, ZEROS, fields};

/// The stream. What has not come to its end is aborted when this is dropped.
pub(super) struct Exchange {
    outgoing: Outgoing,
    recv: RecvStream,
    /// Whether the end of the response has come.
    whole: bool,
    response: Response,
}

/// What has been seen of the response.
struct Response {
    frames: Frames,
    place: Place,
    /// Whether any response to this method has no content.
    bare: bool,
    /// The fields of the newest head, and what their text lies in. Both are used again.
    fields: HeaderMap,
    scratch: BytesMut,
    /// When the newest octets came.
    at: Instant,
    heard: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the final head.
    Head,
    /// After it; content is to have so many more octets, if it was said.
    Content { left: Option<u64> },
    /// After the trailers.
    End,
}

/// A request on its way out.
struct Outgoing {
    stream: SendStream,
    /// The HEADERS frame, and the beginning of the only DATA frame.
    first: Vec<u8>,
    gone: usize,
    content: u64,
    state: Sending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    Going,
    /// All has been handed over.
    Gone,
    /// The peer takes no more.
    Refused,
}

/// Why there is no whole response.
pub(super) enum Trouble {
    Failed(Failure),
    Read(ReadError, Heard),
}

/// Whether a head has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Nothing,
    Something,
}

// === impl Exchange ===

impl Exchange {
    /// Prepares a request.
    pub(super) fn begin((stream, recv): (SendStream, RecvStream), said: &Said<'_>, ask: &Ask) -> Self {
        let mut first = qpack::request(said, ask.announces_content().then_some(ask.content));
        if ask.content > 0 {
            frames::begin(&mut first, DATA, ask.content);
        }
        let outgoing = Outgoing { stream, first, gone: 0, content: ask.content, state: Sending::Going };
        Self { outgoing, recv, whole: false, response: Response::new(ask.method == Method::HEAD) }
    }

    /// Sends it, and reads the response to its end.
    pub(super) async fn run(&mut self, reading: Reading, witness: &mut dyn Witness) -> Result<(), Trouble> {
        if reading == Reading::Never {
            poll_fn(|cx| self.outgoing.poll(cx, witness)).await;
            return pending().await;
        }
        loop {
            let Some(mut chunk) = self.chunk(reading, witness).await? else {
                self.whole = true;
                return self.response.end();
            };
            self.response.at = Instant::now();
            self.response.take(&mut chunk, witness)?;
            if let Reading::Slowly(pause) = reading {
                sleep(pause).await;
            }
        }
    }

    /// Waits for more, and sends what is left of the request meanwhile.
    async fn chunk(&mut self, reading: Reading, witness: &mut dyn Witness) -> Result<Option<Bytes>, Trouble> {
        let Self { outgoing, recv, .. } = self;
        let read = poll_fn(|cx| {
            // Pending or not, the response is what counts.
            let _ = outgoing.poll(cx, witness);
            pin!(recv.read_chunk(chunk(reading), true)).poll(cx)
        });
        match read.await {
            Ok(read) => Ok(read.map(|chunk| chunk.bytes)),
            Err(error) => {
                self.whole = true;
                let heard = if self.response.heard { Heard::Something } else { Heard::Nothing };
                Err(Trouble::Read(error, heard))
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let code = varint(Code::H3_REQUEST_CANCELLED);
        // Errors mean that there is nothing left to abort. Without a reset, to drop the stream would end it well.
        if self.outgoing.state != Sending::Gone {
            let _ = self.outgoing.stream.reset(code);
        }
        if !self.whole {
            let _ = self.recv.stop(code);
            let _ = self.outgoing.stream.reset(code);
        }
    }
}

// === impl Outgoing ===

impl Outgoing {
    /// Ready once all of it has been handed over, or the peer takes no more.
    fn poll(&mut self, cx: &mut Context<'_>, witness: &mut dyn Witness) -> Poll<()> {
        while self.state == Sending::Going {
            let next = if self.gone < self.first.len() {
                &self.first[self.gone..]
            } else {
                &ZEROS[..ZEROS.len().min(usize::try_from(self.content).unwrap_or(usize::MAX))]
            };
            if next.is_empty() {
                self.state = Sending::Gone;
                // An error means that the peer takes no more.
                let _ = self.stream.finish();
                witness.sent(Instant::now());
                break;
            }
            match ready!(Pin::new(&mut self.stream).poll_write(cx, next)) {
                Ok(written) if self.gone < self.first.len() => self.gone += written,
                Ok(written) => self.content -= written as u64,
                Err(_) => self.state = Sending::Refused,
            }
        }
        Poll::Ready(())
    }
}

// === impl Response ===

impl Response {
    fn new(bare: bool) -> Self {
        Self {
            frames: Frames::default(),
            place: Place::Head,
            bare,
            fields: HeaderMap::new(),
            scratch: BytesMut::new(),
            at: Instant::now(),
            heard: false,
        }
    }

    fn take(&mut self, chunk: &mut Bytes, witness: &mut dyn Witness) -> Result<(), Failure> {
        while let Some(piece) = self.frames.next(chunk).map_err(bad)? {
            match piece {
                Piece::Section(section) => self.section(section, witness)?,
                Piece::Content(octets) => self.content(&octets, witness)?,
            }
        }
        Ok(())
    }

    fn section(&mut self, section: Bytes, witness: &mut dyn Witness) -> Result<(), Failure> {
        let status = qpack::response(section, &mut self.fields, &mut self.scratch).map_err(bad)?;
        self.place = match (self.place, status) {
            (Place::Head, Some(status)) => {
                self.heard = true;
                self.head(status, witness)?
            }
            (Place::Head, None) => return Err(bad("a head without a status")),
            (Place::Content { left }, None) if left.unwrap_or(0) == 0 => Place::End,
            (Place::Content { .. }, None) => return Err(bad("less content than was said")),
            (Place::End, None) => return Err(bad("trailers twice")),
            (Place::Content { .. } | Place::End, Some(_)) => return Err(bad("a head after the final one")),
        };
        // Values are views of datagrams, which would be kept with them.
        self.fields.clear();
        Ok(())
    }

    fn head(&self, status: u16, witness: &mut dyn Witness) -> Result<Place, Failure> {
        let head = Head { status, fields: &self.fields };
        match status {
            101 => Err(bad("101 in HTTP/3")),
            ..200 if self.fields.contains_key(CONTENT_LENGTH) => {
                Err(bad("Content-Length in an interim head"))
            }
            ..200 => {
                witness.interim(head, self.at);
                Ok(Place::Head)
            }
            _ => {
                let said = fields::content_length(&self.fields).map_err(|()| bad("Content-Length"))?;
                let bare = self.bare || matches!(status, 204 | 304);
                witness.answered(head, self.at);
                Ok(Place::Content { left: if bare { Some(0) } else { said } })
            }
        }
    }

    fn content(&mut self, octets: &Bytes, witness: &mut dyn Witness) -> Result<(), Failure> {
        match &mut self.place {
            Place::Head => return Err(bad("content before the final head")),
            Place::End => return Err(bad("content after the trailers")),
            Place::Content { left: None } => {}
            Place::Content { left: Some(left) } => {
                *left =
                    left.checked_sub(octets.len() as u64).ok_or_else(|| bad("more content than was said"))?;
            }
        }
        witness.content(octets, self.at);
        Ok(())
    }

    /// The stream ends here.
    fn end(&self) -> Result<(), Trouble> {
        let reason = match self.place {
            _ if !self.frames.is_between() => "the stream ended inside a frame",
            Place::Head => "the stream ended before a final head",
            Place::Content { left: Some(1..) } => "less content than was said",
            Place::Content { .. } | Place::End => return Ok(()),
        };
        Err(bad(reason).into())
    }
}

// === impl Trouble ===

impl Trouble {
    pub(super) fn blame(self, talk: &Talk) -> Ended {
        match self {
            Self::Failed(failure) => failure.into(),
            Self::Read(ReadError::Reset(code), heard) => {
                let failure = Failure::Reset(Code::from(code.into_inner()).to_string());
                // Nothing was done for it (RFC 9114 4.1.1).
                if code == varint(Code::H3_REQUEST_REJECTED) && heard == Heard::Nothing {
                    return Ended::Unserved(failure);
                }
                failure.into()
            }
            Self::Read(ReadError::ConnectionLost(error), _) => lost(&error, talk).into(),
            Self::Read(other, _) => Failure::Reset(other.to_string()).into(),
        }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

fn bad(reason: &str) -> Failure {
    Failure::Protocol(reason.to_owned())
}
